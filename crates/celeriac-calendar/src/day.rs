use jiff::civil::{Date, time};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Timestamp, ToSpan};

use super::hour::Hour;

const MINUTES: usize = 24 * 60;

/// A column of the calendar: a date, and what its clock does.
#[derive(Debug)]
pub(super) struct Day {
    pub(super) date: Date,
    seconds: i64,
    /// For each minute of the wall clock how often it comes; empty where each comes once.
    passes: Vec<u8>,
}

impl Day {
    pub(super) fn new(date: Date, zone: &TimeZone) -> Self {
        let seconds = start(date.saturating_add(1.day()), zone) - start(date, zone);
        let passes = if seconds == 86_400 {
            Vec::new()
        } else {
            passes(date, zone)
        };
        Self {
            date,
            seconds,
            passes,
        }
    }

    /// `Mon 22`.
    pub(super) fn head(&self) -> String {
        self.date.strftime("%a %-d").to_string()
    }

    /// `Mon`.
    pub(super) fn weekday(&self) -> String {
        self.date.strftime("%a").to_string()
    }

    pub(super) fn is_weekend(&self) -> bool {
        self.date.weekday().to_monday_zero_offset() >= 5
    }

    /// `23 hours`, where `unit` is `hours`, for a day that has not 24.
    pub(super) fn odd_length(&self, unit: &str) -> Option<String> {
        let hours = self.seconds as f64 / 3600.0;
        (self.seconds != 86_400).then(|| format!("{} {unit}", (hours * 100.0).round() / 100.0))
    }

    /// What the clock does, for a day that has not 24 hours:
    /// `Sun 28 Mar has 23 hours: 02:00 skipped`.
    pub(super) fn note(&self) -> Option<String> {
        let date = self.date.strftime("%a %-d %b");
        let length = self.odd_length("hours")?;
        let skipped = self.spans(0).map(|span| format!("{span} skipped"));
        let twice = self.spans(2).map(|span| format!("{span} twice"));
        let changes: Vec<String> = skipped.chain(twice).collect();
        Some(format!("{date} has {length}: {}", changes.join(", ")))
    }

    /// Whether any minute of `hour` comes on this day.
    pub(super) fn has(&self, hour: Hour) -> bool {
        let least = u8::from(hour.again) + 1;
        if self.passes.is_empty() {
            return !hour.again;
        }
        self.passes_of(hour.hour).any(|passes| passes >= least)
    }

    /// Whether a minute of the wall clock's `hour` comes twice.
    pub(super) fn repeats(&self, hour: i8) -> bool {
        self.passes_of(hour).any(|passes| passes > 1)
    }

    fn passes_of(&self, hour: i8) -> impl Iterator<Item = u8> {
        let first = usize::from(hour.unsigned_abs()) * 60;
        self.passes.iter().skip(first).take(60).copied()
    }

    /// The stretches of the wall clock that come `passes` times: `02:00` for a full hour, else
    /// `01:30–01:59`.
    fn spans(&self, passes: u8) -> impl Iterator<Item = String> {
        let is_in = move |minute: &usize| self.passes.get(*minute) == Some(&passes);
        let starts = (0..MINUTES)
            .filter(move |minute| is_in(minute) && !(*minute > 0 && is_in(&(minute - 1))));
        starts.map(move |first| {
            let last = (first..MINUTES).take_while(is_in).last().unwrap_or(first);
            let clock = |minute: usize| format!("{:02}:{:02}", minute / 60, minute % 60);
            if first % 60 == 0 && last == first + 59 {
                clock(first)
            } else {
                format!("{}–{}", clock(first), clock(last))
            }
        })
    }
}

/// In seconds since 1970.
fn start(date: Date, zone: &TimeZone) -> i64 {
    zone.to_timestamp(date.at(0, 0, 0, 0))
        .map_or(0, Timestamp::as_second)
}

fn passes(date: Date, zone: &TimeZone) -> Vec<u8> {
    let minutes = (0..24).flat_map(|hour| (0..60).map(move |minute| time(hour, minute, 0, 0)));
    minutes
        .map(|minute| {
            let clock = date.to_datetime(minute);
            match zone.to_ambiguous_timestamp(clock).offset() {
                AmbiguousOffset::Unambiguous { .. } => 1,
                AmbiguousOffset::Gap { .. } => 0,
                AmbiguousOffset::Fold { .. } => 2,
            }
        })
        .collect()
}
