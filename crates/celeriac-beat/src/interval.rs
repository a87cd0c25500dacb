use std::{fmt, time::Duration};

use jiff::{SignedDuration, Timestamp, civil::Time, tz::TimeZone};

use crate::offset_segment::start_of_segment;

const DAY: Duration = Duration::from_hours(24);
const HOUR: Duration = Duration::from_hours(1);
const MINUTE: Duration = Duration::from_mins(1);
const SECOND: Duration = Duration::from_secs(1);

/// A schedule of equal steps, Celery's `schedule(run_every, relative)`.
///
/// Its due times are `anchor + k * period` for k = 1, 2, …: they do not drift, and missed ones are
/// not made up for.
///
/// ```
/// use std::time::Duration;
/// use celeriac_beat::Interval;
/// use jiff::tz::TimeZone;
///
/// let interval = Interval::every(Duration::from_secs(90))?;
/// let anchor = "2027-01-01T00:00:00Z".parse()?;
/// let late = "2027-01-01T01:00:10Z".parse()?;
/// assert_eq!(
///     interval.next_after(late, anchor, &TimeZone::UTC),
///     Some("2027-01-01T01:01:30Z".parse()?),
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Interval {
    period: Duration,
    relative: bool,
}

/// Why a duration is no interval.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IntervalError {
    /// A period of nought is always due.
    #[error("an interval of 0 seconds is always due: give more than 0")]
    Zero,
    /// No clock shows the next time.
    #[error("an interval of {0} seconds is longer than the calendar: give at most 9999 years")]
    TooLong(u64),
}

impl Interval {
    /// An interval of this period: whole or fractional seconds.
    ///
    /// # Errors
    /// For a period of nought, or of more than 9999 years.
    pub fn every(period: Duration) -> Result<Self, IntervalError> {
        if period.is_zero() {
            return Err(IntervalError::Zero);
        }
        if period > 9999 * 365 * DAY {
            return Err(IntervalError::TooLong(period.as_secs()));
        }
        Ok(Self {
            period,
            relative: false,
        })
    }

    /// The same interval with its due times rounded down to its resolution, as Celery's
    /// `relative=True`: to the beginning of the day for a period of a day or more, else of the
    /// hour, the minute or the second, by the wall clock.
    #[must_use]
    pub fn relative(self) -> Self {
        Self {
            relative: true,
            ..self
        }
    }

    /// The time from one due time to the next.
    pub fn period(&self) -> Duration {
        self.period
    }

    /// Whether due times are rounded down to the resolution of the period.
    pub fn is_relative(&self) -> bool {
        self.relative
    }

    /// The next due time strictly after `after` and `anchor`, which is the last run or the time
    /// when the entry came to be.
    ///
    /// `zone` gives the wall clock of [relative](Interval::relative) intervals; the others do not
    /// look at it.
    ///
    /// `None` only where the calendar ends, in the year 9999.
    pub fn next_after(
        &self,
        after: Timestamp,
        anchor: Timestamp,
        zone: &TimeZone,
    ) -> Option<Timestamp> {
        if let Some((whole, anchor)) = self.by_whole_seconds(anchor) {
            return whole.next_after(after, anchor, zone);
        }
        let after = after.max(anchor);
        // a change of the clocks moves a calendar's day by a day at most
        let mut step = (self.steps(after, anchor) - 1).max(1);
        loop {
            let due = self.due(step, anchor, zone)?;
            if due > after {
                return Some(due);
            }
            step += 1;
        }
    }

    /// The last due time that is not after `at`: with [`Interval::next_after`] it lists the same
    /// times.
    ///
    /// `None` before the first one.
    pub fn last_at_or_before(
        &self,
        at: Timestamp,
        anchor: Timestamp,
        zone: &TimeZone,
    ) -> Option<Timestamp> {
        if let Some((whole, anchor)) = self.by_whole_seconds(anchor) {
            return whole.last_at_or_before(at, anchor, zone);
        }
        // rounding down brings a due time forward by less than a period, and a change of the clocks
        // by a day at most
        let mut step = self.steps(at, anchor) + 2;
        while step > 0 {
            let due = self
                .due(step, anchor, zone)
                .filter(|due| anchor < *due && *due <= at);
            if due.is_some() {
                return due;
            }
            step -= 1;
        }
        None
    }

    /// Steps of less than a second, rounded down, fall on each whole second, thousands on one.
    fn by_whole_seconds(&self, anchor: Timestamp) -> Option<(Self, Timestamp)> {
        let each_second = Self {
            period: SECOND,
            relative: false,
        };
        let whole = Timestamp::from_nanosecond(
            anchor.as_nanosecond().div_euclid(1_000_000_000) * 1_000_000_000,
        );
        (self.relative && self.period < SECOND).then_some((each_second, whole.ok()?))
    }

    /// How many whole periods lie between.
    fn steps(&self, at: Timestamp, anchor: Timestamp) -> i128 {
        (at.as_nanosecond() - anchor.as_nanosecond()).div_euclid(self.period_nanoseconds())
    }

    fn period_nanoseconds(&self) -> i128 {
        // `every` bounds it far below what an i128 holds
        self.period.as_nanos() as i128
    }

    fn due(&self, step: i128, anchor: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let elapsed = step.checked_mul(self.period_nanoseconds())?;
        if self.relative && self.period >= DAY {
            return start_of_day(anchor, elapsed, zone);
        }
        let due = Timestamp::from_nanosecond(anchor.as_nanosecond().checked_add(elapsed)?).ok()?;
        if self.relative {
            Some(round_down(due, self.resolution(), zone))
        } else {
            Some(due)
        }
    }

    /// What a relative interval of less than a day is rounded to.
    fn resolution(&self) -> Duration {
        let units = [HOUR, MINUTE];
        units
            .into_iter()
            .find(|unit| self.period >= *unit)
            .unwrap_or(SECOND)
    }
}

/// The beginning of the day that is `elapsed` later by the calendar, where a day of 23 or 25 hours
/// is one day.
fn start_of_day(anchor: Timestamp, elapsed: i128, zone: &TimeZone) -> Option<Timestamp> {
    let elapsed = SignedDuration::from_secs(i64::try_from(elapsed / 1_000_000_000).ok()?)
        + SignedDuration::from_nanos((elapsed % 1_000_000_000) as i64);
    let wall = zone.to_datetime(anchor).checked_add(elapsed).ok()?;
    let midnight = wall.date().to_datetime(Time::midnight());
    zone.to_ambiguous_timestamp(midnight).compatible().ok()
}

/// The last time up to `at` when the wall clock came to a whole `unit`, or was set.
fn round_down(at: Timestamp, unit: Duration, zone: &TimeZone) -> Timestamp {
    let offset = zone.to_offset(at);
    let wall = at.as_nanosecond() + i128::from(offset.seconds()) * 1_000_000_000;
    let beyond = SignedDuration::from_nanos(wall.rem_euclid(unit.as_nanos() as i128) as i64);
    let rounded = at.checked_sub(beyond).unwrap_or(at);
    if zone.to_offset(rounded) == offset {
        return rounded;
    }
    start_of_segment(at, zone).unwrap_or(rounded)
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let relative = if self.relative { ", relative" } else { "" };
        write!(f, "every {} s{relative}", self.period.as_secs_f64())
    }
}
