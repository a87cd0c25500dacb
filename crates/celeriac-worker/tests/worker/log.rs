//! What the log says of a task's run, and in whose name.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use celeriac_core::{Context, TaskError, TaskOptions};
use celeriac_protocol::Value;
use serde_json::Value as Json;
use tokio::sync::Barrier;

use crate::support::{App, QUEUE, Setup};

const LONG: Duration = Duration::from_secs(20);

/// What this process logs, a line of JSON for each event. Blocking tasks have threads of their own,
/// so it is the whole process's, and tests look for their own ids in it.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn of_process() -> Self {
        static LOG: OnceLock<Log> = OnceLock::new();
        let log = LOG.get_or_init(|| {
            let log = Self::default();
            let writer = log.clone();
            tracing_subscriber::fmt()
                .json()
                .with_max_level(tracing::Level::DEBUG)
                .with_writer(move || writer.clone())
                .init();
            log
        });
        log.clone()
    }

    /// The events inside of the span of the task with this id.
    fn of_task(&self, id: &str) -> Vec<Json> {
        let bytes = self.0.lock().expect("not poisoned").clone();
        let text = String::from_utf8(bytes).expect("UTF-8");
        let events = text
            .lines()
            .map(|line| serde_json::from_str::<Json>(line).expect("JSON"));
        let inside = |event: &Json| {
            let spans = event["spans"].as_array().into_iter().flatten();
            spans.into_iter().any(|span| span["id"] == id)
        };
        events.filter(inside).collect()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("not poisoned").extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn messages(events: &[Json]) -> Vec<&str> {
    let messages = events.iter().map(|event| &event["fields"]["message"]);
    messages.filter_map(Json::as_str).collect()
}

/// Both kinds of tasks: each logs that it begins, waits for the others, and logs that it goes on.
fn talkative(together: usize) -> App {
    let barrier = Arc::new(Barrier::new(together));
    let in_thread = Arc::clone(&barrier);
    let talk = |barrier: Arc<Barrier>, context: &Context| {
        let id = context.id().to_owned();
        async move {
            tracing::info!(own = id, "begins");
            barrier.wait().await;
            tracing::warn!(own = id, "goes on");
            Ok::<_, TaskError>(Value::Null)
        }
    };
    Setup::default()
        .task("tasks.talks", TaskOptions::default(), move |context, _| {
            talk(Arc::clone(&barrier), &context)
        })
        .blocking("tasks.blocks", TaskOptions::default(), move |context| {
            let talked = talk(Arc::clone(&in_thread), &context);
            tokio::runtime::Handle::current().block_on(talked)
        })
        .app()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_logged_in_a_run_names_its_task() {
    let log = Log::of_process();
    let app = talkative(1);
    for task in ["tasks.talks", "tasks.blocks"] {
        let result = app.send(task, vec![]).await;
        app.execute(QUEUE).await;
        let events = log.of_task(result.id());
        let said = messages(&events);
        let (first, last) = (said.first().copied(), said.last().copied());
        assert_eq!(first, Some("received"), "{said:?}");
        assert!(said.contains(&"begins") && said.contains(&"goes on"));
        assert!(last.expect("a line").starts_with("succeeded in "));
        let fields = &events.last().expect("a line")["fields"];
        assert_eq!(fields["state"], "SUCCESS");
        assert!(
            fields["runtime"]
                .as_f64()
                .is_some_and(|seconds| seconds < 60.0)
        );
        let run = &events.last().expect("a line")["span"];
        assert_eq!(run["name"], "task");
        assert_eq!((&run["task"], &run["queue"]), (&task.into(), &QUEUE.into()));
        assert_eq!((&run["retries"], &run["attempt"]), (&0.into(), &1.into()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tasks_that_run_at_once_do_not_mix() {
    let log = Log::of_process();
    let app = talkative(4);
    let mut results = Vec::new();
    for task in ["tasks.talks", "tasks.blocks", "tasks.talks", "tasks.blocks"] {
        results.push(app.send(task, vec![]).await);
    }
    let running = app.start();
    for result in &results {
        result.get(LONG).await.expect("it succeeds");
    }
    running.stop().await;
    for result in &results {
        let events = log.of_task(result.id());
        let own = events
            .iter()
            .filter(|event| event["fields"]["own"].is_string());
        let own: Vec<_> = own.map(|event| &event["fields"]["own"]).collect();
        assert_eq!(own, [result.id(), result.id()], "{events:?}");
    }
}

/// Of a user's own error: whose it is, and why.
#[tokio::test]
async fn a_failure_names_its_module_and_its_causes() {
    #[derive(Debug)]
    struct OutOfStock(io::Error);
    impl std::fmt::Display for OutOfStock {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("no apples")
        }
    }
    impl std::error::Error for OutOfStock {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            Some(&self.0)
        }
    }
    let log = Log::of_process();
    let app = Setup::default()
        .task("tasks.sell", TaskOptions::default(), |_, _| async {
            Err::<Value, _>(OutOfStock(io::Error::other("the shelf is away")).into())
        })
        .app();
    let result = app.send("tasks.sell", vec![]).await;
    app.execute(QUEUE).await;
    let events = log.of_task(result.id());
    let failed = events
        .iter()
        .find(|event| event["fields"]["state"] == "FAILURE");
    let failed = failed.expect("a line");
    let said = failed["fields"]["message"].as_str().expect("a text");
    assert!(said.starts_with("failed: worker.log."), "{said}");
    assert!(said.contains("OutOfStock: no apples (at "), "{said}");
    assert!(said.contains("tests/worker/log.rs:"), "{said}");
    assert!(said.ends_with("; caused by: the shelf is away"), "{said}");
    assert_eq!(failed["fields"]["exception"], "OutOfStock");
}

#[tokio::test]
async fn a_task_that_is_not_run_is_named_too() {
    let log = Log::of_process();
    let app = Setup::default().app();
    let result = app.send("tasks.unheard", vec![]).await;
    app.execute(QUEUE).await;
    let events = log.of_task(result.id());
    assert!(
        messages(&events)
            .iter()
            .any(|said| said.starts_with("failed: NotRegistered")),
        "{events:?}"
    );
}
