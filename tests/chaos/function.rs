//! The program as a Lambda function, through the Runtime API.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use celeriac::{AsyncResult, TaskSignature, Value};
use celeriac_core::Delivery;
use celeriac_testkit::lambda_service::{Answer, LambdaService, sqs_event};
use serde_json::json;
use tokio::net::TcpListener;

use crate::effects::Effects;
use crate::scene::{Scene, all_succeeded};

const MINUTE: Duration = Duration::from_mins(1);

fn call(task: &str, args: &serde_json::Value) -> String {
    json!({"task": task, "args": args}).to_string()
}

fn slow(effects: &Effects, n: usize, seconds: f64) -> TaskSignature {
    TaskSignature::new("w.slow_effects")
        .arg(effects.path())
        .arg(format!("done-{n}"))
        .arg(seconds)
}

/// What waits, received as an event source mapping does.
async fn received(scene: &Scene) -> Vec<Delivery> {
    let mut all = Vec::new();
    loop {
        let visibility = Duration::from_mins(1);
        let broker = scene.connection.broker();
        let some = broker
            .receive(&scene.queue, 10, Duration::ZERO, visibility)
            .await;
        let some = some.expect("received");
        if some.is_empty() {
            return all;
        }
        all.extend(some);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_goes_over_the_network_before_the_first_event() {
    let scene = Scene::ministack().await;
    let proxy = scene.place.proxied(vec![]).await;
    let metadata = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let metadata_url = format!("http://{}", metadata.local_addr().expect("an address"));
    let probes = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&probes);
    tokio::spawn(async move {
        while metadata.accept().await.is_ok() {
            counted.fetch_add(1, Ordering::SeqCst);
        }
    });
    let service = LambdaService::start().await;
    // neither the queue nor the table is named with credentials, so the SDK looks for them by
    // itself
    let host = proxy.url().replace("http://", "");
    let table = scene.place.table();
    let place = scene.place.through(&proxy);
    let _function = scene.function(
        &service,
        &place,
        &[
            ("CELERIAC_BROKER_URL", &format!("sqs://{host}")),
            (
                "CELERIAC_RESULT_BACKEND",
                &format!("dynamodb://{host}/{table}"),
            ),
            ("AWS_EC2_METADATA_SERVICE_ENDPOINT", &metadata_url),
        ],
    );
    service.asked(1).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let calls = proxy.calls();
    assert!(calls.is_empty(), "before the first event: {calls:?}");

    let answer = service.invoke(call("w.add", &json!([2, 3])), MINUTE).await;
    assert_eq!(answer, Some(Answer::Response("5".to_owned())));
    let operations: Vec<String> = proxy
        .calls()
        .into_iter()
        .map(|call| call.operation)
        .collect();
    assert_eq!(
        operations,
        [
            "BatchExecuteStatement INSERT",
            "BatchExecuteStatement UPDATE"
        ],
        "a direct invocation claims and completes, and asks nothing of SQS"
    );
    assert_eq!(
        probes.load(Ordering::SeqCst),
        0,
        "asked for credentials that are in the environment"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_and_mistakes_are_the_functions_errors() {
    let scene = Scene::sqlite().await;
    let service = LambdaService::start().await;
    let _function = scene.function(&service, &scene.place, &[]);
    for (event, kind, part) in [
        (call("w.panic", &json!([])), "Panic", "out of cheese"),
        (call("w.add", &json!([1])), "TypeError", "'y'"),
        (call("w.nothing", &json!([])), "NotRegistered", "w.nothing"),
        ("[1]".to_owned(), "InvalidEvent", "tasks.add"),
    ] {
        let Some(Answer::Error(error)) = service.invoke(&event, MINUTE).await else {
            panic!("{event} is no error");
        };
        let error: serde_json::Value = serde_json::from_str(&error).expect("JSON");
        let (told, message) = (error["errorType"].as_str(), error["errorMessage"].as_str());
        assert!(
            told.is_some_and(|told| told.contains(kind)),
            "{event}: {error}"
        );
        assert!(
            message.is_some_and(|message| message.contains(part)),
            "{event}: {error}"
        );
    }
}

/// As on Managed Instances.
#[tokio::test(flavor = "multi_thread")]
async fn invocations_run_at_once_where_lambda_allows_it() {
    let scene = Scene::sqlite().await;
    let service = LambdaService::start().await;
    let _function = scene.function(
        &service,
        &scene.place,
        &[("AWS_LAMBDA_MAX_CONCURRENCY", "4")],
    );
    service.asked(4).await;
    let start = Instant::now();
    let sleep = || service.invoke(call("w.sleep", &json!([2.0])), MINUTE);
    let (a, b, c, d) = tokio::join!(sleep(), sleep(), sleep(), sleep());
    let took = start.elapsed();
    assert!(
        [a, b, c, d]
            .iter()
            .all(|answer| matches!(answer, Some(Answer::Response(_))))
    );
    assert!(
        took < Duration::from_secs(5),
        "one after the other: {took:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_broker_it_says_what_is_missing() {
    let scene = Scene::sqlite().await;
    let service = LambdaService::start().await;
    let mut function = scene.function(&service, &scene.place, &[("CELERIAC_BROKER_URL", "")]);
    assert_eq!(function.ended().await.code(), Some(2));
    let log = function.log();
    assert!(
        log.contains("`broker_url` is not set") && log.contains("CELERIAC_BROKER_URL=sqs://"),
        "{log}"
    );
}

/// Lambda kills the function in the middle of a batch and delivers all of it again.
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_function_whose_batch_comes_again_doubles_nothing_that_finished() {
    let scene = Scene::ministack().await;
    let effects = scene.effects();
    let calls = (0..40).map(|n| slow(&effects, n, if n < 20 { 0.0 } else { 30.0 }));
    let sent = scene.send_all(calls.collect()).await;
    let event = sqs_event(&received(&scene).await).to_string();
    let service = LambdaService::start().await;
    let lease = [
        ("CELERIAC_BROKER_TRANSPORT_OPTIONS__VISIBILITY_TIMEOUT", "2"),
        ("CELERIAC_WORKER_CONCURRENCY", "40"), // all at once
    ];
    let function = scene.function(&service, &scene.place, &lease);
    let first = service.invoke(&event, Duration::from_secs(8));
    let killed = async {
        finished(&scene, &sent[..20]).await;
        function.kill().await;
    };
    let (answer, ()) = tokio::join!(first, killed);
    assert_eq!(answer, None);

    let _function = scene.function(&service, &scene.place, &lease);
    tokio::time::sleep(Duration::from_secs(3)).await; // the leases of the dead
    let answer = service.invoke(&event, Duration::from_secs(10)).await;
    let Some(Answer::Response(answer)) = answer else {
        panic!("{answer:?}");
    };
    let answer: serde_json::Value = serde_json::from_str(&answer).expect("JSON");
    let returned = answer["batchItemFailures"]
        .as_array()
        .expect("a list")
        .len();
    assert_eq!(returned, 20, "those that need 30 s");
    let counts = effects.counts();
    for (n, result) in sent.iter().enumerate() {
        let runs = counts.get(result.id()).copied().unwrap_or(0);
        assert_eq!(runs, if n < 20 { 1 } else { 2 }, "task {n}");
    }
    let metas = scene
        .client()
        .results::<Value>(sent[..20].iter().map(AsyncResult::id));
    all_succeeded(&metas.metas().await.expect("the results"));
}

/// A thread that outlives its invocation would wake in a later one, beside a newer run of its task.
#[tokio::test(flavor = "multi_thread")]
async fn a_function_ends_with_the_thread_that_outlives_its_invocation() {
    let scene = Scene::sqlite().await;
    let effects = scene.effects();
    let thread = TaskSignature::new("w.slow_thread")
        .arg(effects.path())
        .arg("woken")
        .arg(3.0);
    let sent = scene.send_all(vec![slow(&effects, 0, 0.0), thread]).await;
    let service = LambdaService::start().await;
    let lease = [("CELERIAC_BROKER_TRANSPORT_OPTIONS__VISIBILITY_TIMEOUT", "4")];
    let mut function = scene.function(&service, &scene.place, &lease);
    let event = sqs_event(&received(&scene).await);
    let answer = service
        .invoke(event.to_string(), Duration::from_secs(2))
        .await;
    let Some(Answer::Response(answer)) = answer else {
        panic!("{answer:?}");
    };
    let answer: serde_json::Value = serde_json::from_str(&answer).expect("JSON");
    let returned = answer["batchItemFailures"].as_array().expect("a list");
    assert_eq!(returned.len(), 1, "that of the thread: {answer}");
    assert_eq!(function.ended().await.code(), Some(0), "{}", function.log());
    finished(&scene, &sent[..1]).await;
    assert!(
        received(&scene).await.is_empty(),
        "one is deleted, one waits for the lease"
    );

    let _function = scene.function(&service, &scene.place, &lease);
    tokio::time::sleep(Duration::from_secs(5)).await;
    let again = received(&scene).await;
    assert_eq!(again.len(), 1);
    let answer = service.invoke(sqs_event(&again).to_string(), MINUTE).await;
    assert!(matches!(answer, Some(Answer::Response(_))), "{answer:?}");
    finished(&scene, &sent[1..]).await;
    let counts = effects.counts();
    assert_eq!(counts.get(sent[1].id()), Some(&2), "{counts:?}");
    assert_eq!(counts.get("woken"), Some(&1), "{counts:?}");
}

/// What follows it would go to the own account's queue of that name.
#[tokio::test(flavor = "multi_thread")]
async fn a_message_of_another_account_s_queue_stays_there() {
    let scene = Scene::sqlite().await;
    let effects = scene.effects();
    let tasks = vec![slow(&effects, 0, 0.0), slow(&effects, 1, 0.0)];
    let sent = scene.send_all(tasks).await;
    let service = LambdaService::start().await;
    let function = scene.function(&service, &scene.place, &[]);
    let mut event = sqs_event(&received(&scene).await);
    let foreign = event["Records"][1]["messageId"].clone();
    let arn = "arn:aws:sqs:us-east-1:111111111111:celery";
    event["Records"][1]["eventSourceARN"] = arn.into();
    let answer = service.invoke(event.to_string(), MINUTE).await;
    let Some(Answer::Response(answer)) = answer else {
        panic!("{answer:?}");
    };
    let answer: serde_json::Value = serde_json::from_str(&answer).expect("JSON");
    let failures = serde_json::json!([{"itemIdentifier": foreign}]);
    assert_eq!(answer["batchItemFailures"], failures, "{answer}");
    assert!(function.log().contains(arn), "{}", function.log());
    let counts = effects.counts();
    let ran = sent.iter().filter(|task| counts.contains_key(task.id()));
    assert_eq!(ran.count(), 1, "{counts:?}");
}

async fn finished(scene: &Scene, sent: &[AsyncResult]) {
    all_succeeded(&scene.ended(sent, Duration::from_secs(20)).await);
}
