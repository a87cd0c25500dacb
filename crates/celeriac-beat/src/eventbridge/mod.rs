//! A schedule's form in EventBridge Scheduler: pure functions from a schedule to AWS's schedule
//! expressions.
//!
//! What they are built on (EventBridge Scheduler user guide, "Schedule types in EventBridge
//! Scheduler", where nothing else is named):
//! * `cron(minutes hours day-of-month month day-of-week year)`: minutes 0–59, hours 0–23, days of
//!   the month 1–31, months 1–12, days of the week 1–7 from Sunday, years 1970–2199. Of day of
//!   month and day of week one must be `?`, so both cannot be asked for at once. `a/n` counts on
//!   from `a` to the field's end; `L` as day of month is its last day; `2#1` is the first Monday of
//!   the month, and a field takes only one such expression.
//! * `rate(value unit)` counts from the schedule's `StartDate`, or at once from its creation. A
//!   `StartDate` more than 5 minutes in the past is refused ("The StartDate you specify cannot be
//!   earlier than 5 minutes ago"). `StartDate` and `EndDate` are in UTC; one-time schedules ignore
//!   them.
//! * `at(yyyy-mm-ddThh:mm:ss)` runs once. Whether one in the past is refused is not documented: a
//!   caller should drop it.
//! * Each kind invokes its target within the 60 seconds from the scheduled time (more with a
//!   flexible time window).
//! * Daylight saving: cron expressions are evaluated in the schedule's time zone. A run in a wall
//!   time that does not exist is skipped; where wall time repeats, the schedule "runs only once and
//!   does not repeat" (re:Post, "How can I adjust my Amazon EventBridge schedule for daylight
//!   saving?"). Days in a rate are 24 hours.
//!
//! [`limits`] has the numbers, [`next_difference`] the dates on which AWS's rule gives other times
//! than ours.

mod at;
mod aws_cron;
mod aws_days;
mod crontab;
mod dates;
mod day_part;
mod difference;
mod eve;
mod every_hour;
mod expression;
mod field;
mod guard;
mod interval;
mod precise;
mod render_error;
mod render_options;
mod rendering;

pub use celeriac_core::schedule_limits as limits;

pub use at::at;
pub use aws_cron::AwsCron;
pub use aws_days::AwsDays;
pub use crontab::crontab;
pub use difference::{Difference, next_difference};
pub use expression::Expression;
pub use guard::admits;
pub use interval::interval;
pub use render_error::RenderError;
pub use render_options::RenderOptions;
pub use rendering::{Rendered, Rendering};
