use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// What is known of one queue's receivers: for the watchdog's log and `/healthz`.
#[derive(Debug)]
pub(crate) struct Lane {
    pub(crate) queue: String,
    /// Receives in flight.
    receiving: AtomicUsize,
    /// Receives that were stuck and started anew.
    restarts: AtomicU32,
    /// Receives that failed since the last good one.
    failures: AtomicU32,
    last_answer: Mutex<Instant>,
}

impl Lane {
    pub(crate) fn new(queue: String) -> Self {
        let last_answer = Mutex::new(Instant::now());
        Self {
            queue,
            receiving: AtomicUsize::new(0),
            restarts: AtomicU32::new(0),
            failures: AtomicU32::new(0),
            last_answer,
        }
    }

    /// Counts a receive while the guard lives.
    pub(crate) fn receive(&self) -> Receiving<'_> {
        self.receiving.fetch_add(1, Relaxed);
        Receiving(self)
    }

    pub(crate) fn receiving(&self) -> usize {
        self.receiving.load(Relaxed)
    }

    /// A receive was answered.
    pub(crate) fn answered(&self) {
        self.failures.store(0, Relaxed);
        *self
            .last_answer
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// A receive failed; how many have in a row.
    pub(crate) fn failed(&self) -> u32 {
        self.failures.fetch_add(1, Relaxed).saturating_add(1)
    }

    pub(crate) fn failures(&self) -> u32 {
        self.failures.load(Relaxed)
    }

    /// A stuck receive is started anew; how often that was.
    pub(crate) fn restarted(&self) -> u32 {
        self.restarts.fetch_add(1, Relaxed).saturating_add(1)
    }

    pub(crate) fn restarts(&self) -> u32 {
        self.restarts.load(Relaxed)
    }

    /// Since the last answer.
    pub(crate) fn silence(&self) -> Duration {
        self.last_answer
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .elapsed()
    }
}

/// A receive in flight.
pub(crate) struct Receiving<'a>(&'a Lane);

impl Drop for Receiving<'_> {
    fn drop(&mut self) {
        self.0.receiving.fetch_sub(1, Relaxed);
    }
}
