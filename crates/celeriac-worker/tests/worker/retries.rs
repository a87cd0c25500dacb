//! Retries: new messages on standard queues, the same message on FIFO queues.

use std::time::Duration;

use crate::support::{App, QUEUE, Running, Runs, Setup, exc_message, exc_type, until};
use celeriac_core::{Failure, RetryPolicy, SendOptions, TaskError, TaskOptions};
use celeriac_protocol::{Dict, Envelope, Limits, State, Value, WireForm};
use celeriac_worker::{Outcome, Shutdown, Worker, WorkerQueue};

fn policy(max_retries: u32, delay: Duration) -> TaskOptions {
    let retry = RetryPolicy {
        max_retries: Some(max_retries),
        default_retry_delay: delay,
        ..RetryPolicy::default()
    };
    TaskOptions {
        retry,
        autoretry: true,
        ..TaskOptions::default()
    }
}

fn envelope(body: &str) -> Envelope {
    Envelope::decode(body, &Limits::default()).expect("an envelope")
}

#[tokio::test]
async fn a_retry_is_a_new_message_that_keeps_everything_else() {
    let app = Setup::default()
        .task("tasks.retries", policy(3, Duration::ZERO), |_, _| async {
            let cause = Some(Box::new(Failure::new("ValueError", "not yet")));
            Err(TaskError::Retry {
                countdown: Some(Duration::ZERO),
                eta: None,
                max_retries: None,
                cause,
                with: None,
            })
        })
        .app();
    let mut headers = Dict::new();
    headers.insert("tenant".into(), Value::Str("blue".into()));
    let options = SendOptions {
        headers,
        time_limit: Some(Duration::from_secs(9)),
        message_attributes: [("trace".to_owned(), "abc".to_owned())].into(),
        message_group_id: Some("tenant-1".into()),
        ..SendOptions::default()
    };
    let result = app
        .send_with("tasks.retries", vec![Value::Int(1)], options)
        .await;
    let first = app.receive(QUEUE).await.expect("a message");
    let outcome = app.executor.execute(first.clone(), &Shutdown::new()).await;
    assert!(matches!(outcome, Outcome::Ack), "{outcome:?}");

    let meta = result.meta().await.expect("a result");
    assert_eq!(
        (meta.status.clone(), exc_type(&meta).as_str()),
        (State::Retry, "ValueError")
    );
    assert_eq!(result.children().await.expect("children"), [result.id()]);

    let next = app.receive(QUEUE).await.expect("the retry");
    let (before, mut after) = (envelope(&first.body), envelope(&next.body));
    let sent_by = after.headers.extra.shift_remove("celeriac_sent_by");
    assert!(
        matches!(&sent_by, Some(Value::Str(nonce)) if nonce.len() == 32),
        "passes the lease of the run that sent it alone: {sent_by:?}"
    );
    assert_eq!(
        (after.headers.id.as_str(), after.headers.retries),
        (result.id(), 1)
    );
    assert_eq!(after.headers.parent_id.as_deref(), Some(result.id()));
    assert!(after.headers.eta.is_some());
    assert_eq!(
        (after.body, after.headers.extra, after.headers.timelimit),
        (before.body, before.headers.extra, before.headers.timelimit)
    );
    assert_eq!(
        (next.attributes, next.group_id),
        (first.attributes.clone(), first.group_id.clone())
    );

    // a crash before the first message was deleted: its copy is stale
    let again = app.executor.execute(first, &Shutdown::new()).await;
    assert!(matches!(again, Outcome::Ack), "{again:?}");
    assert_eq!(
        app.broker.stats(QUEUE).await.expect("stats").visible,
        0,
        "no second retry"
    );
}

