//! When a schedule expression fires, written from AWS's documentation alone: it reads the text, has
//! its own calendar, and shares nothing with the crate.

use std::collections::BTreeSet;

use crate::local_clock::LocalClock;

/// A cron expression, read from its text. Reading panics for what AWS refuses.
pub(crate) struct Cron {
    minutes: BTreeSet<i64>,
    hours: BTreeSet<i64>,
    days_of_month: DaysOfMonth,
    months: BTreeSet<i64>,
    days_of_week: DaysOfWeek,
    years: BTreeSet<i64>,
}

enum DaysOfMonth {
    Any,
    Listed(BTreeSet<i64>),
    Last,
    NearestWeekday(i64),
}

enum DaysOfWeek {
    Any,
    Listed(BTreeSet<i64>),
    Nth(i64, i64),
    Last(i64),
}

static NONE: BTreeSet<i64> = BTreeSet::new();
const MONTHS: [&str; 12] = [
    "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
];
const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

impl Cron {
    pub(crate) fn read(text: &str) -> Self {
        assert!((1..=256).contains(&text.len()), "{text}: its length");
        let inner = text
            .strip_prefix("cron(")
            .and_then(|rest| rest.strip_suffix(')'));
        let fields: Vec<_> = inner
            .unwrap_or_else(|| panic!("{text}: no cron"))
            .split(' ')
            .collect();
        let [minutes, hours, days_of_month, months, days_of_week, years] = fields[..] else {
            panic!("{text}: six fields")
        };
        assert!(
            (days_of_month == "?") != (days_of_week == "?"),
            "{text}: one of the two must be `?`"
        );
        Self {
            minutes: values(minutes, 0, 59, &[]),
            hours: values(hours, 0, 23, &[]),
            days_of_month: DaysOfMonth::read(days_of_month),
            months: values(months, 1, 12, &MONTHS),
            days_of_week: DaysOfWeek::read(days_of_week),
            years: values(years, 1970, 2199, &[]),
        }
    }

    /// The times from `from` and before `to` at which it fires, in minutes since the epoch: for
    /// each local day, each listed wall time that there is, where the clock was put back only the
    /// first time.
    pub(crate) fn fires(&self, clock: &LocalClock, from: i64, to: i64) -> Vec<i64> {
        let mut fires = Vec::new();
        let mut seen = i64::MIN;
        for stretch in &clock.stretches {
            let walls = (stretch.from + stretch.offset).max(seen)..stretch.to + stretch.offset;
            seen = seen.max(walls.end);
            let first = walls.start.max(from + stretch.offset);
            let last = walls.end.min(to + stretch.offset);
            for day in first.div_euclid(1440)..=last.div_euclid(1440) {
                let wall = self
                    .times_of(day)
                    .filter(|wall| (first..last).contains(wall));
                fires.extend(wall.map(|wall| wall - stretch.offset));
            }
        }
        fires
    }

    fn times_of(&self, day: i64) -> impl Iterator<Item = i64> {
        let hours = if self.is_on(Date::of(day)) {
            self.hours.iter()
        } else {
            NONE.iter()
        };
        hours.flat_map(move |hour| {
            self.minutes
                .iter()
                .map(move |minute| day * 1440 + hour * 60 + minute)
        })
    }

    fn is_on(&self, date: Date) -> bool {
        self.years.contains(&date.year)
            && self.months.contains(&date.month)
            && self.days_of_month.contains(date)
            && self.days_of_week.contains(date)
    }
}

impl DaysOfMonth {
    fn read(text: &str) -> Self {
        match text {
            "?" => Self::Any,
            "L" => Self::Last,
            text => match text.strip_suffix('W') {
                Some(day) => Self::NearestWeekday(number(day, 1, 31, &[])),
                None => Self::Listed(values(text, 1, 31, &[])),
            },
        }
    }

    fn contains(&self, date: Date) -> bool {
        match self {
            Self::Any => true,
            Self::Listed(days) => days.contains(&date.day),
            Self::Last => date.day == date.month_length,
            Self::NearestWeekday(day) => date.day == date.weekday_near(*day),
        }
    }
}

