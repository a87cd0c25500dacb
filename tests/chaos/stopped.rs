use std::time::{Duration, Instant};

use celeriac::TaskSignature;

use crate::effects::Effects;
use crate::scene::{Scene, all_succeeded};

const TASKS: usize = 200;

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_under_load_finishes_what_runs_and_gives_back_the_rest_within_a_second() {
    let scene = Scene::ministack().await;
    let effects = scene.effects();
    let sent = scene
        .send_all((0..TASKS).map(|n| slow(&effects, n, 3.0)).collect())
        .await;
    let mut worker = scene
        .worker(Duration::from_mins(1), &[("WORKER_CONCURRENCY", "10")])
        .await;
    begun(&effects, 10).await;

    worker.terminate().await;
    let told = Instant::now();
    let unstarted = (TASKS - effects.count()) as u64;
    while scene.visible().await < unstarted {
        assert!(
            told.elapsed() < Duration::from_secs(1),
            "{} of {unstarted} are visible",
            scene.visible().await
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }

    let status = worker.ended(Duration::from_secs(30)).await;
    assert_eq!(status.code(), Some(0), "{}", worker.log());
    assert!(
        told.elapsed() < Duration::from_secs(10),
        "it waited for more than what ran"
    );
    let begun = effects.counts();
    let finished = begun
        .keys()
        .filter(|name| name.starts_with("done-"))
        .count();
    assert_eq!(begun.len(), 2 * finished, "what ran was not finished");
    assert_eq!(finished, 10);

    // Another worker does the rest, with nothing lost and nothing run twice.
    let other = scene
        .worker(Duration::from_mins(1), &[("WORKER_CONCURRENCY", "100")])
        .await;
    all_succeeded(&scene.ended(&sent, Duration::from_mins(1)).await);
    scene.is_empty(Duration::from_secs(30)).await;
    other.stop().await;
    let counts = effects.counts();
    assert_eq!(counts.len(), 2 * TASKS);
    assert!(counts.values().all(|runs| *runs == 1), "a task ran twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_the_deadline_is_given_back_for_another_worker_to_run_at_once() {
    let scene = Scene::ministack().await;
    let effects = scene.effects();
    let sent = scene.send_all(vec![slow(&effects, 0, 8.0)]).await;
    let settings = [("WORKER_SHUTDOWN_TIMEOUT", "2")];
    let mut worker = scene.worker(Duration::from_mins(5), &settings).await;
    begun(&effects, 1).await;
    worker.terminate().await;
    let status = worker.ended(Duration::from_secs(10)).await;
    assert_eq!(status.code(), Some(0), "{}", worker.log());

    let other = scene.worker(Duration::from_mins(5), &[]).await;
    let taken = Instant::now();
    begun(&effects, 2).await;
    let waited = taken.elapsed();
    assert!(
        waited < Duration::from_secs(5),
        "it was given back after {waited:?}"
    );
    all_succeeded(&scene.ended(&sent, Duration::from_mins(1)).await);
    other.stop().await;
    assert_eq!(effects.counts()["done-0"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_second_sigterm_another_worker_starts_at_once() {
    let scene = Scene::ministack().await;
    let effects = scene.effects();
    let calls = (0..4).map(|n| slow(&effects, n, 5.0)).collect();
    let sent = scene.send_all(calls).await;
    // a message that came back by itself would be much too late
    let visibility = Duration::from_mins(5);
    let mut worker = scene.worker(visibility, &[]).await;
    begun(&effects, 4).await;
    worker.terminate().await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    worker.terminate().await;
    let told = Instant::now();
    worker.ended(Duration::from_secs(20)).await;
    assert!(told.elapsed() < Duration::from_secs(5), "not at once");

    let other = scene.worker(visibility, &[]).await;
    let taken = Instant::now();
    begun(&effects, 8).await;
    let waited = taken.elapsed();
    assert!(
        waited < Duration::from_secs(5),
        "they came back after {waited:?}"
    );
    all_succeeded(&scene.ended(&sent, Duration::from_mins(1)).await);
    other.stop().await;
}

fn slow(effects: &Effects, n: usize, seconds: f64) -> TaskSignature {
    TaskSignature::new("w.slow_effects")
        .arg(effects.path())
        .arg(format!("done-{n}"))
        .arg(seconds)
}

/// Waits until this many runs have begun.
async fn begun(effects: &Effects, runs: usize) {
    let deadline = Instant::now() + Duration::from_mins(1);
    while effects.count() < runs {
        assert!(Instant::now() < deadline, "{runs} runs never began");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
