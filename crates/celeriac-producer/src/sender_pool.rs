use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use celeriac_core::{Broker, Capabilities, SendError};
use futures_util::future::join_all;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::queue_sender::QueueSender;

/// Queues whose senders are kept; with more, those that nobody uses at the moment are let go.
const KEPT: usize = 64;

/// Bytes that wait or are in flight, over all queues; over that, sends wait for room.
const MAX_BYTES: usize = 64 << 20;
/// One permit is so many bytes.
const UNIT: usize = 1 << 10;

/// A sender for every queue in use.
pub(crate) struct SenderPool {
    broker: Arc<dyn Broker>,
    senders: Mutex<Senders>,
    room: Arc<Semaphore>,
}

#[derive(Default)]
struct Senders {
    closed: bool,
    by_queue: HashMap<String, Arc<QueueSender>>,
}

impl SenderPool {
    pub(crate) fn new(broker: Arc<dyn Broker>) -> Self {
        Self {
            broker,
            senders: Mutex::default(),
            room: Arc::new(Semaphore::new(MAX_BYTES / UNIT)),
        }
    }

    /// What the broker can do for `queue`.
    pub(crate) fn capabilities(&self, queue: &str) -> Capabilities {
        self.broker.capabilities(queue)
    }

    /// The queue's sender.
    pub(crate) fn sender(
        &self,
        queue: &str,
        capabilities: &Capabilities,
    ) -> Result<Arc<QueueSender>, SendError> {
        let mut senders = self.lock();
        if senders.closed {
            return Err(SendError::Closed);
        }
        let senders = &mut senders.by_queue;
        if let Some(sender) = senders.get(queue) {
            return Ok(sender.clone());
        }
        if senders.len() >= KEPT {
            // a sender let go still sends what it has accepted
            senders.retain(|_, sender| Arc::strong_count(sender) > 1);
        }
        let sender = Arc::new(QueueSender::spawn(self.broker.clone(), queue, capabilities));
        senders.insert(queue.to_owned(), sender.clone());
        Ok(sender)
    }

    /// Waits until there is room for `bytes` more.
    pub(crate) async fn room(&self, bytes: usize) -> Result<OwnedSemaphorePermit, SendError> {
        let permits = bytes.div_ceil(UNIT).min(MAX_BYTES / UNIT);
        let permits = u32::try_from(permits).map_err(|_| SendError::Closed)?;
        self.room
            .clone()
            .acquire_many_owned(permits)
            .await
            .map_err(|_| SendError::Closed)
    }

    /// Sends what waits, awaits what is in flight; no sender is given after this.
    pub(crate) async fn close(&self) {
        let senders: Vec<_> = {
            let mut senders = self.lock();
            senders.closed = true;
            senders.by_queue.values().cloned().collect()
        };
        join_all(senders.iter().map(|sender| sender.close())).await;
    }

    fn lock(&self) -> MutexGuard<'_, Senders> {
        self.senders.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
