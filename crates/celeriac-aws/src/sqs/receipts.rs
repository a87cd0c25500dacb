//! What is done with messages by their receipts, in batches.

use std::sync::Arc;

use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry,
};
use celeriac_core::{Receipt, SetVisibility};

use crate::fault::Fault;

use super::batch_answer::{BatchAnswer, Fate, Placed};
use super::entries;
use super::limits::whole_seconds;
use super::sqs_broker::SqsBroker;

impl SqsBroker {
    pub(super) async fn delete_batch(
        &self,
        url: &Arc<str>,
        receipts: Vec<Placed<Receipt>>,
    ) -> Vec<Placed<Fate<()>>> {
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
        entries::run(
            self.sdk.counts(),
            "DeleteMessageBatch",
            receipts,
            |receipt| receipt.0.len(),
            call,
        )
        .await
    }

    pub(super) async fn change_batch(
        &self,
        url: &Arc<str>,
        batch: Vec<Placed<SetVisibility>>,
    ) -> Vec<Placed<Fate<()>>> {
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
        entries::run(
            self.sdk.counts(),
            "ChangeMessageVisibilityBatch",
            batch,
            |change| change.receipt.0.len(),
            call,
        )
        .await
    }
}
