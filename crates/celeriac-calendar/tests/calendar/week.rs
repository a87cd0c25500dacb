//! The calendars that the tests look at.

use celeriac_calendar::{Calendar, CalendarEntry};
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

const EVERY_DAY: [i64; 7] = [0, 1, 2, 3, 4, 5, 6];
const WORKDAYS: [i64; 5] = [0, 1, 2, 3, 4];

/// A week of a zone, to put entries into.
pub(crate) struct Week {
    zone: TimeZone,
    name: &'static str,
    first_day: Date,
    entries: Vec<CalendarEntry>,
}

impl Week {
    pub(crate) fn new(zone: &'static str, first_day: Date) -> Self {
        Self {
            zone: TimeZone::get(zone).unwrap(),
            name: zone,
            first_day,
            entries: Vec::new(),
        }
    }

    /// An entry at times of the wall clock; one in a gap is at the time after it, one that comes
    /// twice at its first.
    pub(crate) fn daily(mut self, name: &str, days: &[i64], clocks: &[(i8, i8)]) -> Self {
        let times = days.iter().flat_map(|day| {
            let date = self.first_day.checked_add(day.days()).unwrap();
            clocks
                .iter()
                .map(move |(hour, minute)| date.at(*hour, *minute, 0, 0))
        });
        let times = times
            .map(|clock| self.zone.to_timestamp(clock).unwrap())
            .collect();
        self.push(name, times);
        self
    }

    /// An entry at even distances through the whole week.
    pub(crate) fn every(mut self, name: &str, seconds: usize) -> Self {
        let start = |date: Date| {
            self.zone
                .to_timestamp(date.at(0, 0, 0, 0))
                .unwrap()
                .as_second()
        };
        let end = self.first_day.checked_add(7.days()).unwrap();
        let seconds = (start(self.first_day)..start(end)).step_by(seconds);
        let times = seconds
            .map(|second| Timestamp::from_second(second).unwrap())
            .collect();
        self.push(name, times);
        self
    }

    fn push(&mut self, name: &str, times: Vec<Timestamp>) {
        self.entries.push(CalendarEntry {
            name: name.to_owned(),
            times,
            enabled: true,
        });
    }

    /// Disables the last entry.
    pub(crate) fn disabled(mut self) -> Self {
        self.entries.last_mut().unwrap().enabled = false;
        self
    }

    pub(crate) fn calendar(self) -> Calendar {
        Calendar::week(self.entries, self.first_day, &self.zone, self.name)
    }
}

/// Of each kind one: a collision, a disabled entry, bands with pauses and without, one in the hour
/// of the change.
pub(crate) fn shop(first_day: Date) -> Calendar {
    let office: Vec<(i8, i8)> = (8..18)
        .flat_map(|hour| [0, 15, 30, 45].map(|m| (hour, m)))
        .collect();
    Week::new("Europe/Berlin", first_day)
        .daily("nightly-report", &EVERY_DAY, &[(3, 0)])
        .daily("cleanup-carts", &EVERY_DAY, &[(3, 0), (15, 0)])
        .daily("weekly-digest", &[0], &[(9, 5)])
        .every("heartbeat", 30)
        .daily("sync-stock", &WORKDAYS, &office)
        .daily("legacy-export", &[1, 3], &[(6, 30)])
        .disabled()
        .daily("invoice-run", &[4], &[(17, 45), (18, 10), (18, 40)])
        .daily("in-the-change", &[6], &[(2, 30)])
        .every("half-daily", 12 * 3600)
        .every("half-hourly", 1800)
        .calendar()
}

pub(crate) fn normal() -> Calendar {
    shop(date(2027, 3, 15))
}

/// Sunday has no hour from 02:00.
pub(crate) fn with_gap() -> Calendar {
    shop(date(2027, 3, 22))
}

/// Sunday has two hours from 02:00.
pub(crate) fn with_repeated_hour() -> Calendar {
    shop(date(2027, 10, 25))
}

pub(crate) fn empty() -> Calendar {
    Week::new("Asia/Seoul", date(2027, 1, 4)).calendar()
}

/// Names that are markup, of two columns a letter, control characters, and long.
pub(crate) fn with_names() -> Calendar {
    Week::new("America/New_York", date(2027, 6, 7))
        .daily("<b>&\"quoted\" 'name' ]]>", &[0], &[(1, 0)])
        .daily("주간 보고서 만들기와 보내기", &[1], &[(1, 5)])
        .daily("red\u{1b}[31m\nand\u{0}null", &[2], &[(1, 10)])
        .daily(&"reports.tenants.".repeat(20), &[3, 4], &[(1, 15)])
        .daily("<meets>", &[4], &[(1, 15)])
        .calendar()
}

/// Fifty entries, whose keys go on to two letters.
pub(crate) fn crowded() -> Calendar {
    let all = (0..50).fold(Week::new("UTC", date(2027, 3, 8)), |week, number: i8| {
        let clock = (number % 24, number % 12 * 5);
        week.daily(&format!("tenant-{number}"), &EVERY_DAY, &[clock, (12, 0)])
    });
    all.calendar()
}
