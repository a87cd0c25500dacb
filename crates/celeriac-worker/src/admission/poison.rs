//! A task that was started too often and never came to an end. [`admit`](super::admit) asks this
//! last, since only a claim tells how often the task was started.

use celeriac_core::Failure;

use crate::engine::Engine;
use crate::meta;

/// Why such a task is in the dead-letter queue.
pub(super) const REASON: &str = "poison";

/// The failure of a task that is poison: more runs of this try were lost with their process than
/// `task_max_lost_runs`. The ledger counts `runs`, the present one included.
pub(super) fn failure(engine: &Engine, runs: u32) -> Option<Failure> {
    let most = engine.parts.settings.task_max_lost_runs;
    (runs > most).then(|| {
        let text = format!("the task is poison: {most} runs of it ended with their worker");
        meta::failure_text("billiard.exceptions", "WorkerLostError", text)
    })
}
