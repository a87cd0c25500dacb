use std::sync::Arc;

use celeriac_worker::{BlockingWork, Threads};

use super::super::process::Process;
use super::super::world::World;
use super::tasks;

/// A process's threads for blocking tasks: futures that nobody can stop, which end with their
/// process alone.
pub(super) struct SimulatedThreads {
    world: Arc<World>,
    process: Arc<Process>,
}

impl SimulatedThreads {
    pub(super) fn of(world: &Arc<World>, process: &Arc<Process>) -> Arc<Self> {
        let (world, process) = (Arc::clone(world), Arc::clone(process));
        Arc::new(Self { world, process })
    }
}

impl Threads for SimulatedThreads {
    fn run(&self, work: BlockingWork) {
        let (world, process) = (Arc::clone(&self.world), Arc::clone(&self.process));
        tokio::spawn(work.call_as(|context, _| tasks::run(world, process, context)));
    }
}
