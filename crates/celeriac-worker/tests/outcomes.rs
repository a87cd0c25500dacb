//! What becomes of one delivery: `execute` on SQLite.

mod support;

use std::time::Duration;

use celeriac_core::{Failure, SendOptions, TaskError, TaskOptions};
use celeriac_protocol::{State, Value};
use celeriac_worker::{Outcome, Shutdown};
use support::{QUEUE, Runs, Setup, exc_message, exc_type};

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
    let app = Setup::default()
        .task("tasks.slow", plain(), |context, _| async move {
            context.soft_time_limit().await;
            Ok(Value::Null)
        })
        .app();
    app.send("tasks.slow", vec![]).await;
    let delivery = app.receive(QUEUE).await.expect("a message");
    let (executor, copy, shutdown) = (app.executor.clone(), delivery.clone(), Shutdown::new());
    let own = shutdown.clone();
    let first = tokio::spawn(async move { executor.execute(copy, &own).await });
    support::until("the first runs", || async {
        app.client
            .result::<Value>(id(&delivery))
            .meta()
            .await
            .is_ok_and(|meta| meta.task_id.is_some())
    })
    .await;
    let second = app.executor.execute(delivery, &Shutdown::new()).await;
    assert!(
        matches!(second, Outcome::Defer(wait) if wait > Duration::from_secs(30) && wait < Duration::from_secs(61)),
        "{second:?}"
    );
    shutdown.notice.cancel();
    assert!(matches!(first.await.expect("no panic"), Outcome::Ack));
}

fn id(delivery: &celeriac_core::Delivery) -> String {
    celeriac_protocol::Envelope::decode(&delivery.body, &celeriac_protocol::Limits::default())
        .expect("an envelope")
        .headers
        .id
}

#[tokio::test]
async fn failures_have_their_type_message_and_traceback() {
    let app = Setup::default()
        .task("tasks.named", plain(), |_, _| async {
            Err(TaskError::failure("ValueError", "bad day"))
        })
        .task("tasks.question_mark", plain(), |_, _| async {
            "x".parse::<i64>()?;
            Ok(Value::Null)
        })
        .app();
    let (outcome, meta) = app.run("tasks.named", vec![]).await;
    assert!(matches!(outcome, Outcome::Ack), "{outcome:?}");
    assert_eq!(
        (
            meta.status.clone(),
            exc_type(&meta).as_str(),
            exc_message(&meta).as_str()
        ),
        (State::Failure, "ValueError", "bad day")
    );
    let (_, meta) = app.run("tasks.question_mark", vec![]).await;
    assert_eq!(
        (meta.status.clone(), exc_type(&meta).as_str()),
        (State::Failure, "ParseIntError")
    );
    assert!(meta.traceback.is_some());
}

#[tokio::test]
async fn a_panic_is_a_failure() {
    let app = Setup::default()
        .task("tasks.panic", plain(), |_, _| async {
            panic!("out of cheese")
        })
        .blocking("tasks.blocking_panic", plain(), |_| {
            panic!("out of crackers")
        })
        .app();
    for (task, text) in [
        ("tasks.panic", "out of cheese"),
        ("tasks.blocking_panic", "out of crackers"),
    ] {
        let (outcome, meta) = app.run(task, vec![]).await;
        assert!(matches!(outcome, Outcome::Ack), "{outcome:?}");
        assert_eq!(
            (exc_type(&meta).as_str(), exc_message(&meta).as_str()),
            ("PanicError", text)
        );
        assert!(meta.traceback.expect("a place").contains("outcomes.rs"));
    }
}

#[tokio::test]
async fn wrong_arguments_are_a_type_error_that_names_them() {
    let app = Setup::default().add().app();
    let (outcome, meta) = app.run("tasks.add", vec![Value::Int(2)]).await;
    assert!(matches!(outcome, Outcome::Ack), "{outcome:?}");
    assert_eq!(exc_type(&meta), "TypeError");
    assert_eq!(
        exc_message(&meta),
        "add() missing 1 required positional argument: 'y'"
    );
    let (_, meta) = app
        .run("tasks.add", vec![Value::Int(2), Value::Str("three".into())])
        .await;
    assert_eq!(exc_type(&meta), "TypeError");
    assert!(exc_message(&meta).contains('y'), "{}", exc_message(&meta));
}

