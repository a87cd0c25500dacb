//! What becomes of one delivery: `execute` on SQLite.

use std::time::Duration;

use celeriac_core::{QueueAdmin as _, SendOptions, TaskError, TaskOptions, UnknownTask};
use celeriac_protocol::{State, Value};
use celeriac_worker::{Outcome, Shutdown};

use crate::support::{QUEUE, Runs, Setup, exc_message, exc_type};

fn plain() -> TaskOptions {
    TaskOptions::default()
}

#[tokio::test]
async fn success_is_stored_before_the_message_may_go() {
    let app = Setup::default().add().app();
    let (outcome, meta) = app
        .run("tasks.add", vec![Value::Int(2), Value::Int(3)])
        .await;
    assert!(matches!(outcome, Outcome::Ack), "{outcome:?}");
    assert_eq!((meta.status, meta.result), (State::Success, Value::Int(5)));
    assert!(meta.date_done.is_some());
    assert_eq!(meta.children, Value::Null);
}

/// What a spawned run is moved and kept as: a thousand may wait for their ends to be stored.
#[tokio::test]
async fn a_run_takes_three_kilobytes_at_most() {
    let app = Setup::default().add().app();
    app.send("tasks.add", vec![Value::Int(2), Value::Int(3)])
        .await;
    let delivery = app.receive(QUEUE).await.expect("a message");
    let shutdown = Shutdown::new();
    let run = app.executor.perform(delivery, &shutdown);
    let bytes = size_of_val(&run);
    assert!(bytes <= 3 << 10, "{bytes} bytes");
    run.await;
}

#[tokio::test]
async fn a_finished_task_is_not_run_again() {
    let runs = Runs::default();
    let counted = runs.clone();
    let app = Setup::default()
        .task("tasks.count", plain(), move |_, _| {
            counted.add();
            async { Ok(Value::Null) }
        })
        .app();
    app.send("tasks.count", vec![]).await;
    let delivery = app.receive(QUEUE).await.expect("a message");
    for _ in 0..2 {
        let outcome = app
            .executor
            .execute(delivery.clone(), &Shutdown::new())
            .await;
        assert!(matches!(outcome, Outcome::Ack), "{outcome:?}");
    }
    assert_eq!(runs.count(), 1);
}

#[tokio::test]
async fn a_second_copy_of_a_running_task_waits_for_its_lease() {
    let runs = Runs::default();
    let counted = runs.clone();
    let app = Setup::default()
        .task("tasks.slow", plain(), move |context, _| {
            counted.add();
            async move {
                context.soft_time_limit().await;
                Ok(Value::Null)
            }
        })
        .app();
    app.send("tasks.slow", vec![]).await;
    let delivery = app.receive(QUEUE).await.expect("a message");
    let (executor, copy, shutdown) = (app.executor.clone(), delivery.clone(), Shutdown::new());
    let own = shutdown.clone();
    let first = tokio::spawn(async move { executor.execute(copy, &own).await });
    crate::support::until("the first runs", || async { runs.count() == 1 }).await;
    let second = app.executor.execute(delivery, &Shutdown::new()).await;
    assert!(
        matches!(second, Outcome::Defer(wait) if wait > Duration::from_secs(30) && wait < Duration::from_secs(61)),
        "{second:?}"
    );
    shutdown.notice.cancel();
    assert!(matches!(first.await.expect("no panic"), Outcome::Ack));
    assert_eq!(runs.count(), 1);
}

fn id(delivery: &celeriac_core::Delivery) -> String {
    celeriac_protocol::Envelope::decode(&delivery.body, &celeriac_protocol::Limits::default())
        .expect("an envelope")
        .headers
        .id
}

