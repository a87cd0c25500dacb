use jiff::{Timestamp, civil::date, tz::TimeZone};

use super::{AwsCron, AwsDays, dates::Dates};
use crate::{Crontab, ValueSet};

const HOUR_MINUTES: i32 = 60;

/// A crontab of every hour of every day as an expression in UTC, `lead` minutes early, where that
/// has the same minutes all year.
///
/// In a zone whose clock is put back, AWS would leave out the whole hour that repeats: UTC has
/// none. A zone of one offset needs no such thing.
pub(super) fn in_utc(crontab: &Crontab, zone: &TimeZone, lead: u64) -> Option<AwsCron> {
    if crontab.hours().len() < 24 || !Dates::of(crontab).every_day() {
        return None;
    }
    let early = minutes_past(zone)? + i32::try_from(lead).ok()?;
    let minutes = crontab
        .minutes()
        .iter()
        .map(|minute| (i32::from(minute) - early).rem_euclid(HOUR_MINUTES) as u8);
    Some(daily(minutes.collect(), (0..24).collect()))
}

/// An expression of every day.
pub(super) fn daily(minutes: ValueSet, hours: ValueSet) -> AwsCron {
    AwsCron {
        minutes,
        hours,
        days: AwsDays::OfMonth((1..=31).collect()),
        months: (1..=12).collect(),
    }
}

/// By how many minutes past the hour a zone differs from UTC, if its offset changes, and by whole
/// hours only.
fn minutes_past(zone: &TimeZone) -> Option<i32> {
    let from = start_of(2020)?;
    let to = start_of(2050)?;
    let changes = zone
        .following(from)
        .take_while(|change| change.timestamp() < to);
    let offsets: Vec<_> = changes
        .map(|change| change.offset())
        .chain([zone.to_offset(from)])
        .collect();
    let first = offsets.first()?;
    let past = |seconds: i32| seconds.rem_euclid(HOUR_MINUTES * 60);
    let alike = offsets
        .iter()
        .all(|offset| past(offset.seconds()) == past(first.seconds()));
    let changes = offsets.iter().any(|offset| offset != first);
    (alike && changes && past(first.seconds()) % 60 == 0).then(|| past(first.seconds()) / 60)
}

fn start_of(year: i16) -> Option<Timestamp> {
    TimeZone::UTC
        .to_timestamp(date(year, 1, 1).at(0, 0, 0, 0))
        .ok()
}
