//! Which serializers a worker reads.

use celeriac_core::AcceptContent;
use celeriac_protocol::{State, Value};
use celeriac_worker::Outcome;
use serde_json::json;

use crate::support::{QUEUE, Setup, exc_message};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_accepted_is_not_read() {
    for (accepted, state) in [("msgpack", State::Failure), ("json", State::Success)] {
        let app = Setup::default()
            .set(|settings| settings.accept_content = AcceptContent::new([accepted]).ok())
            .add()
            .app();
        let result = app
            .send("tasks.add", vec![Value::Int(1), Value::Int(2)])
            .await;
        let outcome = app.execute(QUEUE).await;
        let meta = result.meta().await.expect("a result");
        assert_eq!(meta.status, state);
        if state == State::Success {
            assert!(matches!(outcome, Outcome::Ack), "{outcome:?}");
            continue;
        }
        let refused = "`application/json` is not in `accept_content`";
        assert_eq!(exc_message(&meta), refused);
        let Outcome::DeadLetter(letter) = outcome else {
            panic!("{outcome:?}");
        };
        assert_eq!(letter.reason, "unreadable");
        assert!(letter.error.contains(refused), "{}", letter.error);
    }
}

/// The task and id of protocol 1 are in its payload: it is not looked into for them either.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nor_is_protocol_1_read_for_its_task() {
    let object = r#"{"task": "tasks.add", "id": "old", "args": [1, 2]}"#;
    let body = json!({
        "body": object,
        "content-type": "application/json",
        "content-encoding": "utf-8",
        "headers": {},
        "properties": {"body_encoding": "utf-8"},
    });
    for (accepted, is_read) in [("msgpack", false), ("json", true)] {
        let app = Setup::default()
            .set(|settings| settings.accept_content = AcceptContent::new([accepted]).ok())
            .add()
            .app();
        app.send_body(QUEUE, body.to_string()).await;
        let outcome = app.execute(QUEUE).await;
        assert_eq!(matches!(outcome, Outcome::Ack), is_read, "{outcome:?}");
        let result = app.client.result::<Value>("old");
        assert_eq!(result.state().await.expect("a state").is_ready(), is_read);
    }
}
