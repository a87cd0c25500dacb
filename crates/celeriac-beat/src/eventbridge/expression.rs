use std::fmt;

use jiff::civil::DateTime;

use super::AwsCron;

/// A schedule expression of EventBridge Scheduler. Its display is the text that AWS takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expression {
    /// By the wall clock: `cron(…)`.
    Cron(AwsCron),
    /// Every so many minutes from the schedule's start: `rate(…)`.
    Rate {
        /// 1 or more.
        minutes: u64,
    },
    /// Once, at a wall time: `at(…)`.
    At(DateTime),
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cron(cron) => cron.fmt(f),
            Self::Rate { minutes: 1 } => f.write_str("rate(1 minute)"),
            Self::Rate { minutes } => write!(f, "rate({minutes} minutes)"),
            Self::At(time) => write!(f, "at({})", time.strftime("%Y-%m-%dT%H:%M:%S")),
        }
    }
}