impl DaysOfWeek {
    fn read(text: &str) -> Self {
        if text == "?" {
            return Self::Any;
        }
        if let Some((day, nth)) = text.split_once('#') {
            // "If you use a # character, you can define only one expression in the day-of-week
            // field."
            return Self::Nth(number(day, 1, 7, &WEEKDAYS), number(nth, 1, 5, &[]));
        }
        match text.strip_suffix('L') {
            Some("") => Self::Listed([7].into()),
            Some(day) => Self::Last(number(day, 1, 7, &WEEKDAYS)),
            None => Self::Listed(values(text, 1, 7, &WEEKDAYS)),
        }
    }

    fn contains(&self, date: Date) -> bool {
        match self {
            Self::Any => true,
            Self::Listed(days) => days.contains(&date.weekday),
            Self::Nth(day, nth) => {
                date.weekday == *day && (1..=7).contains(&(date.day - 7 * (nth - 1)))
            }
            Self::Last(day) => date.weekday == *day && date.day + 7 > date.month_length,
        }
    }
}

/// A list of `*`, `a`, `a-b`, each with `/n` or without.
fn values(text: &str, first: i64, last: i64, names: &[&str]) -> BTreeSet<i64> {
    text.split(',')
        .flat_map(|part| part_values(part, first, last, names))
        .collect()
}

fn part_values(part: &str, first: i64, last: i64, names: &[&str]) -> Vec<i64> {
    let (range, step) = part
        .split_once('/')
        .map_or((part, None), |(range, step)| (range, Some(step)));
    let number = |text: &str| number(text, first, last, names);
    let (from, to) = match (range, range.split_once('-'), step) {
        ("*", _, _) => (first, last),
        (_, Some((from, to)), _) => (number(from), number(to)),
        (from, None, Some(_)) => (number(from), last),
        (value, None, None) => (number(value), number(value)),
    };
    assert!(from <= to, "{part}: a range that is turned");
    let step: usize = step.map_or(1, |step| step.parse().expect("a step"));
    (from..=to).step_by(step).collect()
}

fn number(text: &str, first: i64, last: i64, names: &[&str]) -> i64 {
    let index = names
        .iter()
        .position(|name| *name == text)
        .map(|index| index as i64 + first);
    let number = index.unwrap_or_else(|| {
        text.parse()
            .unwrap_or_else(|_| panic!("{text}: not a number"))
    });
    assert!(
        (first..=last).contains(&number),
        "{text}: not {first} to {last}"
    );
    number
}

/// A day of the Gregorian calendar.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Date {
    pub(crate) year: i64,
    pub(crate) month: i64,
    pub(crate) day: i64,
    pub(crate) month_length: i64,
    /// 1 is Sunday.
    pub(crate) weekday: i64,
}

impl Date {
    /// Of a number of days since 1970-01-01, a Thursday; not before 2020-01-01, which is 18262 days
    /// after it.
    pub(crate) fn of(days: i64) -> Self {
        let (mut year, mut rest) = (2020, days - 18262);
        assert!(rest >= 0, "before 2020");
        while rest >= year_length(year) {
            rest -= year_length(year);
            year += 1;
        }
        let mut month = 1;
        while rest >= month_length(year, month) {
            rest -= month_length(year, month);
            month += 1;
        }
        Self {
            year,
            month,
            day: rest + 1,
            month_length: month_length(year, month),
            weekday: (days + 4) % 7 + 1,
        }
    }

    /// The weekday (Monday to Friday) of this month that is nearest to its `day`.
    fn weekday_near(self, day: i64) -> i64 {
        match (self.weekday - 1 + day - self.day).rem_euclid(7) {
            6 if day == 1 => 3,
            6 => day - 1,
            0 if day == self.month_length => day - 2,
            0 => day + 1,
            _ => day,
        }
    }
}

fn year_length(year: i64) -> i64 {
    if month_length(year, 2) == 29 {
        366
    } else {
        365
    }
}

