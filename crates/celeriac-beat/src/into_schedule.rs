use std::fmt::Display;
use std::time::Duration;

use celeriac_protocol::Value;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::schedule_value::schedule;
use crate::{Crontab, Interval, Schedule, Solar};

/// What an entry's schedule may be given as. A fallible one needs no `?`: the entry remembers what
/// is wrong, and tells when it is checked.
///
/// ```
/// use std::time::Duration;
/// use celeriac_beat::{Crontab, IntoSchedule};
///
/// assert!(Crontab::new("0 9 * * mon-fri").into_schedule().is_ok());
/// assert!("*/5 * * * *".into_schedule().is_ok()); // a crontab, or a duration such as `90s`
/// assert!(Duration::from_secs(30).into_schedule().is_ok());
/// assert!(Crontab::new("0 25 * * *").into_schedule().is_err());
/// ```
pub trait IntoSchedule {
    /// The schedule, or why it cannot be.
    fn into_schedule(self) -> Result<Schedule, String>;
}

impl IntoSchedule for Schedule {
    fn into_schedule(self) -> Result<Schedule, String> {
        Ok(self)
    }
}

impl IntoSchedule for Crontab {
    fn into_schedule(self) -> Result<Schedule, String> {
        Ok(self.into())
    }
}

impl IntoSchedule for Interval {
    fn into_schedule(self) -> Result<Schedule, String> {
        Ok(self.into())
    }
}

impl IntoSchedule for Solar {
    fn into_schedule(self) -> Result<Schedule, String> {
        Ok(self.into())
    }
}

impl IntoSchedule for Timestamp {
    /// Once.
    fn into_schedule(self) -> Result<Schedule, String> {
        Ok(self.into())
    }
}

impl IntoSchedule for Duration {
    /// Every so often.
    fn into_schedule(self) -> Result<Schedule, String> {
        Interval::every(self)
            .map(Schedule::Interval)
            .map_err(|error| error.to_string())
    }
}

impl IntoSchedule for &str {
    /// As in a settings file: a crontab, or a duration.
    fn into_schedule(self) -> Result<Schedule, String> {
        schedule(&Value::Str(self.to_owned()), false, &TimeZone::UTC)
    }
}

impl<T: IntoSchedule, E: Display> IntoSchedule for Result<T, E> {
    fn into_schedule(self) -> Result<Schedule, String> {
        self.map_err(|error| error.to_string())?.into_schedule()
    }
}
