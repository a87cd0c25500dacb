//! What could not follow a task is refused before it runs, and all who wait for a part of it are told:
//! nobody waits for ever.

use std::time::Duration;

use celeriac_core::{TaskError, TaskOptions};
use celeriac_protocol::{State, Value};
use celeriac_worker::Outcome;
use serde_json::{Value as Json, json};

use crate::support::{App, QUEUE, Runs, Setup, exc_message, exc_type};

fn app(runs: &Runs) -> App {
    let (parts, seconds) = (runs.clone(), runs.clone());
    Setup::default()
        .task("tasks.part", TaskOptions::default(), move |_, _| {
            parts.add();
            async { Ok(Value::Int(1)) }
        })
        .task("tasks.fail", TaskOptions::default(), |_, _| async {
            Err(TaskError::failure("ValueError", "no"))
        })
        .task("tasks.second", TaskOptions::default(), move |_, _| {
            seconds.add();
            async { Ok(Value::Int(2)) }
        })
        .app()
}

/// A signature as Celery writes it.
fn signature(task: &str, id: &str, more: &Json) -> Json {
    let mut options = json!({"task_id": id});
    let all = options.as_object_mut().expect("an object");
    all.extend(more.as_object().expect("an object").clone());
    json!({"task": task, "args": [], "kwargs": {}, "options": options, "subtask_type": null, "immutable": false})
}

async fn send(app: &App, task: &str, id: &str, group: Option<&str>, embed: &Json) {
    let message = json!({
        "body": json!([[], {}, embed]).to_string(),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": {"task": task, "id": id, "group": group},
        "properties": {"body_encoding": "utf-8"},
    });
    app.send_body(QUEUE, message.to_string()).await;
    let outcome = app.execute(QUEUE).await;
    assert!(matches!(outcome, Outcome::Ack), "{outcome:?}");
}

/// The type of the failure that stands under an id.
async fn failure(app: &App, id: &str) -> String {
    let meta = app.client.result::<Value>(id).meta().await;
    let meta = meta.unwrap_or_else(|error| panic!("{id}: {error}"));
    assert_eq!(meta.status, State::Failure, "{id}");
    exc_type(&meta)
}

/// A body with an errback of its own, and with a chain after it whose last step is a group.
fn body() -> Json {
    let member = |id| signature("tasks.second", id, &json!({}));
    let group = json!({"task": "celery.group", "args": [], "kwargs": {"tasks": [member("member-1"), member("member-2")]},
        "options": {"task_id": "group"}, "subtask_type": "group", "immutable": false});
    let after = json!([group, signature("tasks.second", "after", &json!({}))]);
    let errback = json!([signature("tasks.second", "of-the-body", &json!({}))]);
    let more = json!({"group_id": "g", "chain": after, "link_error": errback});
    signature("tasks.second", "body", &more)
}

/// As Celery does, a chord in a message without a group is passed over.
#[tokio::test]
async fn a_chord_without_a_group_is_none() {
    let runs = Runs::default();
    let app = app(&runs);
    let last = json!({"chord": body()});
    let chain = json!([signature("tasks.second", "last", &last)]);
    let embed = json!({"callbacks": null, "errbacks": null, "chain": chain, "chord": null});
    send(&app, "tasks.part", "first", None, &embed).await;
    assert!(matches!(app.execute(QUEUE).await, Outcome::Ack));
    let last = app.client.result::<i64>("last");
    assert_eq!(last.get(Duration::from_secs(1)).await.expect("a result"), 2);
}

/// `chain(s, t)` after `s` has run: `s` does not run again, and `t` gets its result.
#[tokio::test]
async fn a_chain_whose_first_step_has_run_goes_on() {
    let runs = Runs::default();
    let app = app(&runs);
    let none = json!({"callbacks": null, "errbacks": null, "chain": null, "chord": null});
    send(&app, "tasks.part", "used", None, &none).await;
    let chain = json!([signature("tasks.second", "next", &json!({}))]);
    let embed = json!({"callbacks": null, "errbacks": null, "chain": chain, "chord": null});
    send(&app, "tasks.part", "used", None, &embed).await;
    assert_eq!(runs.count(), 1);
    assert!(matches!(app.execute(QUEUE).await, Outcome::Ack));
    let next = app.client.result::<i64>("next");
    assert_eq!(next.get(Duration::from_secs(1)).await.expect("a result"), 2);
}

