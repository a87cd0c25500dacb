use std::sync::atomic::{AtomicI64, Ordering};

use celeriac_core::Clock;
use celeriac_protocol::UtcTime;
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// A clock that goes with tokio's paused one, and can be set.
pub(crate) struct FakeClock {
    began: Instant,
    /// Microseconds.
    start: i64,
    set_by: AtomicI64,
}

impl FakeClock {
    pub(crate) fn new(start: Timestamp) -> Self {
        Self {
            began: Instant::now(),
            start: start.as_microsecond(),
            set_by: AtomicI64::new(0),
        }
    }

    pub(crate) fn time(&self) -> Timestamp {
        Timestamp::from_microsecond(self.now().0).expect("a time")
    }

    /// Sets it forward or back.
    pub(crate) fn set_by(&self, by: SignedDuration) {
        let micros = i64::try_from(by.as_micros()).expect("a short time");
        self.set_by.fetch_add(micros, Ordering::Relaxed);
    }
}

impl Clock for FakeClock {
    fn now(&self) -> UtcTime {
        let elapsed = i64::try_from(self.began.elapsed().as_micros()).expect("a short test");
        UtcTime(self.start + elapsed + self.set_by.load(Ordering::Relaxed))
    }
}
