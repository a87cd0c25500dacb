use std::future::pending;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use celeriac_core::Clock;
use celeriac_protocol::UtcTime;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout_at};

use super::plan::Service;
use crate::cloud::CloudTime;

/// A process as the world sees it: what it asks for, and what its tasks do.
///
/// One that is dead asks for nothing any more, and its tasks stand still: nobody can tell that from
/// a process that is gone, so it is killed at any await. One that is paused does neither until it
/// goes on.
#[derive(Debug)]
pub(crate) struct Process {
    /// `w1.2`: of its plan, and how often it was started.
    pub(crate) name: String,
    time: CloudTime,
    ahead_millis: i64,
    dead: AtomicBool,
    exited: AtomicBool,
    paused: Mutex<Option<Instant>>,
    /// Until when it cannot reach each service.
    cut: Mutex<[Option<Instant>; 2]>,
    changed: Notify,
}

impl Process {
    pub(crate) fn new(name: String, time: CloudTime, ahead_millis: i64) -> Arc<Self> {
        Arc::new(Self {
            name,
            time,
            ahead_millis,
            dead: AtomicBool::new(false),
            exited: AtomicBool::new(false),
            paused: Mutex::new(None),
            cut: Mutex::default(),
            changed: Notify::new(),
        })
    }

    pub(crate) fn is_dead(&self) -> bool {
        self.dead.load(Relaxed)
    }

    pub(crate) fn kill(&self) {
        self.dead.store(true, Relaxed);
        self.changed.notify_waiters();
    }

    /// Dies of its own.
    pub(crate) fn exit(&self) {
        self.exited.store(true, Relaxed);
        self.kill();
    }

    pub(crate) fn has_exited(&self) -> bool {
        self.exited.load(Relaxed)
    }

    /// Stands still until then.
    pub(crate) fn pause_until(&self, until: Instant) {
        *self.paused() = Some(until);
        self.changed.notify_waiters();
    }

    /// Does not reach this service until then.
    pub(crate) fn cut_from(&self, service: Service, until: Instant) {
        let mut cut = self.cut();
        let of_service = &mut cut[service as usize];
        *of_service = (*of_service).max(Some(until));
    }

    pub(crate) fn is_cut_from(&self, service: Service) -> bool {
        self.cut()[service as usize].is_some_and(|until| until > Instant::now())
    }

    /// Goes on.
    pub(crate) fn resume(&self) {
        *self.paused() = None;
        self.changed.notify_waiters();
    }

    /// Returns when it neither is dead nor stands still: for ever for a dead one.
    pub(crate) async fn goes_on(&self) {
        loop {
            if self.is_dead() {
                return pending().await;
            }
            let changed = self.changed.notified();
            let until = *self.paused();
            match until.filter(|until| *until > Instant::now()) {
                None => return,
                Some(until) => {
                    let _ = timeout_at(until, changed).await;
                }
            }
        }
    }

    /// Time in which it does something.
    pub(crate) async fn work(&self, time: Duration) {
        self.goes_on().await;
        sleep(time).await;
        self.goes_on().await;
    }

    fn cut(&self) -> MutexGuard<'_, [Option<Instant>; 2]> {
        self.cut.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn paused(&self) -> MutexGuard<'_, Option<Instant>> {
        self.paused.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for Process {
    fn now(&self) -> UtcTime {
        UtcTime(self.time.now().0 + self.ahead_millis * 1000)
    }
}
