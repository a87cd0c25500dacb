use std::time::Duration;

use celeriac::TaskSignature;
use celeriac::prelude::*;
use celeriac_core::{Settings, StateMap};
use futures_util::{TryStreamExt as _, stream};

use crate::counted::Counted;

/// With a deeper backlog the emulator is what is measured.
const TASKS: u32 = 400;

#[task(name = "chaos.noop")]
async fn noop() -> TaskResult {
    Ok(())
}

async fn send(app: &Counted) {
    let calls = (0..TASKS).map(|_| TaskSignature::<Value>::new("chaos.noop"));
    let sent: Vec<AsyncResult> = app
        .client
        .send_all(stream::iter(calls))
        .try_collect()
        .await
        .expect("every call is sent");
    assert_eq!(sent.len(), TASKS as usize);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backlog_costs_a_third_of_an_sqs_request_and_of_a_dynamodb_request_a_task() {
    let app = Counted::new(1, |_| {}, StateMap::default(), noop).await;
    send(&app).await;
    let worker = app.start(Duration::from_secs(2));
    app.emptied().await;
    let (sqs, dynamodb) = (app.broker.requests(), app.store.requests());
    let counted = ["SendMessageBatch", "ReceiveMessage", "DeleteMessageBatch"];
    let sqs_all: f64 = counted.iter().map(|name| sqs.of(name) as f64).sum();
    let dynamodb_all = dynamodb.total() as f64;
    assert_eq!(
        sqs_all as u64 + 1,
        sqs.total(),
        "the queue is looked up once: {:?}",
        sqs.snapshot()
    );
    let (tasks, units) = (f64::from(TASKS), dynamodb.write_units());
    eprintln!(
        "a task: {} SQS requests, {} DynamoDB requests, {} write units; {:?} {:?}",
        sqs_all / tasks,
        dynamodb_all / tasks,
        units / tasks,
        sqs.snapshot(),
        dynamodb.snapshot(),
    );
    assert!(sqs_all <= 0.35 * tasks, "{:?}", sqs.snapshot());
    assert!(dynamodb_all <= 0.3 * tasks, "{:?}", dynamodb.snapshot());
    assert!(units <= 2.0 * tasks + 0.01, "{units} write units");
    assert!(units > 1.0 * tasks, "{units} write units: not counted");
    let report = worker.stop().await;
    assert_eq!(report.succeeded, u64::from(TASKS));
}

#[tokio::test(flavor = "multi_thread")]
async fn ignored_results_cost_no_dynamodb_request() {
    let ignore = |settings: &mut Settings| settings.task_ignore_result = true;
    let app = Counted::new(1, ignore, StateMap::default(), noop).await;
    send(&app).await;
    let worker = app.start(Duration::from_secs(2));
    app.emptied().await;
    let report = worker.stop().await;
    assert_eq!(report.succeeded, u64::from(TASKS));
    let mut made = app.store.requests().snapshot();
    eprintln!("{made:?} {:?}", app.broker.requests().snapshot());
    // whether the table is there is asked once, when the worker starts
    let checks = made.remove("BatchGetItem").or(made.remove("DescribeTable"));
    assert!(made.is_empty() && checks.unwrap_or(1) == 1, "{made:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_worker_makes_one_long_poll_for_each_queue_and_nothing_else() {
    const QUEUES: u64 = 2;
    let app = Counted::new(QUEUES as usize, |_| {}, StateMap::default(), noop).await;
    let worker = app.start(Duration::from_secs(1));
    tokio::time::sleep(Duration::from_millis(6_500)).await;
    let (sqs, dynamodb) = (app.broker.requests(), app.store.requests());
    let (made, stored) = (sqs.snapshot(), dynamodb.snapshot());
    eprintln!("{made:?} {stored:?}");
    let polls = sqs.of("ReceiveMessage");
    assert!((QUEUES * 4..=QUEUES * 7).contains(&polls), "{made:?}");
    assert_eq!(
        sqs.total() - polls,
        QUEUES,
        "a look-up of each queue: {made:?}"
    );
    assert!(dynamodb.total() <= 1, "the look at the table: {stored:?}");
    worker.stop().await;
}
