use std::sync::LazyLock;
use std::time::{Duration, Instant};

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
        UtcTime::now()
    }

    fn running(&self) -> Duration {
        static START: LazyLock<Instant> = LazyLock::new(Instant::now);
        START.elapsed()
    }
}
