use std::sync::Arc;
use std::time::Duration;

use celeriac_protocol::UtcTime;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value as Json};

use super::super::CloudError;
use super::invalid;
use super::requests::Send;

/// SQS: bytes of a message, its attributes included, and of a batch.
pub(super) const MAX_BYTES: usize = 1_048_576;

/// A message in a queue.
#[derive(Clone, Debug)]
pub struct Message {
    /// In the order of sending.
    pub number: u64,
    /// `MessageId`.
    pub id: Arc<str>,
    /// As sent.
    pub body: Arc<str>,
    /// `MessageAttributes`, as JSON.
    pub attributes: Map<String, Json>,
    /// `MessageGroupId`.
    pub group: Option<String>,
    /// `MessageDeduplicationId`.
    pub dedup_id: Option<String>,
    /// When it was sent.
    pub sent_at: UtcTime,
    /// From when on it can be received.
    pub visible_at: UtcTime,
    /// How often it was received.
    pub receives: u32,
    /// The newest receive's.
    pub receipt: Option<Arc<str>>,
    /// When it was received last.
    pub received_at: Option<UtcTime>,
    /// How often it was handed out beside its last receive.
    pub copies: u32,
}

/// How often a message is handed out beside one receive.
const MOST_COPIES: u32 = 3;

/// A message to be sent.
#[derive(Clone, Debug)]
pub(super) struct Outgoing {
    pub(super) body: Arc<str>,
    pub(super) attributes: Map<String, Json>,
    pub(super) group: Option<String>,
    pub(super) dedup_id: Option<String>,
    pub(super) delay: Option<Duration>,
}

/// What a receive took.
#[derive(Debug, Default, Serialize)]
pub(super) struct Taken {
    #[serde(rename = "Messages", skip_serializing_if = "Vec::is_empty")]
    pub(super) messages: Vec<Message>,
    /// When the next one becomes visible, if there is none.
    #[serde(skip)]
    pub(super) next_due: Option<UtcTime>,
}

impl Message {
    /// Whether a receiver holds it.
    pub fn in_flight(&self, now: UtcTime) -> bool {
        self.receipt.is_some() && self.visible_at > now
    }

    /// Whether it may be handed out to another receiver as well, which is rare on AWS: not without
    /// end.
    pub fn may_be_copied(&self, now: UtcTime) -> bool {
        self.in_flight(now) && self.copies < MOST_COPIES
    }
}

/// As a receive shows it.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Shown<'a> {
    message_id: &'a str,
    receipt_handle: Option<&'a str>,
    body: &'a str,
    attributes: System<'a>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    message_attributes: &'a Map<String, Json>,
}

/// What SQS adds to a message. Numbers are texts.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct System<'a> {
    approximate_receive_count: String,
    sent_timestamp: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_group_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_deduplication_id: Option<&'a str>,
}

impl Serialize for Message {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let shown = Shown {
            message_id: &self.id,
            receipt_handle: self.receipt.as_deref(),
            body: &self.body,
            attributes: System {
                approximate_receive_count: self.receives.to_string(),
                sent_timestamp: (self.sent_at.0 / 1000).to_string(),
                message_group_id: self.group.as_deref(),
                message_deduplication_id: self.dedup_id.as_deref(),
            },
            message_attributes: &self.attributes,
        };
        shown.serialize(serializer)
    }
}

impl Outgoing {
    pub(super) fn read(entry: &Send<'_>) -> Result<Self, CloudError> {
        if entry.message_body.is_empty() {
            return Err(CloudError::new(
                "MissingParameter",
                "The request must contain the parameter MessageBody",
            ));
        }
        if !is_sendable(&entry.message_body) {
            return Err(CloudError::new(
                "com.amazonaws.sqs#InvalidMessageContents",
                "Invalid characters in the body",
            ));
        }
        if entry.size() > MAX_BYTES {
            return Err(invalid(
                "One or more parameters are invalid. Reason: Message must be shorter than 1048576 bytes.",
            ));
        }
        if entry.message_attributes.len() > 10 {
            return Err(invalid(
                "Number of message attributes exceeds the allowed maximum [10]",
            ));
        }
        let delay = match entry.delay_seconds {
            None => None,
            Some(seconds @ 0..=900) => Some(Duration::from_secs(seconds.unsigned_abs())),
            Some(_) => return Err(invalid("DelaySeconds must be >= 0 and <= 900")),
        };
        Ok(Self {
            body: (*entry.message_body).into(),
            attributes: entry.message_attributes.clone(),
            group: entry.message_group_id.clone(),
            dedup_id: entry.message_deduplication_id.clone(),
            delay,
        })
    }
}

/// Whether all its characters are those of XML 1.0.
fn is_sendable(text: &str) -> bool {
    let is_control = |byte: u8| byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r');
    if text.is_ascii() {
        return !text
            .bytes()
            .fold(false, |found, byte| found | is_control(byte));
    }
    let is_sendable = |c| matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..='\u{10ffff}');
    text.chars().all(is_sendable)
}
