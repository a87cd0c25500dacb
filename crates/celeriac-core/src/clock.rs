use std::sync::LazyLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use celeriac_protocol::UtcTime;

/// Where the time comes from, so that tests can move it.
pub trait Clock: Send + Sync + 'static {
    /// Now.
    fn now(&self) -> UtcTime;

    /// How long the machine has been at work, counted from anywhere: by a clock that nobody sets,
    /// and that stands still while the machine sleeps. Where there is none, it goes with `now`.
    fn running(&self) -> Duration {
        self.now().since(UtcTime(0))
    }
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> UtcTime {
        let elapsed = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        UtcTime(i64::try_from(elapsed.as_micros()).unwrap_or(i64::MAX))
    }

    fn running(&self) -> Duration {
        static START: LazyLock<Instant> = LazyLock::new(Instant::now);
        START.elapsed()
    }
}
