//! How a run can end, and what becomes of its message.

use std::time::Duration;

use celeriac_core::{Failure, SendOptions, TaskError, TaskOptions};
use celeriac_protocol::{State, Value};
use celeriac_worker::{Outcome, Shutdown};

use crate::support::{QUEUE, Setup, exc_message, exc_type};

fn plain() -> TaskOptions {
    TaskOptions::default()
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
        (State::Failure, "ValueError")
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
        assert!(meta.traceback.expect("a place").contains("endings.rs"));
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
            tokio::time::sleep(Duration::from_mins(1)).await;
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
            tokio::time::sleep(Duration::from_mins(1)).await;
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
async fn a_result_that_no_store_takes_is_a_failure_that_says_so() {
    let app = Setup::default()
        .task("tasks.large", plain(), |_, _| async {
            Ok(Value::Str("x".repeat(500_000)))
        })
        .task("tasks.large_failure", plain(), |_, _| async {
            let args = vec![Value::List(vec![Value::Int(1); 500_000])];
            Err(TaskError::Failure(Failure::with_args("ValueError", args)))
        })
        .task("tasks.long_failure", plain(), |_, _| async {
            Err(TaskError::failure("ValueError", "x".repeat(500_000)))
        })
        .app();
    for task in ["tasks.large", "tasks.large_failure"] {
        let (outcome, meta) = app.run(task, vec![]).await;
        assert!(matches!(outcome, Outcome::Ack), "{task}: {outcome:?}");
        assert_eq!(
            (meta.status.clone(), exc_type(&meta).as_str()),
            (State::Failure, "ResultTooLarge"),
            "{task}"
        );
        assert!(
            exc_message(&meta).contains("over the limit"),
            "{}",
            exc_message(&meta)
        );
    }
    // a text is only cut
    let (_, meta) = app.run("tasks.long_failure", vec![]).await;
    assert_eq!(exc_type(&meta), "ValueError");
    let (text, traceback) = (exc_message(&meta), meta.traceback.unwrap_or_default());
    assert!((60_000..70_000).contains(&text.len()) && text.ends_with("x..."));
    assert!(traceback.len() < 70_000, "{}", traceback.len());
}

#[tokio::test]
async fn an_early_acknowledged_task_that_is_cancelled_is_a_failure() {
    let app = Setup::default()
        .task(
            "tasks.sleep",
            TaskOptions {
                acks_late: Some(false),
                ..plain()
            },
            |_, _| async {
                tokio::time::sleep(Duration::from_mins(1)).await;
                Ok(Value::Null)
            },
        )
        .app();
    let result = app.send("tasks.sleep", vec![]).await;
    let (shutdown, delivery) = (
        Shutdown::new(),
        app.receive(QUEUE).await.expect("a message"),
    );
    let (executor, own) = (app.executor.clone(), shutdown.clone());
    let run = tokio::spawn(async move { executor.execute(delivery, &own).await });
    crate::support::until("it was acknowledged", || async {
        app.broker
            .stats(QUEUE)
            .await
            .is_ok_and(|stats| stats.in_flight == 0)
    })
    .await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    shutdown.end_now();
    assert!(matches!(run.await.expect("no panic"), Outcome::Ack));
    assert_eq!(
        exc_type(&result.meta().await.expect("a result")),
        "WorkerLostError"
    );
}

#[tokio::test]
async fn a_result_that_no_reader_could_read_is_a_failure() {
    let app = Setup::default()
        .task("tasks.deep", TaskOptions::default(), |_, _| async {
            let mut value = Value::Null;
            for _ in 0..200 {
                value = Value::List(vec![value]);
            }
            Ok(value)
        })
        .app();
    let (outcome, meta) = app.run("tasks.deep", vec![]).await;
    assert!(matches!(outcome, Outcome::Ack), "{outcome:?}");
    assert_eq!(
        (meta.status.clone(), exc_type(&meta).as_str()),
        (State::Failure, "EncodeError")
    );
    assert!(
        exc_message(&meta).contains("nesting"),
        "{}",
        exc_message(&meta)
    );
}
