mod counters;
mod dispatcher;
mod drain;
mod ecs_protection;
mod health;
mod lane;
mod metrics_log;
mod phase;
mod prefetch;
mod progress_log;
mod receiver;
mod run_times;
mod running_worker;
mod settlement;
mod startup;
mod stuck_messages;
mod visibility_keeper;
mod worker_error;
mod worker_options;
mod worker_queue;
mod worker_report;

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

pub use self::visibility_keeper::VisibilityKeeper;
pub use self::worker_error::WorkerError;
pub use self::worker_options::WorkerOptions;
pub use self::worker_queue::WorkerQueue;
pub use self::worker_report::WorkerReport;

use self::receiver::Receiver;
use self::running_worker::RunningWorker;
use crate::{Executor, Shutdown};

/// A long-running worker: receivers, held visibility, concurrency, graceful shutdown.
///
/// A message is received only when there is room for it, its visibility is extended as long as it
/// is here, and it is deleted after its outcome is durable.
pub struct Worker {
    executor: Executor,
    queues: Vec<WorkerQueue>,
    options: WorkerOptions,
}

impl Worker {
    /// A worker on these queues, with the executor's settings. Without a queue it works on
    /// `task_default_queue`; a queue that is named twice counts once.
    pub fn new(executor: Executor, queues: Vec<WorkerQueue>) -> Self {
        let parts = &executor.engine().parts;
        let mut unique: Vec<WorkerQueue> = Vec::new();
        for queue in queues {
            if !unique.iter().any(|known| known.name == queue.name) {
                unique.push(queue);
            }
        }
        if unique.is_empty() {
            unique.push(WorkerQueue::new(&parts.settings.task_default_queue));
        }
        let capabilities: Vec<_> = unique
            .iter()
            .map(|queue| parts.broker.capabilities(&queue.name))
            .collect();
        let options = WorkerOptions::of(&parts.settings, &capabilities);
        Self {
            executor,
            queues: unique,
            options,
        }
    }

    /// With other options than those of the settings.
    #[must_use]
    pub fn with_options(mut self, change: impl FnOnce(&mut WorkerOptions)) -> Self {
        change(&mut self.options);
        self
    }

    /// Works until `shutdown` says draining, then ends within `worker_shutdown_timeout`. Not
    /// cancel-safe: when dropped, its tasks run on unattended; use `shutdown`.
    ///
    /// # Errors
    /// A queue or a result table that is not there when the worker starts, or a health address that
    /// cannot be used. Later troubles are logged and waited out.
    pub async fn run(self, shutdown: Shutdown) -> Result<WorkerReport, WorkerError> {
        let Self {
            executor,
            queues,
            options,
        } = self;
        startup::prepare(&executor).await?;
        let listener = match &options.health_address {
            Some(address) => Some(health::listen(address).await?),
            None => None,
        };
        startup::greet(&executor, &queues, &options);
        let worker = Arc::new(RunningWorker::new(
            executor,
            &queues,
            options,
            shutdown.child(),
        ));
        let mut services = JoinSet::new(); // aborted when dropped
        services.spawn(Arc::clone(&worker.keeper).run());
        services.spawn(progress_log::log_progress(Arc::clone(&worker)));
        services.spawn(metrics_log::log_metrics(Arc::clone(&worker)));
        services.spawn(ecs_protection::protect(Arc::clone(&worker)));
        if let Some(listener) = listener {
            services.spawn(health::serve(listener, Arc::clone(&worker)));
        }
        work(&worker).await;
        drain::drain(&worker).await;
        let report = worker.counters.report();
        tracing::debug!(
            "stopped: {} succeeded, {} failed, {} retried, {} messages given back, {} dead-lettered",
            report.succeeded,
            report.failed,
            report.retried,
            report.released,
            report.dead_lettered
        );
        worker.take_failure().map_or(Ok(report), Err)
    }
}

/// Receives and runs until draining. A part that panics is started again.
async fn work(worker: &Arc<RunningWorker>) {
    let mut parts = JoinSet::new();
    for part in std::iter::once(None).chain((0..worker.lanes.len()).map(Some)) {
        parts.spawn(keep_up(Arc::clone(worker), part));
    }
    tokio::select! {
        biased;
        () = worker.shutdown.draining.cancelled() => {}
        () = worker.shutdown.now.cancelled() => {}
    }
    worker.shutdown.drain();
    while parts.join_next().await.is_some() {}
}

/// Keeps the dispatcher (`None`) or a lane's receiver running.
async fn keep_up(worker: Arc<RunningWorker>, lane: Option<usize>) {
    while !worker.shutdown.draining.is_cancelled() {
        let part = match lane {
            None => tokio::spawn(dispatcher::dispatch(Arc::clone(&worker))),
            Some(lane) => tokio::spawn(Receiver::new(Arc::clone(&worker), lane).run()),
        };
        if part.await.is_err() {
            tracing::error!("a part of the worker panicked and was restarted");
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }
}
