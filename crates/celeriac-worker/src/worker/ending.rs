use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::phase::Phase;
use super::station::Station;

/// How long open receives may bring what a second signal made visible again; a queue that hands it to them does so at once.
const LAST_LOOK: Duration = Duration::from_millis(500);

/// Ends a worker: draining (what waits is given back, what runs may finish), releasing (what still runs is cancelled and given
/// back), stopped.
pub(crate) async fn end(station: &Arc<Station>) {
    let start = Instant::now();
    station.phase.set(Phase::Draining);
    station.shutdown.drain();
    let waiting = station.prefetch().close();
    let limit = station.options.shutdown_timeout;
    tracing::info!(
        "draining: {} messages given back, {} tasks may finish within {limit:?}",
        waiting.len(),
        station.lives.len()
    );
    station.lives.close();
    station.polls.close();
    let deadline = tokio::spawn(deadline(Arc::clone(station), start));
    let release = station.release(waiting);
    let finish = finish(station, start + limit);
    tokio::join!(release, finish, end_polls(station, start));
    deadline.abort();
    station.phase.set(Phase::Stopped);
}

/// Waits for open receives; what they bring they give back. See `WorkerOptions::poll_grace`.
async fn end_polls(station: &Station, start: Instant) {
    let options = &station.options;
    let until = start + options.poll_grace.min(options.shutdown_timeout);
    tokio::select! {
        biased;
        () = station.polls.wait() => {}
        () = wait_and_say(station, until) => {}
        () = last_look(station) => {}
    }
    station.polls_over.cancel();
    let _ = timeout(options.release_timeout, station.polls.wait()).await; // their messages come back by themselves
}

/// After a second signal: until what ran is given back, and a moment more. A receive that is cut before could swallow it.
async fn last_look(station: &Station) {
    station.shutdown.now.cancelled().await;
    let _ = timeout(station.options.release_timeout, station.lives.wait()).await; // `finish` says so
    sleep(LAST_LOOK).await;
}

async fn wait_and_say(station: &Station, until: Instant) {
    sleep_until(until.min(Instant::now() + Duration::from_secs(1))).await;
    let left = until.saturating_duration_since(Instant::now());
    if !left.is_zero() {
        let open = station.polls.len();
        tracing::info!(
            "waiting up to {left:.0?} for {open} open long polls, so that they swallow no message; a second signal ends this"
        );
        sleep_until(until).await;
    }
}

/// Tells running tasks when a fifth of the time is left, and ends them when it is over.
async fn deadline(station: Arc<Station>, start: Instant) {
    let limit = station.options.shutdown_timeout;
    sleep_until(start + limit / 5 * 4).await;
    station.shutdown.notice.cancel();
    sleep_until(start + limit).await;
    station.shutdown.end_now();
}

/// Waits for what runs: to its end, then to its being given back.
async fn finish(station: &Station, until: Instant) {
    tokio::select! {
        biased;
        () = station.lives.wait() => return,
        () = station.shutdown.now.cancelled() => {}
        () = sleep_until(until + Duration::from_secs(1)) => station.shutdown.end_now(), // whatever became of the other timer
    }
    station.phase.set(Phase::Releasing);
    tracing::warn!(
        "time is over: {} running tasks are cancelled and given back",
        station.lives.len()
    );
    if timeout(station.options.release_timeout, station.lives.wait())
        .await
        .is_err()
    {
        tracing::error!(
            "{} messages were not given back; they come back when their visibility ends",
            station.lives.len()
        );
    }
}
