use jiff::civil::Date;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Timestamp, ToSpan};

use super::day::Day;
use super::hour::Hour;

/// The columns and rows of the calendar, and where a time stands in them.
#[derive(Debug)]
pub(super) struct Week {
    zone: TimeZone,
    pub(super) zone_name: String,
    pub(super) days: Vec<Day>,
    pub(super) hours: Vec<Hour>,
}

/// Where a time stands: the indices of its column and row, and the minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) day: usize,
    pub(super) hour: usize,
    pub(super) minute: i8,
}

/// Rows of one day that follow each other, by their numbers among those that the day has.
#[derive(Clone, Copy)]
pub(super) struct Stretch {
    pub(super) first: usize,
    pub(super) last: usize,
}

impl Week {
    pub(super) fn new(first_day: Date, zone: &TimeZone, zone_name: &str) -> Self {
        let days: Vec<Day> = (0..7)
            .map(|number| Day::new(first_day.saturating_add(number.days()), zone))
            .collect();
        let hours = (0..24).flat_map(|hour| {
            let repeats = days.iter().any(|day| day.repeats(hour));
            let again = repeats.then_some(Hour { hour, again: true });
            std::iter::once(Hour { hour, again: false }).chain(again)
        });
        Self {
            zone: zone.clone(),
            zone_name: zone_name.to_owned(),
            hours: hours.collect(),
            days,
        }
    }

    /// Where `time` stands, if it is in the week.
    pub(super) fn place(&self, time: Timestamp) -> Option<Place> {
        let clock = self.zone.to_datetime(time);
        let day = self.days.iter().position(|day| day.date == clock.date())?;
        let hour = Hour {
            hour: clock.hour(),
            again: match self.zone.to_ambiguous_timestamp(clock).offset() {
                AmbiguousOffset::Fold { after, .. } => self.zone.to_offset(time) == after,
                AmbiguousOffset::Unambiguous { .. } | AmbiguousOffset::Gap { .. } => false,
            },
        };
        Some(Place {
            day,
            hour: self.hours.iter().position(|row| *row == hour)?,
            minute: clock.minute(),
        })
    }

    /// The rows that a day has: all but those of skipped hours, and of hours that come twice on
    /// another day.
    pub(super) fn rows_of(&self, day: usize) -> Vec<usize> {
        let has = |row: &usize| self.days[day].has(self.hours[*row]);
        (0..self.hours.len()).filter(has).collect()
    }

    /// `rows` of a day, joined where none of the day's is between them.
    pub(super) fn stretches(&self, day: usize, rows: &[usize]) -> Vec<Stretch> {
        let all = self.rows_of(day);
        let is_in = rows.iter().filter_map(|row| all.binary_search(row).ok());
        let numbers: Vec<usize> = is_in.collect();
        numbers
            .chunk_by(|number, next| number + 1 == *next)
            .map(|run| Stretch {
                first: run[0],
                last: run[run.len() - 1],
            })
            .collect()
    }

    /// `Mon 22 Mar 03:05`, with the offset in the second pass through an hour.
    pub(super) fn label(&self, time: Timestamp) -> String {
        let day = self.zone.to_datetime(time).strftime("%a %-d %b");
        match self.place(time) {
            Some(place) => format!("{day} {}", self.clock(place)),
            None => format!("{day} {}", self.zone.to_datetime(time).strftime("%H:%M")),
        }
    }

    /// `03:05`, or `02:30 again`.
    pub(super) fn clock(&self, place: Place) -> String {
        let hour = self.hours[place.hour];
        let again = if hour.again { " again" } else { "" };
        format!("{:02}:{:02}{again}", hour.hour, place.minute)
    }

    /// `Mon 22 Mar – Sun 28 Mar 2027`.
    pub(super) fn title(&self) -> String {
        let date = |day: &Day, form| day.date.strftime(form).to_string();
        let first = self.days.first().map(|day| date(day, "%a %-d %b"));
        let last = self.days.last().map(|day| date(day, "%a %-d %b %Y"));
        [first, last].map(Option::unwrap_or_default).join(" – ")
    }

    /// What the clock does on the days that have not 24 hours.
    pub(super) fn notes(&self) -> impl Iterator<Item = String> {
        self.days.iter().filter_map(Day::note)
    }
}