fn month_length(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// The minutes of `rate(…)`.
pub(crate) fn rate(text: &str) -> Option<i64> {
    let inner = text.strip_prefix("rate(")?.strip_suffix(')')?;
    let (value, unit) = inner.split_once(' ')?;
    let value: i64 = value.parse().ok().filter(|value| *value > 0)?;
    match unit {
        "minute" if value == 1 => Some(value),
        "minutes" if value > 1 => Some(value),
        "hours" => Some(value * 60),
        "days" => Some(value * 1440),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use jiff::{Timestamp, tz::TimeZone};

    use super::*;

    fn minutes(text: &str) -> i64 {
        text.parse::<Timestamp>().expect("a time").as_second() / 60
    }

    fn check(expression: &str, zone: &str, from: &str, to: &str, expected: &[&str]) {
        let zone = TimeZone::get(zone).expect("a zone");
        let clock = LocalClock::new(
            &zone,
            minutes("2020-01-01T00:00Z"),
            minutes("2031-01-01T00:00Z"),
        );
        let fires = Cron::read(expression).fires(&clock, minutes(from), minutes(to));
        let expected: Vec<_> = expected.iter().map(|time| minutes(time)).collect();
        assert_eq!(fires, expected, "{expression}");
    }

    /// The example of the user guide's "Schedule types": 10:15 on the last Friday of each month
    /// from 2022 to 2023.
    #[test]
    fn the_last_friday_as_in_the_user_guide() {
        let fires = [
            "2022-11-25T10:15Z",
            "2022-12-30T10:15Z",
            "2023-01-27T10:15Z",
        ];
        check(
            "cron(15 10 ? * 6L 2022-2023)",
            "UTC",
            "2022-11-01T00:00Z",
            "2023-02-01T00:00Z",
            &fires,
        );
    }

    #[test]
    fn wildcards_of_the_cron_reference() {
        let (from, to) = ("2026-02-01T00:00Z", "2026-04-01T00:00Z");
        check(
            "cron(0 0 ? * 3#2 *)",
            "UTC",
            from,
            to,
            &["2026-02-10T00:00Z", "2026-03-10T00:00Z"],
        );
        check(
            "cron(0 0 L * ? *)",
            "UTC",
            from,
            to,
            &["2026-02-28T00:00Z", "2026-03-31T00:00Z"],
        );
        check(
            "cron(0 0 1W * ? *)",
            "UTC",
            from,
            to,
            &["2026-02-02T00:00Z", "2026-03-02T00:00Z"],
        );
        check(
            "cron(0 0 28W FEB,MAR ? *)",
            "UTC",
            from,
            to,
            &["2026-02-27T00:00Z", "2026-03-27T00:00Z"],
        );
        check(
            "cron(0 18-23/2 1 2 ? *)",
            "UTC",
            from,
            to,
            &[
                "2026-02-01T18:00Z",
                "2026-02-01T20:00Z",
                "2026-02-01T22:00Z",
            ],
        );
        check(
            "cron(1/25 8 ? 2 SUN 2026)",
            "UTC",
            from,
            "2026-02-02T00:00Z",
            &[
                "2026-02-01T08:01Z",
                "2026-02-01T08:26Z",
                "2026-02-01T08:51Z",
            ],
        );
    }

    #[test]
    fn a_time_in_the_gap_is_skipped_and_a_repeated_one_runs_once() {
        let berlin = "Europe/Berlin";
        check(
            "cron(30 2 * * ? *)",
            berlin,
            "2026-03-28T12:00Z",
            "2026-03-31T12:00Z",
            &["2026-03-30T00:30Z", "2026-03-31T00:30Z"],
        );
        check(
            "cron(0/30 1-3 * * ? *)",
            berlin,
            "2026-10-24T20:00Z",
            "2026-10-25T20:00Z",
            &[
                "2026-10-24T23:00Z",
                "2026-10-24T23:30Z",
                "2026-10-25T00:00Z",
                "2026-10-25T00:30Z",
                "2026-10-25T02:00Z",
                "2026-10-25T02:30Z",
            ],
        );
    }

    #[test]
    #[should_panic(expected = "one of the two must be `?`")]
    fn day_of_month_and_day_of_week_together_are_refused() {
        Cron::read("cron(0 9 1 * 2 *)");
    }

    #[test]
    #[should_panic(expected = "not a number")]
    fn two_numbered_weekdays_are_refused() {
        Cron::read("cron(0 9 ? * 3#1,6#3 *)");
    }
}
