//! What is done with messages by their receipts, in batches.

use std::sync::Arc;

use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry,
};
use celeriac_core::{BrokerErrorKind, Receipt, SetVisibility};

use crate::fault::Fault;

use super::batch_answer::{BatchAnswer, Fate, Indexed, Operation};
use super::batch_unordered;
use super::limits::whole_seconds;
use super::sqs_broker::SqsBroker;

const DELETE: Operation<Receipt> = Operation {
    name: "DeleteMessageBatch",
    size: |receipt| receipt.0.len(),
    refusal,
};

const CHANGE_VISIBILITY: Operation<SetVisibility> = Operation {
    name: "ChangeMessageVisibilityBatch",
    size: |change| change.receipt.0.len(),
    refusal,
};

/// What is wrong with an entry that holds little but a receipt is, as a rule, its receipt.
fn refusal(fault: Fault) -> BrokerErrorKind {
    let Fault::Service { code, message } = &fault else {
        return fault.into();
    };
    match code.strip_suffix("Exception").unwrap_or(code) {
        // 12 hours after its receive a message is out of reach
        "InvalidParameterValue" if message.contains("beyond the limit") => {
            BrokerErrorKind::Invalid(message.clone())
        }
        "InvalidParameterValue" | "ReceiptHandleIsInvalid" | "MessageNotInflight" => {
            BrokerErrorKind::ReceiptExpired
        }
        _ => fault.into(),
    }
}

impl SqsBroker {
    pub(super) async fn delete_batch(
        &self,
        url: &Arc<str>,
        receipts: Vec<Indexed<Receipt>>,
    ) -> Vec<Indexed<Fate<()>>> {
        let call = |request: Vec<(String, &Receipt)>| {
            let entry = |(id, receipt): (String, &Receipt)| {
                let entry = DeleteMessageBatchRequestEntry::builder()
                    .id(id)
                    .receipt_handle(&receipt.0)
                    .build();
                entry.expect("the id and the receipt are set")
            };
            let request: Vec<_> = request.into_iter().map(entry).collect();
            async move {
                let answer = self
                    .sdk
                    .sqs()
                    .await
                    .delete_message_batch()
                    .queue_url(&**url)
                    .set_entries(Some(request))
                    .send()
                    .await
                    .map_err(Fault::from)?;
                // gone already: what was wanted
                let (gone, failed): (Vec<_>, Vec<_>) = answer
                    .failed
                    .into_iter()
                    .partition(|entry| entry.code.ends_with("ReceiptHandleIsInvalid"));
                let done = answer
                    .successful
                    .into_iter()
                    .map(|entry| entry.id)
                    .chain(gone.into_iter().map(|entry| entry.id));
                Ok(BatchAnswer {
                    done: done.map(|id| (id, ())).collect(),
                    failed,
                })
            }
        };
        batch_unordered::run(self.sdk.counts(), &DELETE, receipts, call).await
    }

    pub(super) async fn change_batch(
        &self,
        url: &Arc<str>,
        batch: Vec<Indexed<SetVisibility>>,
    ) -> Vec<Indexed<Fate<()>>> {
        let call = |request: Vec<(String, &SetVisibility)>| {
            let entry = |(id, change): (String, &SetVisibility)| {
                let entry = ChangeMessageVisibilityBatchRequestEntry::builder()
                    .id(id)
                    .receipt_handle(&change.receipt.0)
                    .visibility_timeout(whole_seconds(change.visibility))
                    .build();
                entry.expect("the id and the receipt are set")
            };
            let request: Vec<_> = request.into_iter().map(entry).collect();
            async move {
                let answer = self
                    .sdk
                    .sqs()
                    .await
                    .change_message_visibility_batch()
                    .queue_url(&**url)
                    .set_entries(Some(request))
                    .send()
                    .await
                    .map_err(Fault::from)?;
                let done = answer
                    .successful
                    .into_iter()
                    .map(|entry| (entry.id, ()))
                    .collect();
                Ok(BatchAnswer {
                    done,
                    failed: answer.failed,
                })
            }
        };
        batch_unordered::run(self.sdk.counts(), &CHANGE_VISIBILITY, batch, call).await
    }
}