#[tokio::test]
async fn errors_are_retried_by_themselves_until_none_is_left() {
    let runs = Runs::default();
    let counted = runs.clone();
    let app = Setup::default()
        .task("tasks.fails", policy(2, Duration::ZERO), move |_, _| {
            counted.add();
            async {
                "x".parse::<i64>()?;
                Ok(Value::Null)
            }
        })
        .app();
    let result = app.send("tasks.fails", vec![]).await;
    for _ in 0..3 {
        assert!(matches!(app.execute(QUEUE).await, Outcome::Ack));
    }
    let meta = result.meta().await.expect("a result");
    assert_eq!(
        (runs.count(), meta.status.clone(), exc_type(&meta).as_str()),
        (3, State::Failure, "ValueError")
    );
}

#[tokio::test]
async fn without_a_cause_the_last_retry_says_so() {
    let app = Setup::default()
        .task("tasks.retries", policy(0, Duration::ZERO), |_, _| async {
            Err(TaskError::retry())
        })
        .app();
    let (_, meta) = app.run("tasks.retries", vec![Value::Int(7)]).await;
    assert_eq!(exc_type(&meta), "MaxRetriesExceededError");
    let expected = format!(
        "Can't retry tasks.retries[{}] args:(7,) kwargs:{{}}",
        meta.task_id.clone().expect("an id")
    );
    assert_eq!(exc_message(&meta), expected);
}

#[tokio::test]
async fn a_failed_retry_that_lands_is_run_to_success() {
    let app = Setup::default()
        .task(
            "tasks.flaky",
            policy(3, Duration::from_millis(10)),
            |context, _| async move {
                if context.retries() < 2 {
                    Err(TaskError::retry())
                } else {
                    Ok(Value::Int(i64::from(context.retries())))
                }
            },
        )
        .app();
    let result = app.send("tasks.flaky", vec![]).await;
    let worker = app.start();
    assert_eq!(
        result.get(Duration::from_secs(20)).await.expect("a value"),
        Value::Int(2)
    );
    let report = worker.stop().await;
    assert_eq!((report.succeeded, report.retried, report.failed), (1, 2, 0));
}

#[tokio::test]
async fn on_fifo_the_message_comes_back_and_the_ledger_counts() {
    for ignored in [false, true] {
        let options = TaskOptions {
            ignore_result: Some(ignored),
            ..policy(3, Duration::from_secs(1))
        };
        let runs = Runs::default();
        let counted = runs.clone();
        let app = Setup::default()
            .task("tasks.flaky", options, move |context, _| {
                counted.add();
                async move {
                    if context.retries() < 2 {
                        Err(TaskError::retry())
                    } else {
                        Ok(Value::Null)
                    }
                }
            })
            .app();
        let options = SendOptions {
            queue: Some("orders.fifo".into()),
            message_group_id: Some("g".into()),
            ..SendOptions::default()
        };
        app.send_with("tasks.flaky", vec![], options).await;
        for retry in 0..3 {
            let delivery = app.receive("orders.fifo").await.expect("the same message");
            let receipt = delivery.receipt.clone();
            let outcome = app.executor.execute(delivery, &Shutdown::new()).await;
            match outcome {
                Outcome::Defer(wait) if retry < 2 => assert_eq!(wait, Duration::from_secs(1)),
                Outcome::Ack if retry == 2 => break,
                other => panic!("retry {retry}: {other:?}"),
            }
            let at_once = celeriac_core::SetVisibility {
                receipt,
                visibility: Duration::ZERO,
            };
            app.broker
                .set_visibility("orders.fifo", vec![at_once])
                .await
                .remove(0)
                .expect("visible");
            // a worker that died before the message was deferred: it comes early, and is not run
            // early
            let early = app.receive("orders.fifo").await.expect("visible at once");
            let receipt = early.receipt.clone();
            let outcome = app.executor.execute(early, &Shutdown::new()).await;
            let Outcome::Defer(wait) = outcome else {
                panic!("retry {retry} is run before it is due: {outcome:?}");
            };
            assert_eq!(runs.count(), retry + 1);
            tokio::time::sleep(wait).await;
            let visibility = Duration::ZERO;
            let release = celeriac_core::SetVisibility {
                receipt,
                visibility,
            };
            let released = app
                .broker
                .set_visibility("orders.fifo", vec![release])
                .await;
            assert!(released.iter().all(Result::is_ok));
        }
        assert_eq!(runs.count(), 3, "ignored: {ignored}");
    }
}

