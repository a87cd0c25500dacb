use std::time::Duration;

use celeriac_beat::Entry;
use rustix::time::{ClockId, clock_gettime};

use crate::scene::{Scene, named};

const ENTRIES: usize = 10_000;
/// What one tick may take, in debug builds too.
const LIMIT: Duration = Duration::from_millis(5);
const TICKS: usize = 40;

/// Of this thread; other processes do not count.
fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(
        time.tv_sec.unsigned_abs(),
        u32::try_from(time.tv_nsec).expect("less than a second"),
    )
}

/// `often` entries that are due each second, among ten thousand.
fn entries(often: usize) -> Vec<Entry> {
    let period = |n: usize| if n < often { 1.0 } else { 86_400.0 };
    (0..ENTRIES)
        .map(|n| named(&format!("entry-{n}"), period(n)))
        .collect()
}

/// The CPU time of each second of a beat that sends; its sender and its store are ours and cost
/// next to nothing.
async fn ticks(often: usize) -> Vec<Duration> {
    let scene = Scene::new();
    let _beat = scene.start(entries(often));
    scene.pass(3.5).await;
    let mut ticks = Vec::new();
    for _ in 0..TICKS {
        let began = cpu();
        scene.pass(1.0).await;
        ticks.push(cpu().saturating_sub(began));
    }
    assert_eq!(scene.times().len(), (TICKS + 3) * often);
    ticks.sort_unstable();
    ticks
}

async fn are_cheap(often: usize) {
    let ticks = ticks(often).await;
    let (median, worst) = (ticks[TICKS / 2], ticks[TICKS - 1]);
    eprintln!(
        "{ENTRIES} entries, {often} due each second: {median:?} of CPU a tick, {worst:?} at most"
    );
    assert!(median < LIMIT, "{median:?}");
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_entries_cost_nothing_while_none_is_due() {
    are_cheap(0).await;
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_entries_of_which_ten_are_due_cost_little() {
    are_cheap(10).await;
}
