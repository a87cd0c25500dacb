use std::collections::HashMap;
use std::time::{Duration, Instant};

use celeriac::{AsyncResult, TaskSignature, UtcTime};
use celeriac_protocol::ResultMeta;

use crate::effects::Effects;
use crate::scene::{Scene, all_succeeded};

const TASKS: usize = 1000;
const CONCURRENCY: usize = 20;

#[tokio::test(flavor = "multi_thread")]
async fn kill_9_three_times_in_a_thousand_tasks_loses_and_doubles_nothing() {
    let scene = Scene::new().await;
    let effects = scene.effects();
    let calls = (0..TASKS).map(|n| slow(&effects, n)).collect();
    let sent = scene.send_all(calls).await;
    for killed in 1..=3 {
        let worker = scene
            .worker(Duration::from_secs(5), &[("WORKER_CONCURRENCY", "20")])
            .await;
        more_than(&effects, killed * TASKS * 2 / 5).await;
        worker.kill().await;
    }
    let worker = scene
        .worker(Duration::from_secs(5), &[("WORKER_CONCURRENCY", "20")])
        .await;
    let metas = scene.ended(&sent, Duration::from_secs(150)).await;
    scene.is_empty(Duration::from_mins(1)).await;
    worker.stop().await;

    all_succeeded(&metas);
    nothing_ran_after_its_end(&effects, &sent, &metas);
    let counts = effects.counts();
    let unfinished = (0..TASKS)
        .filter(|n| !counts.contains_key(&format!("done-{n}")))
        .count();
    assert_eq!(unfinished, 0, "tasks without an effect");
    let runs: usize = sent.iter().map(|result| counts[result.id()]).sum();
    assert!(runs > TASKS, "the kills hit nothing");
    assert!(
        runs <= TASKS + 3 * CONCURRENCY,
        "{runs} runs: more than the kills can explain"
    );
}

fn slow(effects: &Effects, n: usize) -> TaskSignature {
    TaskSignature::new("w.slow_effects")
        .arg(effects.path())
        .arg(format!("done-{n}"))
        .arg(0.05)
}

async fn more_than(effects: &Effects, lines: usize) {
    let deadline = Instant::now() + Duration::from_mins(2);
    while effects.count() <= lines {
        assert!(
            Instant::now() < deadline,
            "only {} of {lines} lines",
            effects.count()
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// No run of a task began once its SUCCESS was stored.
fn nothing_ran_after_its_end(effects: &Effects, sent: &[AsyncResult], metas: &[ResultMeta]) {
    let done: HashMap<&str, f64> = sent
        .iter()
        .map(AsyncResult::id)
        .zip(metas.iter().map(stored_at))
        .collect();
    let late: Vec<_> = effects
        .lines()
        .into_iter()
        .filter(|(name, began)| done.get(name.as_str()).is_some_and(|done| began > done))
        .collect();
    assert!(late.is_empty(), "finished tasks ran again: {late:?}");
}

fn stored_at(meta: &ResultMeta) -> f64 {
    let done = meta.date_done.as_deref().expect("a date");
    UtcTime::parse(done).expect("a time").as_secs_f64()
}