#[tokio::test]
async fn far_countdowns_hop() {
    let app = Setup::default()
        .task("tasks.patient", policy(3, Duration::ZERO), |_, _| async {
            Err(TaskError::retry_in(Duration::from_secs(4000)))
        })
        .app();
    app.send("tasks.patient", vec![]).await;
    assert!(matches!(app.execute(QUEUE).await, Outcome::Ack));
    let stats = app.broker.stats(QUEUE).await.expect("stats");
    assert_eq!(
        (stats.visible, stats.delayed),
        (0, 1),
        "sent with the longest delay that the broker takes"
    );
}

/// A run that stood still and has lost its lease may send a retry of its own, due earlier.
#[tokio::test]
async fn no_other_retry_runs_before_the_one_that_is_stored_is_due() {
    let runs = Runs::default();
    let seen = runs.clone();
    let app = Setup::default()
        .task("tasks.patient", policy(3, Duration::ZERO), move |_, _| {
            seen.add();
            async { Err(TaskError::retry_in(Duration::from_mins(1))) }
        })
        .app();
    app.send("tasks.patient", vec![]).await;
    let first = app.receive(QUEUE).await.expect("a message");
    let mut other = envelope(&first.body);
    app.executor.execute(first, &Shutdown::new()).await;

    other.headers.retries = 1;
    let sent_by = ("celeriac_sent_by".into(), Value::Str("1".to_owned()));
    other.headers.extra.extend([sent_by]);
    app.send_body(QUEUE, other.encode(WireForm::Celery)).await;
    let outcome = app.execute(QUEUE).await;
    let soon = Duration::from_secs(50)..Duration::from_secs(62);
    assert!(
        matches!(&outcome, Outcome::Defer(wait) if soon.contains(wait)),
        "{outcome:?}"
    );
    assert_eq!(runs.count(), 1);
}

/// Whoever stored it may have died before anything followed.
#[tokio::test]
async fn an_end_that_another_has_stored_is_followed_where_the_task_cannot_run() {
    let app = Setup::default().add().app();
    let body = r#"{"body":"[[], {}, {\"callbacks\":null,\"errbacks\":[{\"task\":\"tasks.onerror\",\"args\":[]}],\"chain\":null,\"chord\":null}]",
        "content-encoding":"utf-8","content-type":"application/json","headers":{"task":"tasks.add","id":"late","expires":"2020-01-01T00:00:00+00:00"},"properties":{"body_encoding":"utf-8"}}"#;
    app.send_body(QUEUE, body.replace('\n', "")).await;
    let message = app.receive(QUEUE).await.expect("a message");
    store_failure(&app, "tasks.add", "late").await;
    let outcome = app.executor.execute(message, &Shutdown::new()).await;
    assert!(matches!(outcome, Outcome::Ack), "{outcome:?}");
    let end = app.client.result::<Value>("late").meta().await;
    assert_eq!(end.expect("a result").status, State::Failure, "not REVOKED");
    let errback = app.receive(QUEUE).await.expect("FAILURE's errback");
    assert_eq!(envelope(&errback.body).headers.task, "tasks.onerror");
}

