//! Takes a place among the running tasks, and the task itself. A task whose earlier runs ended with
//! their process runs alone the last time: of the tasks that a process took with it, none can tell
//! by itself whose fault that was.

use tokio::time::timeout;

use super::claim::{self, Refusal};
use crate::call::Call;
use crate::engine::Engine;
use crate::held::Held;
use crate::isolation::Place;
use crate::{Outcome, Shutdown};

/// A message that was received so often has waited in vain for a process that is alone.
const PATIENCE: u32 = 30;

/// Takes a task for running, alone if need be. Others wait a lease's time at most for that; then it
/// is for another process, or a better time.
pub(crate) async fn take(
    engine: &Engine,
    call: &mut Call,
    shutdown: &Shutdown,
) -> Result<(Held, Place), Refusal> {
    let place = or_drained(engine.isolation.beside_others(), shutdown).await?;
    match claim::take(engine, call, &place).await {
        Err(Refusal::Isolate) => drop(place),
        Err(refusal) => return Err(refusal),
        Ok(held) => return Ok((held, place)),
    }
    tracing::info!("running alone: every earlier run ended with its worker");
    let alone = or_drained(engine.isolation.alone(), shutdown);
    let place = match timeout(engine.lease, alone).await {
        Ok(place) => place?,
        Err(_) if call.delivery.receive_count > PATIENCE => {
            // better beside others than never
            let place = or_drained(engine.isolation.beside_others(), shutdown).await?;
            place.allowing_last_run()
        }
        Err(_) => {
            let (queue, receives) = (&call.delivery.queue, call.delivery.receive_count);
            let wait = engine.short_backoff(queue, receives);
            return Err(Refusal::Other(Outcome::Defer(wait)));
        }
    };
    let held = claim::take(engine, call, &place).await?;
    Ok((held, place))
}

async fn or_drained<T>(place: impl Future<Output = T>, shutdown: &Shutdown) -> Result<T, Refusal> {
    tokio::select! {
        biased;
        place = place => Ok(place),
        () = shutdown.draining.cancelled() => Err(Refusal::Other(Outcome::Release)),
    }
}
