//! The real client, worker, Lambda function and adapters on a [`Cloud`](crate::cloud::Cloud), in
//! virtual time, on one thread, from one seed: what is promised about crashes, held against
//! thousands of histories.

mod actors;
mod blocking;
mod checker;
mod costs;
mod item_view;
mod line;
mod noise;
mod plan;
mod process;
mod scenarios;
mod shrink;
mod world;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{sleep, timeout};

pub use self::checker::{Violation, meaning};
pub use self::plan::{
    BeatPlan, Budget, CanvasPlan, End, EntryPlan, FunctionPlan, Mishap, Noise, Plan, Service,
    Shape, TaskPlan, Try, What, WorkerPlan,
};
pub use self::scenarios::Scenario;
pub use self::shrink::shrink;

use self::actors::{Cast, Part};
use self::world::World;

/// Between two looks whether all is at rest.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// Longer than any message stays away: one that was received 99 times waits for 89² seconds.
const LONGEST_BACKOFF: Duration = Duration::from_hours(3);

/// How long beats go on when nothing goes wrong any longer.
const CALM_BEATS: Duration = Duration::from_mins(3);

/// How long workers are watched that have nothing to do.
const IDLE: Duration = Duration::from_mins(5);

/// How a run went.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The promise that was broken first, if any.
    pub violation: Option<Violation>,
    /// What happened, line by line; empty unless it was asked for.
    pub trace: Vec<String>,
    /// How long it took, in virtual time.
    pub took: Duration,
    /// How many requests reached the services.
    pub requests: u64,
    /// How often something went wrong by chance.
    pub hits: u64,
}

/// Runs a plan to its end, or to the first broken promise.
///
/// # Panics
/// If a tokio runtime cannot be made.
pub fn run(plan: &Plan, traced: bool) -> Outcome {
    celeriac_core::random::repeat(plan.seed);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    let runtime = runtime.expect("a tokio runtime can be made");
    runtime.block_on(async {
        let world = World::new(plan, traced);
        let over = world.ended.notified();
        tokio::pin!(over);
        over.as_mut().enable();
        tokio::select! {
            biased;
            () = over => {}
            () = live(&world) => {}
        }
        let violation = world.checker().violation().cloned();
        Outcome {
            violation,
            trace: world.trace(),
            took: world.elapsed(),
            requests: world.costs.requests(),
            hits: world.noise.hits(),
        }
    })
}

/// From the start to rest.
async fn live(world: &Arc<World>) {
    actors::prepare(world).await;
    let cast = Arc::new(Cast::default());
    let workers = world.plan.workers.iter().cloned().map(Part::Worker);
    let beats = world.plan.beats.iter().cloned().map(Part::Beat);
    for part in workers.chain(beats) {
        let (cast, world) = (Arc::clone(&cast), Arc::clone(world));
        if part.starts().is_zero() {
            cast.start(&world, &part);
        } else {
            tokio::spawn(async move {
                sleep(part.starts()).await;
                cast.start(&world, &part);
            });
        }
    }
    for function in &world.plan.functions {
        tokio::spawn(actors::serve(Arc::clone(world), function.clone()));
    }
    tokio::spawn(Arc::clone(&cast).look_after(Arc::clone(world)));
    actors::invoke_all(world);
    tokio::spawn(actors::go_wrong(Arc::clone(world), Arc::clone(&cast)));
    let client = tokio::spawn(actors::send_all(Arc::clone(world)));
    let calm_at = world.at(world.plan.calm_at());
    tokio::time::sleep_until(calm_at).await;
    world.noise.end();
    world.tell(|| "-- nothing goes wrong from here on".to_owned());
    let _ = client.await;
    if !world.plan.beats.is_empty() {
        sleep(CALM_BEATS).await;
        world.check(checker::Checker::judge_beats);
        cast.end_beats();
    }
    let patience = world.plan.longest() * 2 + world.plan.visibility * 20 + LONGEST_BACKOFF;
    let _ = timeout(patience, rest(world)).await;
    world.check(checker::Checker::judge_rest);
    if let Some(budget) = &world.plan.budget {
        judge_costs(world, budget).await;
    }
}

/// Whether the run kept to its budget, and whether its workers are idle now.
async fn judge_costs(world: &World, budget: &Budget) {
    let before = world.costs.counted();
    world.check(|checker, now| checker.judge_costs(budget, before, now));
    sleep(IDLE).await;
    let counted = (before, world.costs.counted());
    let workers = world.plan.workers.iter();
    let queues = workers.map(|worker| worker.queues.len()).sum();
    world.check(|checker, now| checker.judge_idleness(counted, queues, IDLE, now));
}

async fn rest(world: &World) {
    let mut looks = 0;
    // twice in a row: between them, what an ended run leaves is stored, sent and deleted
    while looks < 2 {
        looks = if world.checker().is_at_rest() {
            looks + 1
        } else {
            0
        };
        sleep(LOOK_EVERY).await;
    }
}
