//! Whose a task id is. Whoever may send to one queue must not end, forge or take over the tasks of
//! another by their ids.

use std::time::Duration;

use celeriac_core::TaskOptions;
use celeriac_protocol::{State, Value};
use celeriac_worker::Outcome;

use crate::support::{App, QUEUE, Runs, Setup, exc_type};

/// `tasks.add`, and another task that says that it ran.
fn app(runs: &Runs) -> App {
    let runs = runs.clone();
    Setup::default()
        .add()
        .task("tasks.other", TaskOptions::default(), move |_, _| {
            runs.add();
            async { Ok(Value::Str("forged".to_owned())) }
        })
        .app()
}

fn message(task: &str, id: &str, retries: u32, payload: &str) -> String {
    let envelope = serde_json::json!({
        "body": payload,
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": {"task": task, "id": id, "retries": retries},
        "properties": {"body_encoding": "utf-8"},
    });
    envelope.to_string()
}

/// A message of a sender that may send to [`MAILS`] only, with more headers.
fn forged(task: &str, id: &str, headers: &str, embed: &str) -> String {
    let headers =
        format!(r#"{{"task": "{task}", "id": "{id}", "origin": "gen1@attacker"{headers}}}"#);
    let headers: serde_json::Value = serde_json::from_str(&headers).expect("headers");
    let envelope = serde_json::json!({
        "body": format!("[[1, 2], {{}}, {embed}]"),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": headers,
        "properties": {"body_encoding": "utf-8"},
    });
    envelope.to_string()
}

/// The queue of those whom the others do not trust.
const MAILS: &str = "mails";

async fn state(app: &App, id: &str) -> State {
    let result = app.client.result::<Value>(id);
    result.state().await.expect("a state")
}

fn dead_lettered(outcome: &Outcome) -> Option<(&str, &str)> {
    match outcome {
        Outcome::DeadLetter(letter) => Some((&letter.reason, &letter.error)),
        _ => None,
    }
}

/// An id that another task had first: neither runs nor ends, and goes where people find it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_under_another_tasks_id_changes_nothing() {
    let runs = Runs::default();
    let app = app(&runs);
    app.send_body(QUEUE, message("tasks.add", "victim", 0, "[[1, 2], {}, {}]"))
        .await;
    assert!(matches!(app.execute(QUEUE).await, Outcome::Ack));
    for (retries, payload) in [
        (0, "[[], {}, {}]"),
        (u32::MAX, "[[], {}, {}]"),
        (0, "not even JSON"),
    ] {
        app.send_body(QUEUE, message("tasks.other", "victim", retries, payload))
            .await;
        let outcome = app.execute(QUEUE).await;
        let (reason, error) = dead_lettered(&outcome).expect("a dead letter");
        assert_eq!(reason, "conflict");
        assert!(error.contains("`tasks.add`"), "{error}");
    }
    // one that is registered nowhere, too
    app.send_body(QUEUE, message("tasks.nowhere", "victim", 0, "[[], {}, {}]"))
        .await;
    let outcome = app.execute(QUEUE).await;
    assert_eq!(
        dead_lettered(&outcome).expect("a dead letter").0,
        "conflict"
    );
    assert_eq!(runs.count(), 0);
    let result = app.client.result::<i64>("victim");
    assert_eq!(
        result
            .get(Duration::from_secs(1))
            .await
            .expect("its own result"),
        3
    );
}

