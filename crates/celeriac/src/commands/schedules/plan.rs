use clap::Args;

use super::now;
use super::plan_view::PlanView;
use crate::Connection;
use crate::commands::{CommandError, EXIT_CHANGES, EXIT_OK, print};
use crate::schedules::{ScheduleGroup, wanted};

/// Shows what `apply` would change in EventBridge Scheduler. Changes nothing. Reads list pages
/// alone.
#[derive(Clone, Debug, Args)]
pub struct PlanCommand {
    /// Read every schedule and compare it member by member
    #[arg(long)]
    deep: bool,
    /// Exit with 5 if there is something to change
    #[arg(long)]
    detailed_exitcode: bool,
    /// Print the plan as JSON
    #[arg(long)]
    json: bool,
}

impl PlanCommand {
    pub(super) async fn run(&self, connection: &Connection) -> Result<u8, CommandError> {
        on_aws(connection)?;
        let (now, group) = (now(), ScheduleGroup::of(connection)?);
        let wanted = wanted(connection, now)?;
        let plan = group.plan(&wanted, self.deep, now).await?;
        let view = PlanView::new(connection, group.name(), &wanted, &plan, now);
        print(&if self.json {
            view.json().to_string()
        } else {
            view.text()
        });
        if self.detailed_exitcode && !plan.is_empty() {
            return Ok(EXIT_CHANGES);
        }
        Ok(EXIT_OK)
    }
}

/// Elsewhere there is nothing to apply.
pub(super) fn on_aws(connection: &Connection) -> Result<(), CommandError> {
    if connection.broker_is_aws() {
        return Ok(());
    }
    Err(CommandError::usage(
        "`plan` and `apply` are about EventBridge Scheduler, and the broker is not SQS",
    )
    .hint("set `broker_url` to `sqs://`; elsewhere the command `beat` sends the same entries, with nothing to apply"))
}
