use jiff::civil::Date;

use super::field;
use crate::ValueSet;

/// The days on which a cron expression fires: EventBridge Scheduler takes one kind of these at a
/// time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AwsDays {
    /// Days of the month, 1 to 31.
    OfMonth(ValueSet),
    /// The last day of the month, `L`.
    LastOfMonth,
    /// Days of the week, 1 (Sunday) to 7.
    OfWeek(ValueSet),
    /// The `nth` (1 to 5) such day of the week (1 is Sunday) in the month, `2#1`.
    NthOfWeek {
        /// 1 (Sunday) to 7.
        day: u8,
        /// 1 to 5.
        nth: u8,
    },
}

impl AwsDays {
    /// Whether it fires on `date`, the month apart.
    pub fn contains(self, date: Date) -> bool {
        match self {
            Self::OfMonth(days) => days.contains(date.day() as u8),
            Self::LastOfMonth => date.day() == date.days_in_month(),
            Self::OfWeek(days) => days.contains(aws_weekday(date)),
            Self::NthOfWeek { day, nth } => {
                aws_weekday(date) == day && (date.day() as u8 - 1) / 7 + 1 == nth
            }
        }
    }

    /// The texts of the fields day of month and day of week.
    pub(super) fn fields(self) -> (String, String) {
        let any = "?".to_owned();
        match self {
            Self::OfMonth(days) => (field::text(days, 1, 31), any),
            Self::LastOfMonth => ("L".to_owned(), any),
            Self::OfWeek(days) => (any, field::list(days)),
            Self::NthOfWeek { day, nth } => (any, format!("{day}#{nth}")),
        }
    }
}

fn aws_weekday(date: Date) -> u8 {
    date.weekday().to_sunday_one_offset() as u8
}
