use std::collections::{BTreeMap, HashMap};

use celeriac_core::{Delivery, Receipt};
use celeriac_protocol::UtcTime;
use serde::Deserialize;

/// One message of an SQS event (<https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html>).
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SqsRecord {
    #[serde(default)]
    event_source: String,
    #[serde(default, rename = "eventSourceARN")]
    pub(crate) event_source_arn: String,
    #[serde(default)]
    pub(crate) message_id: String,
    #[serde(default)]
    receipt_handle: String,
    #[serde(default)]
    body: String,
    #[serde(default)]
    attributes: HashMap<String, String>,
    #[serde(default)]
    message_attributes: BTreeMap<String, MessageAttribute>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct MessageAttribute {
    string_value: Option<String>,
}

impl SqsRecord {
    /// The delivery, from the queue that `celery_name` knows by its SQS name.
    pub(crate) fn delivery(
        mut self,
        celery_name: impl FnOnce(&str) -> String,
    ) -> Result<Delivery, String> {
        if self.event_source != "aws:sqs" {
            return Err(format!(
                "an event of `{}` is not for tasks: this function takes SQS messages, EventBridge events and direct invocations",
                self.event_source
            ));
        }
        let sqs_name = self.event_source_arn.rsplit(':').next().unwrap_or_default();
        if sqs_name.is_empty() || self.message_id.is_empty() {
            return Err("an SQS message without `eventSourceARN` or `messageId`".to_owned());
        }
        let number = |text: Option<String>| text.and_then(|text| text.parse::<i64>().ok());
        let receives = number(self.attributes.remove("ApproximateReceiveCount"));
        let sent_at = number(self.attributes.remove("SentTimestamp"));
        Ok(Delivery {
            queue: celery_name(sqs_name),
            receipt: Receipt(self.receipt_handle),
            message_id: self.message_id,
            body: self.body,
            receive_count: receives
                .and_then(|count| u32::try_from(count).ok())
                .unwrap_or(1),
            sent_at: sent_at.map(|millis| UtcTime(millis.saturating_mul(1000))),
            group_id: self.attributes.remove("MessageGroupId"),
            dedup_id: self.attributes.remove("MessageDeduplicationId"),
            attributes: self
                .message_attributes
                .into_iter()
                .filter_map(|(name, attribute)| Some((name, attribute.string_value?)))
                .collect(),
        })
    }
}
