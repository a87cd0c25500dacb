use std::time::Duration;

use async_trait::async_trait;
use thiserror::Error;

use crate::{DeadLetter, Delivery, Outgoing, Receipt, SetVisibility};

/// A message broker: SQS, or SQLite on one machine.
///
/// Queues go by their Celery names; an adapter adds its prefix and mangles. Methods that take a
/// batch take any number of entries, split it to the broker's own limits, retry what is retryable
/// entry by entry, and answer one result per entry, in the entries' order. No method is cancel-safe
/// unless it says so: a dropped future may or may not have had its effect.
#[async_trait]
pub trait Broker: Send + Sync + 'static {
    /// What this broker can do for `queue`; pure, no request.
    fn capabilities(&self, queue: &str) -> Capabilities;

    /// Checks the entries against the limits ([`Outgoing::check`]) BEFORE sending, sends the good
    /// ones. The answer is the broker's message id. Not idempotent, except for FIFO entries with a
    /// deduplication id (one without gets a random one). FIFO order is the batch's order.
    async fn send(&self, queue: &str, batch: Vec<Outgoing>) -> Vec<Result<String, BrokerError>>;

    /// Up to `max` messages, each invisible to others for `visibility`; waits up to `wait` (at most
    /// 20 s) for the first. May answer fewer than there are. A dropped call may swallow messages
    /// until their visibility ends: wait it out instead. A longer `wait` or `visibility` than SQS
    /// allows is refused.
    async fn receive(
        &self,
        queue: &str,
        max: usize,
        wait: Duration,
        visibility: Duration,
    ) -> Result<Vec<Delivery>, BrokerError>;

    /// Deletes messages. Idempotent; deleting what is gone already is success. With the receipt of
    /// an earlier receive it is success too, but the message may stay, since another worker may
    /// hold it.
    async fn ack(&self, queue: &str, receipts: Vec<Receipt>) -> Vec<Result<(), BrokerError>>;

    /// Changes the visibility of received messages: extends, defers (at most
    /// [`Capabilities::max_visibility`]) or, with zero, releases. `BrokerErrorKind::ReceiptExpired`
    /// means that the message may already be elsewhere.
    async fn set_visibility(
        &self,
        queue: &str,
        batch: Vec<SetVisibility>,
    ) -> Vec<Result<(), BrokerError>>;

    /// Moves messages to the dead-letter queue: sends a copy with its reason, error and origin as
    /// message attributes (`celeriac-reason`, `celeriac-error`, `celeriac-queue`;
    /// [`DeadLetter::to_outgoing`]), then deletes. `BrokerErrorKind::NoDeadLetterQueue` if the
    /// queue has none; then nothing is deleted.
    async fn dead_letter(
        &self,
        queue: &str,
        batch: Vec<DeadLetter>,
    ) -> Vec<Result<(), BrokerError>>;

    /// Approximate counts.
    async fn stats(&self, queue: &str) -> Result<QueueStats, BrokerError>;
}

/// What a broker can do for a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// The longest delay of one message (SQS: 900 s; FIFO: zero).
    pub max_delay: Duration,
    /// The longest visibility (SQS: 43,200 s).
    pub max_visibility: Duration,
    /// Entries in one request (SQS: 10).
    pub max_batch: usize,
    /// Bytes of one message, attributes included, and of one request's messages together (SQS:
    /// 1,048,576).
    pub max_bytes: usize,
    /// Whether order within a message group is kept.
    pub fifo: bool,
    /// Whether a receive that was dropped may go on at the far end, and hide the messages that it
    /// gets until their visibility ends (SQS: a long poll does).
    pub receive_outlives_drop: bool,
    /// Whether the first message creates a queue that is not there (SQS: it does not).
    pub creates_missing_queues: bool,
}

/// Approximate message counts of a queue, and its settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueueStats {
    /// Waiting.
    pub visible: u64,
    /// Received and not deleted.
    pub in_flight: u64,
    /// Not visible yet because of a delay.
    pub delayed: u64,
    /// The dead-letter queue's Celery-side name, if there is one.
    pub dead_letter_queue: Option<String>,
    /// Receives after which the broker itself moves a message there.
    pub max_receive_count: Option<u32>,
    /// The queue's own visibility timeout.
    pub visibility: Option<Duration>,
    /// How long messages are kept.
    pub retention: Option<Duration>,
}

/// A failed broker operation: on what, why, and whether to try again.
#[derive(Clone, Debug, Error)]
#[error("{operation} on queue `{queue}`: {kind}")]
pub struct BrokerError {
    /// `send`, `receive`, ...
    pub operation: &'static str,
    /// The Celery queue name.
    pub queue: String,
    /// Why.
    pub kind: BrokerErrorKind,
}

/// Why a broker operation failed.
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum BrokerErrorKind {
    /// The queue is not there.
    #[error("the queue does not exist: create it with `celeriac queues create`")]
    QueueNotFound,
    /// The queue has no redrive policy.
    #[error("the queue has no dead-letter queue")]
    NoDeadLetterQueue,
    /// The receipt is not the newest, or its visibility ended.
    #[error("the receipt has expired; the message may be with another worker")]
    ReceiptExpired,
    /// A limit of the broker, checked before sending.
    #[error("{what} is {actual}, over the limit of {limit}")]
    LimitExceeded {
        /// Such as `message size in bytes`.
        what: &'static str,
        /// As asked for.
        actual: u64,
        /// The broker's limit.
        limit: u64,
    },
    /// Something in the request that the broker would refuse.
    #[error("{0}")]
    Invalid(String),
    /// No right to do this.
    #[error("access denied: {0}")]
    AccessDenied(String),
    /// Throttled, 5xx or the network, after the adapter's own retries.
    #[error("temporarily unavailable: {0}")]
    Unavailable(String),
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

impl BrokerError {
    /// A failure of `operation` on `queue`.
    pub fn new(operation: &'static str, queue: impl Into<String>, kind: BrokerErrorKind) -> Self {
        Self {
            operation,
            queue: queue.into(),
            kind,
        }
    }

    /// Whether the queue is not there, or can never be.
    pub fn is_no_queue(&self) -> bool {
        matches!(
            self.kind,
            BrokerErrorKind::QueueNotFound | BrokerErrorKind::Invalid(_)
        )
    }

    /// Whether the same call may go through later.
    pub fn is_retryable(&self) -> bool {
        matches!(self.kind, BrokerErrorKind::Unavailable(_))
    }
}
