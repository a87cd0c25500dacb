use std::sync::Arc;

use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use celeriac_core::{BrokerError, BrokerErrorKind, Capabilities, Outgoing};

use crate::fault::Fault;

use super::attributes;
use super::batch_answer::{BatchAnswer, Indexed, Operation};
use super::limits::whole_seconds;
use super::sqs_broker::{SqsBroker, all_failed};
use super::{batch_fifo, batch_unordered};

const SEND: Operation<Outgoing> = Operation {
    name: "SendMessageBatch",
    size: Outgoing::size,
    refusal,
};

/// What is wrong with the message itself stays wrong.
fn refusal(fault: Fault) -> BrokerErrorKind {
    match fault {
        Fault::Service { code, message }
            if matches!(
                code.as_str(),
                "InvalidMessageContents" | "InvalidParameterValue"
            ) =>
        {
            BrokerErrorKind::Invalid(format!("{code}: {message}"))
        }
        fault => fault.into(),
    }
}

impl SqsBroker {
    pub(super) async fn send_batch(
        &self,
        operation: &'static str,
        queue: &str,
        batch: Vec<Outgoing>,
    ) -> Vec<Result<String, BrokerError>> {
        let total = batch.len();
        let limits = Capabilities::sqs(queue);
        let mut outcome: Vec<Indexed<Result<String, BrokerErrorKind>>> = Vec::with_capacity(total);
        let mut good = Vec::with_capacity(total);
        for (index, message) in batch.into_iter().enumerate() {
            match message.check(&limits) {
                Ok(()) => good.push((index, with_dedup_id(message, limits.fifo))),
                Err(kind) => outcome.push((index, Err(kind))),
            }
        }
        if !good.is_empty() {
            match self.url(operation, queue).await {
                Ok(url) => outcome.extend(self.send_checked(&url, good, limits.fifo).await),
                Err(error) => return all_failed(total, &error),
            }
        }
        self.in_order(operation, queue, total, outcome)
    }

    async fn send_checked(
        &self,
        url: &Arc<str>,
        good: Vec<Indexed<Outgoing>>,
        fifo: bool,
    ) -> Vec<Indexed<Result<String, BrokerErrorKind>>> {
        let call = |request: Vec<(String, &Outgoing)>| {
            let request: Vec<_> = request
                .into_iter()
                .map(|(id, message)| to_entry(id, message))
                .collect();
            async move {
                let answer = self
                    .sdk
                    .sqs()
                    .await
                    .send_message_batch()
                    .queue_url(&**url)
                    .set_entries(Some(request))
                    .send()
                    .await
                    .map_err(Fault::from)?;
                let done = answer
                    .successful
                    .into_iter()
                    .map(|entry| (entry.id, entry.message_id))
                    .collect();
                Ok(BatchAnswer {
                    done,
                    failed: answer.failed,
                })
            }
        };
        let counts = self.sdk.counts();
        if fifo {
            return batch_fifo::run(counts, &SEND, good, call).await;
        }
        batch_unordered::run(counts, &SEND, good, call).await
    }
}

/// FIFO: a message without a deduplication id gets a random one, which it keeps when its entry is
/// retried.
fn with_dedup_id(mut message: Outgoing, fifo: bool) -> Outgoing {
    if fifo {
        message
            .dedup_id
            .get_or_insert_with(|| celeriac_core::random::uuid4().to_string());
    }
    message
}

fn to_entry(id: String, message: &Outgoing) -> SendMessageBatchRequestEntry {
    let delay = whole_seconds(message.delay);
    SendMessageBatchRequestEntry::builder()
        .id(id)
        .message_body(&message.body)
        .set_delay_seconds((delay > 0).then_some(delay))
        .set_message_attributes(attributes::to_sqs(&message.attributes))
        .set_message_group_id(message.group_id.clone())
        .set_message_deduplication_id(message.dedup_id.clone())
        .build()
        .expect("the id and the body are set")
}
