use std::time::Duration;

use celeriac_worker::{Deadline, Shutdown};
use tokio::time::{Instant, sleep_until};
use tokio_util::task::AbortOnDropHandle;

/// When what happens towards the end of an invocation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Phases {
    /// Nothing new starts, and running tasks are told.
    notice: Instant,
    /// What still runs is cancelled and given back.
    now: Instant,
    /// The function must have answered.
    pub(crate) last: Instant,
    total: Duration,
}

impl Phases {
    /// Of an invocation that starts now and has this long.
    pub(crate) fn within(total: Duration) -> Self {
        let part = |of: u32, least: Duration, most: Duration| (total / of).clamp(least, most);
        let giving_back = part(20, Duration::from_millis(200), Duration::from_secs(3));
        let telling = part(10, Duration::from_millis(500), Duration::from_secs(30));
        let start = Instant::now();
        let before = |time: Duration| start + total.saturating_sub(time);
        Self {
            notice: before(giving_back + telling),
            now: before(giving_back),
            last: before(giving_back / 4),
            total,
        }
    }

    /// A shutdown that goes through them, until its guard is dropped.
    pub(crate) fn start(self, spill: Option<String>) -> (Shutdown, AbortOnDropHandle<()>) {
        let shutdown = Shutdown::with_deadline(Deadline {
            at: self.now,
            total: self.total,
            spill,
        });
        let told = shutdown.clone();
        let clock = tokio::spawn(async move {
            sleep_until(self.notice).await;
            told.drain();
            told.notice.cancel();
            sleep_until(self.now).await;
            told.end_now();
        });
        (shutdown, AbortOnDropHandle::new(clock))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn before_the_end(total: u64) -> (f64, f64) {
        let start = Instant::now();
        let phases = Phases::within(Duration::from_secs(total));
        let end = start + Duration::from_secs(total);
        let seconds = |at: Instant| (end - at).as_secs_f64();
        (seconds(phases.notice), seconds(phases.now))
    }

    #[tokio::test]
    async fn the_longer_the_function_the_more_time_to_end() {
        for (total, notice, now) in [(3, 0.7, 0.2), (30, 4.5, 1.5), (900, 33.0, 3.0)] {
            let (told, ended) = before_the_end(total);
            assert!((told - notice).abs() < 0.1, "{total}: {told}");
            assert!((ended - now).abs() < 0.1, "{total}: {ended}");
        }
    }

    #[tokio::test]
    async fn a_time_that_is_over_ends_at_once() {
        let (shutdown, _clock) = Phases::within(Duration::ZERO).start(None);
        shutdown.now.cancelled().await;
        assert!(shutdown.draining.is_cancelled());
    }
}
