use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::cloud::{Item, item_size};

/// `DynamoDB`: bytes of one write unit.
const UNIT: usize = 1024;

/// What a run's processes have asked for.
#[derive(Debug, Default)]
pub(crate) struct Costs {
    /// Every request that was sent.
    requests: AtomicU64,
    sqs: AtomicU64,
    polls: AtomicU64,
    dynamodb: AtomicU64,
    write_units: AtomicU64,
}

/// Costs at one time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Counted {
    /// Requests to SQS but long polls; look-ups of queues are not counted.
    pub(crate) sqs: u64,
    /// Long polls.
    pub(crate) polls: u64,
    /// Requests to `DynamoDB`.
    pub(crate) dynamodb: u64,
    /// What its writes consumed.
    pub(crate) write_units: u64,
}

impl Costs {
    /// A request; its number.
    pub(crate) fn add(&self, target: &str) -> u64 {
        let counter = match target {
            "AmazonSQS.GetQueueUrl" | "AmazonSQS.GetQueueAttributes" => None,
            "AmazonSQS.ReceiveMessage" => Some(&self.polls),
            target if target.starts_with("AmazonSQS") => Some(&self.sqs),
            _ => Some(&self.dynamodb),
        };
        if let Some(counter) = counter {
            counter.fetch_add(1, Relaxed);
        }
        self.requests.fetch_add(1, Relaxed)
    }

    /// A receive that brought something: no idle poll.
    pub(crate) fn received(&self) {
        self.sqs.fetch_add(1, Relaxed);
    }

    /// A write: what stood there or stands there now, whichever is larger, by the kilobyte.
    pub(crate) fn wrote(&self, before: Option<&Item>, after: Option<&Item>) {
        let sizes = [before, after].into_iter().flatten().map(item_size);
        let units = sizes.max().unwrap_or(1).div_ceil(UNIT);
        self.write_units.fetch_add(units as u64, Relaxed);
    }

    pub(crate) fn requests(&self) -> u64 {
        self.requests.load(Relaxed)
    }

    pub(crate) fn counted(&self) -> Counted {
        Counted {
            sqs: self.sqs.load(Relaxed),
            polls: self.polls.load(Relaxed),
            dynamodb: self.dynamodb.load(Relaxed),
            write_units: self.write_units.load(Relaxed),
        }
    }
}