#[tokio::test]
async fn callbacks_and_chains_go_on_and_failures_end_them() {
    let app = Setup::default()
        .add()
        .task("tasks.fails", TaskOptions::default(), |_, _| async {
            Err(TaskError::failure("ValueError", "no"))
        })
        .app();
    let body = |task: &str, id: &str| {
        format!(
            r#"{{"body":"[[1, 2], {{}}, {{\"callbacks\":[{{\"task\":\"tasks.add\",\"args\":[10]}}],\"errbacks\":[{{\"task\":\"tasks.onerror\",\"args\":[]}}],
            \"chain\":[{{\"task\":\"tasks.add\",\"args\":[100],\"options\":{{\"task_id\":\"{id}-last\"}}}},{{\"task\":\"tasks.add\",\"args\":[50],\"options\":{{\"task_id\":\"{id}-next\"}}}}],\"chord\":null}}]",
            "content-encoding":"utf-8","content-type":"application/json","headers":{{"task":"{task}","id":"{id}"}},"properties":{{"body_encoding":"utf-8"}}}}"#
        )
        .replace('\n', "")
    };
    app.send_body(QUEUE, body("tasks.add", "good")).await;
    assert!(matches!(app.execute(QUEUE).await, Outcome::Ack));
    assert!(
        matches!(app.execute(QUEUE).await, Outcome::Ack),
        "the callback"
    );
    assert!(
        matches!(app.execute(QUEUE).await, Outcome::Ack),
        "the next step"
    );
    assert!(
        matches!(app.execute(QUEUE).await, Outcome::Ack),
        "the last step"
    );
    let value = |id: &'static str| {
        let client = app.client.clone();
        async move { client.result::<Value>(id).meta().await.expect("a result") }
    };
    assert_eq!(value("good").await.result, Value::Int(3));
    assert_eq!(value("good-next").await.result, Value::Int(53));
    assert_eq!(value("good-last").await.result, Value::Int(153));
    assert_eq!(value("good-next").await.parent_id.as_deref(), Some("good"));
    assert_eq!(
        app.client
            .result::<Value>("good")
            .children()
            .await
            .expect("children")
            .len(),
        2
    );

    app.send_body(QUEUE, body("tasks.fails", "bad")).await;
    assert!(matches!(app.execute(QUEUE).await, Outcome::Ack));
    for step in ["bad", "bad-next", "bad-last"] {
        assert_eq!(exc_type(&value(step).await), "ValueError", "{step}");
    }
    let errback = app.receive(QUEUE).await.expect("the errback");
    let known = envelope(&errback.body).headers.id;
    let payload = envelope(&errback.body)
        .payload(&Limits::default())
        .expect("a payload");
    assert_eq!(payload.args, [Value::Str("bad".into())]);
    assert!(app.receive(QUEUE).await.is_none(), "nothing else was sent");
    // a worker that died right after FAILURE was stored: what follows is sent when the message
    // comes back, under the same ids
    let lost = body("tasks.fails", "lost");
    app.send_body(QUEUE, lost.clone()).await;
    let message = app.receive(QUEUE).await.expect("a message");
    store_failure(&app, "tasks.fails", "lost").await;
    assert!(matches!(
        app.executor.execute(message, &Shutdown::new()).await,
        Outcome::Ack
    ));
    for step in ["lost-next", "lost-last"] {
        assert_eq!(exc_type(&value(step).await), "ValueError", "{step}");
    }
    let errback = app.receive(QUEUE).await.expect("the errback");
    assert_ne!(envelope(&errback.body).headers.id, known);
    app.send_body(QUEUE, lost).await;
    assert!(matches!(app.execute(QUEUE).await, Outcome::Ack));
    let copy = app.receive(QUEUE).await.expect("the errback once more");
    assert_eq!(
        envelope(&copy.body).headers.id,
        envelope(&errback.body).headers.id
    );
}