#[tokio::test]
async fn ignored_results_leave_no_item_unless_errors_are_asked_for() {
    let errors = TaskOptions {
        store_errors_even_if_ignored: Some(true),
        ignore_result: Some(true),
        ..plain()
    };
    let app = Setup::default()
        .add()
        .task(
            "tasks.fails",
            TaskOptions {
                ignore_result: Some(true),
                ..plain()
            },
            |_, _| async { Err(TaskError::failure("ValueError", "no")) },
        )
        .task("tasks.fails_loudly", errors, |_, _| async {
            Err(TaskError::failure("ValueError", "no"))
        })
        .app();
    let ignored = SendOptions {
        ignore_result: Some(true),
        ..SendOptions::default()
    };
    let result = app
        .send_with("tasks.add", vec![Value::Int(1), Value::Int(2)], ignored)
        .await;
    assert!(matches!(app.execute(QUEUE).await, Outcome::Ack));
    let record = |id: String| {
        let store = app.store.clone().expect("a store");
        async move { store.get(&[id]).await.remove(0).expect("readable") }
    };
    assert_eq!(
        record(result.id().to_owned())
            .await
            .map(|record| record.meta.status),
        None
    );
    for (task, expected) in [
        ("tasks.fails", None),
        ("tasks.fails_loudly", Some(State::Failure)),
    ] {
        let result = app.send(task, vec![]).await;
        assert!(matches!(app.execute(QUEUE).await, Outcome::Ack));
        assert_eq!(
            record(result.id().to_owned())
                .await
                .map(|record| record.meta.status),
            expected,
            "{task}"
        );
    }
}

#[tokio::test]
async fn track_started_progress_and_extended_results() {
    let tracked = TaskOptions {
        track_started: Some(true),
        ..plain()
    };
    let (go, gone) = (
        std::sync::Arc::new(tokio::sync::Notify::new()),
        std::sync::Arc::new(tokio::sync::Notify::new()),
    );
    let (inner_go, inner_gone) = (go.clone(), gone.clone());
    let app = Setup::default()
        .set(|settings| settings.result_extended = true)
        .task("tasks.shows", tracked, move |context, _| {
            let (go, gone) = (inner_go.clone(), inner_gone.clone());
            async move {
                go.notified().await;
                context.progress(serde_json::json!({ "pct": 10 })).await?;
                gone.notify_one();
                go.notified().await;
                Ok(Value::Null)
            }
        })
        .app();
    let result = app.send("tasks.shows", vec![Value::Int(1)]).await;
    let delivery = app.receive(QUEUE).await.expect("a message");
    let executor = app.executor.clone();
    let run = tokio::spawn(async move { executor.execute(delivery, &Shutdown::new()).await });
    crate::support::until("STARTED", || async {
        result
            .state()
            .await
            .is_ok_and(|state| state == State::Started)
    })
    .await;
    let Value::Dict(info) = result.info().await.expect("info") else {
        panic!("no object")
    };
    assert_eq!(
        info.get("hostname"),
        Some(&Value::Str("celeriac@test".into()))
    );
    go.notify_one();
    gone.notified().await;
    assert_eq!(
        result.state().await.expect("a state"),
        State::Custom("PROGRESS".into())
    );
    go.notify_one();
    assert!(matches!(run.await.expect("no panic"), Outcome::Ack));
    let extended = result
        .meta()
        .await
        .expect("a result")
        .extended
        .expect("extended");
    assert_eq!(
        (
            extended.name.as_deref(),
            extended.worker.as_deref(),
            extended.queue.as_deref()
        ),
        (Some("tasks.shows"), Some("celeriac@test"), Some(QUEUE))
    );
    assert_eq!(
        (extended.retries, extended.args),
        (Some(0), Value::List(vec![Value::Int(1)]))
    );
}

#[tokio::test]
async fn children_are_listed() {
    let app = Setup::default()
        .add()
        .task("tasks.parent", plain(), |context, _| async move {
            let child = celeriac_core::TaskSignature::<Value>::new("tasks.add")
                .arg(1)
                .arg(2);
            context.send(child).await?;
            Ok(Value::Null)
        })
        .app();
    let (_, meta) = app.run("tasks.parent", vec![]).await;
    let child = app.receive(QUEUE).await.expect("the child");
    let tuple = Value::List(vec![
        Value::List(vec![Value::Str(id(&child)), Value::Null]),
        Value::Null,
    ]);
    assert_eq!(meta.children, Value::List(vec![tuple]));
}

