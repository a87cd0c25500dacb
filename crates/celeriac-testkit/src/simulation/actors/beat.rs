use std::sync::Arc;

use celeriac_beat::local::{Beat, BeatParts};
use celeriac_beat::{CatchUp, Entry};
use celeriac_core::{Clock, TaskSender, TaskSignature};
use celeriac_protocol::Value;
use jiff::tz::TimeZone;
use tokio_util::sync::CancellationToken;

use super::super::plan::EntryPlan;
use super::super::process::Process;
use super::super::world::World;
use super::parts::{Parts, settings};
use super::tasks::TASK;

/// Sends what is due until it is told to end. A dead one never returns.
pub(super) async fn beat(world: Arc<World>, process: Arc<Process>, shutdown: CancellationToken) {
    let settings = settings(&world);
    let lease = settings.beat_lease;
    let parts = Parts::new(&world, &process, settings);
    let beat = Beat::new(BeatParts {
        app: "app".to_owned(),
        entries: world.plan.entries.iter().map(entry).collect(),
        timezone: TimeZone::UTC,
        documents: parts.documents,
        sender: Arc::new(parts.client) as Arc<dyn TaskSender>,
        clock: Arc::clone(&process) as Arc<dyn Clock>,
        lease,
        starting_deadline: None,
        holder: process.name.clone(),
    });
    if let Err(error) = beat.expect("the entries are good").run(shutdown).await {
        world.tell(|| format!("{} cannot send: {error}", process.name));
    }
    process.goes_on().await; // a dead one has not ended
    world.exit(&process);
}

fn entry(plan: &EntryPlan) -> Entry {
    let call = TaskSignature::<Value>::new(TASK).queue(&plan.run.queue);
    let catch_up = if plan.runs_all {
        CatchUp::RunAll
    } else {
        CatchUp::RunOnce
    };
    Entry::new(&plan.name, plan.every, call).catch_up(catch_up)
}
