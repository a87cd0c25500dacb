use std::time::Duration;

use celeriac::{AsyncResult, TaskSignature};
use celeriac_testkit::fault_proxy::{Fault, Rule};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use crate::effects::Effects;
use crate::scene::{Scene, all_succeeded};

const TASKS: usize = 5000;
/// Tasks on their way at a time: with a deep backlog the emulator is what is measured.
const WINDOW: usize = 400;

const SQS: [&str; 5] = [
    "SendMessageBatch",
    "ReceiveMessage",
    "DeleteMessageBatch",
    "ChangeMessageVisibilityBatch",
    "GetQueueUrl",
];
const DYNAMODB: [&str; 2] = ["BatchExecuteStatement", "BatchGetItem"];

#[tokio::test(flavor = "multi_thread")]
async fn five_thousand_tasks_survive_every_tenth_answer_being_lost() {
    let scene = Scene::ministack().await;
    let effects = scene.effects();
    let throttled = Fault::WithholdStatement {
        code: "ThrottlingError".to_owned(),
    };
    let rules = vec![
        Rule::every(10, Fault::DropResponse).of(&SQS),
        Rule::every(10, Fault::DropResponse).of(&DYNAMODB),
        Rule::every(15, throttled),
    ];
    let proxy = scene.place.proxied(rules).await;
    let place = scene.place.through(&proxy);
    let settings = [("WORKER_CONCURRENCY", "100")];
    let worker = scene
        .worker_on(&scene.queue, &place, Duration::from_secs(3), &settings, &[])
        .await;
    // A send whose answer is lost is sent again, so that there are two messages of one task.
    let client = place.connect(&scene.queue).await.client();
    let calls = stream::iter(0..TASKS).then(|n| call(&effects, n));
    let sent: Vec<AsyncResult> = client
        .send_all(calls)
        .try_collect()
        .await
        .expect("every call is sent");
    all_succeeded(&scene.ended(&sent, Duration::from_mins(1)).await);
    scene.is_empty(Duration::from_mins(1)).await;
    worker.stop().await;

    let counts = effects.counts();
    assert_eq!(counts.len(), TASKS, "tasks are lost");
    let doubled = counts.values().filter(|runs| **runs > 1).count();
    assert_eq!(doubled, 0, "tasks ran twice");
    let requests = proxy.requests();
    eprintln!("{requests:?}");
    for operation in [
        "SendMessageBatch",
        "ReceiveMessage",
        "DeleteMessageBatch",
        "BatchExecuteStatement",
    ] {
        let seen = requests.get(operation).copied().unwrap_or_default();
        assert!(seen > 100, "only {seen} {operation} went through the proxy");
    }
}

/// The `n`th call, once there is room for it.
async fn call(effects: &Effects, n: usize) -> TaskSignature {
    while n.is_multiple_of(50) && n + 50 > effects.count() + WINDOW {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    TaskSignature::new("w.effects")
        .arg(effects.path())
        .arg(format!("done-{n}"))
}
