use std::time::{Duration, Instant};

use celeriac::TaskSignature;

use crate::scene::{Scene, all_succeeded};

const TASKS: usize = 200;

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_under_load_finishes_what_runs_and_gives_back_the_rest_within_a_second() {
    let scene = Scene::new().await;
    let effects = scene.effects();
    let call = |n| {
        TaskSignature::new("w.slow_effects")
            .arg(effects.path())
            .arg(format!("done-{n}"))
            .arg(3.0)
    };
    let sent = scene.send_all((0..TASKS).map(call).collect()).await;
    let mut worker = scene
        .worker(Duration::from_mins(1), &[("WORKER_CONCURRENCY", "10")])
        .await;
    while effects.count() < 10 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }

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
async fn a_second_sigterm_ends_the_worker_at_once_and_loses_nothing() {
    let scene = Scene::new().await;
    let effects = scene.effects();
    let call = |n| {
        TaskSignature::new("w.slow_effects")
            .arg(effects.path())
            .arg(format!("done-{n}"))
            .arg(20.0)
    };
    let sent = scene.send_all((0..4).map(call).collect()).await;
    let mut worker = scene
        .worker(Duration::from_mins(1), &[("WORKER_CONCURRENCY", "10")])
        .await;
    while effects.count() < 4 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    worker.terminate().await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    worker.terminate().await;
    let told = Instant::now();
    worker.ended(Duration::from_secs(10)).await;
    assert!(told.elapsed() < Duration::from_secs(5), "not at once");

    let other = scene
        .worker(Duration::from_mins(1), &[("WORKER_CONCURRENCY", "10")])
        .await;
    all_succeeded(&scene.ended(&sent, Duration::from_secs(90)).await);
    other.stop().await;
}
