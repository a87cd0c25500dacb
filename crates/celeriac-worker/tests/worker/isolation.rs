//! The last run before a task is poison: with nothing beside it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use celeriac_core::{Claim, ClaimOutcome, TaskOptions};
use celeriac_producer::AsyncResult;
use celeriac_protocol::{ResultMeta, State, Value};
use celeriac_worker::{Outcome, Shutdown};
use tokio::task::JoinHandle;

use crate::support::{App, QUEUE, Setup, until};

/// How many run, and how many did at most beside `tasks.suspect`.
#[derive(Clone, Default)]
struct Counts {
    running: Arc<AtomicUsize>,
    beside: Arc<AtomicUsize>,
}

fn app(counts: &Counts, lease: Duration) -> App {
    let (one, two) = (counts.clone(), counts.clone());
    let plain = TaskOptions::default;
    Setup::default()
        .set(|settings| {
            settings.task_max_lost_runs = 2;
            settings.broker_transport_options.visibility_timeout = lease;
        })
        .task("tasks.other", plain(), move |_, _| {
            let running = Arc::clone(&one.running);
            async move {
                running.fetch_add(1, SeqCst);
                tokio::time::sleep(Duration::from_secs(1)).await;
                running.fetch_sub(1, SeqCst);
                Ok(Value::Null)
            }
        })
        .task("tasks.suspect", plain(), move |_, _| {
            let counts = two.clone();
            async move {
                for _ in 0..20 {
                    counts.beside.fetch_max(counts.running.load(SeqCst), SeqCst);
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                Ok(Value::Null)
            }
        })
        .app()
}

/// A worker claims it and dies: its lease ends at once. The run's number.
async fn lost_run(app: &App, result: &AsyncResult<Value>) -> u32 {
    let claim = Claim {
        task_id: result.id().to_owned(),
        identity: celeriac_core::TaskIdentity::named("tasks.suspect"),
        retries: 0,
        owner: "dead".into(),
        nonce: celeriac_core::random::uuid4().to_string(),
        lease: Duration::ZERO,
        shown: ResultMeta::new(result.id(), State::Pending, Value::Null),
        sent_by: None,
        isolate_at: None,
        to_run: true,
        takes_over: false,
        replaces: false,
        unanswered: Vec::new(),
        likely_known: true,
    };
    let store = app.store.clone().expect("a store");
    match store.claim(vec![claim]).await.remove(0) {
        Ok(ClaimOutcome::Claimed(claimed)) => claimed.runs,
        other => panic!("{other:?}"),
    }
}

async fn start(app: &App, shutdown: &Shutdown) -> JoinHandle<Outcome> {
    let delivery = app.receive(QUEUE).await.expect("a message");
    let (executor, shutdown) = (app.executor.clone(), shutdown.clone());
    tokio::spawn(async move { executor.execute(delivery, &shutdown).await })
}

/// While one task runs, another of which one run was lost waits to be received.
async fn suspect_beside_another(
    app: &App,
    counts: &Counts,
    shutdown: &Shutdown,
) -> (JoinHandle<Outcome>, AsyncResult<Value>) {
    app.send("tasks.other", vec![]).await;
    let other = start(app, shutdown).await;
    until("one runs", || async { counts.running.load(SeqCst) == 1 }).await;
    let result = app.send("tasks.suspect", vec![]).await;
    assert_eq!(lost_run(app, &result).await, 1);
    (other, result)
}

#[tokio::test]
async fn the_last_run_waits_for_the_others_and_they_for_it() {
    let counts = Counts::default();
    let app = app(&counts, Duration::from_mins(1));
    let shutdown = Shutdown::new();
    let (before, result) = suspect_beside_another(&app, &counts, &shutdown).await;
    let suspect = start(&app, &shutdown).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    app.send("tasks.other", vec![]).await;
    let after = start(&app, &shutdown).await;

    for ended in [before, suspect, after] {
        let outcome = ended.await.expect("no panic");
        assert!(matches!(outcome, Outcome::Ack), "{outcome:?}");
    }
    assert_eq!(result.state().await.expect("a state"), State::Success);
    assert_eq!(counts.beside.load(SeqCst), 0, "it was alone");
}

/// What takes the process with it meanwhile is not this task's fault: nothing is counted.
#[tokio::test]
async fn a_task_that_waits_to_be_alone_is_not_claimed() {
    let counts = Counts::default();
    let app = app(&counts, Duration::from_millis(500));
    let shutdown = Shutdown::new();
    let (other, result) = suspect_beside_another(&app, &counts, &shutdown).await;
    let suspect = start(&app, &shutdown).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(lost_run(&app, &result).await, 2, "none but this one");
    let outcome = suspect.await.expect("no panic");
    assert!(
        matches!(outcome, Outcome::Defer(_)),
        "not in time: {outcome:?}"
    );
    let outcome = other.await.expect("no panic");
    assert!(matches!(outcome, Outcome::Ack), "{outcome:?}");
}

#[tokio::test]
async fn a_task_that_waits_to_be_alone_is_released_at_shutdown() {
    let counts = Counts::default();
    let app = app(&counts, Duration::from_mins(1));
    let (other, _) = suspect_beside_another(&app, &counts, &Shutdown::new()).await;
    let shutdown = Shutdown::new();
    let suspect = start(&app, &shutdown).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    shutdown.drain();
    let outcome = suspect.await.expect("no panic");
    assert!(matches!(outcome, Outcome::Release), "{outcome:?}");
    other.await.expect("no panic");
}
