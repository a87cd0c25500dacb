use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use celeriac_core::{Broker, Delivery, SetVisibility};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::counters::Counters;
use super::lane::Lane;
use super::phase::PhaseCell;
use super::prefetch::{Grant, Prefetch};
use super::run_times::RunTimes;
use super::stuck_messages::StuckMessages;
use super::visibility_keeper::VisibilityKeeper;
use super::worker_error::WorkerError;
use super::worker_options::WorkerOptions;
use super::worker_queue::WorkerQueue;
use crate::{Executor, Shutdown};

/// What all parts of a running worker share.
pub(crate) struct RunningWorker {
    pub(crate) executor: Executor,
    pub(crate) options: WorkerOptions,
    pub(crate) lanes: Vec<Lane>,
    pub(crate) keeper: Arc<VisibilityKeeper>,
    pub(crate) counters: Counters,
    pub(crate) run_times: RunTimes,
    pub(crate) stuck: StuckMessages,
    pub(crate) phase: PhaseCell,
    /// This worker's own; follows the one it was given.
    pub(crate) shutdown: Shutdown,
    /// Deliveries on their way to their outcome.
    pub(crate) deliveries: TaskTracker,
    /// Receives in flight.
    pub(crate) polls: TaskTracker,
    /// Cancelled when no receive that is still open is waited for any more.
    pub(crate) polls_over: CancellationToken,
    /// Something waits to be run.
    pub(crate) work: Notify,
    /// There is more room.
    pub(crate) room: Notify,
    prefetch: Mutex<Prefetch>,
    fatal: Mutex<Option<WorkerError>>,
}

impl RunningWorker {
    pub(crate) fn new(
        executor: Executor,
        queues: &[WorkerQueue],
        options: WorkerOptions,
        shutdown: Shutdown,
    ) -> Self {
        let broker = &executor.engine().parts.broker;
        let lanes = queues
            .iter()
            .map(|queue| (queue.weight, broker.capabilities(&queue.name).fifo));
        let prefetch = Mutex::new(Prefetch::new(options.bounds(), lanes));
        let names = queues.iter().map(|queue| queue.name.clone()).collect();
        Self {
            keeper: Arc::new(VisibilityKeeper::new(
                Arc::clone(broker),
                names,
                options.visibility,
            )),
            lanes: queues
                .iter()
                .map(|queue| Lane::new(queue.name.clone()))
                .collect(),
            counters: Counters::default(),
            run_times: RunTimes::default(),
            stuck: StuckMessages::default(),
            phase: PhaseCell::default(),
            shutdown,
            deliveries: TaskTracker::new(),
            polls: TaskTracker::new(),
            polls_over: CancellationToken::new(),
            work: Notify::new(),
            room: Notify::new(),
            prefetch,
            fatal: Mutex::new(None),
            options,
            executor,
        }
    }

    pub(crate) fn broker(&self) -> &Arc<dyn Broker> {
        &self.executor.engine().parts.broker
    }

    pub(crate) fn prefetch(&self) -> MutexGuard<'_, Prefetch> {
        self.prefetch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the worker with an error.
    pub(crate) fn fail(&self, error: WorkerError) {
        self.fatal
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert(error);
        self.shutdown.drain();
    }

    pub(crate) fn has_failed(&self) -> bool {
        let fatal = self.fatal.lock();
        fatal.unwrap_or_else(PoisonError::into_inner).is_some()
    }

    pub(crate) fn take_failure(&self) -> Option<WorkerError> {
        self.fatal
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    /// Takes on what a receive brought; a copy of a message that is here already only renews it.
    pub(crate) async fn take_on(&self, grant: Grant, mut deliveries: Vec<Delivery>) {
        let lane = grant.lane;
        deliveries.retain(|delivery| self.keeper.hold(lane, delivery));
        let refused = self.prefetch().fill(grant, deliveries);
        self.work.notify_one();
        self.release(refused).await;
    }

    /// Gives messages back at once, in batches.
    pub(crate) async fn release(&self, deliveries: Vec<Delivery>) {
        let mut by_lane: BTreeMap<usize, Vec<SetVisibility>> = BTreeMap::new();
        for delivery in deliveries {
            let Some(lane) = self
                .lanes
                .iter()
                .position(|lane| lane.queue == delivery.queue)
            else {
                continue;
            };
            let receipt = self
                .keeper
                .forget(lane, &delivery.message_id)
                .await
                .map_or(delivery.receipt, |(receipt, _)| receipt);
            by_lane.entry(lane).or_default().push(SetVisibility {
                receipt,
                visibility: std::time::Duration::ZERO,
            });
        }
        let releases = by_lane
            .into_iter()
            .map(|(lane, changes)| self.release_lane(lane, changes));
        futures_util::future::join_all(releases).await;
    }

    async fn release_lane(&self, lane: usize, changes: Vec<SetVisibility>) {
        let answers = self
            .broker()
            .set_visibility(&self.lanes[lane].queue, changes)
            .await;
        let released = answers.iter().filter(|answer| answer.is_ok()).count();
        self.counters.released(released);
        for error in answers.into_iter().filter_map(Result::err) {
            tracing::warn!(
                "a message was not returned; it comes back when its visibility timeout ends: {error}"
            );
        }
    }
}
