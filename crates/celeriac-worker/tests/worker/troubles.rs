//! A worker whose broker or store does not do what it should.

use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use celeriac_core::{CompletionKind, UnknownTask};
use celeriac_protocol::{ResultMeta, State, Value};
use celeriac_worker::WorkerError;

use crate::life::{counting, emptied, fill};
use crate::support::wrapped::Switches;
use crate::support::{Runs, Setup, until};

#[tokio::test]
async fn troubles_of_the_store_and_the_broker_are_waited_out() {
    let runs = Runs::default();
    let (app, switches) = counting(&runs, Duration::ZERO).wrapped();
    switches.fail_receives.store(1, SeqCst);
    switches.fail_claims.store(1, SeqCst);
    switches.fail_completions.store(3, SeqCst);
    let result = app.send("tasks.count", vec![]).await;
    let worker = app.start();
    result
        .get(Duration::from_secs(20))
        .await
        .expect("it succeeds");
    emptied(&app).await;
    worker.stop().await;
    assert_eq!(
        runs.count(),
        1,
        "a completion is tried again, the task is not"
    );
}

/// Such a claim may hold the task for a minute, and with one lost run more it would be poison.
#[tokio::test]
async fn claims_whose_answers_are_lost_delay_nothing_and_count_no_run() {
    let runs = Runs::default();
    let (app, switches) = counting(&runs, Duration::ZERO)
        .set(|settings| {
            settings.task_max_lost_runs = 1;
            settings.broker_transport_options.visibility_timeout = Duration::from_mins(10);
        })
        .wrapped();
    switches.lost_claims.store(2, SeqCst);
    let result = app.send("tasks.count", vec![]).await;
    let worker = app.start();
    let in_time = Duration::from_secs(20);
    result.get(in_time).await.expect("neither held nor poison");
    emptied(&app).await;
    worker.stop().await;
    assert_eq!(runs.count(), 1);
}

#[tokio::test]
async fn a_deletion_that_fails_does_not_run_the_task_again() {
    let runs = Runs::default();
    let (app, switches) = counting(&runs, Duration::ZERO)
        .set(|settings| {
            settings.broker_transport_options.visibility_timeout = Duration::from_secs(1);
        })
        .wrapped();
    switches.fail_acks.store(true, SeqCst);
    fill(&app, 1).await;
    let worker = app.start();
    until("the deletion was tried", || async {
        Switches::get(&switches.acks) > 6
    })
    .await;
    switches.fail_acks.store(false, SeqCst);
    emptied(&app).await;
    worker.stop().await;
    assert_eq!(runs.count(), 1);
}

#[tokio::test]
async fn a_stuck_receiver_is_started_anew() {
    let runs = Runs::default();
    let (app, switches) = counting(&runs, Duration::ZERO).wrapped();
    switches.hang_receives.store(1, SeqCst);
    fill(&app, 1).await;
    let worker = app.start_with(|options| {
        options.wait = Duration::from_millis(100);
        options.stuck_after = Duration::from_millis(100);
    });
    emptied(&app).await;
    worker.stop().await;
    assert_eq!(runs.count(), 1);
}

#[tokio::test]
async fn a_queue_that_is_not_there_is_an_error() {
    let (app, switches) = Setup::default().wrapped();
    switches.no_queue.store(true, SeqCst);
    let error = app
        .start()
        .handle
        .await
        .expect("no panic")
        .expect_err("no queue");
    assert!(
        matches!(&error, WorkerError::Broker(error) if error.to_string().contains("does not exist")),
        "{error}"
    );
}

/// `-Q 'my queue'`: it never will be.
#[tokio::test]
async fn a_queue_that_cannot_be_is_an_error() {
    let (app, switches) = Setup::default().wrapped();
    switches.bad_queue.store(true, SeqCst);
    let ended = tokio::time::timeout(Duration::from_secs(10), app.start().handle);
    let error = ended.await.expect("it ends").expect("no panic");
    let error = error.expect_err("no such queue").to_string();
    assert!(error.contains("no queue of this name"), "{error}");
}

#[tokio::test]
async fn a_missing_queue_of_unknown_tasks_is_an_error_where_it_has_to_be_declared() {
    let setup = || {
        Setup::default()
            .set(|settings| settings.unknown_task = UnknownTask::Forward("python".to_owned()))
    };
    let (app, switches) = setup().wrapped();
    switches.declared_only.store(true, SeqCst);
    let error = app
        .start()
        .handle
        .await
        .expect("no panic")
        .expect_err("no queue");
    assert!(
        matches!(&error, WorkerError::ForwardQueue { queue } if queue == "python"),
        "{error}"
    );

    let (app, _) = setup().wrapped();
    app.start().stop().await;
}

#[tokio::test]
async fn a_run_whose_task_ended_elsewhere_is_cancelled() {
    let runs = Runs::default();
    let app = counting(&runs, Duration::from_mins(1))
        .set(|settings| {
            settings.broker_transport_options.visibility_timeout = Duration::from_secs(1);
        })
        .app();
    let result = app.send("tasks.count", vec![]).await;
    let worker = app.start();
    until("it runs", || async { runs.count() == 1 }).await;
    let revoked = ResultMeta::new(result.id(), State::Revoked, Value::Null);
    let end = celeriac_core::Completion {
        task_id: result.id().to_owned(),
        attempt: 1,
        nonce: "other".into(),
        kind: CompletionKind::Final(revoked),
    };
    app.store
        .clone()
        .expect("a store")
        .complete(vec![end])
        .await
        .remove(0)
        .expect("stored");
    emptied(&app).await; // the message comes again after its visibility, and its task is final
    let report = worker.stop().await;
    assert_eq!(
        (
            runs.count(),
            report.succeeded,
            result.state().await.expect("a state")
        ),
        (1, 0, State::Revoked)
    );
}
