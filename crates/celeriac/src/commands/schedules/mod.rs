//! `schedules`: an app's beat entries, in EventBridge Scheduler and by themselves.

#[cfg(feature = "aws")]
mod apply;
mod calendar;
mod entries;
mod history;
mod list;
mod next;
mod pause;
#[cfg(feature = "aws")]
mod plan;
#[cfg(feature = "aws")]
mod plan_view;
mod run_now;

use clap::Subcommand;
use jiff::Timestamp;

use super::CommandError;
use crate::Connection;

/// What can be done with schedules.
#[derive(Clone, Debug, Subcommand)]
pub enum SchedulesCommand {
    /// Show what `apply` would change in EventBridge Scheduler
    #[cfg(feature = "aws")]
    Plan(plan::PlanCommand),
    /// Update the schedule group in EventBridge Scheduler to match the app's entries
    #[cfg(feature = "aws")]
    Apply(apply::ApplyCommand),
    /// List the entries: schedule, next time, task, state
    List(list::ListCommand),
    /// Show the next times
    Next(next::NextCommand),
    /// Show a week: what runs when
    Calendar(calendar::CalendarCommand),
    /// Show an entry's last runs and what became of them
    History(history::HistoryCommand),
    /// Keep entries from running, until `resume`
    Pause(pause::PauseCommand),
    /// End a pause
    Resume(pause::ResumeCommand),
    /// Send an entry's task now, beside its schedule
    RunNow(run_now::RunNowCommand),
}

impl SchedulesCommand {
    /// Does it.
    pub async fn run(&self, connection: &Connection) -> Result<u8, CommandError> {
        match self {
            #[cfg(feature = "aws")]
            Self::Plan(command) => command.run(connection).await,
            #[cfg(feature = "aws")]
            Self::Apply(command) => command.run(connection).await,
            Self::List(command) => command.run(connection).await,
            Self::Next(command) => command.run(connection),
            Self::Calendar(command) => command.run(connection).await,
            Self::History(command) => command.run(connection).await,
            Self::Pause(command) => command.run(connection).await,
            Self::Resume(command) => command.run(connection).await,
            Self::RunNow(command) => command.run(connection).await,
        }
    }
}

/// Now.
fn now() -> Timestamp {
    Timestamp::now()
}