/// One message makes no thousands, and says so before it runs.
#[tokio::test]
async fn more_than_a_message_may_make_is_refused() {
    for (place, count, most) in [
        ("callbacks", 251, 250),
        ("errbacks", 251, 250),
        ("chain", 1_001, 1_000),
    ] {
        let runs = Runs::default();
        let app = app(&runs);
        let one = |number| signature("tasks.second", &format!("s{number}"), &json!({}));
        let list: Vec<Json> = (0..count).map(one).collect();
        let mut embed = json!({"callbacks": null, "errbacks": null, "chain": null, "chord": null});
        embed[place] = list.clone().into();
        send(&app, "tasks.part", "many", None, &embed).await;
        let many = app.client.result::<Value>("many").meta().await;
        let text = exc_message(&many.expect("a result"));
        let expected =
            format!("`{place}` of this message has {count} tasks, over the limit of {most}");
        assert_eq!((runs.count(), text), (0, expected));
        let stats = app.broker.stats(QUEUE).await.expect("stats");
        assert_eq!(stats.visible, 0, "and nothing is sent of it");
        if place == "chain" {
            // the first in the list is the last step: who waits for the chain waits for it
            assert_eq!(failure(&app, "s0").await, "ValueError");
        }
    }
}

/// No result could be stored under such an id, and each text is kept for all that waits.
#[tokio::test]
async fn a_task_whose_id_or_name_is_too_long_is_refused() {
    let long = "x".repeat(2_049);
    let parts = [
        ("chain", signature("tasks.second", &long, &json!({}))),
        ("chain", signature(&long, "named", &json!({}))),
        ("callbacks", signature("tasks.second", &long, &json!({}))),
        ("errbacks", signature(&long, "e", &json!({}))),
    ];
    for (place, part) in parts {
        let runs = Runs::default();
        let app = app(&runs);
        let mut embed = json!({"callbacks": null, "errbacks": null, "chain": null, "chord": null});
        embed[place] = json!([part]);
        send(&app, "tasks.part", "first", None, &embed).await;
        let first = app.client.result::<Value>("first").meta().await;
        let text = exc_message(&first.expect("a result"));
        let expected =
            "this message embeds a task whose id or name has 2049 bytes, over the limit of 2048";
        assert_eq!((runs.count(), text.as_str()), (0, expected), "{place}");
    }
}

/// Each message would have the result in it.
#[tokio::test]
async fn a_large_result_is_not_copied_for_each_of_many_callbacks() {
    for (callbacks, state) in [(1, State::Success), (6, State::Failure)] {
        let app = Setup::default()
            .task("tasks.large", TaskOptions::default(), |_, _| async {
                Ok(Value::List(vec![Value::Int(1); 200_000]))
            })
            .set(|settings| settings.task_ignore_result = true)
            .set(|settings| settings.task_store_errors_even_if_ignored = true)
            .app();
        let one = |number| signature("tasks.large", &format!("c{number}"), &json!({}));
        let list: Vec<Json> = (0..callbacks).map(one).collect();
        let embed = json!({"callbacks": list, "errbacks": null, "chain": null, "chord": null});
        send(&app, "tasks.large", "large", None, &embed).await;
        let sent = app.broker.stats(QUEUE).await.expect("stats").visible;
        if state == State::Success {
            assert_eq!(sent, 1);
            continue;
        }
        assert_eq!(sent, 0);
        let end = app.client.result::<Value>("large").meta().await;
        let text = exc_message(&end.expect("a result"));
        assert!(
            text.contains("and 6 messages with it take more than"),
            "{text}"
        );
    }
}

/// However deep: callbacks of callbacks, and error callbacks of the bodies of chords, which a
/// refusal would send.
#[tokio::test]
async fn what_is_embedded_deep_is_counted_too() {
    let link = vec![json!("tasks.second"); 120];
    let callback = signature("tasks.second", "y", &json!({"link": link}));
    let names = vec![json!("tasks.second"); 260];
    let body = json!({"task": "tasks.second", "options": {"task_id": "b", "link_error": names}});
    let step = signature(
        "tasks.second",
        "z",
        &json!({"group_id": "g", "chord": body}),
    );
    for (place, list) in [
        ("callbacks", vec![callback; 100]),
        ("chain", vec![step; 40]),
    ] {
        let runs = Runs::default();
        let app = app(&runs);
        let mut embed = json!({"callbacks": null, "errbacks": null, "chain": null, "chord": null});
        embed[place] = list.into();
        for task in ["tasks.part", "tasks.nowhere"] {
            send(&app, task, task, None, &embed).await;
            let end = app
                .client
                .result::<Value>(task)
                .meta()
                .await
                .expect("a result");
            assert_eq!(end.status, State::Failure);
            if task == "tasks.part" {
                let text = exc_message(&end);
                assert!(text.contains("tasks, over the limit of 10000"), "{text}");
            }
        }
        let stats = app.broker.stats(QUEUE).await.expect("stats");
        assert_eq!((runs.count(), stats.visible), (0, 0), "{place}");
    }
}

