use super::{
    AwsDays,
    dates::{Dates, LONGEST},
    day_part::{DayPart, DayParts},
};
use crate::ValueSet;

const FEBRUARY: u8 = 2;

impl Dates {
    /// The days before the dates, for what fires at 23:59.
    pub(super) fn eves(self) -> DayParts {
        match (self.any_day_of_month(), self.any_day_of_week()) {
            (_, true) => self.eves_by_month(),
            (true, false) => self.eves_by_week(),
            (false, false) if self.day_of_week_is_sparser() => DayParts {
                guard: true,
                ..self.eves_by_week()
            },
            (false, false) => DayParts {
                guard: true,
                ..self.eves_by_month()
            },
        }
    }

    fn eves_by_week(self) -> DayParts {
        let days = AwsDays::OfWeek(
            self.days_of_week
                .iter()
                .map(|day| (day + 6) % 7 + 1)
                .collect(),
        );
        let months: ValueSet = (1..=12)
            .filter(|month| self.lists(*month) || self.lists(next(*month)))
            .collect();
        // The edges of a listed month belong to its neighbours.
        DayParts {
            parts: vec![DayPart { days, months }],
            guard: self.months.len() < 12,
        }
    }

    /// Of each month the days before listed ones; months that are alike share a part.
    fn eves_by_month(self) -> DayParts {
        let mut guard = false;
        let mut groups: Vec<(ValueSet, Vec<u8>)> = Vec::new();
        let mut last_days = Vec::new();
        for (month, length) in (1..).zip(LONGEST) {
            let inner = self.inner_eves(month, length);
            let first_follows = self.lists(next(month)) && self.days_of_month.contains(1);
            // 28 February is before the 29th or before 1 March: exact if both are listed.
            let leap_eve = month == FEBRUARY && inner.contains(length - 1);
            guard |= leap_eve && !first_follows;
            let whole = inner.len() == usize::from(length) - 1;
            let days = if first_follows && whole {
                (1..=31).collect()
            } else if first_follows && leap_eve {
                inner.iter().chain([length]).collect()
            } else {
                last_days.extend(first_follows.then_some(month));
                inner
            };
            match groups.iter_mut().find(|(known, _)| *known == days) {
                Some((_, months)) => months.push(month),
                None => groups.push((days, vec![month])),
            }
        }
        let of_month = groups
            .into_iter()
            .map(|(days, months)| part(AwsDays::OfMonth(days), months));
        let named = of_month.filter(|part| part.days != AwsDays::OfMonth(ValueSet::default()));
        let mut parts: Vec<_> = named.collect();
        if !last_days.is_empty() {
            parts.push(part(AwsDays::LastOfMonth, last_days));
        }
        DayParts { parts, guard }
    }

    fn inner_eves(self, month: u8, length: u8) -> ValueSet {
        let days = self
            .days_of_month
            .iter()
            .filter(|day| self.lists(month) && (2..=length).contains(day));
        days.map(|day| day - 1).collect()
    }

    fn lists(self, month: u8) -> bool {
        self.months.contains(month)
    }
}

fn part(days: AwsDays, months: Vec<u8>) -> DayPart {
    DayPart {
        days,
        months: months.into_iter().collect(),
    }
}

fn next(month: u8) -> u8 {
    month % 12 + 1
}
