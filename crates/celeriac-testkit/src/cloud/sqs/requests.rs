use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::super::CloudError;
use super::super::text::Text;
use super::invalid;

/// A queue by its URL.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct OfQueue<'a> {
    #[serde(borrow, default)]
    pub(super) queue_url: Text<'a>,
}

/// What is asked about one message, alone or as an entry of a batch.
pub(super) trait Entry {
    /// Of the entry in its batch.
    fn id(&self) -> &str;
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Send<'a> {
    #[serde(borrow, default)]
    id: Text<'a>,
    #[serde(borrow, default)]
    pub(super) message_body: Text<'a>,
    #[serde(default)]
    pub(super) message_attributes: Map<String, Json>,
    pub(super) message_group_id: Option<String>,
    pub(super) message_deduplication_id: Option<String>,
    pub(super) delay_seconds: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Delete<'a> {
    #[serde(borrow, default)]
    id: Text<'a>,
    #[serde(borrow, default)]
    pub(super) receipt_handle: Text<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ChangeVisibility<'a> {
    #[serde(borrow, default)]
    id: Text<'a>,
    #[serde(borrow, default)]
    pub(super) receipt_handle: Text<'a>,
    visibility_timeout: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Receive<'a> {
    #[serde(borrow, default)]
    pub(super) queue_url: Text<'a>,
    max_number_of_messages: Option<usize>,
    visibility_timeout: Option<i64>,
    #[serde(default)]
    wait_time_seconds: u64,
    #[serde(rename = "ReceiveRequestAttemptId")]
    pub(super) attempt: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreateQueue {
    #[serde(default)]
    pub(super) queue_name: String,
    #[serde(default)]
    pub(super) attributes: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct QueueNamed<'a> {
    #[serde(borrow, default)]
    pub(super) queue_name: Text<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListQueues<'a> {
    #[serde(borrow, default)]
    pub(super) queue_name_prefix: Text<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetAttributes<'a> {
    #[serde(borrow, default)]
    pub(super) queue_url: Text<'a>,
    #[serde(default)]
    pub(super) attribute_names: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SetAttributes<'a> {
    #[serde(borrow, default)]
    pub(super) queue_url: Text<'a>,
    #[serde(default)]
    pub(super) attributes: BTreeMap<String, String>,
}

/// The answer about a message that was sent.
#[derive(Serialize)]
pub(super) struct Sent {
    #[serde(rename = "MessageId")]
    pub(super) id: Arc<str>,
    #[serde(rename = "MD5OfMessageBody")]
    pub(super) md5: &'static str,
}

/// An answer without anything in it.
#[derive(Serialize)]
pub(super) struct Done {}

impl Entry for Send<'_> {
    fn id(&self) -> &str {
        &self.id
    }
}

impl Entry for Delete<'_> {
    fn id(&self) -> &str {
        &self.id
    }
}

impl Entry for ChangeVisibility<'_> {
    fn id(&self) -> &str {
        &self.id
    }
}

impl Send<'_> {
    /// Bytes as SQS counts them.
    pub(super) fn size(&self) -> usize {
        let length = |value: &Json, name: &str| value[name].as_str().map_or(0, str::len);
        let attributes = self.message_attributes.iter().map(|(name, value)| {
            name.len() + length(value, "DataType") + length(value, "StringValue")
        });
        self.message_body.len() + attributes.sum::<usize>()
    }
}

impl ChangeVisibility<'_> {
    pub(super) fn visibility(&self) -> Result<Duration, CloudError> {
        visibility(self.visibility_timeout.unwrap_or(-1))
    }
}

impl Receive<'_> {
    /// The most messages wanted.
    pub(super) fn count(&self) -> usize {
        self.max_number_of_messages.unwrap_or(1)
    }

    pub(super) fn visibility(&self) -> Result<Option<Duration>, CloudError> {
        self.visibility_timeout.map(visibility).transpose()
    }

    /// How long a poll waits. SQS: 20 seconds at most.
    pub(super) fn wait(&self) -> Result<Duration, CloudError> {
        match self.wait_time_seconds {
            seconds @ ..=20 => Ok(Duration::from_secs(seconds)),
            seconds => Err(invalid(format!(
                "{seconds} is over the limit of 20 for WaitTimeSeconds"
            ))),
        }
    }
}

/// SQS: 12 hours at most.
fn visibility(seconds: i64) -> Result<Duration, CloudError> {
    match u64::try_from(seconds) {
        Ok(seconds) if seconds <= 43_200 => Ok(Duration::from_secs(seconds)),
        _ => Err(invalid(format!(
            "{seconds} for VisibilityTimeout: must be between 0 and 43200"
        ))),
    }
}
