use std::fmt;

use jiff::{
    Timestamp,
    civil::{Date, DateTime},
    tz::{AmbiguousOffset, TimeZone},
};

use super::{AwsDays, field};
use crate::ValueSet;

/// A cron expression of EventBridge Scheduler. Its display is the text that AWS takes, the year
/// always `*`.
///
/// ```
/// use celeriac_beat::eventbridge::{AwsCron, AwsDays};
///
/// let cron = AwsCron {
///     minutes: [0].into_iter().collect(),
///     hours: [9].into_iter().collect(),
///     days: AwsDays::OfWeek((2..=6).collect()),
///     months: (1..=12).collect(),
/// };
/// assert_eq!(cron.to_string(), "cron(0 9 ? * 2-6 *)");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AwsCron {
    /// 0 to 59.
    pub minutes: ValueSet,
    /// 0 to 23.
    pub hours: ValueSet,
    /// Days of the month or of the week.
    pub days: AwsDays,
    /// 1 to 12.
    pub months: ValueSet,
}

impl AwsCron {
    /// The times at which it fires on `date` in `zone`, by AWS's documented rule: a wall time that
    /// does not exist is skipped, one that repeats fires the first time only.
    pub fn fires_on(&self, date: Date, zone: &TimeZone) -> Vec<Timestamp> {
        if !self.months.contains(date.month() as u8) || !self.days.contains(date) {
            return Vec::new();
        }
        let minute = |hour| self.minutes.iter().map(move |minute| (hour, minute));
        let walls = self.hours.iter().flat_map(minute);
        walls
            .filter_map(|(hour, minute)| first_time(date.at(hour as i8, minute as i8, 0, 0), zone))
            .collect()
    }
}

fn first_time(wall: DateTime, zone: &TimeZone) -> Option<Timestamp> {
    let time = zone.to_ambiguous_timestamp(wall);
    match time.offset() {
        AmbiguousOffset::Gap { .. } => None,
        AmbiguousOffset::Unambiguous { .. } | AmbiguousOffset::Fold { .. } => time.earlier().ok(),
    }
}

impl fmt::Display for AwsCron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minutes = field::text(self.minutes, 0, 59);
        let hours = field::text(self.hours, 0, 23);
        let months = field::text(self.months, 1, 12);
        let (days_of_month, days_of_week) = self.days.fields();
        write!(
            f,
            "cron({minutes} {hours} {days_of_month} {months} {days_of_week} *)"
        )
    }
}
