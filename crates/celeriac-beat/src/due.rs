use std::time::Duration;

use jiff::{Timestamp, tz::TimeZone};

use crate::{Crontab, Interval};

/// Whether a schedule is due, and when to look again: what Celery's `is_due` gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// Whether to run now.
    pub is_due: bool,
    /// How long until the next due time; if due now, until the one after now. [`Duration::MAX`] if
    /// there is none.
    pub next_check: Duration,
}

impl Due {
    fn new(is_due: bool, now: Timestamp, next: Option<Timestamp>) -> Self {
        let wait = next.map(|next| next.duration_since(now).unsigned_abs());
        Self {
            is_due,
            next_check: wait.unwrap_or(Duration::MAX),
        }
    }
}

impl Crontab {
    /// Whether a run is due at `now` if the last was at `last_run`. However many were missed, one
    /// run is due.
    ///
    /// With a `starting_deadline`, Celery's `beat_cron_starting_deadline`, a run that was missed by
    /// more than this is left out.
    pub fn is_due(
        &self,
        last_run: Timestamp,
        now: Timestamp,
        zone: &TimeZone,
        starting_deadline: Option<Duration>,
    ) -> Due {
        let next = self.next_after(last_run, zone);
        if next.is_none_or(|next| next > now) {
            return Due::new(false, now, next);
        }
        let missed_by = |due: Timestamp| now.duration_since(due).unsigned_abs();
        let late = starting_deadline.is_some_and(|deadline| {
            let last = self.last_at_or_before(now, zone);
            last.is_none_or(|due| missed_by(due) > deadline)
        });
        Due::new(!late, now, self.next_after(now, zone))
    }
}

impl Interval {
    /// Whether a run is due at `now` if the last was at `last_run`. However many were missed, one
    /// run is due, and the next is due a whole period after it: as Celery counts, from the run and
    /// not from the time when it was due.
    pub fn is_due(&self, last_run: Timestamp, now: Timestamp, zone: &TimeZone) -> Due {
        let next = self.next_after(last_run, last_run, zone);
        match next {
            Some(next) if next <= now => Due {
                is_due: true,
                next_check: self.period(),
            },
            _ => Due::new(false, now, next),
        }
    }
}
