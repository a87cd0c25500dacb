use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::prefetch::Item;
use super::running_worker::RunningWorker;
use super::settlement::Settlement;
use crate::Outcome;
use crate::executed::Executed;

/// Runs that are over and whose end is still being stored, at most.
const MAX_STORING: usize = 1_000;

/// Starts waiting messages as the concurrency allows, until draining.
pub(crate) async fn dispatch(worker: Arc<RunningWorker>) {
    let running = Arc::new(Semaphore::new(worker.options.concurrency));
    let living = Arc::new(Semaphore::new(
        worker.options.concurrency.saturating_add(MAX_STORING),
    ));
    while let Some((item, permits)) = next(&worker, &running, &living).await {
        let of_run = Arc::clone(&worker);
        worker.deliveries.spawn(live(of_run, item, permits));
    }
}

struct Permits {
    running: OwnedSemaphorePermit,
    living: OwnedSemaphorePermit,
}

/// The next message and the right to run it; `None` when draining.
async fn next(
    worker: &RunningWorker,
    running: &Arc<Semaphore>,
    living: &Arc<Semaphore>,
) -> Option<(Item, Permits)> {
    let permits = async {
        let living = Arc::clone(living).acquire_owned().await.ok()?;
        let running = Arc::clone(running).acquire_owned().await.ok()?;
        Some(Permits { running, living })
    };
    let draining = &worker.shutdown.draining;
    let permits = tokio::select! {
        biased;
        () = draining.cancelled() => None,
        permits = permits => permits,
    }?;
    loop {
        if draining.is_cancelled() {
            return None;
        }
        let item = worker.prefetch().next();
        if let Some(item) = item {
            return Some((item, permits));
        }
        tokio::select! {
            biased;
            () = draining.cancelled() => return None,
            () = worker.work.notified() => {}
        }
    }
}

/// One delivery from its start to what becomes of its message.
async fn live(worker: Arc<RunningWorker>, item: Item, permits: Permits) {
    let Permits { running, living } = permits;
    let slot = Slot {
        worker: Arc::clone(&worker),
        lane: item.lane,
        since: Instant::now(),
        _running: running,
    };
    let settlement = Settlement::of(&item);
    if !worker.keeper.start(item.lane, &item.delivery.message_id) {
        tracing::debug!(
            message_id = item.delivery.message_id,
            "a message is not run: its visibility ended while it waited"
        );
        drop(slot);
        let left = Executed::not_run(Outcome::Leave);
        return Box::pin(settlement.end(&worker, left)).await;
    }
    let executed = AssertUnwindSafe(worker.executor.execute_holding(
        item.delivery,
        &worker.shutdown,
        slot,
    ))
    .catch_unwind()
    .await
    .unwrap_or_else(|_| {
        tracing::error!(
            message_id = settlement.message_id(),
            "panic outside the task's code; the message will be redelivered"
        );
        Executed::not_run(Outcome::Defer(worker.executor.engine().backoff(
            &worker.lanes[settlement.lane()].queue,
            settlement.receive_count(),
        )))
    });
    settlement.end(&worker, executed).await;
    drop(living);
}

/// One of the worker's `concurrency`, taken by a running task until it is dropped.
struct Slot {
    worker: Arc<RunningWorker>,
    lane: usize,
    since: Instant,
    _running: OwnedSemaphorePermit,
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.worker.run_times.add(self.since.elapsed());
        self.worker.prefetch().ran(self.lane);
        self.worker.room.notify_waiters();
    }
}
