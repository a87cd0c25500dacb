//! What happens when the function's time is nearly over.

use std::time::{Duration, Instant};

use celeriac::prelude::*;

use super::support::{Effects, QUEUE, Scene};

/// Ends by itself when it is told; else after ten minutes.
#[task(name = "t.listens")]
async fn listens(ctx: Context, effects: State<Effects>) -> TaskResult<String> {
    effects.add("started");
    tokio::select! {
        () = ctx.soft_time_limit() => {
            effects.add("told");
            Ok("ended in time".to_owned())
        }
        () = tokio::time::sleep(Duration::from_mins(10)) => Ok("never told".to_owned()),
    }
}

#[task(name = "t.deaf")]
async fn deaf(effects: State<Effects>) -> TaskResult {
    effects.add("deaf");
    tokio::time::sleep(Duration::from_mins(10)).await;
    Ok(())
}

#[task(name = "t.deaf_thread")]
fn deaf_thread(effects: State<Effects>) -> TaskResult {
    effects.add("thread");
    std::thread::sleep(Duration::from_secs(4));
    Ok(())
}

#[task(name = "t.limited", time_limit = 30)]
async fn limited(effects: State<Effects>) -> TaskResult {
    effects.add("limited");
    Ok(())
}

#[task(name = "t.deadline")]
async fn deadline(ctx: Context) -> f64 {
    ctx.remaining().unwrap_or_default().as_secs_f64()
}

fn app() -> App {
    App::new("t")
        .task(listens)
        .task(deaf)
        .task(deaf_thread)
        .task(limited)
        .task(deadline)
}

#[tokio::test(flavor = "multi_thread")]
async fn running_tasks_are_told_and_what_waits_is_given_back_at_once() {
    let scene = Scene::with(app(), |settings| settings.worker_concurrency = 2).await;
    let first = [
        scene.send(listens::s()).await,
        scene.send(listens::s()).await,
    ];
    for _ in 0..5 {
        scene.send(listens::s()).await;
    }
    let batch = scene.poll(QUEUE).await;
    let start = Instant::now();
    let returned = scene.run(&batch, Duration::from_secs(4)).await;
    assert!(
        start.elapsed() < Duration::from_secs(4),
        "{:?}",
        start.elapsed()
    );
    assert_eq!(returned.len(), 5);
    for result in first {
        assert_eq!(
            result.get(secs(5)).await.expect("a result"),
            "ended in time"
        );
    }
    assert_eq!(
        (scene.effects.of("started"), scene.effects.of("told")),
        (2, 2)
    );
    assert_eq!(scene.visible(QUEUE).await, 5, "they wait for nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_listen_is_cancelled_and_given_back_and_that_is_no_poison() {
    let scene = Scene::with(app(), |settings| settings.task_max_lost_runs = 1).await;
    let result = scene.send(deaf::s()).await;
    for round in 1..=4 {
        let batch = scene.poll(QUEUE).await;
        assert_eq!(batch.len(), 1, "round {round}");
        let start = Instant::now();
        let returned = scene.run(&batch, Duration::from_secs(2)).await;
        assert!(
            start.elapsed() < Duration::from_secs(2),
            "{:?}",
            start.elapsed()
        );
        assert_eq!((returned.len(), scene.visible(QUEUE).await), (1, 1));
        assert!(!scene.function.must_end());
    }
    assert_eq!(scene.effects.of("deaf"), 4);
    assert_eq!(
        result.state().await.expect("a state").to_string(),
        "PENDING"
    );
    assert_eq!(scene.left("celery-dlq").await, 0);
}

/// Nothing can end a thread: its message waits, and the process has to end.
#[tokio::test(flavor = "multi_thread")]
async fn a_thread_that_does_not_listen_is_not_started_again_beside_itself() {
    let scene = Scene::new(app()).await;
    let result = scene.send(deaf_thread::s()).await;
    let batch = scene.poll(QUEUE).await;
    let returned = scene.run(&batch, Duration::from_secs(2)).await;
    assert_eq!((returned.len(), scene.visible(QUEUE).await), (1, 0));
    assert!(scene.function.must_end());
    // a copy in the same environment
    let copy = scene.run(&batch, Duration::from_secs(10)).await;
    assert_eq!((copy.len(), scene.effects.of("thread")), (1, 1));
    assert_eq!(
        result.state().await.expect("a state").to_string(),
        "PENDING"
    );
}

/// A task that may take longer than is left is for the next invocation, if that has more time.
#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_does_not_fit_any_more_does_not_start() {
    let scene = Scene::with(app(), |settings| settings.worker_concurrency = 1).await;
    scene.send(deaf_thread::s()).await; // takes 4 of the 32 seconds
    let limited = scene.send(limited::s()).await;
    let batch = scene.poll(QUEUE).await;
    let returned = scene.run(&batch, Duration::from_secs(32)).await;
    assert_eq!((returned.len(), scene.visible(QUEUE).await), (1, 1));
    assert_eq!(scene.effects.of("limited"), 0);
    let batch = scene.poll(QUEUE).await;
    assert!(scene.run(&batch, Duration::from_secs(32)).await.is_empty());
    limited.get(secs(5)).await.expect("a result");
}

#[tokio::test]
async fn a_task_knows_how_long_it_has() {
    let scene = Scene::new(app()).await;
    let result = scene.send(deadline::s()).await;
    let batch = scene.poll(QUEUE).await;
    scene.run(&batch, Duration::from_mins(1)).await;
    let left = result.get(secs(5)).await.expect("a result");
    assert!((55.0..=57.1).contains(&left), "{left}");
}
