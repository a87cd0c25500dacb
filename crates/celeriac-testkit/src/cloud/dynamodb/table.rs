use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use celeriac_protocol::UtcTime;

use super::{Attribute, Item};

/// DynamoDB deletes within a few days of an item's TTL; until then it is there.
const LONGEST_LAPSE_SECONDS: u64 = 48 * 3600;

/// What has expired before that is never deleted.
const EXPIRED_FOR_GOOD_SECONDS: i64 = 5 * 365 * 24 * 3600;

/// A table whose key is `id`.
#[derive(Debug, Default)]
pub(super) struct Table {
    items: HashMap<Arc<str>, Item>,
    /// Items lapse by their `ttl`.
    pub(super) lapses: bool,
    swept_at: i64,
}

impl Table {
    /// Every item, in the order of their ids.
    pub(super) fn items(&self) -> Vec<(&Arc<str>, &Item)> {
        let mut items: Vec<_> = self.items.iter().collect();
        items.sort_unstable_by_key(|(id, _)| *id);
        items
    }

    pub(super) fn get(&self, id: &str) -> Option<&Item> {
        self.items.get(id)
    }

    pub(super) fn put(&mut self, id: Arc<str>, item: Item) -> Option<Item> {
        self.items.insert(id, item)
    }

    pub(super) fn remove(&mut self, id: &str) -> Option<Item> {
        self.items.remove(id)
    }

    /// Deletes what lapsed long enough ago, now and then.
    pub(super) fn sweep(&mut self, now: UtcTime) {
        let seconds = now.0.div_euclid(1_000_000);
        if !self.lapses || seconds < self.swept_at + 60 {
            return;
        }
        self.swept_at = seconds;
        self.items.retain(|id, item| {
            let ttl = item.get("ttl").and_then(Attribute::whole);
            ttl.is_none_or(|ttl| {
                let is_forgotten = ttl < i128::from(seconds - EXPIRED_FOR_GOOD_SECONDS);
                is_forgotten || ttl + i128::from(lapse(id)) > i128::from(seconds)
            })
        });
    }
}

/// How long after its TTL an item is deleted: some at once, some after two days.
fn lapse(id: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    hasher.finish() % LONGEST_LAPSE_SECONDS
}
