//! Whole batches.

use std::time::Duration;

use celeriac::prelude::*;
use serde_json::json;

use super::support::{Effects, QUEUE, Scene};

const MINUTE: Duration = Duration::from_mins(1);

#[task(name = "t.effect")]
async fn effect(effects: State<Effects>, name: String) -> TaskResult<String> {
    effects.add(&name);
    Ok(name)
}

/// Fails at its first run.
#[task(name = "t.flaky", max_retries = 3, autoretry, default_retry_delay = 0)]
async fn flaky(ctx: Context, effects: State<Effects>, name: String) -> TaskResult<u32> {
    effects.add(&name);
    if ctx.retries() == 0 {
        return Err(std::io::Error::other("not yet").into());
    }
    Ok(ctx.retries())
}

#[task(name = "t.panic")]
async fn panics(effects: State<Effects>, name: String) -> TaskResult {
    effects.add(&name);
    panic!("{name} panicked")
}

/// Longer than the function has.
#[task(name = "t.long")]
async fn long(effects: State<Effects>, name: String) -> TaskResult {
    effects.add(&name);
    tokio::time::sleep(Duration::from_mins(10)).await;
    Ok(())
}

#[task(name = "t.size")]
async fn size(text: String) -> usize {
    text.len()
}

fn app() -> App {
    App::new("t")
        .task(effect)
        .task(flaky)
        .task(panics)
        .task(long)
        .task(size)
}

