use std::time::Duration;

use async_trait::async_trait;

use crate::BrokerError;

/// Queues as an operator has them. A worker or a client that only runs needs nothing of this, and
/// no right to it.
#[async_trait]
pub trait QueueAdmin: Send + Sync + 'static {
    /// Creates the queue, its dead-letter queue and the redrive policy between them where they are
    /// missing. Idempotent; what stands there is left as it is, and a queue with a redrive policy
    /// gets no other dead-letter queue. Nothing else ever creates a queue.
    async fn declare(&self, queue: &QueueSpec) -> Result<(), BrokerError>;

    /// Changes a queue that exists. `BrokerErrorKind::NoDeadLetterQueue` if `max_receives` is given
    /// and the queue has none; then nothing is changed.
    async fn update(&self, queue: &str, change: &QueueChange) -> Result<(), BrokerError>;

    /// The Celery-side names of the queues that exist under the adapter's prefix, dead-letter
    /// queues included.
    async fn list(&self) -> Result<Vec<String>, BrokerError>;

    /// Deletes every message of the queue.
    async fn purge(&self, queue: &str) -> Result<(), BrokerError>;
}

/// A queue to be created.
#[derive(Clone, Debug)]
pub struct QueueSpec {
    /// Celery name; `.fifo` at the end makes it FIFO.
    pub name: String,
    /// The queue's own visibility timeout.
    pub visibility: Duration,
    /// How long messages are kept (SQS: 60 s to 14 days).
    pub retention: Duration,
    /// The dead-letter queue's Celery name, and after how many receives SQS itself moves a message
    /// there.
    pub dead_letter: Option<(String, u32)>,
}

impl QueueSpec {
    /// How long a dead-letter queue keeps messages: SQS's longest, 14 days.
    pub const DEAD_LETTER_RETENTION: Duration = Duration::from_hours(14 * 24);

    /// A queue with a dead-letter queue named `<name>-dlq` (`<name>-dlq.fifo` for FIFO), 60 s
    /// visibility, 4 days retention (the dead-letter queue: 14 days), and 100 receives: celeriac
    /// counts poison itself, so this is only a last guard.
    pub fn new(name: impl Into<String>) -> Self {
        let name = name.into();
        let dlq = match name.strip_suffix(".fifo") {
            Some(stem) => format!("{stem}-dlq.fifo"),
            None => format!("{name}-dlq"),
        };
        Self {
            name,
            visibility: Duration::from_mins(1),
            retention: Duration::from_hours(4 * 24),
            dead_letter: Some((dlq, 100)),
        }
    }
}

/// What is to change on a queue; the rest stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueueChange {
    /// The queue's own visibility timeout.
    pub visibility: Option<Duration>,
    /// How long messages are kept (SQS: 60 s to 14 days).
    pub retention: Option<Duration>,
    /// After how many receives the broker itself moves a message to the dead-letter queue.
    pub max_receives: Option<u32>,
}
