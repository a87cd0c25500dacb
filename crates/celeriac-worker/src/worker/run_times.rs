use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// How long runs take.
#[derive(Debug, Default)]
pub(crate) struct RunTimes {
    runs: AtomicU64,
    microseconds: AtomicU64,
}

impl RunTimes {
    pub(crate) fn add(&self, took: Duration) {
        self.runs.fetch_add(1, Relaxed);
        let took = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.microseconds.fetch_add(took, Relaxed);
    }

    /// Of the runs since the last time, if there were any.
    pub(crate) fn take_mean(&self) -> Option<Duration> {
        let (runs, microseconds) = (
            self.runs.swap(0, Relaxed),
            self.microseconds.swap(0, Relaxed),
        );
        (runs > 0).then(|| Duration::from_micros(microseconds / runs))
    }
}