/// What comes after a step in its own options is looked at where it stands, and not copied for each
/// level.
#[tokio::test]
async fn a_step_that_is_nested_deep_is_told_of() {
    let runs = Runs::default();
    let app = app(&runs);
    let mut step = signature("tasks.second", "innermost", &json!({}));
    for level in 0..30 {
        step = signature(
            "tasks.second",
            &format!("level-{level}"),
            &json!({"chain": [step]}),
        );
    }
    let embed = json!({"callbacks": null, "errbacks": null, "chain": [step], "chord": null});
    send(&app, "tasks.fail", "failing", None, &embed).await;
    for id in ["failing", "level-29", "level-0", "innermost"] {
        assert_eq!(failure(&app, id).await, "ValueError", "{id}");
    }
}

/// Ids of one message that another task holds do not keep a worker's place for long.
#[tokio::test]
async fn a_step_that_is_held_is_tried_once() {
    let app = app(&Runs::default());
    let store = app.store.clone().expect("a store");
    let claim = celeriac_core::Claim {
        task_id: "held".to_owned(),
        identity: celeriac_core::TaskIdentity::named("tasks.second"),
        retries: 0,
        owner: "other".into(),
        nonce: "claim".into(),
        lease: Duration::from_mins(1),
        shown: celeriac_protocol::ResultMeta::new("held", State::Pending, Value::Null),
        sent_by: None,
        isolate_at: None,
        to_run: true,
        takes_over: false,
        replaces: false,
        unanswered: Vec::new(),
        likely_known: false,
    };
    store.claim(vec![claim]).await.remove(0).expect("claimed");
    let chain = vec![signature("tasks.second", "held", &json!({})); 1_000];
    let embed = json!({"callbacks": null, "errbacks": null, "chain": chain, "chord": null});
    let message = json!({
        "body": json!([[], {}, embed]).to_string(),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": {"task": "tasks.fail", "id": "failing"},
        "properties": {"body_encoding": "utf-8"},
    });
    app.send_body(QUEUE, message.to_string()).await;
    let since = std::time::Instant::now();
    let outcome = app.execute(QUEUE).await;
    assert!(matches!(outcome, Outcome::Defer(_)), "{outcome:?}");
    assert!(
        since.elapsed() < Duration::from_secs(8),
        "{:?}",
        since.elapsed()
    );
}

/// Signatures go to the queues that are named, and no other.
#[tokio::test]
async fn a_callback_to_a_queue_that_is_not_allowed_is_refused() {
    for (queue, allowed) in [("celery", true), ("payments", false)] {
        let app = Setup::default()
            .set(|settings| settings.worker_follow_up_queues = Some(vec!["celery".to_owned()]))
            .task("tasks.part", TaskOptions::default(), |_, _| async {
                Ok(Value::Int(1))
            })
            .app();
        let next = signature("tasks.second", "next", &json!({"queue": queue}));
        let embed = json!({"callbacks": [next], "errbacks": null, "chain": null, "chord": null});
        send(&app, "tasks.part", "first", None, &embed).await;
        let meta = app.client.result::<Value>("first").meta().await;
        let meta = meta.expect("a result");
        assert_eq!(meta.status == State::Success, allowed, "{queue}");
        if !allowed {
            let text = exc_message(&meta);
            assert!(
                text.contains("`payments` is not in `worker_follow_up_queues`"),
                "{text}"
            );
        }
    }
}

/// Headers that no item can hold: told at once, instead of again and again.
#[tokio::test]
async fn headers_that_fit_in_no_item_go_to_the_dead_letter_queue() {
    let app = app(&Runs::default());
    let message = json!({
        "body": "[[], {}, {}]",
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": {"task": "tasks.part", "id": "large", "parent_id": "p".repeat(500_000)},
        "properties": {"body_encoding": "utf-8"},
    });
    app.send_body(QUEUE, message.to_string()).await;
    let outcome = app.execute(QUEUE).await;
    let Outcome::DeadLetter(letter) = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!(letter.reason, "unreadable");
    assert!(
        letter.error.contains("headers fit in no item"),
        "{}",
        letter.error
    );
}
