use std::collections::{HashMap, VecDeque};

use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::{Batch, BatcherOptions};

/// An entry that waits for its batch.
pub(crate) struct Entry<B: Batch> {
    pub(crate) item: B::Item,
    pub(crate) size: usize,
    pub(crate) key: Option<u64>,
    /// When its lingering ends; `None` if nothing lingers.
    pub(crate) linger_until: Option<Instant>,
    pub(crate) reply: oneshot::Sender<B::Output>,
}

/// The entries that wait: `ready` ones may go in any batch, so no two of them share a key; others
/// wait behind the entry of their key that is ready or in flight.
pub(crate) struct BatchQueue<B: Batch> {
    ready: VecDeque<Entry<B>>,
    ready_bytes: usize,
    busy: HashMap<u64, VecDeque<Entry<B>>>,
}

impl<B: Batch> BatchQueue<B> {
    pub(crate) fn new() -> Self {
        Self {
            ready: VecDeque::new(),
            ready_bytes: 0,
            busy: HashMap::new(),
        }
    }

    pub(crate) fn push(&mut self, entry: Entry<B>) {
        if let Some(key) = entry.key {
            if let Some(behind) = self.busy.get_mut(&key) {
                behind.push_back(entry);
                return;
            }
            self.busy.insert(key, VecDeque::new());
        }
        self.push_ready(entry);
    }

    fn push_ready(&mut self, entry: Entry<B>) {
        self.ready_bytes = self.ready_bytes.saturating_add(entry.size);
        self.ready.push_back(entry);
    }

    /// The next batch, in order; empty only if nothing is ready.
    pub(crate) fn take(&mut self, options: &BatcherOptions) -> Vec<Entry<B>> {
        let mut batch = Vec::with_capacity(self.ready.len().min(options.max_items));
        let mut bytes = 0_usize;
        while batch.len() < options.max_items {
            let Some(next) = self.ready.front() else {
                break;
            };
            let with_next = bytes.saturating_add(next.size);
            if !batch.is_empty() && with_next > options.max_bytes {
                break;
            }
            bytes = with_next;
            batch.extend(self.ready.pop_front());
        }
        self.ready_bytes = self.ready_bytes.saturating_sub(bytes);
        batch
    }

    /// A batch with these keys has ended: those behind become ready.
    pub(crate) fn release(&mut self, keys: &[u64]) {
        for key in keys {
            match self.busy.get_mut(key).and_then(VecDeque::pop_front) {
                Some(next) => self.push_ready(next),
                None => {
                    self.busy.remove(key);
                }
            }
        }
    }

    pub(crate) fn ready(&self) -> usize {
        self.ready.len()
    }

    /// Whether a batch would gain nothing from waiting.
    pub(crate) fn is_full(&self, options: &BatcherOptions) -> bool {
        self.ready.len() >= options.max_items || self.ready_bytes >= options.max_bytes
    }

    /// Until when the next batch may linger.
    pub(crate) fn linger_until(&self) -> Option<Instant> {
        self.ready.front().and_then(|entry| entry.linger_until)
    }

    /// Drops everything; the submitters learn that the batcher is closed.
    pub(crate) fn clear(&mut self) {
        *self = Self::new();
    }
}
