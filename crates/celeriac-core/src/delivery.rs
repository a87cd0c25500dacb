use std::collections::BTreeMap;
use std::time::Duration;

use celeriac_protocol::UtcTime;

/// What a broker needs to delete or defer one received copy of a message. Opaque; a later receive
/// of the same message has another receipt.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Receipt(pub String);

/// A message as it was received.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The Celery queue name it was received from, as given to `receive`.
    pub queue: String,
    /// For this copy.
    pub receipt: Receipt,
    /// The broker's id of the message, the same on every receive.
    pub message_id: String,
    /// The body, as sent.
    pub body: String,
    /// How often it has been received, this time included.
    pub receive_count: u32,
    /// When it was sent, if the broker knows.
    pub sent_at: Option<UtcTime>,
    /// FIFO: the message group.
    pub group_id: Option<String>,
    /// FIFO: the deduplication id.
    pub dedup_id: Option<String>,
    /// Message attributes of text kind.
    pub attributes: BTreeMap<String, String>,
}

/// A message to be sent.
#[derive(Clone, Debug, Default)]
pub struct Outgoing {
    /// The body.
    pub body: String,
    /// How long it stays invisible. Over [`crate::Capabilities::max_delay`], and on FIFO queues
    /// any, is refused.
    pub delay: Duration,
    /// FIFO: required there. On standard SQS queues it marks a fair-queue tenant.
    pub group_id: Option<String>,
    /// FIFO only.
    pub dedup_id: Option<String>,
    /// Message attributes, as text. SQS: ten at most, and they count into the size.
    pub attributes: BTreeMap<String, String>,
}

/// A change of one received message's visibility, counted from now.
#[derive(Clone, Debug)]
pub struct SetVisibility {
    /// Which copy.
    pub receipt: Receipt,
    /// For how long nobody else sees it; zero gives it back at once.
    pub visibility: Duration,
}

/// A message to be moved to its queue's dead-letter queue.
#[derive(Clone, Debug)]
pub struct DeadLetter {
    /// The message, which is deleted from its queue once the dead-letter queue has it.
    pub delivery: Delivery,
    /// One of `unreadable`, `poison`, `rejected`, `gave-up`; attribute `celeriac-reason`.
    pub reason: String,
    /// A text for people; attribute `celeriac-error`, cut to 1 KiB and to the characters SQS
    /// allows.
    pub error: String,
}
