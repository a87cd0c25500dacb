use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry,
    QueueAttributeName as Name,
};
use celeriac_core::{
    Broker, BrokerError, BrokerErrorKind, Capabilities, DeadLetter, Delivery, Outgoing, QueueStats,
    Receipt, SetVisibility,
};

use crate::aws_config::AwsConfig;
use crate::fault::Fault;
use crate::request_counts::RequestCounts;
use crate::sdk::Sdk;
use crate::transport::Transport;

use super::entries;
use super::limits::whole_seconds;
use super::queue_urls::QueueUrls;
use super::redrive::{Redrive, RedriveCache};
use super::request::{BatchAnswer, Placed};

/// Tasks on SQS.
///
/// Making one is free of requests. A queue's URL is asked for at its first use (`sqs:GetQueueUrl`), or comes from
/// `predefined_queues`; running needs no right to list or create queues. `dead_letter` needs `sqs:GetQueueAttributes` on the
/// queue and `sqs:SendMessage` on its dead-letter queue.
#[derive(Debug)]
pub struct SqsBroker {
    pub(super) sdk: Sdk,
    pub(super) urls: QueueUrls,
    pub(super) redrives: RedriveCache,
}

impl SqsBroker {
    /// A broker that makes no request until it is used.
    pub fn new(config: &AwsConfig) -> Self {
        Self {
            sdk: Sdk::new(config.sqs.endpoint.clone()),
            urls: QueueUrls::new(config.sqs.clone()),
            redrives: RedriveCache::default(),
        }
    }

    /// The same, with requests that go there instead of over the network.
    #[must_use]
    pub fn over(self, transport: Arc<dyn Transport>) -> Self {
        Self {
            sdk: self.sdk.over(transport),
            ..self
        }
    }

    /// Requests made so far.
    pub fn requests(&self) -> &Arc<RequestCounts> {
        self.sdk.counts()
    }

    pub(super) async fn url(
        &self,
        operation: &'static str,
        queue: &str,
    ) -> Result<Arc<str>, BrokerError> {
        self.urls.get(&self.sdk, operation, queue).await
    }

    /// A failed request on a queue, in the seam's terms.
    pub(super) fn fault(&self, operation: &'static str, queue: &str, fault: Fault) -> BrokerError {
        let kind = BrokerErrorKind::from(fault);
        self.note_lost_queue(queue, &kind);
        BrokerError::new(operation, queue, kind)
    }

    fn note_lost_queue(&self, queue: &str, kind: &BrokerErrorKind) {
        if matches!(kind, BrokerErrorKind::QueueNotFound) {
            self.urls.forget(queue);
        }
    }

    /// One result per entry, in the entries' order.
    pub(super) fn in_order<T>(
        &self,
        operation: &'static str,
        queue: &str,
        total: usize,
        outcome: Vec<Placed<Result<T, BrokerErrorKind>>>,
    ) -> Vec<Result<T, BrokerError>> {
        let mut slots: Vec<Option<Result<T, BrokerErrorKind>>> = (0..total).map(|_| None).collect();
        for (place, fate) in outcome {
            slots[place] = Some(fate);
        }
        let fates = slots.into_iter().map(|slot| {
            slot.unwrap_or_else(|| Err(BrokerErrorKind::Other("the entry got lost".to_owned())))
        });
        fates
            .map(|fate| {
                fate.map_err(|kind| {
                    self.note_lost_queue(queue, &kind);
                    BrokerError::new(operation, queue, kind)
                })
            })
            .collect()
    }