#[tokio::test]
async fn time_limits_end_async_and_blocking_tasks() {
    let app = Setup::default()
        .task("tasks.sleep", plain(), |_, _| async {
            tokio::time::sleep(Duration::from_secs(60)).await;
            Ok(Value::Null)
        })
        .blocking("tasks.block", plain(), |_| {
            std::thread::sleep(Duration::from_secs(1));
            Ok(Value::Null)
        })
        .app();
    let limit = || SendOptions {
        time_limit: Some(Duration::from_millis(500)),
        ..SendOptions::default()
    };
    for task in ["tasks.sleep", "tasks.block"] {
        let result = app.send_with(task, vec![], limit()).await;
        let start = std::time::Instant::now();
        let outcome = app.execute(QUEUE).await;
        assert!(
            start.elapsed() < Duration::from_millis(950),
            "{task}: {:?}",
            start.elapsed()
        );
        assert!(matches!(outcome, Outcome::Ack), "{outcome:?}");
        let meta = result.meta().await.expect("a result");
        assert_eq!(
            (exc_type(&meta).as_str(), exc_message(&meta).as_str()),
            ("TimeLimitExceeded", "0.5"),
            "{task}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_that_never_yields_is_timed_out_all_the_same() {
    let limited = TaskOptions {
        time_limit: Some(Duration::from_millis(200)),
        ..plain()
    };
    let app = Setup::default()
        .task("tasks.never_yields", limited, |_, _| async {
            std::thread::sleep(Duration::from_millis(1500));
            Ok(Value::Null)
        })
        .app();
    let start = std::time::Instant::now();
    let (_, meta) = app.run("tasks.never_yields", vec![]).await;
    assert_eq!(exc_type(&meta), "TimeLimitExceeded");
    assert!(
        start.elapsed() < Duration::from_millis(1400),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test]
async fn the_soft_limit_tells_the_task() {
    let soft = TaskOptions {
        soft_time_limit: Some(Duration::from_millis(50)),
        ..plain()
    };
    let app = Setup::default()
        .task("tasks.listens", soft.clone(), |context, _| async move {
            context.soft_time_limit().await;
            Ok(Value::Str("in time".into()))
        })
        .blocking("tasks.looks", soft, |context| {
            while !context.is_cancelled() {
                std::thread::sleep(Duration::from_millis(5));
            }
            Err(TaskError::failure("SoftTimeLimitExceeded", ""))
        })
        .app();
    let (_, meta) = app.run("tasks.listens", vec![]).await;
    assert_eq!(meta.result, Value::Str("in time".into()));
    let (_, meta) = app.run("tasks.looks", vec![]).await;
    assert_eq!(exc_type(&meta), "SoftTimeLimitExceeded");
}

#[tokio::test]
async fn ignore_stores_nothing_and_reject_goes_to_the_dead_letters() {
    let app = Setup::default()
        .task("tasks.ignore", plain(), |_, _| async {
            Err(TaskError::Ignore)
        })
        .task("tasks.reject", plain(), |_, _| async {
            Err(TaskError::reject("not mine"))
        })
        .task("tasks.requeue", plain(), |_, _| async {
            Err(TaskError::Reject {
                reason: "later".into(),
                requeue: true,
            })
        })
        .app();
    let (outcome, meta) = app.run("tasks.ignore", vec![]).await;
    assert!(matches!(outcome, Outcome::Ack), "{outcome:?}");
    assert_eq!(meta.status, State::Pending);
    let (outcome, meta) = app.run("tasks.reject", vec![]).await;
    assert!(
        matches!(&outcome, Outcome::DeadLetter(letter) if letter.reason == "rejected"),
        "{outcome:?}"
    );
    let args = celeriac_protocol::ExceptionInfo::from_value(&meta.result)
        .expect("an exception")
        .exc_message;
    assert_eq!(
        (exc_type(&meta).as_str(), args),
        (
            "Reject",
            vec![Value::Str("not mine".into()), Value::Bool(false)]
        )
    );
    let (outcome, meta) = app.run("tasks.requeue", vec![]).await;
    assert!(
        matches!(outcome, Outcome::Defer(wait) if wait >= Duration::from_secs(1)),
        "{outcome:?}"
    );
    assert_eq!(meta.status, State::Pending);
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
    support::until("STARTED", || async {
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

#[tokio::test]
async fn unknown_tasks_fail_are_released_or_forwarded() {
    let app = Setup::default().app();
    let (outcome, meta) = app.run("tasks.nope", vec![]).await;
    assert!(matches!(outcome, Outcome::Ack), "{outcome:?}");
    assert_eq!(
        (exc_type(&meta).as_str(), exc_message(&meta).as_str()),
        ("NotRegistered", "tasks.nope")
    );

    let app = Setup::default()
        .set(|settings| settings.unknown_task = "release".into())
        .app();
    let (outcome, meta) = app.run("tasks.nope", vec![]).await;
    assert!(matches!(outcome, Outcome::Defer(_)), "{outcome:?}");
    assert_eq!(meta.status, State::Pending);

    let app = Setup::default()
        .set(|settings| settings.unknown_task = "forward:python".into())
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
            retries: 0,
            owner: "dead".into(),
            nonce: format!("n{attempt}"),
            lease: Duration::ZERO,
            shown: celeriac_protocol::ResultMeta::new(result.id(), State::Pending, Value::Null),
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
}

#[tokio::test]
async fn gave_up_goes_to_the_dead_letters_if_the_task_asks() {
    let options = TaskOptions {
        dead_letter: true,
        ..plain()
    };
    let app = Setup::default()
        .task("tasks.gives_up", options, |_, _| async {
            Err(TaskError::Failure(Failure::new("ValueError", "no")))
        })
        .app();
    let (outcome, meta) = app.run("tasks.gives_up", vec![]).await;
    assert!(
        matches!(&outcome, Outcome::DeadLetter(letter) if letter.reason == "gave-up" && letter.error == "ValueError: no"),
        "{outcome:?}"
    );
    assert_eq!(meta.status, State::Failure);
}

#[tokio::test]
async fn a_cancelled_run_is_given_back_and_does_not_count() {
    let app = Setup::default()
        .set(|settings| settings.task_max_lost_runs = 1)
        .task("tasks.sleep", plain(), |_, _| async {
            tokio::time::sleep(Duration::from_secs(60)).await;
            Ok(Value::Null)
        })
        .app();
    app.send("tasks.sleep", vec![]).await;
    let delivery = app.receive(QUEUE).await.expect("a message");
    for _ in 0..3 {
        let shutdown = Shutdown::new();
        let (executor, copy, own) = (app.executor.clone(), delivery.clone(), shutdown.clone());
        let run = tokio::spawn(async move { executor.execute(copy, &own).await });
        tokio::time::sleep(Duration::from_millis(50)).await;
        shutdown.end_now();
        let outcome = run.await.expect("no panic");
        assert!(matches!(outcome, Outcome::Release), "{outcome:?}");
    }
    let shutdown = Shutdown::new();
    shutdown.drain();
    assert!(
        matches!(
            app.executor.execute(delivery, &shutdown).await,
            Outcome::Release
        ),
        "nothing starts while draining"
    );
}

#[tokio::test]
async fn a_task_told_of_the_shutdown_may_end_with_an_error_and_is_given_back() {
    let app = Setup::default()
        .task("tasks.listens", plain(), |context, _| async move {
            context.soft_time_limit().await;
            Err(TaskError::failure("Stopped", "the worker ends"))
        })
        .app();
    let result = app.send("tasks.listens", vec![]).await;
    let shutdown = Shutdown::new();
    shutdown.notice.cancel();
    let delivery = app.receive(QUEUE).await.expect("a message");
    assert!(matches!(
        app.executor.execute(delivery, &shutdown).await,
        Outcome::Release
    ));
    assert_eq!(result.state().await.expect("a state"), State::Pending);
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
