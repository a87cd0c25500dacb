//! A worker's life on SQLite: its requests, its speed, what it holds.

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::{Duration, Instant};

use celeriac_core::TaskOptions;
use celeriac_protocol::Value;

use crate::support::wrapped::Switches;
use crate::support::{App, QUEUE, Running, Runs, Setup, until};

/// Counts its runs, and takes `time`.
pub(crate) fn counting(runs: &Runs, time: Duration) -> Setup {
    let runs = runs.clone();
    Setup::default().task("tasks.count", TaskOptions::default(), move |_, _| {
        runs.add();
        async move {
            if !time.is_zero() {
                tokio::time::sleep(time).await;
            }
            Ok(Value::Null)
        }
    })
}

pub(crate) async fn fill(app: &App, count: usize) {
    let sends = (0..count).map(|_| app.send("tasks.count", vec![]));
    futures_util::future::join_all(sends).await;
}

pub(crate) async fn emptied(app: &App) {
    until("the queue is empty", || async {
        let stats = app.broker.stats(QUEUE).await.expect("stats");
        stats.visible + stats.in_flight + stats.delayed == 0
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backlog_costs_few_requests_and_every_task_runs_once() {
    const TASKS: usize = 2_000;
    let runs = Runs::default();
    let (app, switches) = counting(&runs, Duration::ZERO)
        .set(|settings| settings.worker_concurrency = 20)
        .wrapped();
    // as DynamoDB: what gathers meanwhile goes together, however busy the machine is
    switches.store_takes.store(5, SeqCst);
    fill(&app, TASKS).await;
    let start = Instant::now();
    let worker = app.start();
    emptied(&app).await;
    let took = start.elapsed();
    let report = worker.stop().await;
    assert_eq!((report.succeeded, runs.count()), (TASKS as u64, TASKS));
    let (receives, deletions, visibilities) = (
        Switches::get(&switches.receives),
        Switches::get(&switches.acks),
        Switches::get(&switches.visibilities),
    );
    let (sqs, store) = (
        (receives + deletions + visibilities) as f64 / TASKS as f64,
        Switches::get(&switches.store_requests) as f64 / TASKS as f64,
    );
    // 0.35 with a tenth for sending, which is the producer's: tests/chaos/budget.rs counts all of
    // it on an emulator
    assert!(
        sqs <= 0.25,
        "{sqs} requests per task: {receives} receives, {deletions} deletions, {visibilities} visibilities"
    );
    assert!(store <= 0.2, "{store} store requests per task, {took:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ignored_results_never_touch_the_store() {
    let runs = Runs::default();
    let (app, switches) = counting(&runs, Duration::ZERO)
        .set(|settings| settings.task_ignore_result = true)
        .wrapped();
    fill(&app, 100).await;
    let worker = app.start();
    emptied(&app).await;
    worker.stop().await;
    assert_eq!(
        (runs.count(), Switches::get(&switches.store_requests)),
        (100, 0)
    );
}

#[tokio::test]
async fn an_idle_worker_makes_one_long_poll_for_each_queue() {
    let (app, switches) = counting(&Runs::default(), Duration::ZERO).wrapped();
    let worker = app
        .worker()
        .with_options(|options| options.wait = Duration::from_millis(500));
    let running = Running::of(worker);
    tokio::time::sleep(Duration::from_millis(2_250)).await;
    let report = running.stop().await;
    assert_eq!(report, celeriac_worker::WorkerReport::default());
    let receives = Switches::get(&switches.receives);
    assert!(
        (4..=5).contains(&receives),
        "{receives} receives in 2.25 s of 0.5 s polls"
    );
    assert_eq!(
        Switches::get(&switches.acks)
            + Switches::get(&switches.visibilities)
            + Switches::get(&switches.store_requests),
        0
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_task_alone_starts_at_once() {
    let started = Arc::new(std::sync::Mutex::new(None));
    let seen = Arc::clone(&started);
    let app = Setup::default()
        .task("tasks.now", TaskOptions::default(), move |_, _| {
            *seen.lock().expect("not poisoned") = Some(Instant::now());
            async { Ok(Value::Null) }
        })
        .app();
    let worker = app.start();
    let mut delays = Vec::new();
    for _ in 0..21 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let sent = Instant::now();
        let result = app.send("tasks.now", vec![]).await;
        result.get(Duration::from_secs(10)).await.expect("it runs");
        let started = started
            .lock()
            .expect("not poisoned")
            .take()
            .expect("it ran");
        delays.push(started.saturating_duration_since(sent));
    }
    worker.stop().await;
    delays.sort();
    assert!(delays[10] <= Duration::from_millis(30), "{delays:?}");
}

#[tokio::test]
async fn a_task_of_five_visibilities_runs_once() {
    for ignored in [false, true] {
        let runs = Runs::default();
        let app = counting(&runs, Duration::from_secs(5))
            .set(|settings| {
                settings.task_ignore_result = ignored;
                settings.worker_concurrency = 1;
                settings.broker_transport_options.visibility_timeout = Duration::from_secs(1);
            })
            .app();
        fill(&app, 1).await;
        let (one, two) = (app.start(), app.start());
        emptied(&app).await;
        one.stop().await;
        two.stop().await;
        assert_eq!(runs.count(), 1, "ignored: {ignored}");
    }
}

#[tokio::test]
async fn prefetched_messages_are_held_too() {
    let runs = Runs::default();
    let app = counting(&runs, Duration::from_millis(700))
        .set(|settings| {
            settings.worker_concurrency = 1;
            settings.task_ignore_result = true; // only the visibility protects
            settings.broker_transport_options.visibility_timeout = Duration::from_secs(1);
        })
        .app();
    fill(&app, 6).await;
    let worker = app.start();
    emptied(&app).await;
    worker.stop().await;
    assert_eq!(runs.count(), 6);
}

#[tokio::test]
async fn a_multiplier_of_one_holds_only_what_runs() {
    let runs = Runs::default();
    let app = counting(&runs, Duration::from_millis(100))
        .set(|settings| {
            (
                settings.worker_concurrency,
                settings.worker_prefetch_multiplier,
            ) = (2, 1);
        })
        .app();
    fill(&app, 10).await;
    let worker = app.start();
    let mut most = 0;
    until("all are done", || async {
        let stats = app.broker.stats(QUEUE).await.expect("stats");
        stats.visible + stats.in_flight == 0
    })
    .await;
    worker.stop().await;
    fill(&app, 6).await;
    let worker = app.start();
    for _ in 0..20 {
        tokio::time::sleep(Duration::from_millis(10)).await;
        let done = runs.count() - 10;
        let visible = app.broker.stats(QUEUE).await.expect("stats").visible as usize;
        most = most.max(6 - visible - done.saturating_sub(2));
    }
    worker.stop().await;
    assert!(most <= 4, "{most} held at once"); // two run, two may be on their way out
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_workers_share_a_queue() {
    let runs = Runs::default();
    let app = counting(&runs, Duration::from_millis(1)).app();
    fill(&app, 500).await;
    let (one, two) = (app.start(), app.start());
    emptied(&app).await;
    let (one, two) = (one.stop().await, two.stop().await);
    assert_eq!((one.succeeded + two.succeeded, runs.count()), (500, 500));
    assert!(one.succeeded > 0 && two.succeeded > 0, "{one:?} {two:?}");
}

#[tokio::test]
async fn an_early_arrival_runs_at_its_time() {
    let runs = Runs::default();
    let app = counting(&runs, Duration::ZERO).app();
    let eta =
        celeriac_core::Clock::now(&celeriac_core::SystemClock).after(Duration::from_millis(1_200));
    let body = format!(
        r#"{{"body":"[[], {{}}, {{}}]","content-encoding":"utf-8","content-type":"application/json",
        "headers":{{"task":"tasks.count","id":"early","eta":"{}"}},"properties":{{"body_encoding":"utf-8"}}}}"#,
        eta.to_iso()
    );
    app.send_body(QUEUE, body).await;
    let worker = app.start();
    let result = app.client.result::<Value>("early");
    result.get(Duration::from_secs(10)).await.expect("it runs");
    worker.stop().await;
    let done = result
        .meta()
        .await
        .expect("a result")
        .date_done
        .expect("a date");
    let done = celeriac_protocol::UtcTime::parse(&done).expect("a time");
    assert!(
        done >= eta && done.since(eta) < Duration::from_millis(2_500),
        "{:?}",
        done.since(eta)
    );
}
