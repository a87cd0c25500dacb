use jiff::civil::{Date, DateTime};

use crate::{Crontab, ValueSet};

/// Searches of the calendar alone, where every day has 1440 minutes.
impl Crontab {
    /// The first listed minute from `from` on and before `until`.
    pub(crate) fn first_listed(&self, from: DateTime, until: DateTime) -> Option<DateTime> {
        let (mut date, mut time) = (from.date(), (from.hour(), from.minute()));
        while date <= until.date() {
            if let Some((hour, minute)) = self.first_time(time).filter(|_| self.lists_date(date)) {
                return Some(date.at(hour, minute, 0, 0)).filter(|found| *found < until);
            }
            date = self.next_date(date)?;
            time = (0, 0);
        }
        None
    }

    /// The last listed minute up to `to`, itself included, and not before `from`.
    pub(crate) fn last_listed(&self, from: DateTime, to: DateTime) -> Option<DateTime> {
        let (mut date, mut time) = (to.date(), (to.hour(), to.minute()));
        while date >= from.date() {
            if let Some((hour, minute)) = self.last_time(time).filter(|_| self.lists_date(date)) {
                return Some(date.at(hour, minute, 0, 0)).filter(|found| *found >= from);
            }
            date = self.previous_date(date)?;
            time = (23, 59);
        }
        None
    }

    fn lists_date(&self, date: Date) -> bool {
        self.lists_month(date)
            && self.days_of_month.contains(date.day().unsigned_abs())
            && self
                .days_of_week
                .contains(date.weekday().to_sunday_zero_offset().unsigned_abs())
    }

    fn lists_month(&self, date: Date) -> bool {
        self.months.contains(date.month().unsigned_abs())
    }

    /// The next day, beyond the month where the month is not listed.
    fn next_date(&self, date: Date) -> Option<Date> {
        let date = if self.lists_month(date) {
            date
        } else {
            date.last_of_month()
        };
        date.tomorrow().ok()
    }

    /// The day before, before the month where the month is not listed.
    fn previous_date(&self, date: Date) -> Option<Date> {
        let date = if self.lists_month(date) {
            date
        } else {
            date.first_of_month()
        };
        date.yesterday().ok()
    }

    fn first_time(&self, (hour, minute): (i8, i8)) -> Option<(i8, i8)> {
        let within = at_or_after(self.minutes, minute).filter(|_| contains(self.hours, hour));
        within.map(|minute| (hour, minute)).or_else(|| {
            Some((
                at_or_after(self.hours, hour + 1)?,
                at_or_after(self.minutes, 0)?,
            ))
        })
    }

    fn last_time(&self, (hour, minute): (i8, i8)) -> Option<(i8, i8)> {
        let within = at_or_before(self.minutes, minute).filter(|_| contains(self.hours, hour));
        within.map(|minute| (hour, minute)).or_else(|| {
            Some((
                at_or_before(self.hours, hour - 1)?,
                at_or_before(self.minutes, 59)?,
            ))
        })
    }
}

fn contains(set: ValueSet, value: i8) -> bool {
    set.contains(value.unsigned_abs())
}

fn at_or_after(set: ValueSet, value: i8) -> Option<i8> {
    set.at_or_after(value.unsigned_abs())
        .and_then(|value| i8::try_from(value).ok())
}

fn at_or_before(set: ValueSet, value: i8) -> Option<i8> {
    (0..=value).rev().find(|value| contains(set, *value))
}
