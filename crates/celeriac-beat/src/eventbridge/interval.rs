use std::time::Duration;

use super::{
    AwsCron, AwsDays, Expression, RenderError, RenderOptions, Rendered, Rendering, every_hour,
};
use crate::ValueSet;

const MINUTE: u64 = 60;
const HOUR_MINUTES: u64 = 60;
const DAY_MINUTES: u64 = 24 * HOUR_MINUTES;
const WEEK_MINUTES: u64 = 7 * DAY_MINUTES;
/// The Unix epoch's day, a Thursday, as days of the week are counted from 0 on Sunday.
const EPOCH_WEEKDAY: u64 = 4;

/// Minutes of which every time zone's offset from UTC is a multiple today.
const OFFSET_MINUTES: u64 = 15;

/// The expressions that fire every `every`.
///
/// Whole minutes that divide an hour, a day or a week are one `cron` in UTC, others one `rate`, which
/// counts from the schedule's start. Odd seconds are one part
/// for each second of the minute that occurs, at most 60; their due times are the multiples of
/// `every` since the Unix epoch. A `relative` interval runs at the multiples of `every` in a day
/// (of UTC where it has odd seconds), so it must divide one; Celery's own due times depend on the
/// last run besides.
///
/// ```
/// use std::time::Duration;
/// use celeriac_beat::eventbridge;
///
/// let rendering = eventbridge::interval(Duration::from_secs(90), false, &Default::default())?;
/// let parts = rendering.parts.iter();
/// let parts = parts.map(|part| (part.expression.to_string(), part.delay.as_secs()));
/// let parts: Vec<_> = parts.collect();
/// let (first, second) = ("cron(0/3 * * * ? *)".to_owned(), "cron(1/3 * * * ? *)".to_owned());
/// assert_eq!(parts, [(first, 0), (second, 30)]);
/// # Ok::<(), eventbridge::RenderError>(())
/// ```
pub fn interval(
    every: Duration,
    relative: bool,
    options: &RenderOptions,
) -> Result<Rendering, RenderError> {
    let lead = options.lead()?;
    let seconds = every.as_secs();
    if seconds == 0 || every.subsec_nanos() != 0 {
        return Err(RenderError::NotWholeSeconds { every });
    }
    if relative && !(DAY_MINUTES * MINUTE).is_multiple_of(seconds) {
        return Err(RenderError::NotInADay { every });
    }
    match (seconds.is_multiple_of(MINUTE), relative) {
        (true, true) => Ok(in_a_day(seconds / MINUTE, lead)),
        (true, false) => Ok(whole_minutes(seconds / MINUTE, lead)),
        (false, _) if options.fifo => Err(RenderError::DelayOnFifo { every }),
        (false, _) => odd_seconds(every, lead),
    }
}

fn whole_minutes(minutes: u64, lead: Duration) -> Rendering {
    let first = (minutes - lead.as_secs() / MINUTE % minutes) % minutes;
    let part = match on_the_clock(first, minutes) {
        Some(cron) => Rendered {
            utc: true,
            ..Rendered::new(cron, lead)
        },
        None => Rendered::new(Expression::Rate { minutes }, lead),
    };
    Rendering::new(vec![part])
}

/// Hours with the same minutes share a part.
fn in_a_day(minutes: u64, lead: Duration) -> Rendering {
    let early = lead.as_secs() / MINUTE;
    let mut groups: Vec<(ValueSet, Vec<u8>)> = Vec::new();
    for hour in 0..24 {
        let in_hour = (0..HOUR_MINUTES)
            .filter(|minute| (hour * HOUR_MINUTES + minute + early).is_multiple_of(minutes));
        let in_hour: ValueSet = in_hour.map(|minute| minute as u8).collect();
        match groups.iter_mut().find(|(known, _)| *known == in_hour) {
            Some((_, hours)) => hours.push(hour as u8),
            None if in_hour.is_empty() => {}
            None => groups.push((in_hour, vec![hour as u8])),
        }
    }
    let utc = OFFSET_MINUTES.is_multiple_of(minutes);
    let part = |(minutes, hours): (ValueSet, Vec<u8>)| Rendered {
        utc,
        ..Rendered::new(daily(minutes, hours.into_iter().collect()), lead)
    };
    let rendering = Rendering::new(groups.into_iter().map(part).collect());
    if utc {
        rendering
    } else {
        rendering.note("goes by the wall clock: an hour that repeats has its runs once")
    }
}

/// One part for each offset in the shortest period of whole minutes.
fn odd_seconds(every: Duration, lead: Duration) -> Result<Rendering, RenderError> {
    let seconds = every.as_secs();
    let count = MINUTE / gcd(seconds, MINUTE);
    let period = seconds
        .checked_mul(count)
        .filter(|period| i64::try_from(*period).is_ok());
    let period = period.ok_or(RenderError::TooLong { every })?;
    let part = |offset: u64| {
        let fires = (offset + period - lead.as_secs()) % period;
        Rendered {
            delay: Duration::from_secs(fires % MINUTE),
            ..anchored(fires / MINUTE, period / MINUTE, lead)
        }
    };
    let parts = (0..count).map(|nth| part(nth * seconds)).collect();
    Ok(Rendering::new(parts).note(format!(
        "{count} schedules, due at the multiples of {seconds} s since the Unix epoch"
    )))
}

/// What fires at `first` and each `period` after it, in minutes since the Unix epoch.
fn anchored(first: u64, period: u64, lead: Duration) -> Rendered {
    let cron = on_the_clock(first, period);
    let phase = Duration::from_secs(first * MINUTE);
    Rendered {
        utc: true,
        phase: cron.is_none().then_some(phase),
        ..Rendered::new(cron.unwrap_or(Expression::Rate { minutes: period }), lead)
    }
}

/// The same as a `cron` in UTC, which needs no start to be on the grid; `None` for a period that
/// divides neither an hour, nor a day nor a week into whole hours, days and weeks.
fn on_the_clock(first: u64, period: u64) -> Option<Expression> {
    let minute = || std::iter::once((first % HOUR_MINUTES) as u8).collect();
    if HOUR_MINUTES.is_multiple_of(period) {
        let minutes = every_nth(first, period, HOUR_MINUTES);
        return Some(daily(minutes, (0..24).collect()));
    }
    if DAY_MINUTES.is_multiple_of(period) && period.is_multiple_of(HOUR_MINUTES) {
        let hours = every_nth(first / HOUR_MINUTES, period / HOUR_MINUTES, 24);
        return Some(daily(minute(), hours));
    }
    (period == WEEK_MINUTES).then(|| {
        let weekday = (EPOCH_WEEKDAY + first / DAY_MINUTES) % 7 + 1;
        Expression::Cron(AwsCron {
            minutes: minute(),
            hours: std::iter::once((first / HOUR_MINUTES % 24) as u8).collect(),
            days: AwsDays::OfWeek(std::iter::once(weekday as u8).collect()),
            months: (1..=12).collect(),
        })
    })
}

fn every_nth(first: u64, step: u64, end: u64) -> ValueSet {
    (first..end)
        .step_by(step as usize)
        .map(|value| value as u8)
        .collect()
}

fn daily(minutes: ValueSet, hours: ValueSet) -> Expression {
    Expression::Cron(every_hour::daily(minutes, hours))
}

fn gcd(one: u64, other: u64) -> u64 {
    if other == 0 {
        one
    } else {
        gcd(other, one % other)
    }
}
