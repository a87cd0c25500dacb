//! How a worker ends: what is told or cancelled when, and how long it waits for whom. What becomes
//! of a run that is cut short is in `ending/given_back.rs`.

use std::sync::Arc;
use std::time::Duration;

use celeriac_core::plain_text::counted;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::phase::Phase;
use super::running_worker::RunningWorker;

/// How long open receives may bring what a second signal made visible again; a queue that hands it
/// to them does so at once.
const LAST_LOOK: Duration = Duration::from_millis(500);

/// Ends a worker: draining (what waits is given back, what runs may finish), releasing (what still
/// runs is cancelled and given back), stopped.
pub(crate) async fn drain(worker: &Arc<RunningWorker>) {
    let start = Instant::now();
    worker.phase.set(Phase::Draining);
    worker.shutdown.drain();
    let waiting = worker.prefetch().close();
    let limit = worker.options.shutdown_timeout;
    tracing::info!(
        "draining: {} returned, {} may finish within {limit:?}",
        counted(waiting.len(), "message"),
        counted(worker.deliveries.len(), "task")
    );
    worker.deliveries.close();
    worker.polls.close();
    let deadline = tokio::spawn(deadline(Arc::clone(worker), start));
    let release = worker.release(waiting);
    let finish = finish(worker, start + limit);
    tokio::join!(release, finish, end_polls(worker, start));
    deadline.abort();
    worker.phase.set(Phase::Stopped);
}

/// Waits for open receives; what they bring they give back. See `WorkerOptions::poll_grace`.
async fn end_polls(worker: &RunningWorker, start: Instant) {
    let options = &worker.options;
    let grace = if worker.has_failed() {
        LAST_LOOK // whoever started it waits to be told
    } else {
        options.poll_grace.min(options.shutdown_timeout)
    };
    let until = start + grace;
    tokio::select! {
        biased;
        () = worker.polls.wait() => {}
        () = wait_and_say(worker, until) => {}
        () = last_look(worker) => {}
    }
    worker.polls_over.cancel();
    // their messages come back by themselves
    let _ = timeout(options.release_timeout, worker.polls.wait()).await;
}

/// After a second signal: until what ran is given back, and a moment more. A receive that is cut
/// before could swallow it.
async fn last_look(worker: &RunningWorker) {
    worker.shutdown.now.cancelled().await;
    // if that takes longer, `finish` logs what was not given back
    let _ = timeout(worker.options.release_timeout, worker.deliveries.wait()).await;
    sleep(LAST_LOOK).await;
}

async fn wait_and_say(worker: &RunningWorker, until: Instant) {
    sleep_until(until.min(Instant::now() + Duration::from_secs(1))).await;
    let left = until.saturating_duration_since(Instant::now());
    if !left.is_zero() {
        let open = counted(worker.polls.len(), "open long poll");
        tracing::info!(
            "waiting up to {left:.0?} for {open} to end, so that no message is lost; signal again to skip this"
        );
        sleep_until(until).await;
    }
}

/// Tells running tasks when a fifth of the time is left, and ends them when it is over.
async fn deadline(worker: Arc<RunningWorker>, start: Instant) {
    let limit = worker.options.shutdown_timeout;
    sleep_until(start + limit / 5 * 4).await;
    worker.shutdown.notice.cancel();
    sleep_until(start + limit).await;
    worker.shutdown.end_now();
}

/// Waits for what runs: to its end, then to its being given back.
async fn finish(worker: &RunningWorker, until: Instant) {
    tokio::select! {
        biased;
        () = worker.deliveries.wait() => return,
        () = worker.shutdown.now.cancelled() => {}
        // `deadline` ends them a second earlier; this one counts if its task has failed
        () = sleep_until(until + Duration::from_secs(1)) => worker.shutdown.end_now(),
    }
    worker.phase.set(Phase::Releasing);
    tracing::warn!(
        "time is up: cancelling {}",
        counted(worker.deliveries.len(), "running task")
    );
    if timeout(worker.options.release_timeout, worker.deliveries.wait())
        .await
        .is_err()
    {
        tracing::error!(
            "{} messages were not returned; they come back when their visibility timeout ends",
            worker.deliveries.len()
        );
    }
}
