use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::prefetch::Item;
use super::settle::Settlement;
use super::station::Station;
use crate::Outcome;
use crate::executed::Executed;

/// Runs that are over and whose end is still being stored, at most.
const ENDING: usize = 1_000;

/// Starts waiting messages as the concurrency allows, until draining.
pub(crate) async fn dispatch(station: Arc<Station>) {
    let running = Arc::new(Semaphore::new(station.options.concurrency));
    let living = Arc::new(Semaphore::new(
        station.options.concurrency.saturating_add(ENDING),
    ));
    while let Some((item, permits)) = next(&station, &running, &living).await {
        let station_of_life = Arc::clone(&station);
        station.lives.spawn(live(station_of_life, item, permits));
    }
}

struct Permits {
    running: OwnedSemaphorePermit,
    living: OwnedSemaphorePermit,
}

/// The next message and the right to run it; `None` when draining.
async fn next(
    station: &Station,
    running: &Arc<Semaphore>,
    living: &Arc<Semaphore>,
) -> Option<(Item, Permits)> {
    let permits = async {
        let living = Arc::clone(living).acquire_owned().await.ok()?;
        let running = Arc::clone(running).acquire_owned().await.ok()?;
        Some(Permits { running, living })
    };
    let draining = &station.shutdown.draining;
    let permits = tokio::select! {
        biased;
        () = draining.cancelled() => None,
        permits = permits => permits,
    }?;
    loop {
        if draining.is_cancelled() {
            return None;
        }
        let item = station.prefetch().next();
        if let Some(item) = item {
            return Some((item, permits));
        }
        tokio::select! {
            biased;
            () = draining.cancelled() => return None,
            () = station.work.notified() => {}
        }
    }
}

/// One delivery from its start to what becomes of its message.
async fn live(station: Arc<Station>, item: Item, permits: Permits) {
    let Permits { running, living } = permits;
    let slot = Slot {
        station: Arc::clone(&station),
        lane: item.lane,
        since: Instant::now(),
        _running: running,
    };
    let settlement = Settlement::of(&item);
    if !station.keeper.start(item.lane, &item.delivery.message_id) {
        tracing::debug!(
            message_id = item.delivery.message_id,
            "not run: its visibility ended while it waited"
        );
        drop(slot);
        let left = Executed::not_run(Outcome::Leave);
        return Box::pin(settlement.end(&station, left)).await;
    }
    let executed = AssertUnwindSafe(station.executor.execute_holding(
        item.delivery,
        &station.shutdown,
        slot,
    ))
    .catch_unwind()
    .await
    .unwrap_or_else(|_| {
        tracing::error!(
            message_id = settlement.message_id(),
            "a panic outside of the task's code; its message comes back later"
        );
        Executed::not_run(Outcome::Defer(station.executor.engine().backoff(
            &station.lanes[settlement.lane()].queue,
            settlement.receive_count(),
        )))
    });
    settlement.end(&station, executed).await;
    drop(living);
}

/// A running task's place.
struct Slot {
    station: Arc<Station>,
    lane: usize,
    since: Instant,
    _running: OwnedSemaphorePermit,
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.station.run_times.add(self.since.elapsed());
        self.station.prefetch().ran(self.lane);
        self.station.room.notify_waiters();
    }
}
