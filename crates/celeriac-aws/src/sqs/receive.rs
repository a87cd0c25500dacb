use std::time::Duration;

use aws_sdk_sqs::types::{Message, MessageSystemAttributeName as SystemName};
use celeriac_core::{BrokerError, BrokerErrorKind, Capabilities, Delivery, Receipt};
use celeriac_protocol::UtcTime;

use crate::fault::Fault;

use super::attributes;
use super::limits::{MAX_ENTRIES, check_wait, is_fifo, whole_seconds};
use super::sqs_broker::SqsBroker;

impl SqsBroker {
    pub(super) async fn receive_some(
        &self,
        queue: &str,
        max: usize,
        wait: Duration,
        visibility: Duration,
    ) -> Result<Vec<Delivery>, BrokerError> {
        const OPERATION: &str = "receive";
        let fail = |kind| BrokerError::new(OPERATION, queue, kind);
        Capabilities::sqs(queue)
            .check_visibility(visibility)
            .and_then(|()| check_wait(wait))
            .map_err(fail)?;
        if max == 0 {
            return Ok(Vec::new());
        }
        let url = self.url(OPERATION, queue).await?;
        let request = self
            .sdk
            .sqs_poll()
            .await
            .receive_message()
            .queue_url(&*url)
            .max_number_of_messages(i32::try_from(max.min(MAX_ENTRIES)).unwrap_or(1))
            .wait_time_seconds(whole_seconds(wait))
            .visibility_timeout(whole_seconds(visibility))
            .message_system_attribute_names(SystemName::ApproximateReceiveCount)
            .message_system_attribute_names(SystemName::SentTimestamp)
            .message_system_attribute_names(SystemName::MessageGroupId)
            .message_system_attribute_names(SystemName::MessageDeduplicationId)
            .message_attribute_names("All")
            // a FIFO receive whose answer was lost gives the same messages again under the same
            // attempt id
            .set_receive_request_attempt_id(
                is_fifo(queue).then(|| celeriac_core::random::uuid4().to_string()),
            );
        let answer = request
            .send()
            .await
            .map_err(|error| self.fault(OPERATION, queue, Fault::from(error)))?;
        let messages = answer.messages.unwrap_or_default();
        messages
            .into_iter()
            .map(|message| to_delivery(queue, message).map_err(fail))
            .collect()
    }
}

fn to_delivery(queue: &str, message: Message) -> Result<Delivery, BrokerErrorKind> {
    let mut system = message.attributes.unwrap_or_default();
    let receipt = message.receipt_handle.ok_or_else(|| {
        BrokerErrorKind::Other("a message came without a receipt handle".to_owned())
    })?;
    let sent_at = system
        .remove(&SystemName::SentTimestamp)
        .and_then(|millis| millis.parse::<i64>().ok());
    let receive_count = system
        .remove(&SystemName::ApproximateReceiveCount)
        .and_then(|count| count.parse().ok());
    Ok(Delivery {
        queue: queue.to_owned(),
        receipt: Receipt(receipt),
        message_id: message.message_id.unwrap_or_default(),
        body: message.body.unwrap_or_default(),
        receive_count: receive_count.unwrap_or(1),
        sent_at: sent_at.map(|millis| UtcTime(millis.saturating_mul(1000))),
        group_id: system.remove(&SystemName::MessageGroupId),
        dedup_id: system.remove(&SystemName::MessageDeduplicationId),
        attributes: attributes::from_sqs(message.message_attributes),
    })
}
