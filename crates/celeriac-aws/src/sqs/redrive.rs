use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value as Json;
use tokio::time::Instant;

/// As long as kombu keeps it.
const KEPT: Duration = Duration::from_mins(5);
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
    /// Reads a `RedrivePolicy`. A dead-letter queue is in its queue's region and account, so its
    /// URL differs in the name only, and no further right is needed to learn it.
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
    seen: Mutex<HashMap<String, Seen>>,
}

/// What a queue had, and when.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    at: Instant,
    pub(super) redrive: Option<Redrive>,
}

impl RedriveCache {
    /// What the queue had, if that was seen lately.
    pub(super) fn get(&self, queue: &str) -> Option<Seen> {
        let seen = self.lock().get(queue)?.clone();
        let kept = if seen.redrive.is_some() {
            KEPT
        } else {
            ABSENT_KEPT
        };
        (seen.at.elapsed() < kept).then_some(seen)
    }

    pub(super) fn put(&self, queue: &str, redrive: Option<Redrive>) {
        let at = Instant::now();
        self.lock().insert(queue.to_owned(), Seen { at, redrive });
    }

    pub(super) fn forget(&self, queue: &str) {
        self.lock().remove(queue);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Seen>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
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
