use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};

use super::{Expression, Rendered, Rendering, admits};
use crate::Crontab;

/// How far from a transition a date can be that it changes: a day's change of offset, and the
/// minute of a precise entry.
const REACH: SignedDuration = SignedDuration::from_hours(48);
const SECOND: SignedDuration = SignedDuration::from_secs(1);

/// A date on which EventBridge Scheduler's rule for daylight saving gives other times than ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The date in the entry's time zone.
    pub date: Date,
    /// Our due times on it.
    pub ours: Vec<Timestamp>,
    /// The due times that the rendered schedules give.
    pub aws: Vec<Timestamp>,
}

/// The next date whose due times after `after` and up to `until` differ between us and the
/// schedules that [`crontab`](super::crontab) rendered. After a difference, its last time is where
/// to go on.
///
/// Only dates at transitions of the zone are looked at, since no other can differ.
///
/// ```
/// use celeriac_beat::{Crontab, eventbridge, zone};
/// use jiff::civil::date;
///
/// let (nightly, berlin) = (Crontab::new("30 2 * * *")?, zone("Europe/Berlin")?);
/// let rendering = eventbridge::crontab(&nightly, &berlin, &Default::default())?;
/// let (from, to) = ("2026-01-01T00:00Z".parse()?, "2028-01-01T00:00Z".parse()?);
/// let found = eventbridge::next_difference(&nightly, &berlin, &rendering, from, to);
/// let found = found.ok_or("no difference")?;
/// // There is no 02:30 on that day: AWS skips the run, we run at 03:00.
/// assert_eq!(found.date, date(2026, 3, 29));
/// assert_eq!((found.ours, found.aws), (vec!["2026-03-29T01:00Z".parse()?], vec![]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn next_difference(
    crontab: &Crontab,
    zone: &TimeZone,
    rendering: &Rendering,
    after: Timestamp,
    until: Timestamp,
) -> Option<Difference> {
    let compared = |date| {
        let of_period = |mut times: Vec<Timestamp>| {
            times.retain(|time| *time > after && *time <= until);
            times
        };
        let ours = of_period(ours(crontab, zone, date));
        let aws = of_period(aws(crontab, zone, rendering, date));
        (ours != aws).then_some(Difference { date, ours, aws })
    };
    dates_at_transitions(zone, after, until).find_map(compared)
}

fn dates_at_transitions(
    zone: &TimeZone,
    after: Timestamp,
    until: Timestamp,
) -> impl Iterator<Item = Date> {
    let (from, to) = (after.saturating_sub(REACH), until.saturating_add(REACH));
    let from = from.unwrap_or(Timestamp::MIN);
    let to = to.unwrap_or(Timestamp::MAX);
    let transitions = zone
        .following(from)
        .map(|transition| transition.timestamp());
    transitions
        .take_while(move |time| *time <= to)
        .flat_map(|time| dates_around(time, zone))
}

/// The local dates from a transition on that it can change: to the day after, for what fires in a
/// minute that repeats before midnight.
fn dates_around(transition: Timestamp, zone: &TimeZone) -> impl Iterator<Item = Date> {
    let before = zone
        .to_datetime(transition.checked_sub(SECOND).unwrap_or(transition))
        .date();
    let first = zone.to_datetime(transition).date();
    let last = before.max(first);
    let last = last.tomorrow().unwrap_or(last);
    std::iter::successors(Some(first), |date| date.tomorrow().ok())
        .take_while(move |date| *date <= last)
}

fn ours(crontab: &Crontab, zone: &TimeZone, date: Date) -> Vec<Timestamp> {
    let Some((start, end)) = bounds(date, zone) else {
        return Vec::new();
    };
    let next = |time: &Timestamp| crontab.next_after(*time, zone).filter(|time| *time < end);
    let first = start
        .checked_sub(SECOND)
        .ok()
        .and_then(|before| next(&before));
    std::iter::successors(first, next)
        .filter(|time| zone.to_datetime(*time).date() == date)
        .collect()
}

/// From the first to the last instant of a date, which may leave the date in between where midnight
/// repeats.
fn bounds(date: Date, zone: &TimeZone) -> Option<(Timestamp, Timestamp)> {
    let midnight = |date: Date| zone.to_ambiguous_timestamp(date.at(0, 0, 0, 0));
    Some((
        midnight(date).earlier().ok()?,
        midnight(date.tomorrow().ok()?).later().ok()?,
    ))
}

fn aws(crontab: &Crontab, zone: &TimeZone, rendering: &Rendering, date: Date) -> Vec<Timestamp> {
    let mut due: Vec<_> = rendering
        .parts
        .iter()
        .flat_map(|part| due_around(part, zone, date))
        .collect();
    due.retain(|due| {
        zone.to_datetime(*due).date() == date && (!rendering.guard || admits(crontab, *due, zone))
    });
    due.sort_unstable();
    due
}

/// What a part fires on the dates around `date`: before midnight it may be for after it, and UTC
/// has other dates.
fn due_around(part: &Rendered, zone: &TimeZone, date: Date) -> Vec<Timestamp> {
    let Expression::Cron(cron) = &part.expression else {
        return Vec::new();
    };
    let zone = if part.utc { &TimeZone::UTC } else { zone };
    let dates = [date.yesterday().ok(), Some(date), date.tomorrow().ok()];
    let fires = dates
        .into_iter()
        .flatten()
        .flat_map(|date| cron.fires_on(date, zone));
    fires
        .filter_map(|time| time.checked_add(part.lead + part.delay).ok())
        .collect()
}
