//! One task, now.

use std::time::Duration;

use celeriac::prelude::*;
use serde_json::json;

use super::support::{Effects, QUEUE, Scene};

const MINUTE: Duration = Duration::from_mins(1);

#[task(name = "t.add")]
async fn add(effects: State<Effects>, x: i64, y: i64) -> i64 {
    effects.add("add");
    x + y
}

#[task(name = "t.quiet", ignore_result)]
async fn quiet(x: i64) -> i64 {
    x * 2
}

#[task(name = "t.fails")]
async fn fails() -> TaskResult {
    Err(TaskError::failure("shop.OutOfStock", "none left"))
}

#[task(name = "t.gives_up", dead_letter)]
async fn gives_up() -> TaskResult {
    Err(TaskError::failure("shop.OutOfStock", "none left"))
}

#[task(
    name = "t.retries",
    max_retries = 3,
    autoretry,
    default_retry_delay = 0
)]
async fn retries(ctx: Context) -> TaskResult<u32> {
    if ctx.retries() == 0 {
        return Err(std::io::Error::other("not yet").into());
    }
    Ok(ctx.retries())
}

#[task(
    name = "t.strict",
    queue = "orders.fifo",
    max_retries = 3,
    autoretry,
    default_retry_delay = 0
)]
async fn strict(ctx: Context) -> TaskResult<u32> {
    if ctx.retries() == 0 {
        return Err(std::io::Error::other("not yet").into());
    }
    Ok(ctx.retries())
}

async fn scene() -> Scene {
    Scene::new(
        App::new("t")
            .task(add)
            .task(quiet)
            .task(fails)
            .task(gives_up)
            .task(retries)
            .task(strict),
    )
    .await
}

#[tokio::test]
async fn the_answer_is_the_result() {
    let scene = scene().await;
    let sum = json!({"task": "t.add", "args": [1], "kwargs": {"y": 2}});
    assert_eq!(scene.invoke(&sum, MINUTE).await, Ok(json!(3)));
    let quiet = json!({"task": "t.quiet", "args": [4]});
    assert_eq!(scene.invoke_as("r2", &quiet, MINUTE).await, Ok(json!(8)));
    let stored = scene.client.result::<i64>("request-1").get(secs(5)).await;
    assert_eq!(stored.expect("a result"), 3);
}

/// The same request, or the same id, is the same task.
#[tokio::test]
async fn an_id_runs_once_and_is_answered_alike() {
    let scene = scene().await;
    let event = json!({"task": "t.add", "args": [1, 2], "id": "nightly-1"});
    for request in ["a", "b", "c"] {
        assert_eq!(scene.invoke_as(request, &event, MINUTE).await, Ok(json!(3)));
    }
    let unnamed = json!({"task": "t.add", "args": [1, 2]});
    for _ in 0..2 {
        assert_eq!(
            scene.invoke_as("same", &unnamed, MINUTE).await,
            Ok(json!(3))
        );
    }
    assert_eq!(scene.effects.of("add"), 2);
}

#[tokio::test]
async fn failures_are_the_functions_errors() {
    let scene = scene().await;
    let failed = scene
        .invoke(&json!({"task": "t.fails", "id": "f"}), MINUTE)
        .await;
    let wanted = Err(("OutOfStock".to_owned(), "none left".to_owned()));
    assert_eq!(failed, wanted);
    let again = scene
        .invoke(&json!({"task": "t.fails", "id": "f"}), MINUTE)
        .await;
    assert_eq!(again, wanted, "what is stored says the same");
    for _ in 0..2 {
        let event = json!({"task": "t.gives_up", "id": "g"});
        assert_eq!(scene.invoke(&event, MINUTE).await, wanted);
    }
    let (kind, message) = scene
        .invoke(&json!({"task": "t.add", "args": [1], "id": "w"}), MINUTE)
        .await
        .expect_err("an argument is missing");
    assert_eq!(kind, "TypeError");
    assert!(message.contains("'y'"), "{message}");
    let (kind, message) = scene
        .invoke(&json!({"task": "t.unknown"}), MINUTE)
        .await
        .expect_err("unknown");
    assert_eq!(
        (kind.as_str(), message.as_str()),
        ("NotRegistered", "t.unknown")
    );
}

#[tokio::test]
async fn mistakes_in_an_event_are_named() {
    let scene = scene().await;
    for (event, part) in [
        (json!({"task": 3}), "`task`"),
        (json!({"task": "t.add", "args": 3}), "`args`"),
        (json!({"task": "t.add", "kwargs": []}), "`kwargs`"),
        (json!({"task": "t.add", "arguments": []}), "`arguments`"),
        (
            json!({"task": "t.add", "options": {"countdown": "soon"}}),
            "countdown",
        ),
    ] {
        let (kind, message) = scene.invoke(&event, MINUTE).await.expect_err("a mistake");
        assert_eq!(kind, "InvalidEvent");
        assert!(message.contains(part), "{message}");
    }
}

#[tokio::test]
async fn a_retry_goes_on_from_the_queue() {
    for (task, queue) in [("t.retries", QUEUE), ("t.strict", "orders.fifo")] {
        let scene = scene().await;
        let event = json!({"task": task, "id": "again"});
        let (kind, message) = scene
            .invoke(&event, MINUTE)
            .await
            .expect_err("no result yet");
        assert_eq!(kind, "NotReady");
        assert!(message.contains("again"), "{message}");
        scene.drain(queue).await;
        let result = scene.client.result::<u32>("again").get(secs(5)).await;
        assert_eq!(result.expect("a result"), 1, "{task}");
    }
}

#[tokio::test]
async fn eventbridge_is_told_the_id_and_state_and_runs_an_event_once() {
    let scene = scene().await;
    let event = json!({
        "version": "0", "id": "6a7e8feb-b491", "detail-type": "Nightly", "source": "shop", "account": "123456789012",
        "time": "2026-11-24T00:00:00Z", "region": "us-east-1", "resources": [],
        "detail": {"task": "t.add", "args": [20, 3]},
    });
    for _ in 0..2 {
        let told = json!({"task_id": "6a7e8feb-b491", "status": "SUCCESS"});
        assert_eq!(scene.invoke(&event, MINUTE).await, Ok(told));
    }
    assert_eq!(scene.effects.of("add"), 1);
    let result = scene
        .client
        .result::<i64>("6a7e8feb-b491")
        .get(secs(5))
        .await;
    assert_eq!(result.expect("a result"), 23);
}

/// What EventBridge Scheduler can send: a finished message in bare JSON.
#[tokio::test]
async fn a_whole_message_runs() {
    let scene = scene().await;
    let message = json!({
        "body": "[[5, 6], {}, {}]", "content-type": "application/json", "content-encoding": "utf-8",
        "headers": {"task": "t.add", "id": "nightly:2026-11-24T00:00:00Z"},
        "properties": {"body_encoding": "utf-8"},
    });
    assert_eq!(scene.invoke(&message, MINUTE).await, Ok(json!(11)));
}
