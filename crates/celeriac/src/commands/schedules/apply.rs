use clap::Args;
use serde_json::json;

use super::now;
use super::plan::on_aws;
use super::plan_view::PlanView;
use crate::Connection;
use crate::commands::{CommandError, EXIT_OK, print};
use crate::schedules::{Applied, ScheduleGroup, wanted};

/// Makes the app's schedule group in EventBridge Scheduler what its entries say: creates, changes,
/// and deletes what no entry wants, in this group alone. Can be interrupted and started again.
#[derive(Clone, Debug, Args)]
pub struct ApplyCommand {
    /// Read every schedule and compare it member by member
    #[arg(long)]
    deep: bool,
    /// Print what was done as JSON
    #[arg(long)]
    json: bool,
}

impl ApplyCommand {
    pub(super) async fn run(&self, connection: &Connection) -> Result<u8, CommandError> {
        on_aws(connection)?;
        let (now, group) = (now(), ScheduleGroup::of(connection)?);
        let wanted = wanted(connection, now)?;
        let plan = group.plan(&wanted, self.deep, now).await?;
        let view = PlanView::new(connection, group.name(), &wanted, &plan, now);
        if !self.json {
            print(&view.text());
        }
        let applied = if plan.is_empty() {
            Vec::new()
        } else {
            group.apply(&plan, now).await?
        };
        let failed: Vec<&Applied> = applied.iter().filter(|one| one.result.is_err()).collect();
        if self.json {
            let mut report = view.json();
            report["applied"] = applied.iter().map(as_json).collect();
            print(&report.to_string());
        }
        for one in &failed {
            if let Err(error) = &one.result {
                eprintln!("failed: {}: {error}", one.entry);
            }
        }
        if failed.is_empty() {
            if !self.json && !applied.is_empty() {
                print("Applied.");
            }
            return Ok(EXIT_OK);
        }
        Err(CommandError::new(anyhow::anyhow!(
            "{} of {} changes failed; what was done stands",
            failed.len(),
            applied.len()
        ))
        .hint("mend what is said above and apply again: it goes on where it stopped"))
    }
}

fn as_json(applied: &Applied) -> serde_json::Value {
    json!({
        "entry": applied.entry,
        "error": applied.result.as_ref().err().map(ToString::to_string),
    })
}
