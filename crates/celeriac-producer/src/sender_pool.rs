use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use celeriac_core::{Broker, Capabilities, SendError};
use futures_util::future::join_all;

use crate::queue_sender::QueueSender;

/// Queues whose senders are kept; with more, those that nobody uses at the moment are let go.
const KEPT: usize = 64;

/// A sender for every queue in use.
pub(crate) struct SenderPool {
    broker: Arc<dyn Broker>,
    senders: Mutex<Senders>,
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
            senders.retain(|_, sender| Arc::strong_count(sender) > 1); // a sender let go still sends what it has accepted
        }
        let sender = Arc::new(QueueSender::spawn(self.broker.clone(), queue, capabilities));
        senders.insert(queue.to_owned(), sender.clone());
        Ok(sender)
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
