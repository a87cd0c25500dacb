use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use aws_sdk_sqs::types::QueueAttributeName;
use celeriac_core::BrokerError;
use serde::Deserialize;
use serde_json::Value as Json;

use crate::fault::Fault;

use super::broker::SqsBroker;

/// As long as kombu keeps it.
const KEPT: Duration = Duration::from_secs(300);
/// A queue without one is looked at again sooner: somebody may be adding it right now.
const ABSENT_KEPT: Duration = Duration::from_secs(30);

/// Where a queue's messages go that nobody could handle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Redrive {
    /// The dead-letter queue's SQS name.
    pub(super) name: String,
    pub(super) url: Arc<str>,
    pub(super) max_receive_count: Option<u32>,
}

impl Redrive {
    /// Reads a `RedrivePolicy`. A dead-letter queue is in its queue's region and account, so its URL differs in the
    /// name only, and no further right is needed to learn it.
    pub(super) fn parse(policy: &str, queue_url: &str) -> Option<Self> {
        #[derive(Deserialize)]
        struct Policy {
            #[serde(rename = "deadLetterTargetArn")]
            target: String,
            #[serde(rename = "maxReceiveCount", default)]
            max_receive_count: Json, // a number or a text
        }
        let policy: Policy = serde_json::from_str(policy).ok()?;
        let name = policy
            .target
            .rsplit(':')
            .next()
            .filter(|name| !name.is_empty())?
            .to_owned();
        let (base, _) = queue_url.rsplit_once('/')?;
        let max_receive_count = match &policy.max_receive_count {
            Json::String(text) => text.parse().ok(),
            number => number.as_u64().and_then(|count| u32::try_from(count).ok()),
        };
        Some(Self {
            url: Arc::from(format!("{base}/{name}")),
            name,
            max_receive_count,
        })
    }
}

/// Redrive policies as they were last seen.
#[derive(Debug, Default)]
pub(super) struct RedriveCache {
    seen: Mutex<HashMap<String, (Instant, Option<Redrive>)>>,
}

impl RedriveCache {
    fn get(&self, queue: &str) -> Option<Option<Redrive>> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, redrive) = seen.get(queue)?;
        let kept = if redrive.is_some() { KEPT } else { ABSENT_KEPT };
        (at.elapsed() < kept).then(|| redrive.clone())
    }

    pub(super) fn put(&self, queue: &str, redrive: Option<Redrive>) {
        self.seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(queue.to_owned(), (Instant::now(), redrive));
    }

    pub(super) fn forget(&self, queue: &str) {
        self.seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(queue);
    }
}

impl SqsBroker {
    pub(super) async fn redrive(
        &self,
        operation: &'static str,
        queue: &str,
    ) -> Result<Option<Redrive>, BrokerError> {
        if let Some(redrive) = self.redrives.get(queue) {
            return Ok(redrive);
        }
        let url = self.url(operation, queue).await?;
        let request = self
            .sdk
            .sqs()
            .await
            .get_queue_attributes()
            .queue_url(&*url)
            .attribute_names(QueueAttributeName::RedrivePolicy);
        let answer = request
            .send()
            .await
            .map_err(|error| self.fault(operation, queue, Fault::from(error)))?;
        let attributes = answer.attributes.unwrap_or_default();
        let redrive = attributes
            .get(&QueueAttributeName::RedrivePolicy)
            .and_then(|policy| Redrive::parse(policy, &url));
        self.redrives.put(queue, redrive.clone());
        Ok(redrive)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_are_read_with_counts_as_text_or_number() {
        let url = "https://sqs.eu-west-1.amazonaws.com/123456789012/shop-orders";
        for count in ["7", "\"7\""] {
            let policy = format!(
                r#"{{"deadLetterTargetArn":"arn:aws:sqs:eu-west-1:123456789012:shop-orders-dlq","maxReceiveCount":{count}}}"#
            );
            let redrive = Redrive::parse(&policy, url).expect("a policy");
            assert_eq!(redrive.name, "shop-orders-dlq");
            assert_eq!(
                &*redrive.url,
                "https://sqs.eu-west-1.amazonaws.com/123456789012/shop-orders-dlq"
            );
            assert_eq!(redrive.max_receive_count, Some(7));
        }
        assert_eq!(Redrive::parse("{}", url), None);
        assert_eq!(Redrive::parse("", url), None);
    }
}