/// What cannot be read ends no task for good, wherever it cannot be read.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_read_ends_no_task_for_good() {
    let with_headers = |headers: &str| {
        format!(
            r#"{{"body": "W10=", "content-type": "application/json", "headers": {headers}, "properties": {{"body_encoding": "base64"}}}}"#
        )
    };
    let unreadable = [
        r#"{"headers": {"id": "real"}}"#.to_owned(),
        with_headers(r#"{"id": "real"}"#),
        with_headers(r#"{"id": "real", "task": "tasks.other", "retries": "many"}"#),
        message("tasks.other", "real", 0, "[[1, 2], {}"),
        with_headers(r#"{"id": "real", "task": "tasks.add", "retries": "many"}"#),
        with_headers(r#"{"id": "real", "task": "tasks.add", "eta": "soon"}"#),
        message("tasks.add", "real", 0, "[[1, 2], {}"),
        message("tasks.add", "real", 9, "[[1, 2], {}"),
        message("tasks.add", "real", 0, "{}"),
    ];
    for body in unreadable {
        let app = app(&Runs::default());
        app.send_body(QUEUE, body.clone()).await;
        let outcome = app.execute(QUEUE).await;
        let reason = dead_lettered(&outcome).map(|(reason, _)| reason);
        assert_eq!(reason, Some("unreadable"), "{body}");
        // its caller is told, where it says which task it is of
        let told = body.contains("tasks.");
        let expected = if told { State::Failure } else { State::Pending };
        assert_eq!(state(&app, "real").await, expected, "{body}");

        app.send_body(QUEUE, message("tasks.add", "real", 0, "[[1, 2], {}, {}]"))
            .await;
        assert!(matches!(app.execute(QUEUE).await, Outcome::Ack), "{body}");
        assert_eq!(state(&app, "real").await, State::Success, "{body}");
    }
}

/// A failing chain ends its later steps under their own names alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failing_chain_ends_no_other_tasks_id() {
    let app = Setup::default()
        .add()
        .task("tasks.other", TaskOptions::default(), |_, _| async {
            Ok(Value::Null)
        })
        .app();
    // a task that is to be tried again: it has an item, and no end
    let store = app.store.clone().expect("a store");
    let claim = celeriac_core::Claim {
        task_id: "victim".to_owned(),
        identity: celeriac_core::TaskIdentity::named("tasks.other"),
        retries: 0,
        owner: "dead".into(),
        nonce: "claim".into(),
        lease: Duration::ZERO,
        shown: celeriac_protocol::ResultMeta::new("victim", State::Pending, Value::Null),
        sent_by: None,
        isolate_at: None,
        to_run: true,
        takes_over: false,
        replaces: false,
        unanswered: Vec::new(),
        likely_known: false,
    };
    store.claim(vec![claim]).await.remove(0).expect("claimed");
    let chain = r#"[[1], {}, {"chain": [{"task": "tasks.add", "args": [], "kwargs": {},
        "options": {"task_id": "victim"}, "subtask_type": null, "immutable": false}]}]"#;
    app.send_body(QUEUE, message("tasks.add", "forger", 0, chain))
        .await;
    assert!(matches!(app.execute(QUEUE).await, Outcome::Ack));
    let forger = app.client.result::<Value>("forger").meta().await;
    assert_eq!(exc_type(&forger.expect("a result")), "TypeError");
    assert_eq!(state(&app, "victim").await, State::Pending);
    app.send_body(QUEUE, message("tasks.other", "victim", 0, "[[], {}, {}]"))
        .await;
    assert!(matches!(app.execute(QUEUE).await, Outcome::Ack));
    assert_eq!(state(&app, "victim").await, State::Success);
}

/// A next step is sent although a stranger has put something under its id: who receives it says so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_whose_id_was_taken_is_not_taken_for_sent() {
    let runs = Runs::default();
    let app = app(&runs);
    app.send_body(QUEUE, message("tasks.other", "step", 0, "[[], {}, {}]"))
        .await;
    assert!(matches!(app.execute(QUEUE).await, Outcome::Ack));
    let chain = r#"[[1, 2], {}, {"chain": [{"task": "tasks.add", "args": [3], "kwargs": {},
        "options": {"task_id": "step"}, "subtask_type": null, "immutable": false}]}]"#;
    app.send_body(QUEUE, message("tasks.add", "first", 0, chain))
        .await;
    assert!(matches!(app.execute(QUEUE).await, Outcome::Ack));
    let step = app.receive(QUEUE).await.expect("the step");
    // the first task's message once more: what follows it is drawn again
    app.send_body(QUEUE, message("tasks.add", "first", 0, chain))
        .await;
    assert!(matches!(app.execute(QUEUE).await, Outcome::Ack));
    assert!(app.receive(QUEUE).await.is_some(), "drawn again");
    let outcome = app
        .executor
        .execute(step, &celeriac_worker::Shutdown::new())
        .await;
    assert_eq!(
        dead_lettered(&outcome).expect("a dead letter").0,
        "conflict"
    );
    assert_eq!(runs.count(), 1);
}

