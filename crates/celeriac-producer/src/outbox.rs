use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use celeriac_core::{Broker, Capabilities, Clock, Outgoing, SendError};
use celeriac_protocol::UtcTime;

use crate::sender_pool::SenderPool;

/// A message to be sent, as whoever sends it means it: without regard to what the queue's broker
/// can do.
#[derive(Clone, Debug, Default)]
pub struct Parcel {
    /// The queue's Celery name.
    pub queue: String,
    /// The body.
    pub body: String,
    /// When it is to be received, as far as the broker can delay it; at once if `None` or past.
    pub at: Option<UtcTime>,
    /// Its message group. FIFO queues need one, and take `default` where none is given.
    pub group: Option<String>,
    /// By which a FIFO queue drops copies; other queues take none.
    pub dedup_id: Option<String>,
    /// Message attributes.
    pub attributes: BTreeMap<String, String>,
}

impl Parcel {
    /// The message for a queue that can do this. What is due later than the queue can delay gets
    /// the longest delay: the worker that receives it early sends it on. FIFO queues take no delay;
    /// the worker defers there.
    pub fn pack(self, capabilities: &Capabilities, now: UtcTime) -> Outgoing {
        let fifo = capabilities.fifo;
        let wait = self.at.map(|at| at.since(now)).filter(|_| !fifo);
        let delay = whole_seconds(wait.unwrap_or_default());
        Outgoing {
            body: self.body,
            delay: delay.min(capabilities.max_delay),
            group_id: self.group.or_else(|| fifo.then(|| "default".to_owned())),
            dedup_id: self.dedup_id.filter(|_| fifo),
            attributes: self.attributes,
        }
    }
}

/// SQS delays by whole seconds; rounded up, so that nothing arrives early.
fn whole_seconds(duration: Duration) -> Duration {
    let part = u64::from(duration.subsec_nanos() > 0);
    Duration::from_secs(duration.as_secs().saturating_add(part))
}

/// The one way out: whatever a client or a worker sends goes through here, in batches by queue.
///
/// A broker that is away for a moment is asked three times more, as Celery's
/// `task_publish_retry_policy` does; a lost answer may so send a message twice, which the ledger
/// makes one task.
pub struct Outbox {
    senders: SenderPool,
    clock: Arc<dyn Clock>,
}

impl Outbox {
    /// An outbox that makes no request; sending needs a tokio runtime.
    pub fn new(broker: Arc<dyn Broker>, clock: Arc<dyn Clock>) -> Self {
        Self {
            senders: SenderPool::new(broker),
            clock,
        }
    }

    /// Sends a message and waits until the broker has it; the answer is its id there. Cancel-safe
    /// up to the moment at which it is accepted into its queue's buffer: dropped before, nothing is
    /// sent; dropped after, it still is.
    ///
    /// # Errors
    /// [`SendError::Broker`] for what the broker refused, [`SendError::Closed`] after
    /// [`close`](Self::close).
    pub async fn send(&self, parcel: Parcel) -> Result<String, SendError> {
        self.accept(parcel).await?.await
    }

    /// Bytes of a message that this queue takes.
    pub(crate) fn max_bytes(&self, queue: &str) -> usize {
        self.senders.capabilities(queue).max_bytes
    }

    /// Whether this queue keeps the order of its messages.
    pub(crate) fn is_fifo(&self, queue: &str) -> bool {
        self.senders.capabilities(queue).fifo
    }

    /// The first half of a send, up to the buffer; what it gives is the second.
    pub(crate) async fn accept(
        &self,
        parcel: Parcel,
    ) -> Result<impl Future<Output = Result<String, SendError>> + Send + use<>, SendError> {
        let queue = parcel.queue.clone();
        let capabilities = self.senders.capabilities(&queue);
        let message = parcel.pack(&capabilities, self.clock.now());
        let room = self.senders.room(message.size()).await?;
        let sender = self.senders.sender(&queue, &capabilities)?;
        sender.accept(message, room).await
    }

    /// Sends what waits and returns when the broker has answered for it; later sends fail.
    pub async fn close(&self) {
        self.senders.close().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UtcTime = UtcTime(1_700_000_000_000_000);

    fn parcel(wait: Duration) -> Parcel {
        Parcel {
            at: Some(NOW.after(wait)),
            dedup_id: Some("once".to_owned()),
            ..Parcel::default()
        }
    }

    #[test]
    fn delays_are_rounded_up_and_as_long_as_the_queue_takes() {
        let delay = |wait| parcel(wait).pack(&Capabilities::sqs("celery"), NOW).delay;
        assert_eq!(delay(Duration::ZERO), Duration::ZERO);
        assert_eq!(delay(Duration::from_millis(1)), Duration::from_secs(1));
        assert_eq!(delay(Duration::from_secs(3)), Duration::from_secs(3));
        assert_eq!(delay(Duration::from_hours(3)), Duration::from_mins(15));
        let past = Parcel {
            at: Some(UtcTime(0)),
            ..Parcel::default()
        };
        assert_eq!(
            past.pack(&Capabilities::sqs("celery"), NOW).delay,
            Duration::ZERO
        );
    }

    #[test]
    fn a_fifo_queue_has_groups_and_no_delays() {
        let message = parcel(Duration::from_mins(1)).pack(&Capabilities::sqs("orders.fifo"), NOW);
        assert_eq!(message.delay, Duration::ZERO);
        assert_eq!(message.group_id.as_deref(), Some("default"));
        assert_eq!(message.dedup_id.as_deref(), Some("once"));
        let standard = parcel(Duration::ZERO).pack(&Capabilities::sqs("celery"), NOW);
        assert_eq!((standard.group_id, standard.dedup_id), (None, None));
    }
}