#[tokio::test]
async fn a_late_message_is_revoked_and_an_early_one_put_off() {
    let app = Setup::default().add().app();
    let args = || vec![Value::Int(1), Value::Int(2)];
    let past = celeriac_protocol::UtcTime::parse("2020-01-01T00:00:00Z").expect("a time");
    let expired = app
        .send_with(
            "tasks.add",
            args(),
            SendOptions {
                expires_at: Some(past),
                ..SendOptions::default()
            },
        )
        .await;
    assert!(matches!(app.execute(QUEUE).await, Outcome::Ack));
    let meta = expired.meta().await.expect("a result");
    assert_eq!(
        (
            meta.status.clone(),
            exc_type(&meta).as_str(),
            exc_message(&meta).as_str()
        ),
        (State::Revoked, "TaskRevokedError", "expired")
    );

    // as Python sends it: the eta in the header, no delay
    app.send_with(
        "tasks.add",
        args(),
        SendOptions {
            countdown: Some(Duration::from_secs(2000)),
            ..SendOptions::default()
        },
    )
    .await;
    let stats = app.broker.stats(QUEUE).await.expect("stats");
    assert_eq!(stats.delayed, 1, "the client delays it itself");
    let envelope = early_envelope();
    app.send_body("early", envelope.clone()).await;
    assert!(matches!(app.execute("early").await, Outcome::Ack));
    assert_eq!(
        app.broker.stats("early").await.expect("stats").delayed,
        1,
        "sent again with a delay"
    );
}

fn early_envelope() -> String {
    r#"{"body":"[[1, 2], {}, {}]","content-encoding":"utf-8","content-type":"application/json",
        "headers":{"task":"tasks.add","id":"early-1","eta":"2999-01-01T00:00:00+00:00"},"properties":{"body_encoding":"utf-8"}}"#
        .to_owned()
}

fn lone(task: &str, id: &str) -> String {
    format!(
        r#"{{"body":"[[], {{}}, {{}}]","content-encoding":"utf-8","content-type":"application/json",
        "headers":{{"task":"{task}","id":"{id}"}},"properties":{{"body_encoding":"utf-8"}}}}"#
    )
}

#[tokio::test]
async fn unknown_tasks_fail_are_kept_released_or_forwarded() {
    let app = Setup::default().app();
    let (outcome, meta) = app.run("tasks.nope", vec![]).await;
    assert!(matches!(outcome, Outcome::Ack), "{outcome:?}");
    assert_eq!(
        (exc_type(&meta).as_str(), exc_message(&meta).as_str()),
        ("NotRegistered", "tasks.nope")
    );

    let app = Setup::default()
        .set(|settings| settings.unknown_task = UnknownTask::DeadLetter)
        .app();
    // the second time since it may come again before it was moved
    for _ in 0..2 {
        let body = lone("tasks.nope", "kept");
        app.send_body(QUEUE, body.clone()).await;
        let Outcome::DeadLetter(letter) = app.execute(QUEUE).await else {
            panic!("not a dead letter");
        };
        assert_eq!(
            (letter.reason.as_str(), letter.error.as_str()),
            ("not-registered", "NotRegistered: tasks.nope")
        );
        assert_eq!(letter.delivery.body, body);
        let meta = app.client.result::<Value>("kept").meta().await;
        assert_eq!(exc_type(&meta.expect("a result")), "NotRegistered");
    }

    let app = Setup::default()
        .set(|settings| settings.unknown_task = UnknownTask::Release)
        .app();
    let (outcome, meta) = app.run("tasks.nope", vec![]).await;
    assert!(matches!(outcome, Outcome::Defer(_)), "{outcome:?}");
    assert_eq!(meta.status, State::Pending);

    let app = Setup::default()
        .set(|settings| settings.unknown_task = UnknownTask::Forward("python".into()))
        .app();
    app.send("tasks.nope", vec![]).await;
    let delivery = app.receive(QUEUE).await.expect("a message");
    let body = delivery.body.clone();
    assert!(matches!(
        app.executor.execute(delivery, &Shutdown::new()).await,
        Outcome::Ack
    ));
    assert_eq!(app.receive("python").await.expect("forwarded").body, body);
}

