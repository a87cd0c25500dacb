use std::time::{SystemTime, UNIX_EPOCH};

use celeriac_protocol::UtcTime;

/// Where the time comes from, so that tests can move it.
pub trait Clock: Send + Sync + 'static {
    /// Now.
    fn now(&self) -> UtcTime;
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
}
