use std::collections::HashMap;
use std::time::{Duration, Instant};

use serde_json::Value;

/// What limits depend on that an earlier request has changed.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// When each receipt was given.
    receipts: HashMap<String, Instant>,
    /// When each queue was purged last.
    purged: HashMap<String, Instant>,
}

/// Receipts are forgotten after this; no test runs for longer.
const KEPT: Duration = Duration::from_hours(2);
/// A queue may be purged once in this time.
const PURGE: Duration = Duration::from_mins(1);
/// Receipts that may be kept before old ones are looked for.
const MANY: usize = 100_000;

impl Ledger {
    pub(super) fn received(&mut self, answer: &Value) {
        let now = Instant::now();
        if self.receipts.len() > MANY {
            self.receipts.retain(|_, at| now - *at < KEPT);
        }
        let messages = answer["Messages"].as_array();
        let receipts = messages
            .into_iter()
            .flatten()
            .filter_map(|message| message["ReceiptHandle"].as_str());
        self.receipts
            .extend(receipts.map(|receipt| (receipt.to_owned(), now)));
    }

    /// How long ago a receipt was given; zero for one that came another way.
    pub(super) fn age(&self, receipt: &str) -> Duration {
        let given = self.receipts.get(receipt);
        given.map_or(Duration::ZERO, Instant::elapsed)
    }

    /// Whether the queue may be purged now; then it is.
    pub(super) fn purge(&mut self, queue: &str) -> bool {
        let last = self.purged.get(queue);
        if last.is_some_and(|last| last.elapsed() < PURGE) {
            return false;
        }
        self.purged.insert(queue.to_owned(), Instant::now());
        true
    }
}
