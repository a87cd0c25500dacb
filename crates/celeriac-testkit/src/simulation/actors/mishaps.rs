use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use celeriac_worker::Shutdown;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until};

use super::super::plan::{What, WorkerPlan};
use super::super::process::Process;
use super::super::world::World;
use super::{python, work};

/// The workers that are there now.
#[derive(Default)]
pub(crate) struct Cast {
    workers: Mutex<BTreeMap<String, Running>>,
}

struct Running {
    plan: WorkerPlan,
    process: Arc<Process>,
    shutdown: Shutdown,
    started: u32,
    handle: JoinHandle<()>,
}

impl Cast {
    /// Starts a worker, or starts it anew.
    pub(crate) fn start(&self, world: &Arc<World>, plan: &WorkerPlan) {
        let mut workers = self.workers();
        let started = workers
            .get(&plan.name)
            .map_or(1, |before| before.started + 1);
        let name = format!("{}.{started}", plan.name);
        let process = Process::new(name, world.time(), plan.clock_ahead);
        world.tell(|| format!("{} starts", process.name));
        let shutdown = Shutdown::new();
        let work = work(
            Arc::clone(world),
            Arc::clone(&process),
            plan.clone(),
            shutdown.clone(),
        );
        let running = Running {
            plan: plan.clone(),
            process,
            shutdown,
            started,
            handle: tokio::spawn(work),
        };
        workers.insert(plan.name.clone(), running);
    }

    /// A killed worker, or one whose task ended its process, is started anew after `down`.
    async fn replace(&self, world: &Arc<World>, name: &str, down: Duration) {
        let Some(plan) = self.with(name, |running| {
            running.handle.abort();
            running.plan.clone()
        }) else {
            return;
        };
        sleep(down).await;
        self.start(world, &plan);
    }

    /// Starts anew whose tasks have ended their process.
    pub(crate) async fn look_after(self: Arc<Self>, world: Arc<World>) {
        while !world.is_over() {
            sleep(Duration::from_secs(2)).await;
            let dead: Vec<String> = self
                .workers()
                .iter()
                .filter(|(_, running)| running.process.is_dead() && !running.handle.is_finished())
                .map(|(name, _)| name.clone())
                .collect();
            for name in dead {
                self.replace(&world, &name, Duration::from_secs(1)).await;
            }
        }
    }

    fn with<T>(&self, name: &str, look: impl FnOnce(&mut Running) -> T) -> Option<T> {
        self.workers().get_mut(name).map(look)
    }

    fn workers(&self) -> MutexGuard<'_, BTreeMap<String, Running>> {
        self.workers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lets happen what the plan says, each at its time.
pub(crate) async fn go_wrong(world: Arc<World>, cast: Arc<Cast>) {
    for mishap in &world.plan.mishaps {
        let (world, cast, mishap) = (Arc::clone(&world), Arc::clone(&cast), mishap.clone());
        tokio::spawn(async move {
            sleep_until(world.at(mishap.at)).await;
            happen(&world, &cast, &mishap.what).await;
        });
    }
}

async fn happen(world: &Arc<World>, cast: &Arc<Cast>, what: &What) {
    world.tell(|| format!("-- {what:?}"));
    match what {
        What::Kill(name, down) => {
            let process = cast.with(name, |running| Arc::clone(&running.process));
            if let Some(process) = process.filter(|process| !process.is_dead()) {
                world.kill(&process);
                cast.replace(world, name, *down).await;
            }
        }
        What::Drain(name) => drain(world, cast, name).await,
        What::Pause(name, time) => {
            let until = Instant::now() + *time;
            cast.with(name, |running| running.process.pause_until(until));
        }
        What::Away(service, time) => world.take_away(*service, Instant::now() + *time),
        What::Cut(name, service, time) => {
            let until = Instant::now() + *time;
            cast.with(name, |running| running.process.cut_from(*service, until));
        }
        What::PythonForgets(id) => python::forget(world, id).await,
        What::PythonForgetsRetry(id, time) => python::forget_retry(world, id, *time).await,
        What::PythonStarts(id) => python::start(world, id).await,
    }
}

/// SIGTERM, and a new worker once it has ended.
async fn drain(world: &Arc<World>, cast: &Arc<Cast>, name: &str) {
    let told = cast.with(name, |running| {
        running.shutdown.drain();
        (running.plan.clone(), running.started)
    });
    let Some((plan, started)) = told else { return };
    for _ in 0..600 {
        sleep(Duration::from_secs(1)).await;
        let found = cast.with(name, |running| {
            (Arc::clone(&running.process), running.started == started)
        });
        let Some((process, same)) = found else { return };
        if same && process.has_exited() {
            cast.start(world, &plan);
        }
        if !same || process.is_dead() {
            return;
        }
    }
}
