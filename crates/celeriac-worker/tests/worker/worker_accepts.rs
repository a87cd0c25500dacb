//! Every hand-made message that was tried on a Python worker, on ours: none stops the worker, none
//! is lost, and each ends as Python's does or better, where Python's caller would wait for ever.

use std::time::Duration;

use crate::support::{QUEUE, Setup, exc_type, until};
use base64::Engine;
use celeriac_core::{TaskError, TaskOptions};
use celeriac_protocol::{State, Value};
use serde_json::Value as Json;

const DEAD_LETTERS: &str = "celery-dlq";

/// How a row ends here.
#[derive(Debug, PartialEq)]
enum End {
    /// With a value, as in Python.
    Success,
    /// FAILURE or REVOKED of this type, as in Python.
    Ended(&'static str),
    /// In the dead-letter queue as `unreadable`, with FAILURE for the caller.
    DeadLetterAndFailure,
    /// In the dead-letter queue as `unreadable`; an id or a task's name could not be read.
    DeadLetter,
}

fn expected(case: &str, python: &str) -> End {
    match (case, python) {
        ("unknown_task", _) => End::Ended("NotRegistered"),
        ("expires_past_Z", _) => End::Ended("TaskRevokedError"),
        (_, "SUCCESS") => End::Success,
        (
            "header_id_missing"
            | "header_task_missing"
            | "not_json_body"
            | "json_scalar"
            | "sns_wrapped",
            _,
        ) => End::DeadLetter,
        _ => End::DeadLetterAndFailure,
    }
}

fn rows() -> Vec<Json> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/fixtures/wire/interop/worker_accepts.json"
    );
    let file: Json =
        serde_json::from_str(&std::fs::read_to_string(path).expect("the fixture")).expect("JSON");
    file["rows"].as_array().expect("rows").clone()
}

/// The envelope's text. The capture cut `compact_json` at 500 characters; one brace is missing.
fn envelope(row: &Json) -> String {
    match row["envelope"].as_str() {
        Some(text) if row["case"] == "compact_json" => format!("{text}}}"),
        Some(text) => text.to_owned(),
        None => row["envelope"].to_string(),
    }
}

fn body(row: &Json) -> String {
    let text = envelope(row);
    if row["outer"] == "b64" {
        base64::engine::general_purpose::STANDARD.encode(text)
    } else {
        text
    }
}

fn task_id(row: &Json) -> Option<String> {
    let envelope: Json = serde_json::from_str(&envelope(row)).unwrap_or_default();
    let id = envelope["headers"]["id"]
        .as_str()
        .or(envelope["properties"]["correlation_id"].as_str());
    id.map(str::to_owned)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_row_ends_as_python_ends_it_or_better() {
    let app = Setup::default()
        .add_named("w.add")
        .task("w.identity", TaskOptions::default(), |_, mut arguments| {
            let value: Result<Value, TaskError> = arguments
                .take::<String>(0)
                .map(Value::Str)
                .map_err(|error| TaskError::failure("TypeError", error.to_string()));
            async { value }
        })
        .task("w.echo", TaskOptions::default(), |_, _| async {
            Ok(Value::Null)
        })
        .app();
    let rows = rows();
    for row in &rows {
        app.send_body(QUEUE, body(row)).await;
    }
    let worker = app.start();
    until("all are done with", || async {
        let stats = app.broker.stats(QUEUE).await.expect("stats");
        stats.visible + stats.in_flight + stats.delayed == 0
    })
    .await;
    worker.stop().await;

    let letters = app
        .broker
        .receive(DEAD_LETTERS, 10, Duration::ZERO, Duration::from_mins(1))
        .await
        .expect("letters");
    let mut letters: Vec<_> = letters
        .into_iter()
        .map(|letter| (letter.body, letter.attributes))
        .collect();
    loop {
        let more = app
            .broker
            .receive(DEAD_LETTERS, 10, Duration::ZERO, Duration::from_mins(1))
            .await
            .expect("letters");
        if more.is_empty() {
            break;
        }
        letters.extend(
            more.into_iter()
                .map(|letter| (letter.body, letter.attributes)),
        );
    }
    for row in &rows {
        let case = row["case"].as_str().expect("a name");
        let letter = letters.iter().find(|(body, _)| *body == self::body(row));
        let dead = letter.is_some_and(|(_, attributes)| {
            attributes
                .get("celeriac-reason")
                .is_some_and(|reason| reason == "unreadable")
                && attributes.contains_key("celeriac-error")
        });
        let meta = match task_id(row) {
            Some(id) => Some(
                app.client
                    .result::<Value>(id)
                    .meta()
                    .await
                    .expect("a result"),
            ),
            None => None,
        };
        let end = match (&meta, dead) {
            (Some(meta), false) if meta.status == State::Success => End::Success,
            (Some(meta), false) if meta.status.is_ready() => match exc_type(meta).as_str() {
                "NotRegistered" => End::Ended("NotRegistered"),
                "TaskRevokedError" => End::Ended("TaskRevokedError"),
                other => panic!("{case}: {other}"),
            },
            (Some(meta), true) if meta.status == State::Failure => End::DeadLetterAndFailure,
            (_, true) => End::DeadLetter,
            (meta, false) => {
                panic!("{case}: neither stored nor in the dead-letter queue: {meta:?}")
            }
        };
        assert_eq!(
            end,
            expected(case, row["status"].as_str().expect("a status")),
            "{case}"
        );
        if end == End::Success {
            let value = meta.expect("a result").result;
            let python: Value = celeriac_protocol::to_value(&row["result"]).expect("a value");
            assert_eq!(value, python, "{case}");
        }
    }
}
