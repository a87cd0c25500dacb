use std::collections::HashMap;
use std::sync::Arc;

use aws_sdk_sqs::types::QueueAttributeName as Name;
use celeriac_core::{BrokerError, BrokerErrorKind};

use crate::aws_config::AwsConfig;
use crate::fault::Fault;
use crate::request_counts::RequestCounts;
use crate::sdk::Sdk;
use crate::transport::Transport;

use super::batch_answer::{Fate, Indexed};
use super::queue_urls::QueueUrls;
use super::redrive::RedriveCache;

/// What SQS says of a queue, by the attributes' names.
pub(super) type Attributes = HashMap<Name, String>;

/// Tasks on SQS.
///
/// Making one is free of requests. A queue's URL is asked for at its first use (`sqs:GetQueueUrl`),
/// or comes from `predefined_queues`; running needs no right to list or create queues.
/// `dead_letter` needs `sqs:GetQueueAttributes` on the queue and `sqs:SendMessage` on its
/// dead-letter queue.
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

    /// The queue's attributes of these names, as far as it has them.
    pub(super) async fn attributes(
        &self,
        operation: &'static str,
        queue: &str,
        url: &str,
        names: &[Name],
    ) -> Result<Attributes, BrokerError> {
        let request = self
            .sdk
            .sqs()
            .await
            .get_queue_attributes()
            .queue_url(url)
            .set_attribute_names(Some(names.to_vec()));
        let answer = request
            .send()
            .await
            .map_err(|error| self.fault(operation, queue, Fault::from(error)))?;
        Ok(answer.attributes.unwrap_or_default())
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
        outcome: Vec<Indexed<Fate<T>>>,
    ) -> Vec<Result<T, BrokerError>> {
        let mut slots: Vec<Option<Fate<T>>> = (0..total).map(|_| None).collect();
        for (index, fate) in outcome {
            slots[index] = Some(fate);
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
}

/// The same failure for every entry.
pub(super) fn all_failed<T>(total: usize, error: &BrokerError) -> Vec<Result<T, BrokerError>> {
    (0..total).map(|_| Err(error.clone())).collect()
}
