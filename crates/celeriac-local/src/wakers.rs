use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

/// Ends the long polls of this process when something happens to a queue.
#[derive(Debug, Default)]
pub(crate) struct Wakers {
    queues: Mutex<HashMap<String, Arc<Notify>>>,
}

impl Wakers {
    /// What a receiver of this queue waits for.
    pub(crate) fn of(&self, queue: &str) -> Arc<Notify> {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(waker) = queues.get(queue) {
            return Arc::clone(waker);
        }
        Arc::clone(queues.entry(queue.to_owned()).or_default())
    }

    /// `count` messages have come: as many receivers look, not all of them.
    pub(crate) fn messages(&self, queue: &str, count: usize) {
        let waker = self.of(queue);
        for _ in 0..count {
            waker.notify_one();
        }
    }

    /// Something else has changed: when the next message is due, or which groups are free. All
    /// receivers look.
    pub(crate) fn changed(&self, queue: &str) {
        self.of(queue).notify_waiters();
    }
}
