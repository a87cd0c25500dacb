use std::sync::Arc;

use celeriac_core::UnknownTask;
use celeriac_worker::{Shutdown, Worker, WorkerQueue};

use super::super::plan::WorkerPlan;
use super::super::process::Process;
use super::super::world::World;
use super::parts::{Parts, settings};

/// Works until it is told to end. A dead one never returns.
pub(crate) async fn work(
    world: Arc<World>,
    process: Arc<Process>,
    plan: WorkerPlan,
    shutdown: Shutdown,
) {
    let mut settings = settings(&world);
    if let Some(queue) = &plan.forwards_to {
        settings.unknown_task = UnknownTask::Forward(queue.clone());
    }
    let parts = Parts::new(&world, &process, settings);
    let executor = parts.executor(&world, &process, plan.forwards_to.is_none());
    let queues = plan.queues.iter().map(WorkerQueue::new).collect();
    if let Err(error) = Worker::new(executor, queues).run(shutdown).await {
        world.tell(|| format!("{} cannot work: {error}", process.name));
    }
    process.goes_on().await; // a dead one has not ended
    world.exit(&process);
}
