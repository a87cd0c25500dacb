//! How a worker ends.

use std::time::{Duration, Instant};

use crate::support::{App, QUEUE, Runs, Setup, until};
use celeriac_core::{TaskError, TaskOptions};
use celeriac_protocol::{State, Value};

fn sleeping(runs: &Runs, time: Duration) -> Setup {
    let counted = runs.clone();
    Setup::default().task("tasks.sleep", TaskOptions::default(), move |_, _| {
        counted.add();
        async move {
            tokio::time::sleep(time).await;
            Ok(Value::Null)
        }
    })
}

async fn fill(app: &App, task: &str, count: usize) {
    futures_util::future::join_all((0..count).map(|_| app.send(task, vec![]))).await;
}

async fn visible(app: &App) -> u64 {
    app.broker.stats(QUEUE).await.expect("stats").visible
}

#[tokio::test]
async fn what_fits_finishes_and_what_waits_is_given_back_at_once() {
    let runs = Runs::default();
    let app = sleeping(&runs, Duration::from_secs(2))
        .set(|settings| settings.worker_concurrency = 4)
        .app();
    fill(&app, "tasks.sleep", 14).await;
    let worker = app.start();
    until("four run and more wait here", || async {
        runs.count() == 4 && visible(&app).await <= 4
    })
    .await;
    let start = Instant::now();
    worker.shutdown.drain();
    until("the others are visible", || async {
        visible(&app).await == 10
    })
    .await;
    assert!(
        start.elapsed() < Duration::from_secs(1),
        "{:?}",
        start.elapsed()
    );
    let report = worker.handle.await.expect("no panic").expect("a good end");
    assert_eq!(
        (report.succeeded, runs.count(), visible(&app).await),
        (4, 4, 10)
    );
    assert!(report.released >= 6, "{report:?}");
}

#[tokio::test]
async fn what_does_not_fit_is_cancelled_and_given_back() {
    let runs = Runs::default();
    let app = sleeping(&runs, Duration::from_secs(8)).app();
    fill(&app, "tasks.sleep", 3).await;
    let worker = app.start_with(|options| options.shutdown_timeout = Duration::from_secs(1));
    until("all run", || async { runs.count() == 3 }).await;
    let start = Instant::now();
    let report = worker.stop().await;
    assert!(
        (1.0..3.0).contains(&start.elapsed().as_secs_f64()),
        "{:?}",
        start.elapsed()
    );
    assert_eq!(
        (report.released, report.succeeded, visible(&app).await),
        (3, 0, 3)
    );
    // another worker takes them on at once, and no run was counted against them
    let delivery = app.receive(QUEUE).await.expect("visible");
    let shutdown = celeriac_worker::Shutdown::new();
    let run = tokio::spawn({
        let (executor, shutdown) = (app.executor.clone(), shutdown.clone());
        async move { executor.execute(delivery, &shutdown).await }
    });
    until("it runs again", || async { runs.count() == 4 }).await;
    shutdown.end_now();
    run.await.expect("no panic");
}

#[tokio::test]
async fn a_second_signal_ends_it_now() {
    let runs = Runs::default();
    let app = sleeping(&runs, Duration::from_mins(1)).app();
    fill(&app, "tasks.sleep", 2).await;
    let worker = app.start();
    until("both run", || async { runs.count() == 2 }).await;
    worker.shutdown.drain();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let start = Instant::now();
    worker.shutdown.end_now();
    worker.handle.await.expect("no panic").expect("a good end");
    assert!(
        start.elapsed() < Duration::from_secs(1),
        "{:?}",
        start.elapsed()
    );
    assert_eq!(visible(&app).await, 2);
}

#[tokio::test]
async fn tasks_are_told_when_a_fifth_of_the_time_is_left() {
    let app = Setup::default()
        .task(
            "tasks.listens",
            TaskOptions::default(),
            |context, _| async move {
                context.soft_time_limit().await;
                Err(TaskError::failure("Stopped", "told to"))
            },
        )
        .app();
    let result = app.send("tasks.listens", vec![]).await;
    let worker = app.start_with(|options| options.shutdown_timeout = Duration::from_secs(2));
    until("it runs", || async {
        app.broker.stats(QUEUE).await.expect("stats").in_flight == 1
    })
    .await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    let start = Instant::now();
    worker.stop().await;
    assert!(
        (1.5..1.95).contains(&start.elapsed().as_secs_f64()),
        "{:?}",
        start.elapsed()
    );
    assert_eq!(
        (result.state().await.expect("a state"), visible(&app).await),
        (State::Pending, 1),
        "given back, not failed"
    );
}

#[tokio::test]
async fn a_message_that_comes_while_it_drains_is_given_back() {
    let runs = Runs::default();
    let app = sleeping(&runs, Duration::from_millis(800)).app();
    fill(&app, "tasks.sleep", 1).await;
    let worker = app.start_with(|options| options.poll_grace = Duration::from_millis(500));
    until("it runs", || async { runs.count() == 1 }).await;
    worker.shutdown.drain();
    tokio::time::sleep(Duration::from_millis(50)).await;
    fill(&app, "tasks.sleep", 1).await; // the long poll that is still out takes it
    worker.handle.await.expect("no panic").expect("a good end");
    assert_eq!((runs.count(), visible(&app).await), (1, 1));
}