/// Whoever may send to one queue ends no task of another by its id, in whatever way a message ends
/// without a run: the task's own message is run all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_message_of_another_queue_ends_a_task_without_a_run() {
    let chain = r#"{"chain": [{"task": "tasks.add", "args": [], "kwargs": {},
        "options": {"task_id": "victim"}, "subtask_type": null, "immutable": false}]}"#;
    let told = [
        (
            "an unknown task",
            forged("tasks.nowhere", "forger", "", chain),
        ),
        (
            "an expired one",
            forged(
                "tasks.add",
                "victim",
                r#", "expires": "2020-01-01T00:00:00Z""#,
                "{}",
            ),
        ),
        (
            "an expired one of many tries",
            forged(
                "tasks.add",
                "victim",
                r#", "retries": 9, "expires": "2020-01-01T00:00:00Z""#,
                "{}",
            ),
        ),
        (
            "a step of a chain whose first is expired",
            forged(
                "tasks.add",
                "forger",
                r#", "expires": "2020-01-01T00:00:00Z""#,
                chain,
            ),
        ),
    ];
    for (what, message_of_a_stranger) in told {
        for again in [false, true] {
            let app = app(&Runs::default());
            app.send_body(MAILS, message_of_a_stranger.clone()).await;
            assert!(matches!(app.execute(MAILS).await, Outcome::Ack), "{what}");
            let ended = state(&app, "victim").await;
            assert!(ended.is_ready(), "{what}: {ended}");
            app.send_body(QUEUE, message("tasks.add", "victim", 0, "[[1, 2], {}, {}]"))
                .await;
            assert!(matches!(app.execute(QUEUE).await, Outcome::Ack), "{what}");
            assert_eq!(state(&app, "victim").await, State::Success, "{what}");
            if again {
                app.send_body(MAILS, message_of_a_stranger.clone()).await;
                app.execute(MAILS).await;
                assert_eq!(state(&app, "victim").await, State::Success, "{what}");
            }
        }
    }
}

/// An unknown task's own message, delivered once more, has ended: its end does not come and go.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_that_ended_without_a_run_stays_ended_for_its_own_messages() {
    let unknown = forged("tasks.nowhere", "lost", "", "{}");
    let app = app(&Runs::default());
    for _ in 0..3 {
        app.send_body(QUEUE, unknown.clone()).await;
        assert!(matches!(app.execute(QUEUE).await, Outcome::Ack));
        assert_eq!(state(&app, "lost").await, State::Failure);
    }
}

/// Who runs a task of the same name under a foreign id keeps that id; the message that had it first
/// is not lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_whose_id_was_used_in_another_queue_goes_where_people_find_it() {
    for retries in ["", r#", "retries": 9"#] {
        let app = app(&Runs::default());
        app.send_body(MAILS, forged("tasks.add", "victim", retries, "{}"))
            .await;
        assert!(matches!(app.execute(MAILS).await, Outcome::Ack));
        app.send_body(QUEUE, message("tasks.add", "victim", 0, "[[5, 6], {}, {}]"))
            .await;
        let outcome = app.execute(QUEUE).await;
        let (reason, error) = dead_lettered(&outcome).expect("a dead letter");
        assert_eq!(reason, "conflict");
        assert_eq!(
            error,
            "the id belongs to another task: `tasks.add` of gen1@attacker, queue `mails`"
        );
    }
}
