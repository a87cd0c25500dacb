//! What the log knows of a task in a batch.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use celeriac::prelude::*;
use serde_json::{Value as Json, json};
use tracing::Instrument as _;

use super::support::{QUEUE, Scene};

#[task(name = "t.says")]
async fn says() {
    tracing::info!("here");
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("not poisoned").extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Lambda's runtime has a span around each invocation, which knows its request.
#[tokio::test]
async fn a_task_is_inside_of_its_invocation() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .json()
        .with_writer(move || writer.clone());
    let _here = tracing::subscriber::set_default(subscriber.finish());
    let scene = Scene::new(App::new("t").task(says)).await;
    let result = scene.send(says::s()).await;
    let batch = scene.poll(QUEUE).await;
    let invocation = tracing::info_span!("invocation", request = "r-1");
    let run = scene.run(&batch, Duration::from_mins(1));
    run.instrument(invocation).await;
    let text = String::from_utf8(log.0.lock().expect("not poisoned").clone()).expect("UTF-8");
    let events = text
        .lines()
        .map(|line| serde_json::from_str::<Json>(line).expect("JSON"));
    let here = |event: &Json| event["fields"]["message"] == "here";
    let event = events.into_iter().find(here).expect("what the task said");
    let spans = &event["spans"];
    assert_eq!(spans[0], json!({"name": "invocation", "request": "r-1"}));
    assert_eq!(spans[1]["task"], "t.says");
    assert_eq!(spans[1]["id"], result.id());
}