#[tokio::test]
async fn a_task_whose_worker_died_too_often_is_poison() {
    let app = Setup::default()
        .set(|settings| settings.task_max_lost_runs = 2)
        .add()
        .app();
    let result = app
        .send("tasks.add", vec![Value::Int(1), Value::Int(2)])
        .await;
    let store = app.store.clone().expect("a store");
    for attempt in 0..2 {
        // a worker that claims and dies: its lease ends at once
        let claim = celeriac_core::Claim {
            task_id: result.id().to_owned(),
            identity: celeriac_core::TaskIdentity::named("tasks.add"),
            retries: 0,
            owner: "dead".into(),
            nonce: format!("n{attempt}"),
            lease: Duration::ZERO,
            shown: celeriac_protocol::ResultMeta::new(result.id(), State::Pending, Value::Null),
            sent_by: None,
            isolate_at: None,
            to_run: true,
            takes_over: false,
            replaces: false,
            unanswered: Vec::new(),
            likely_known: true,
        };
        store.claim(vec![claim]).await.remove(0).expect("claimed");
    }
    let outcome = app.execute(QUEUE).await;
    assert!(
        matches!(&outcome, Outcome::DeadLetter(letter) if letter.reason == "poison"),
        "{outcome:?}"
    );
    assert_eq!(
        exc_type(&result.meta().await.expect("a result")),
        "WorkerLostError"
    );
    // the dead-letter queue was away: the message comes back, and is still for it
    let Outcome::DeadLetter(letter) = outcome else {
        return;
    };
    let again = app
        .executor
        .execute(letter.delivery, &Shutdown::new())
        .await;
    assert!(
        matches!(&again, Outcome::DeadLetter(letter) if letter.reason == "poison"),
        "{again:?}"
    );
}

/// A message that was to go to the dead-letter queue and could not is never acknowledged when it
/// comes back.
#[tokio::test]
async fn a_letter_stays_owed_after_its_failure_is_stored() {
    let gives_up = TaskOptions {
        dead_letter: true,
        ..TaskOptions::default()
    };
    let app = Setup::default()
        .task("tasks.rejects", plain(), |_, _| async {
            Err(TaskError::reject("no"))
        })
        .task("tasks.gives_up", gives_up, |_, _| async {
            Err(TaskError::failure("ValueError", "no"))
        })
        .app();
    for (task, reason) in [("tasks.rejects", "rejected"), ("tasks.gives_up", "gave-up")] {
        app.send(task, vec![]).await;
        let delivery = app.receive(QUEUE).await.expect("a message");
        for _ in 0..2 {
            let outcome = app
                .executor
                .execute(delivery.clone(), &Shutdown::new())
                .await;
            assert!(
                matches!(&outcome, Outcome::DeadLetter(letter) if letter.reason == reason),
                "{task}: {outcome:?}"
            );
        }
        app.queues.purge(QUEUE).await.expect("purged");
    }
}

#[tokio::test]
async fn early_acknowledgement_deletes_before_the_run() {
    let app = Setup::default()
        .set(|settings| settings.task_acks_late = false)
        .task("tasks.looks", plain(), |_, _| async { Ok(Value::Null) })
        .app();
    let result = app.send("tasks.looks", vec![]).await;
    assert!(matches!(app.execute(QUEUE).await, Outcome::Ack));
    let stats = app.broker.stats(QUEUE).await.expect("stats");
    assert_eq!(
        (stats.visible, stats.in_flight),
        (0, 0),
        "nobody but execute deleted it"
    );
    assert_eq!(result.state().await.expect("a state"), State::Success);
}