/// 100 messages: 88 are good, 7 fail and are to be tried again, 3 panic, 2 take too long.
#[tokio::test(flavor = "multi_thread")]
async fn of_a_hundred_exactly_those_that_must_are_retried_or_returned() {
    let scene = Scene::new(app()).await;
    let (mut good, mut failing, mut panicking, mut late) = (vec![], vec![], vec![], vec![]);
    for n in 0..88 {
        good.push(scene.send(effect::s(format!("good-{n}"))).await);
    }
    for n in 0..7 {
        failing.push(scene.send(flaky::s(format!("flaky-{n}"))).await);
    }
    for n in 0..3 {
        panicking.push(scene.send(panics::s(format!("panic-{n}"))).await);
    }
    for n in 0..2 {
        late.push(scene.send(long::s(format!("long-{n}"))).await);
    }
    let batch = scene.poll(QUEUE).await;
    assert_eq!(batch.len(), 100);
    let time = Duration::from_secs(4);
    let returned = scene.run(&batch, time).await;
    assert_eq!(returned.len(), 2, "those that took too long");
    for result in &good {
        assert!(result.get(secs(5)).await.is_ok());
    }
    for result in &panicking {
        let error = result.get(secs(5)).await.expect_err("a panic").to_string();
        assert!(error.contains("panicked"), "{error}");
    }
    for result in &failing {
        assert_eq!(result.state().await.expect("a state").to_string(), "RETRY");
    }
    // the two are visible at once, and so are the seven new messages
    assert_eq!(scene.visible(QUEUE).await, 2 + 7);

    // the invocation repeated whole, as after a lost answer: nothing that finished happens again
    let again = scene.invoke(&batch.event, time).await.expect("an answer");
    let ids: Vec<&str> = again["batchItemFailures"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|failure| failure["itemIdentifier"].as_str())
        .collect();
    assert!(ids.iter().all(|id| returned.contains(*id)), "{ids:?}");
    for (name, count) in [("good", 88), ("flaky", 7), ("panic", 3)] {
        for n in 0..count {
            assert_eq!(scene.effects.of(&format!("{name}-{n}")), 1, "{name}-{n}");
        }
    }

    // the next tries
    let batch = scene.poll(QUEUE).await;
    let returned = scene.run(&batch, time).await;
    assert_eq!(returned.len(), 2);
    for result in &failing {
        assert_eq!(result.get(secs(5)).await.expect("a result"), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn six_megabytes_of_messages_run_within_the_functions_memory() {
    const BODY: usize = 60_000;
    const MESSAGES: usize = 57; // base64 twice makes 109 KB of each, and the event 6 MiB at most
    let scene = Scene::new(app()).await;
    let mut results = Vec::new();
    for _ in 0..MESSAGES {
        results.push(scene.send(size::s("x".repeat(BODY))).await);
    }
    let batch = scene.poll(QUEUE).await;
    let bytes = batch.event.to_string().len();
    assert!((5_500_000..=6 << 20).contains(&bytes), "{bytes}");
    let function = scene.connection.function(128); // Lambda's smallest
    let event = serde_json::value::to_raw_value(&batch.event).expect("JSON");
    let answer = function
        .invoke(&event, std::time::SystemTime::now() + MINUTE, "r")
        .await
        .expect("an answer");
    assert_eq!(answer.get(), r#"{"batchItemFailures":[]}"#);
    for result in results {
        assert_eq!(result.get(secs(5)).await.expect("a result"), BODY);
    }
}

#[tokio::test]
async fn an_empty_batch_and_foreign_events_are_answered_in_words() {
    let scene = Scene::new(app()).await;
    let empty = scene.invoke(&json!({"Records": []}), MINUTE).await;
    assert_eq!(empty, Ok(json!({"batchItemFailures": []})));
    for event in [
        json!({"Records": [{"eventSource": "aws:s3", "s3": {}}]}),
        json!({"Records": [{"EventSource": "aws:sns", "Sns": {}}]}),
        json!({"hello": 1}),
        json!("ping"),
    ] {
        let (kind, message) = scene.invoke(&event, MINUTE).await.expect_err("foreign");
        assert_eq!(kind, "InvalidEvent");
        assert!(message.contains("SQS"), "{message}");
    }
}

#[tokio::test]
async fn unreadable_messages_go_to_the_dead_letters_and_the_others_run() {
    let scene = Scene::new(app()).await;
    scene.put(QUEUE, "this is no message").await;
    let good = scene.send(effect::s("beside".to_owned())).await;
    let batch = scene.poll(QUEUE).await;
    assert!(scene.run(&batch, MINUTE).await.is_empty());
    assert_eq!(good.get(secs(5)).await.expect("a result"), "beside");
    assert_eq!(scene.left(QUEUE).await, 0);
    let letters = scene.poll("celery-dlq").await;
    let reason =
        &letters.event["Records"][0]["messageAttributes"]["celeriac-reason"]["stringValue"];
    assert_eq!((letters.len(), reason), (1, &json!("unreadable")));
}

#[tokio::test]
async fn tasks_with_an_eta_are_put_off_and_not_run() {
    let scene = Scene::new(app()).await;
    // Python's producers set no delay
    let body = r#"{"body": "[[\"early\"], {}, {}]", "content-type": "application/json", "content-encoding": "utf-8",
        "headers": {"task": "t.effect", "id": "early-1", "eta": "2999-01-01T00:00:00+00:00"}, "properties": {"body_encoding": "utf-8"}}"#;
    scene.put(QUEUE, body).await;
    let batch = scene.poll(QUEUE).await;
    assert!(scene.run(&batch, MINUTE).await.is_empty());
    assert_eq!(scene.effects.of("early"), 0);
    let stats = scene.broker().stats(QUEUE).await.expect("stats");
    assert_eq!((stats.visible, stats.delayed), (0, 1));
}

/// The queue's visibility is shorter than the task takes.
#[tokio::test(flavor = "multi_thread")]
async fn a_short_visibility_is_extended() {
    #[task(name = "t.slow")]
    async fn slow(effects: State<Effects>) -> TaskResult {
        effects.add("slow");
        tokio::time::sleep(Duration::from_secs(9)).await;
        Ok(())
    }
    let scene = Scene::new(App::new("t").task(slow).route("t.*", "short")).await;
    let short = celeriac::broker::QueueSpec {
        visibility: Duration::from_secs(4),
        ..celeriac::broker::QueueSpec::new("brief")
    };
    scene.queue_admin().declare(&short).await.expect("a queue");
    let result = scene.send(slow::s().queue("brief")).await;
    let batch = scene.poll_with("brief", Duration::from_secs(4)).await;
    let watch = async {
        for _ in 0..40 {
            tokio::time::sleep(Duration::from_millis(200)).await;
            assert_eq!(scene.visible("brief").await, 0, "it was let go");
        }
    };
    let (returned, ()) = tokio::join!(scene.run(&batch, MINUTE), watch);
    assert!(returned.is_empty());
    result.get(secs(5)).await.expect("a result");
    assert_eq!(
        (scene.effects.of("slow"), scene.left("brief").await),
        (1, 0)
    );
}