/// A FAILURE of which nobody has drawn the consequences.
async fn store_failure(app: &App, task: &str, id: &str) {
    let store = app.store.clone().expect("a store");
    let claim = celeriac_core::Claim {
        task_id: id.to_owned(),
        identity: celeriac_core::TaskIdentity::named(task),
        retries: 0,
        owner: "dead".into(),
        nonce: "claim".into(),
        lease: Duration::from_mins(1),
        shown: celeriac_protocol::ResultMeta::new(id, State::Pending, Value::Null),
        sent_by: None,
        isolate_at: None,
        to_run: true,
        takes_over: false,
        replaces: false,
        unanswered: Vec::new(),
        likely_known: false,
    };
    store.claim(vec![claim]).await.remove(0).expect("claimed");
    let failure = Failure::new("ValueError", "no").exception.to_value();
    let end = celeriac_core::Completion {
        task_id: id.to_owned(),
        attempt: 1,
        nonce: "end".into(),
        kind: celeriac_core::CompletionKind::Final(celeriac_protocol::ResultMeta::new(
            id,
            State::Failure,
            failure,
        )),
    };
    store.complete(vec![end]).await.remove(0).expect("stored");
}

/// The next try may arrive before the run that sent it has stored RETRY and let go of its lease.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn retries_without_delay_wait_for_no_lease() {
    const TASKS: usize = 200;
    let app = Setup::default()
        .task(
            "tasks.flaky",
            policy(3, Duration::ZERO),
            |context, _| async move {
                if context.retries() < 2 {
                    return Err(TaskError::Retry {
                        countdown: Some(Duration::ZERO),
                        eta: None,
                        max_retries: None,
                        cause: None,
                        with: None,
                    });
                }
                Ok(Value::Null)
            },
        )
        .app();
    let sent = (0..TASKS).map(|_| app.send("tasks.flaky", vec![]));
    let results = futures_util::future::join_all(sent).await;
    let worker = app.start();
    for result in &results {
        result
            .get(Duration::from_secs(20))
            .await
            .expect("long before a lease of 60 s ends");
    }
    worker.stop().await;
}

#[tokio::test]
async fn an_item_that_cannot_be_read_sends_its_message_to_the_dead_letters() {
    let (app, switches) = Setup::default().add().wrapped();
    app.send("tasks.add", vec![Value::Int(1), Value::Int(2)])
        .await;
    switches
        .garbled_claims
        .store(1, std::sync::atomic::Ordering::SeqCst);
    let outcome = app.execute(QUEUE).await;
    assert!(
        matches!(&outcome, Outcome::DeadLetter(letter) if letter.reason == "unreadable" && letter.error.contains("pickle")),
        "{outcome:?}"
    );
}

/// SQS counts the 12 hours of a visibility from the receive, and refuses more.
#[tokio::test]
async fn what_waits_longer_than_a_visibility_on_fifo_asks_for_no_more_than_sqs_allows() {
    let hours = |hours| Duration::from_hours(hours);
    let (app, switches) = Setup::default()
        .task(
            "tasks.retry",
            TaskOptions::default(),
            move |context, _| async move {
                drop(context);
                Err(TaskError::Retry {
                    countdown: Some(hours(13)),
                    eta: None,
                    max_retries: None,
                    cause: None,
                    with: None,
                })
            },
        )
        .add()
        .wrapped();
    let queue = || Some("orders.fifo".to_owned());
    let early = SendOptions {
        queue: queue(),
        countdown: Some(hours(13)),
        message_group_id: Some("early".to_owned()),
        ..SendOptions::default()
    };
    app.send_with("tasks.add", vec![Value::Int(1), Value::Int(2)], early)
        .await;
    let retried = SendOptions {
        queue: queue(),
        message_group_id: Some("retried".to_owned()),
        ..SendOptions::default()
    };
    app.send_with("tasks.retry", vec![], retried).await;
    let worker = Worker::new(app.executor.clone(), vec![WorkerQueue::new("orders.fifo")]);
    let running = Running::of(worker);
    until("both wait", || async {
        let asked = switches.invisible_for.lock().expect("no panic");
        asked.iter().filter(|wait| **wait > hours(11)).count() == 2
    })
    .await;
    running.stop().await;
    let asked = switches.invisible_for.lock().expect("no panic").clone();
    let longest = asked.iter().max().expect("two");
    assert!(*longest + Duration::from_secs(29) < hours(12), "{asked:?}");
}
