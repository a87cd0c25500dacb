use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use celeriac_core::{
    Batch, Batcher, BatcherOptions, Broker, BrokerError, Capabilities, Outgoing, SendError,
};
use tokio::sync::OwnedSemaphorePermit;

/// Celery's `task_publish_retry_policy`: three retries, at once, after 0.2 s, after 0.4 s.
const RETRY_DELAYS: [Duration; 3] = [
    Duration::ZERO,
    Duration::from_millis(200),
    Duration::from_millis(400),
];
/// Requests in flight to one queue. FIFO: one, so that a later batch does not overtake an earlier
/// one.
const IN_FLIGHT: usize = 8;
/// Messages that wait for a request, over which `send` waits.
const BUFFER: usize = 1_000;

/// A message on its way, and the room it takes among all that wait.
struct Waiting {
    message: Outgoing,
    room: OwnedSemaphorePermit,
}

/// One queue's sends, in batches.
pub(crate) struct QueueSender {
    batcher: Batcher<SendBatch>,
}

struct SendBatch {
    broker: Arc<dyn Broker>,
    queue: String,
}

impl QueueSender {
    pub(crate) fn spawn(broker: Arc<dyn Broker>, queue: &str, capabilities: &Capabilities) -> Self {
        let options = BatcherOptions {
            max_items: capabilities.max_batch.max(1),
            max_bytes: capabilities.max_bytes,
            max_in_flight: if capabilities.fifo { 1 } else { IN_FLIGHT },
            linger: Duration::ZERO,
            buffer: BUFFER,
            ..BatcherOptions::default()
        };
        Self {
            batcher: Batcher::spawn(
                SendBatch {
                    broker,
                    queue: queue.to_owned(),
                },
                options,
            ),
        }
    }

    /// Waits for room; what it gives waits for the broker. Messages accepted one after the other go
    /// in that order. Dropped while it waits for room, the message is not sent; after that it is.
    pub(crate) async fn accept(
        &self,
        message: Outgoing,
        room: OwnedSemaphorePermit,
    ) -> Result<impl Future<Output = Result<String, SendError>> + Send + use<>, SendError> {
        let sent = self
            .batcher
            .accept(Waiting { message, room })
            .await
            .map_err(|_| SendError::Closed)?;
        Ok(async move { Ok(sent.await.map_err(|_| SendError::Closed)??) })
    }

    pub(crate) async fn close(&self) {
        self.batcher.close().await;
    }
}

#[async_trait]
impl Batch for SendBatch {
    type Item = Waiting;
    type Output = Result<String, BrokerError>;

    fn size(&self, waiting: &Waiting) -> usize {
        waiting.message.size()
    }

    async fn run(&self, batch: Vec<Waiting>) -> Vec<Self::Output> {
        // the room is free again when the broker has answered for the whole batch
        let (batch, _rooms): (Vec<_>, Vec<_>) = batch
            .into_iter()
            .map(|waiting| (waiting.message, waiting.room))
            .unzip();
        let mut outcomes = self.broker.send(&self.queue, batch.clone()).await;
        for delay in RETRY_DELAYS {
            let failed = retryable(&outcomes);
            if failed.is_empty() {
                break;
            }
            tracing::warn!(
                queue = self.queue,
                failed = failed.len(),
                error = first_error(&outcomes),
                "sending failed; retrying {}",
                when(delay)
            );
            tokio::time::sleep(delay).await;
            let again = failed
                .iter()
                .filter_map(|index| batch.get(*index).cloned())
                .collect();
            for (index, outcome) in failed
                .into_iter()
                .zip(self.broker.send(&self.queue, again).await)
            {
                outcomes[index] = outcome;
            }
        }
        outcomes
    }
}

fn retryable(outcomes: &[Result<String, BrokerError>]) -> Vec<usize> {
    let failed = outcomes
        .iter()
        .enumerate()
        .filter(|(_, outcome)| outcome.as_ref().is_err_and(BrokerError::is_retryable));
    failed.map(|(index, _)| index).collect()
}

fn first_error(outcomes: &[Result<String, BrokerError>]) -> String {
    let error = outcomes.iter().find_map(|outcome| outcome.as_ref().err());
    error
        .map(|error| error.kind.to_string())
        .unwrap_or_default()
}

fn when(delay: Duration) -> String {
    if delay.is_zero() {
        "at once".to_owned()
    } else {
        format!("in {delay:?}")
    }
}
