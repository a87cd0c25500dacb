use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use celeriac_protocol::UtcTime;

use crate::Clock;

/// Clocks that are kept to the right time are moved by less than this at once.
const JUMP_MICROS: i64 = 1_000_000;

/// Notices when the wall clock jumps ahead of the time that the machine was at work: it slept, or
/// somebody set the clock.
///
/// Leases end by the wall clock. After a jump they have lapsed without their holders, who slept on
/// the same machine, having had a chance to renew them. So for a lease's time no lease is taken
/// that had not ended before.
pub struct ClockJumps {
    clock: Arc<dyn Clock>,
    seen: Mutex<Seen>,
}

struct Seen {
    /// The wall clock over the running time, in microseconds.
    lead: i64,
    last: Option<Jump>,
}

#[derive(Clone, Copy)]
struct Jump {
    /// When it was noticed, in running time.
    at: Duration,
    by: Duration,
}

impl ClockJumps {
    /// Of this clock, from now on.
    pub fn of(clock: Arc<dyn Clock>) -> Self {
        let seen = Seen {
            lead: lead(clock.as_ref()),
            last: None,
        };
        Self {
            clock,
            seen: Mutex::new(seen),
        }
    }

    /// Whether there was a jump since the last look.
    pub fn look(&self) -> bool {
        let (lead, running) = (lead(self.clock.as_ref()), self.clock.running());
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let moved = lead - seen.lead;
        seen.lead = lead;
        let jumped = moved > JUMP_MICROS;
        if jumped {
            let by = Duration::from_micros(moved.unsigned_abs());
            seen.last = Some(Jump { at: running, by });
        }
        jumped
    }

    /// When a lease that is written to end at `until` is over, for one who takes leases of this
    /// length.
    pub fn spared(&self, until: UtcTime, lease: Duration) -> UtcTime {
        self.look();
        let last = self
            .seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .last;
        let since = |jump: &Jump| self.clock.running().saturating_sub(jump.at);
        match last.filter(|jump| since(jump) < lease) {
            Some(jump) => {
                let left = lease.saturating_sub(since(&jump));
                let most = self.clock.now().after(left);
                until.max(until.after(jump.by).min(most))
            }
            None => until,
        }
    }
}

fn lead(clock: &dyn Clock) -> i64 {
    let running = i64::try_from(clock.running().as_micros()).unwrap_or(i64::MAX);
    clock.now().0.saturating_sub(running)
}

impl std::fmt::Debug for ClockJumps {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClockJumps").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

    use super::*;

    const LEASE: Duration = Duration::from_mins(1);

    #[derive(Default)]
    struct Machine {
        slept: AtomicI64,
        worked: AtomicI64,
    }

    impl Machine {
        fn works(&self, seconds: i64) {
            self.worked.fetch_add(seconds * 1_000_000, Relaxed);
        }

        fn sleeps(&self, seconds: i64) {
            self.slept.fetch_add(seconds * 1_000_000, Relaxed);
        }
    }

    impl Clock for Machine {
        fn now(&self) -> UtcTime {
            UtcTime(self.slept.load(Relaxed) + self.worked.load(Relaxed))
        }

        fn running(&self) -> Duration {
            Duration::from_micros(self.worked.load(Relaxed).unsigned_abs())
        }
    }

    fn second(number: i64) -> UtcTime {
        UtcTime(number * 1_000_000)
    }

    #[test]
    fn a_lease_that_lapsed_asleep_holds_for_a_lease_longer() {
        let machine = Arc::new(Machine::default());
        let jumps = ClockJumps::of(Arc::clone(&machine) as Arc<dyn Clock>);
        machine.works(10);
        assert_eq!(jumps.spared(second(60), LEASE), second(60));
        machine.sleeps(70); // it is 80
        assert_eq!(jumps.spared(second(60), LEASE), second(130));
        assert_eq!(
            jumps.spared(second(75), LEASE),
            second(140),
            "a lease from now"
        );
        assert_eq!(
            jumps.spared(second(5), LEASE),
            second(75),
            "over before it slept"
        );
        machine.works(59);
        assert_eq!(jumps.spared(second(75), LEASE), second(140));
        machine.works(1);
        assert_eq!(jumps.spared(second(75), LEASE), second(75));
    }

    #[test]
    fn clocks_that_are_kept_right_do_not_jump() {
        let machine = Arc::new(Machine::default());
        let jumps = ClockJumps::of(Arc::clone(&machine) as Arc<dyn Clock>);
        for _ in 0..10 {
            machine.works(100);
            machine.sleeps(1);
            assert!(!jumps.look());
        }
        machine.sleeps(-50);
        assert!(!jumps.look(), "set back: leases last longer by themselves");
        machine.sleeps(50);
        assert!(jumps.look());
        assert!(!jumps.look(), "seen");
    }

    #[test]
    fn the_systems_clocks_go_together() {
        let jumps = ClockJumps::of(Arc::new(crate::SystemClock));
        std::thread::sleep(Duration::from_millis(20));
        assert!(!jumps.look());
    }
}
