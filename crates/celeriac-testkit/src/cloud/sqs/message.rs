use std::time::Duration;

use celeriac_protocol::UtcTime;
use serde_json::{Map, Value as Json, json};

use super::super::CloudError;
use super::invalid;

/// SQS: bytes of a message, its attributes included, and of a batch.
pub(super) const MAX_BYTES: usize = 1_048_576;

/// A message in a queue.
#[derive(Clone, Debug)]
pub struct Message {
    /// In the order of sending.
    pub number: u64,
    /// `MessageId`.
    pub id: String,
    /// As sent.
    pub body: String,
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
    pub receipt: Option<String>,
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
    pub(super) body: String,
    pub(super) attributes: Map<String, Json>,
    pub(super) group: Option<String>,
    pub(super) dedup_id: Option<String>,
    pub(super) delay: Option<Duration>,
}

/// What a receive took.
#[derive(Debug, Default)]
pub(super) struct Taken {
    pub(super) messages: Vec<Message>,
    /// When the next one becomes visible.
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

    fn to_json(&self) -> Json {
        let millis = |at: UtcTime| (at.0 / 1000).to_string();
        let mut system = json!({
            "ApproximateReceiveCount": self.receives.to_string(),
            "SentTimestamp": millis(self.sent_at),
        });
        if let Some(group) = &self.group {
            system["MessageGroupId"] = json!(group);
        }
        if let Some(dedup_id) = &self.dedup_id {
            system["MessageDeduplicationId"] = json!(dedup_id);
        }
        let mut message = json!({
            "MessageId": self.id,
            "ReceiptHandle": self.receipt,
            "Body": self.body,
            "Attributes": system,
        });
        if !self.attributes.is_empty() {
            message["MessageAttributes"] = Json::Object(self.attributes.clone());
        }
        message
    }
}

impl Taken {
    pub(super) fn to_json(&self) -> Json {
        if self.messages.is_empty() {
            return json!({});
        }
        let messages: Vec<Json> = self.messages.iter().map(Message::to_json).collect();
        json!({ "Messages": messages })
    }
}

impl Outgoing {
    pub(super) fn read(entry: &Json) -> Result<Self, CloudError> {
        let text = |name: &str| entry[name].as_str().map(str::to_owned);
        let body = text("MessageBody").unwrap_or_default();
        if body.is_empty() {
            return Err(CloudError::new(
                "MissingParameter",
                "The request must contain the parameter MessageBody",
            ));
        }
        if body.chars().any(|c| !is_sendable(c)) {
            return Err(CloudError::new(
                "com.amazonaws.sqs#InvalidMessageContents",
                "Invalid characters in the body",
            ));
        }
        if Self::size(entry).is_some_and(|size| size > MAX_BYTES) {
            return Err(invalid(
                "One or more parameters are invalid. Reason: Message must be shorter than 1048576 bytes.",
            ));
        }
        let attributes = entry["MessageAttributes"].as_object().cloned();
        let attributes = attributes.unwrap_or_default();
        if attributes.len() > 10 {
            return Err(invalid(
                "Number of message attributes exceeds the allowed maximum [10]",
            ));
        }
        let delay = match &entry["DelaySeconds"] {
            Json::Null => None,
            seconds => match seconds.as_u64() {
                Some(seconds) if seconds <= 900 => Some(Duration::from_secs(seconds)),
                _ => return Err(invalid("DelaySeconds must be >= 0 and <= 900")),
            },
        };
        Ok(Self {
            body,
            attributes,
            group: text("MessageGroupId"),
            dedup_id: text("MessageDeduplicationId"),
            delay,
        })
    }

    /// Bytes of an entry as SQS counts them.
    pub(super) fn size(entry: &Json) -> Option<usize> {
        let attributes = entry["MessageAttributes"].as_object().into_iter().flatten();
        let length = |value: &Json, name: &str| value[name].as_str().map_or(0, str::len);
        let attributes = attributes.map(|(name, value)| {
            name.len() + length(value, "DataType") + length(value, "StringValue")
        });
        Some(entry["MessageBody"].as_str()?.len() + attributes.sum::<usize>())
    }
}

/// The characters of XML 1.0.
fn is_sendable(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..='\u{10ffff}')
}
