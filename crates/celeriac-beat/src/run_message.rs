//! What is sent for one run.

use std::time::Duration;

use celeriac_core::{ScheduledRun, SendOptions};
use celeriac_protocol::{Signature, UtcTime, Value};
use jiff::Timestamp;

use crate::Entry;

/// Celery's own header of what its beat sends (SPEC 6.1).
const CELERY_BEAT: &str = "celery_beat_task";

impl Entry {
    /// The run of this time as a local beat sends it: under its own id, with every time written
    /// out.
    pub fn run(&self, due: Timestamp, timezone: &str) -> (Signature, SendOptions) {
        let mut options = self.options.clone();
        let lateness = self.lateness(due);
        let delay = options.countdown.take().unwrap_or_default() + lateness;
        options.task_id = Some(self.task_id(due));
        options.eta = (!delay.is_zero()).then(|| utc(due).after(delay));
        if let Some(expires) = options.expires.take() {
            options.expires_at = Some(utc(due).after(lateness + expires));
        }
        let run = ScheduledRun {
            scheduled_time: Some(utc(due)),
            timezone: Some(timezone.to_owned()),
            ..ScheduledRun::default()
        };
        self.mark(&mut options, run);
        (self.call.clone(), options)
    }

    /// Puts in the headers that make it a run of beat.
    pub(crate) fn mark(&self, options: &mut SendOptions, run: ScheduledRun) {
        let run = ScheduledRun {
            entry: Some(self.name.clone()),
            ..run
        };
        options
            .headers
            .insert(CELERY_BEAT.to_owned(), Value::Bool(true));
        options
            .headers
            .insert(ScheduledRun::HEADER.to_owned(), run.to_value());
    }

    /// This run's part of the jitter: the same from every beat, another one for each run.
    fn lateness(&self, due: Timestamp) -> Duration {
        if self.jitter.is_zero() {
            return Duration::ZERO;
        }
        let part = uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, self.task_id(due).as_bytes());
        let part = (part.as_u128() >> 64) as u64 as f64 / u64::MAX as f64;
        self.jitter.mul_f64(part)
    }
}

/// Wire times have microseconds.
fn utc(time: Timestamp) -> UtcTime {
    UtcTime(time.as_microsecond())
}
