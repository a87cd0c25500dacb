use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use celeriac_worker::Shutdown;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use super::super::plan::{BeatPlan, What, WorkerPlan};
use super::super::process::Process;
use super::super::world::World;
use super::beat::beat;
use super::{python, work};

/// The workers and beats that are there now.
#[derive(Default)]
pub(crate) struct Cast {
    running: Mutex<BTreeMap<String, Running>>,
}

/// Who is started, and started anew.
#[derive(Clone)]
pub(crate) enum Part {
    Worker(WorkerPlan),
    Beat(BeatPlan),
}

struct Running {
    part: Part,
    process: Arc<Process>,
    shutdown: Shutdown,
    /// A beat's.
    end: CancellationToken,
    started: u32,
    handle: JoinHandle<()>,
}

impl Part {
    fn name(&self) -> &str {
        match self {
            Self::Worker(plan) => &plan.name,
            Self::Beat(plan) => &plan.name,
        }
    }

    pub(crate) fn starts(&self) -> Duration {
        match self {
            Self::Worker(plan) => plan.starts,
            Self::Beat(plan) => plan.starts,
        }
    }
}

impl Cast {
    /// Starts a worker or a beat, or starts it anew.
    pub(crate) fn start(&self, world: &Arc<World>, part: &Part) {
        let mut all = self.running();
        let started = all.get(part.name()).map_or(1, |before| before.started + 1);
        let name = format!("{}.{started}", part.name());
        let ahead = match part {
            Part::Worker(plan) => plan.clock_ahead,
            Part::Beat(_) => 0,
        };
        let process = Process::new(name, world.time(), ahead);
        world.tell(|| format!("{} starts", process.name));
        let (shutdown, end) = (Shutdown::new(), CancellationToken::new());
        let own = (Arc::clone(world), Arc::clone(&process));
        let handle = match part {
            Part::Worker(plan) => tokio::spawn(work(own.0, own.1, plan.clone(), shutdown.clone())),
            Part::Beat(_) => tokio::spawn(beat(own.0, own.1, end.clone())),
        };
        let running = Running {
            part: part.clone(),
            process,
            shutdown,
            end,
            started,
            handle,
        };
        all.insert(part.name().to_owned(), running);
    }

    /// Tells all beats to end, for good.
    pub(crate) fn end_beats(&self) {
        for running in self.running().values() {
            running.end.cancel();
        }
    }

    /// A killed worker, or one whose task ended its process, is started anew after `down`, unless it
    /// was meanwhile.
    async fn replace(&self, world: &Arc<World>, name: &str, down: Duration) {
        let Some((part, started)) = self.with(name, |running| {
            running.handle.abort();
            (running.part.clone(), running.started)
        }) else {
            return;
        };
        sleep(down).await;
        if self.with(name, |running| running.started) == Some(started) {
            self.start(world, &part);
        }
    }

    /// Starts anew whose tasks have ended their process.
    pub(crate) async fn look_after(self: Arc<Self>, world: Arc<World>) {
        while !world.is_over() {
            sleep(Duration::from_secs(2)).await;
            let dead: Vec<String> = self
                .running()
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
        self.running().get_mut(name).map(look)
    }

    fn running(&self) -> MutexGuard<'_, BTreeMap<String, Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
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

/// SIGTERM, and a new process once it has ended.
async fn drain(world: &Arc<World>, cast: &Arc<Cast>, name: &str) {
    let told = cast.with(name, |running| {
        running.shutdown.drain();
        running.end.cancel();
        (running.part.clone(), running.started)
    });
    let Some((part, started)) = told else { return };
    for _ in 0..600 {
        sleep(Duration::from_secs(1)).await;
        let found = cast.with(name, |running| {
            (Arc::clone(&running.process), running.started == started)
        });
        let Some((process, same)) = found else { return };
        if same && process.has_exited() {
            cast.start(world, &part);
        }
        if !same || process.is_dead() {
            return;
        }
    }
}
