use std::collections::BTreeMap;

use jiff::Timestamp;

use super::CalendarEntry;
use super::week::Week;

/// From here on one day's times are a band, not a mark each.
const OFTEN_A_DAY: usize = 24;
/// And so are one hour's.
const OFTEN_AN_HOUR: usize = 4;
/// The minutes of the shortest day, but for a change of zone.
const EVERY_MINUTE_OF_A_DAY: usize = 23 * 60;

/// An entry as the calendar draws it.
#[derive(Debug)]
pub(super) struct Lane {
    /// Its short name in cells: `A` to `Z`, then `AA`.
    pub(super) key: String,
    pub(super) name: String,
    pub(super) enabled: bool,
    /// In order, each once, those of the week alone.
    pub(super) times: Vec<Timestamp>,
    pub(super) rate: Rate,
    /// For each day the rows in which it is due.
    pub(super) hours: Vec<Vec<usize>>,
}

/// How an entry is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rate {
    /// Each time by itself.
    Seldom,
    /// As a band.
    Often,
    /// As a band, and as no collision: it meets everything.
    EveryMinute,
}

impl Lane {
    pub(super) fn new(number: usize, entry: CalendarEntry, week: &Week) -> Self {
        let mut times = entry.times;
        times.retain(|time| week.place(*time).is_some());
        times.sort_unstable();
        times.dedup();
        let counts = counts(&times, week);
        let hours = (0..week.days.len()).map(|day| rows(&counts, day));
        Self {
            key: key(number),
            name: without_controls(&entry.name),
            enabled: entry.enabled,
            rate: rate(&counts, week.days.len()),
            hours: hours.collect(),
            times,
        }
    }

    pub(super) fn is_band(&self) -> bool {
        self.rate != Rate::Seldom
    }

    /// Its first time that is not before `now`.
    pub(super) fn next(&self, now: Option<Timestamp>) -> Option<Timestamp> {
        let is_ahead = |time: &Timestamp| now.is_none_or(|now| *time >= now);
        self.times.iter().copied().find(is_ahead)
    }

    /// `every 5 min`, `200 times, mostly every 15 min`, `7 times`, `once`, `never`.
    pub(super) fn frequency(&self) -> String {
        match (self.times.len(), self.period()) {
            (0, _) => "never".to_owned(),
            (1, _) => "once".to_owned(),
            (8.., Some((period, true))) => format!("every {}", duration(period)),
            (count @ 24.., Some((period, false))) => {
                format!("{count} times, mostly every {}", duration(period))
            }
            (count, _) => format!("{count} times"),
        }
    }

    /// The distance that at least three of four of its times have, and whether all have it.
    fn period(&self) -> Option<(i64, bool)> {
        let seconds = |pair: &[Timestamp]| pair[1].as_second() - pair[0].as_second();
        let mut gaps: Vec<i64> = self.times.windows(2).map(seconds).collect();
        gaps.sort_unstable();
        let middle = *gaps.get(gaps.len() / 2)?;
        let like_it = gaps.iter().filter(|gap| **gap == middle).count();
        (like_it * 4 >= gaps.len() * 3).then_some((middle, like_it == gaps.len()))
    }
}

/// How often it is due in each day's row.
fn counts(times: &[Timestamp], week: &Week) -> BTreeMap<(usize, usize), usize> {
    let mut counts = BTreeMap::new();
    for place in times.iter().filter_map(|time| week.place(*time)) {
        *counts.entry((place.day, place.hour)).or_default() += 1;
    }
    counts
}

fn rows(counts: &BTreeMap<(usize, usize), usize>, day: usize) -> Vec<usize> {
    let of_day = counts.range((day, 0)..(day + 1, 0));
    of_day.map(|((_, hour), _)| *hour).collect()
}

fn rate(counts: &BTreeMap<(usize, usize), usize>, days: usize) -> Rate {
    let in_an_hour = counts.values().copied().max().unwrap_or(0);
    let in_a_day = (0..days)
        .map(|day| counts.range((day, 0)..(day + 1, 0)).map(|(_, n)| n).sum())
        .max()
        .unwrap_or(0);
    if in_a_day >= EVERY_MINUTE_OF_A_DAY {
        Rate::EveryMinute
    } else if in_an_hour >= OFTEN_AN_HOUR || in_a_day >= OFTEN_A_DAY {
        Rate::Often
    } else {
        Rate::Seldom
    }
}

/// A letter, or more: `A`, `Z`, `AA`, `AB`.
fn key(number: usize) -> String {
    let last = char::from(b'A' + (number % 26) as u8);
    match number / 26 {
        0 => last.to_string(),
        rest => format!("{}{last}", key(rest - 1)),
    }
}

/// A terminal obeys control characters, and XML has none.
fn without_controls(name: &str) -> String {
    let is_shown = |c: char| !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}');
    name.chars()
        .map(|c| if is_shown(c) { c } else { '\u{fffd}' })
        .collect()
}

fn duration(seconds: i64) -> String {
    match seconds {
        s if s % 86_400 == 0 => format!("{} d", s / 86_400),
        s if s % 3600 == 0 => format!("{} h", s / 3600),
        s if s % 60 == 0 => format!("{} min", s / 60),
        s => format!("{s} s"),
    }
}
