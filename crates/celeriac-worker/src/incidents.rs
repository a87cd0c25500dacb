use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Things worth counting that no outcome tells.
#[derive(Debug, Default)]
pub(crate) struct Incidents {
    takeovers: AtomicU64,
    throttles: AtomicU64,
}

impl Incidents {
    /// A task was taken whose earlier run never ended.
    pub(crate) fn takeover(&self) {
        self.takeovers.fetch_add(1, Relaxed);
    }

    /// A broker or a store was not to be had, after the adapter's own tries.
    pub(crate) fn throttled(&self) {
        self.throttles.fetch_add(1, Relaxed);
    }

    /// Takeovers and throttles since the last time.
    pub(crate) fn take(&self) -> (u64, u64) {
        (
            self.takeovers.swap(0, Relaxed),
            self.throttles.swap(0, Relaxed),
        )
    }
}
