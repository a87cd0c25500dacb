//! A task that was started too often and never came to an end. [`admit`](super::admit) asks this
//! last, since only a claim tells how often the task was started. Nobody acts when a worker dies:
//! the next one that gets the message ends the task with `Conclusion::failed`
//! (`ending/conclusion.rs`), which stores FAILURE, sends the error callbacks (`ending/follow.rs`)
//! and moves the message to the dead-letter queue.

use celeriac_core::Failure;

use crate::engine::Engine;
use crate::meta;

/// Why such a task is in the dead-letter queue.
pub(super) const REASON: &str = "poison";

/// The failure of a task that is poison: more runs of this try were lost with their process than
/// `task_max_lost_runs`. `runs` is counted with each claim, this one included, by `decide_claim`
/// (`ledger_rules.rs` of `celeriac-core`); without a ledger it is always 1.
pub(super) fn failure(engine: &Engine, runs: u32) -> Option<Failure> {
    let most = engine.parts.settings.task_max_lost_runs;
    (runs > most).then(|| {
        let text = format!("the task is poison: {most} runs of it ended with their worker");
        meta::failure_text("billiard.exceptions", "WorkerLostError", text)
    })
}

/// Runs that were to end a task as poison, and were lost too, before its payload is suspected. One
/// or two may have met a store that was away.
const SUSPICIOUS: u32 = 3;

/// Whether not even its payload is read any more, although it tells what follows the task.
pub(super) fn may_be_its_payload(engine: &Engine, runs: u32) -> bool {
    runs > engine
        .parts
        .settings
        .task_max_lost_runs
        .saturating_add(SUSPICIOUS)
}
