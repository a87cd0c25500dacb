use std::fmt;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::{Crontab, Interval, Solar};

/// When an entry is due.
#[derive(Clone, Debug, PartialEq)]
pub enum Schedule {
    /// By the wall clock.
    Crontab(Crontab),
    /// Every so often.
    Interval(Interval),
    /// By the sun.
    Solar(Solar),
    /// Once.
    At(Timestamp),
}

impl Schedule {
    /// The first time due after `after`. Pure: the same for every beat, whenever it was started.
    pub fn next_after(&self, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        match self {
            Self::Crontab(crontab) => crontab.next_after(after, zone),
            Self::Interval(interval) => interval.next_after(after, Timestamp::UNIX_EPOCH, zone),
            Self::Solar(solar) => solar.next_after(after),
            Self::At(time) => (*time > after).then_some(*time),
        }
    }

    /// The last time due that is not after `at`.
    pub fn last_at_or_before(&self, at: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        match self {
            Self::Crontab(crontab) => crontab.last_at_or_before(at, zone),
            Self::Interval(interval) => interval.last_at_or_before(at, Timestamp::UNIX_EPOCH, zone),
            Self::Solar(solar) => solar.last_at_or_before(at),
            Self::At(time) => (*time <= at).then_some(*time),
        }
    }

    /// The time zone that it names itself.
    pub fn timezone(&self) -> Option<&str> {
        match self {
            Self::Crontab(crontab) => crontab.timezone(),
            _ => None,
        }
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Crontab(crontab) => crontab.fmt(f),
            Self::Interval(interval) => interval.fmt(f),
            Self::Solar(solar) => write!(
                f,
                "{} at {}, {}",
                solar.event(),
                solar.latitude(),
                solar.longitude()
            ),
            Self::At(time) => write!(f, "at {time}"),
        }
    }
}

impl From<Crontab> for Schedule {
    fn from(crontab: Crontab) -> Self {
        Self::Crontab(crontab)
    }
}

impl From<Interval> for Schedule {
    fn from(interval: Interval) -> Self {
        Self::Interval(interval)
    }
}

impl From<Solar> for Schedule {
    fn from(solar: Solar) -> Self {
        Self::Solar(solar)
    }
}

impl From<Timestamp> for Schedule {
    /// Once, at this time.
    fn from(time: Timestamp) -> Self {
        Self::At(time)
    }
}
