use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::worker_report::WorkerReport;
use crate::executed::Ending;

/// What a worker has done so far.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    succeeded: AtomicU64,
    failed: AtomicU64,
    retried: AtomicU64,
    released: AtomicU64,
    dead_lettered: AtomicU64,
}

impl Counters {
    pub(crate) fn ended(&self, ending: Ending) {
        match ending {
            Ending::Succeeded => self.succeeded.fetch_add(1, Relaxed),
            Ending::Failed => self.failed.fetch_add(1, Relaxed),
            Ending::Retried => self.retried.fetch_add(1, Relaxed),
            Ending::Revoked | Ending::Ignored | Ending::NotRun => 0,
        };
    }

    pub(crate) fn released(&self, messages: usize) {
        self.released.fetch_add(messages as u64, Relaxed);
    }

    pub(crate) fn dead_lettered(&self) {
        self.dead_lettered.fetch_add(1, Relaxed);
    }

    pub(crate) fn report(&self) -> WorkerReport {
        WorkerReport {
            succeeded: self.succeeded.load(Relaxed),
            failed: self.failed.load(Relaxed),
            retried: self.retried.load(Relaxed),
            released: self.released.load(Relaxed),
            dead_lettered: self.dead_lettered.load(Relaxed),
        }
    }
}
