use jiff::civil::Date;

use super::{
    AwsDays, RenderError, RenderOptions,
    day_part::{DayPart, DayParts},
    field,
};
use crate::{Crontab, ValueSet};

/// Days of each month at most.
pub(super) const LONGEST: [u8; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/// Days of the month that hold each day of the week once, as far as the month goes.
const WEEKS: [std::ops::RangeInclusive<u8>; 5] = [1..=7, 8..=14, 15..=21, 22..=28, 29..=31];

/// The dates of a crontab.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dates {
    pub(super) days_of_month: ValueSet,
    pub(super) months: ValueSet,
    /// 0 is Sunday, as in a crontab.
    pub(super) days_of_week: ValueSet,
}

impl Dates {
    pub(super) fn of(crontab: &Crontab) -> Self {
        Self {
            days_of_month: crontab.days_of_month(),
            months: crontab.months(),
            days_of_week: crontab.days_of_week(),
        }
    }

    pub(super) fn contain(self, date: Date) -> bool {
        self.days_of_month.contains(date.day() as u8)
            && self.months.contains(date.month() as u8)
            && self
                .days_of_week
                .contains(date.weekday().to_sunday_zero_offset() as u8)
    }

    /// The dates as AWS names them, with a guard where it cannot and may have one.
    pub(super) fn parts(self, options: RenderOptions) -> Result<DayParts, RenderError> {
        match self.exact() {
            Some(parts) => Ok(DayParts::exact(parts)),
            None if options.celeriac_only => Ok(DayParts::superset(self.part(self.sparser()))),
            None => Err(RenderError::DaysTogether {
                days_of_month: field::list(self.days_of_month),
                days_of_week: field::list(self.days_of_week),
            }),
        }
    }

    pub(super) fn every_day(self) -> bool {
        self.any_day_of_month() && self.any_day_of_week() && self.months.len() == 12
    }

    pub(super) fn any_day_of_week(self) -> bool {
        self.days_of_week.len() == 7
    }

    /// Whether the days of the month leave out no day of the listed months.
    pub(super) fn any_day_of_month(self) -> bool {
        (1..=self.longest_month()).all(|day| self.days_of_month.contains(day))
    }

    pub(super) fn day_of_week_is_sparser(self) -> bool {
        self.days_of_week.len() * 31 <= self.days_of_month.len() * 7
    }

    fn exact(self) -> Option<Vec<DayPart>> {
        if self.any_day_of_week() {
            Some(vec![self.part(AwsDays::OfMonth(self.days_of_month))])
        } else if self.any_day_of_month() {
            Some(vec![self.part(self.of_week())])
        } else {
            self.by_week()
        }
    }

    /// One part for each day of each whole week.
    fn by_week(self) -> Option<Vec<DayPart>> {
        let mut parts = Vec::new();
        for (nth, week) in (1..).zip(WEEKS) {
            let week: ValueSet = week.filter(|day| *day <= self.longest_month()).collect();
            let listed = week
                .iter()
                .filter(|day| self.days_of_month.contains(*day))
                .count();
            match listed {
                0 => {}
                all if all == week.len() => {
                    parts.extend(
                        self.days_of_week
                            .iter()
                            .map(|day| self.part(AwsDays::NthOfWeek { day: day + 1, nth })),
                    );
                }
                _ => return None,
            }
        }
        Some(parts)
    }

    fn sparser(self) -> AwsDays {
        if self.day_of_week_is_sparser() {
            self.of_week()
        } else {
            AwsDays::OfMonth(self.days_of_month)
        }
    }

    fn of_week(self) -> AwsDays {
        AwsDays::OfWeek(self.days_of_week.iter().map(|day| day + 1).collect())
    }

    fn part(self, days: AwsDays) -> DayPart {
        DayPart {
            days,
            months: self.months,
        }
    }

    fn longest_month(self) -> u8 {
        self.months
            .iter()
            .filter_map(|month| LONGEST.get(usize::from(month) - 1))
            .copied()
            .max()
            .unwrap_or(31)
    }
}
