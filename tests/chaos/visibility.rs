use std::time::Duration;

use celeriac::{AsyncResult, TaskSignature};

use crate::scene::{Scene, all_succeeded};

const VISIBILITY: Duration = Duration::from_secs(2);

#[tokio::test(flavor = "multi_thread")]
async fn a_task_of_five_visibility_timeouts_runs_once_on_ministack() {
    five_visibility_timeouts(Scene::ministack().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_of_five_visibility_timeouts_runs_once_on_sqlite() {
    five_visibility_timeouts(Scene::sqlite().await).await;
}

async fn five_visibility_timeouts(scene: Scene) {
    let effects = scene.effects();
    // Two workers: a message that lapsed would be the other's.
    let workers = [
        scene
            .worker(VISIBILITY, &[("WORKER_CONCURRENCY", "2")])
            .await,
        scene
            .worker(VISIBILITY, &[("WORKER_CONCURRENCY", "2")])
            .await,
    ];
    // More than run at once: those that wait prefetched must be held as well.
    let calls = (0..8)
        .map(|n| {
            TaskSignature::new("w.slow_effects")
                .arg(effects.path())
                .arg(format!("done-{n}"))
                .arg((5 * VISIBILITY).as_secs_f64())
        })
        .collect();
    let sent: Vec<AsyncResult> = scene.send_all(calls).await;
    all_succeeded(&scene.ended(&sent, Duration::from_secs(90)).await);
    scene.is_empty(Duration::from_secs(30)).await;
    for worker in workers {
        worker.stop().await;
    }
    let counts = effects.counts();
    assert_eq!(counts.len(), 16);
    assert!(
        counts.values().all(|runs| *runs == 1),
        "a task ran twice: {counts:?}"
    );
}