    pub(super) async fn delete_batch(
        &self,
        url: &Arc<str>,
        receipts: Vec<Placed<Receipt>>,
    ) -> Vec<Placed<Result<(), BrokerErrorKind>>> {
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

    async fn change_batch(
        &self,
        url: &Arc<str>,
        batch: Vec<Placed<SetVisibility>>,
    ) -> Vec<Placed<Result<(), BrokerErrorKind>>> {
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

/// The same failure for every entry.
pub(super) fn all_failed<T>(total: usize, error: &BrokerError) -> Vec<Result<T, BrokerError>> {
    (0..total).map(|_| Err(error.clone())).collect()
}

#[async_trait]
impl Broker for SqsBroker {
    fn capabilities(&self, queue: &str) -> Capabilities {
        Capabilities::sqs(queue)
    }

    async fn send(&self, queue: &str, batch: Vec<Outgoing>) -> Vec<Result<String, BrokerError>> {
        self.send_batch("send", queue, batch).await
    }

    async fn receive(
        &self,
        queue: &str,
        max: usize,
        wait: Duration,
        visibility: Duration,
    ) -> Result<Vec<Delivery>, BrokerError> {
        self.receive_some(queue, max, wait, visibility).await
    }

    async fn ack(&self, queue: &str, receipts: Vec<Receipt>) -> Vec<Result<(), BrokerError>> {
        let total = receipts.len();
        if total == 0 {
            return Vec::new();
        }
        match self.url("ack", queue).await {
            Ok(url) => {
                let outcome = self
                    .delete_batch(&url, receipts.into_iter().enumerate().collect())
                    .await;
                self.in_order("ack", queue, total, outcome)
            }
            Err(error) => all_failed(total, &error),
        }
    }

    async fn set_visibility(
        &self,
        queue: &str,
        batch: Vec<SetVisibility>,
    ) -> Vec<Result<(), BrokerError>> {
        const OPERATION: &str = "set_visibility";
        let total = batch.len();
        let limits = Capabilities::sqs(queue);
        let mut outcome = Vec::with_capacity(total);
        let mut good = Vec::with_capacity(total);
        for (place, change) in batch.into_iter().enumerate() {
            match change.check(&limits) {
                Ok(()) => good.push((place, change)),
                Err(kind) => outcome.push((place, Err(kind))),
            }
        }
        if !good.is_empty() {
            match self.url(OPERATION, queue).await {
                Ok(url) => outcome.extend(self.change_batch(&url, good).await),
                Err(error) => return all_failed(total, &error),
            }
        }
        self.in_order(OPERATION, queue, total, outcome)
    }

    async fn dead_letter(
        &self,
        queue: &str,
        batch: Vec<DeadLetter>,
    ) -> Vec<Result<(), BrokerError>> {
        self.move_to_dead_letters(queue, batch).await
    }

    async fn stats(&self, queue: &str) -> Result<QueueStats, BrokerError> {
        const OPERATION: &str = "stats";
        let names = [
            Name::ApproximateNumberOfMessages,
            Name::ApproximateNumberOfMessagesNotVisible,
            Name::ApproximateNumberOfMessagesDelayed,
            Name::RedrivePolicy,
            Name::VisibilityTimeout,
            Name::MessageRetentionPeriod,
        ];
        let url = self.url(OPERATION, queue).await?;
        let attributes = self.attributes(OPERATION, queue, &url, &names).await?;
        let number = |name| {
            attributes
                .get(&name)
                .and_then(|text| text.parse::<u64>().ok())
        };
        let redrive = attributes
            .get(&Name::RedrivePolicy)
            .and_then(|policy| Redrive::parse(policy, &url));
        Ok(QueueStats {
            visible: number(Name::ApproximateNumberOfMessages).unwrap_or_default(),
            in_flight: number(Name::ApproximateNumberOfMessagesNotVisible).unwrap_or_default(),
            delayed: number(Name::ApproximateNumberOfMessagesDelayed).unwrap_or_default(),
            max_receive_count: redrive
                .as_ref()
                .and_then(|redrive| redrive.max_receive_count),
            dead_letter_queue: redrive.map(|redrive| self.adopt(&redrive)),
            visibility: number(Name::VisibilityTimeout).map(Duration::from_secs),
            retention: number(Name::MessageRetentionPeriod).map(Duration::from_secs),
        })
    }
}
