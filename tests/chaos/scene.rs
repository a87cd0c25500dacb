use std::time::{Duration, Instant};

use celeriac::broker::QueueSpec;
use celeriac::{AsyncResult, Client, Connection, Settings, TaskSignature, Value};
use celeriac_protocol::{ResultMeta, State};
use celeriac_testkit::emulator::{Ministack, unique_name};
use futures_util::{TryStreamExt as _, stream};
use tempfile::TempDir;

use crate::effects::Effects;
use crate::worker_process::WorkerProcess;

/// A queue, a dead-letter queue, a table, and a client of them, in ministack.
pub(crate) struct Scene {
    pub(crate) connection: Connection,
    pub(crate) queue: String,
    table: String,
    pub(crate) endpoint: String,
    folder: TempDir,
}

impl Scene {
    pub(crate) async fn new() -> Self {
        let endpoint = Ministack::shared().await.url().to_owned();
        let (queue, table) = (unique_name("chaos"), unique_name("chaos"));
        let settings = Settings {
            broker_url: Some(broker_url(&endpoint)),
            result_backend: Some(result_backend(&endpoint, &table)),
            task_default_queue: queue.clone(),
            ..Settings::default()
        };
        let connection = Connection::open(settings).await.expect("a connection");
        let dead = format!("{queue}-dlq");
        let broker = connection.broker();
        broker
            .declare(&QueueSpec::new(&dead))
            .await
            .expect("the dead-letter queue");
        let spec = QueueSpec {
            dead_letter: Some((dead, 100)),
            ..QueueSpec::new(&queue)
        };
        broker.declare(&spec).await.expect("the queue");
        connection
            .store()
            .expect("a store")
            .declare()
            .await
            .expect("the table");
        let folder = TempDir::new().expect("a folder");
        Self {
            connection,
            queue,
            table,
            endpoint,
            folder,
        }
    }

    pub(crate) fn client(&self) -> Client {
        self.connection.client()
    }

    /// A file for tasks to leave their lines in.
    pub(crate) fn effects(&self) -> Effects {
        Effects::new(self.folder.path().join(unique_name("effects")))
    }

    /// A worker whose visibility timeout is `visibility`; more `settings` as environment variables without their prefix.
    pub(crate) async fn worker(
        &self,
        visibility: Duration,
        settings: &[(&str, &str)],
    ) -> WorkerProcess {
        self.worker_through(&self.endpoint, visibility, settings)
            .await
    }

    /// The same, with `endpoint` in place of the emulator.
    pub(crate) async fn worker_through(
        &self,
        endpoint: &str,
        visibility: Duration,
        settings: &[(&str, &str)],
    ) -> WorkerProcess {
        let visibility = visibility.as_secs().to_string();
        let (broker, results) = (broker_url(endpoint), result_backend(endpoint, &self.table));
        let mut all = vec![
            ("BROKER_URL", broker.as_str()),
            ("RESULT_BACKEND", results.as_str()),
            ("TASK_DEFAULT_QUEUE", self.queue.as_str()),
            (
                "BROKER_TRANSPORT_OPTIONS__VISIBILITY_TIMEOUT",
                visibility.as_str(),
            ),
            // A worker ends when its open polls have; shorter ones make for shorter tests.
            ("BROKER_TRANSPORT_OPTIONS__WAIT_TIME_SECONDS", "2"),
        ];
        all.extend_from_slice(settings);
        WorkerProcess::start(
            &self.queue,
            &self.folder.path().join(unique_name("log")),
            &all,
        )
        .await
    }

    pub(crate) async fn send_all(&self, calls: Vec<TaskSignature>) -> Vec<AsyncResult> {
        self.client()
            .send_all(stream::iter(calls))
            .try_collect()
            .await
            .expect("every call is sent")
    }

    /// Waits until every task has ended; gives their results.
    pub(crate) async fn ended(&self, sent: &[AsyncResult], within: Duration) -> Vec<ResultMeta> {
        let results = self
            .client()
            .results::<Value>(sent.iter().map(AsyncResult::id));
        let deadline = Instant::now() + within;
        loop {
            let metas = results.metas().await.expect("the results");
            let left = metas.iter().filter(|meta| !meta.status.is_ready()).count();
            if left == 0 {
                return metas;
            }
            assert!(
                Instant::now() < deadline,
                "{left} of {} tasks have not ended",
                sent.len()
            );
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// Messages in the queue that anyone may receive now.
    pub(crate) async fn visible(&self) -> u64 {
        self.connection
            .broker()
            .stats(&self.queue)
            .await
            .expect("the queue's counts")
            .visible
    }

    /// Waits until the queue and its dead-letter queue hold nothing.
    pub(crate) async fn is_empty(&self, within: Duration) {
        let deadline = Instant::now() + within;
        for queue in [self.queue.clone(), format!("{}-dlq", self.queue)] {
            loop {
                let stats = self
                    .connection
                    .broker()
                    .stats(&queue)
                    .await
                    .expect("the queue's counts");
                if stats.visible + stats.in_flight + stats.delayed == 0 {
                    break;
                }
                assert!(
                    Instant::now() < deadline,
                    "messages are left in {queue}: {stats:?}"
                );
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        }
    }
}

/// Every result is a SUCCESS.
pub(crate) fn all_succeeded(metas: &[ResultMeta]) {
    let others: Vec<_> = metas
        .iter()
        .filter(|meta| meta.status != State::Success)
        .collect();
    assert!(
        others.is_empty(),
        "{} did not succeed: {:?}",
        others.len(),
        others.first()
    );
}

fn broker_url(endpoint: &str) -> String {
    endpoint.replace("http://", "sqs://test:test@")
}

fn result_backend(endpoint: &str, table: &str) -> String {
    format!(
        "{}/{table}",
        endpoint.replace("http://", "dynamodb://test:test@")
    )
}
