use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// More than this many are not told apart.
const MOST: usize = 10_000;

/// Messages that belong in a dead-letter queue which is not there: each backs off, and stays.
#[derive(Debug, Default)]
pub(crate) struct StuckMessages {
    /// Message id to the time by which it should have come back.
    due: Mutex<HashMap<String, Instant>>,
}

impl StuckMessages {
    /// Notes a message that stays away for `backoff`.
    pub(crate) fn add(&self, message_id: &str, backoff: Duration) {
        let now = Instant::now();
        let mut due = self.due();
        if due.len() >= MOST {
            due.retain(|_, due| *due > now);
        }
        if due.len() < MOST {
            // another worker may get it next; after twice its backoff it counts there
            due.insert(message_id.to_owned(), now + backoff * 2);
        }
    }

    /// How many there are by what this worker saw.
    pub(crate) fn count(&self) -> usize {
        let now = Instant::now();
        self.due().values().filter(|due| **due > now).count()
    }

    fn due(&self) -> MutexGuard<'_, HashMap<String, Instant>> {
        self.due.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
