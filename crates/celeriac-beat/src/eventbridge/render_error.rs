use std::time::Duration;

use jiff::Timestamp;

use super::limits;

/// Why a schedule has no form in EventBridge Scheduler, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RenderError {
    /// Celery asks for both fields at once, AWS takes one.
    #[error(
        "day of month `{days_of_month}` and day of week `{days_of_week}` must both match, and EventBridge Scheduler takes \
         only one of them: set `celeriac_only` if only celeriac reads the entry's queue, test the date inside the task, or \
         list whole weeks as days of the month (`1-7`, `8-14`, `15-21`, `22-28`, `29-31`)"
    )]
    DaysTogether {
        /// The crontab's days of the month.
        days_of_month: String,
        /// The crontab's days of the week, 0 is Sunday.
        days_of_week: String,
    },
    /// The holding of a task is celeriac's.
    #[error(
        "a precise entry fires a minute early and its worker holds the task, which only celeriac's worker does for certain: \
         set `celeriac_only` if only celeriac reads the entry's queue, or leave out `precise`"
    )]
    PreciseElsewhere,
    /// A FIFO queue delays all of its messages alike.
    #[error(
        "every {} s needs messages with a delay of their own, which a FIFO queue does not have: use a standard queue, or \
         whole minutes", .every.as_secs()
    )]
    DelayOnFifo {
        /// The interval.
        every: Duration,
    },
    /// SQS delays by whole seconds.
    #[error(
        "every {} s is not a whole number of seconds of 1 or more: write whole seconds, or start the shorter steps inside \
         one task", .every.as_secs_f64()
    )]
    NotWholeSeconds {
        /// The interval.
        every: Duration,
    },
    /// A relative interval that drifts against the day.
    #[error(
        "a relative interval of {} s does not divide a day, so its due times have no fixed place in one: write a crontab, \
         or leave out `relative`", .every.as_secs()
    )]
    NotInADay {
        /// The interval.
        every: Duration,
    },
    /// More than can be counted.
    #[error("every {} s is too long", .every.as_secs())]
    TooLong {
        /// The interval.
        every: Duration,
    },
    /// AWS knows certain years only.
    #[error(
        "`{time}` is outside the years {} to {} of EventBridge Scheduler",
        limits::YEARS.start(),
        limits::YEARS.end()
    )]
    YearOutOfRange {
        /// The due time.
        time: Timestamp,
    },
}
