use std::path::PathBuf;
use std::time::{Duration, Instant};

use celeriac::broker::QueueSpec;
use celeriac::{App, AsyncResult, Client, Connection, TaskSignature, Value};
use celeriac_protocol::{ResultMeta, State};
use celeriac_testkit::emulator::{Ministack, unique_name};
use celeriac_testkit::fault_proxy::{FaultProxy, Rule};
use celeriac_testkit::lambda_service::LambdaService;
use futures_util::{TryStreamExt as _, stream};
use tempfile::TempDir;

use crate::effects::Effects;
use crate::function_process::FunctionProcess;
use crate::worker_process::WorkerProcess;

/// A queue, a dead-letter queue, results, and a client of them: in ministack or in an SQLite file.
pub(crate) struct Scene {
    pub(crate) connection: Connection,
    pub(crate) queue: String,
    pub(crate) place: Place,
    folder: TempDir,
}

/// Where messages and results are.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    Ministack { endpoint: String, table: String },
    Sqlite { url: String },
}

impl Place {
    /// The same, reached through another address.
    pub(crate) fn through(&self, proxy: &FaultProxy) -> Self {
        match self {
            Self::Ministack { table, .. } => Self::Ministack {
                endpoint: proxy.url(),
                table: table.clone(),
            },
            Self::Sqlite { .. } => panic!("SQLite has no proxy"),
        }
    }

    /// The proxy in front of it.
    pub(crate) async fn proxied(&self, rules: Vec<Rule>) -> FaultProxy {
        match self {
            Self::Ministack { endpoint, .. } => FaultProxy::start(endpoint, rules).await,
            Self::Sqlite { .. } => panic!("SQLite has no proxy"),
        }
    }

    pub(crate) fn broker_url(&self) -> String {
        match self {
            Self::Ministack { endpoint, .. } => endpoint.replace("http://", "sqs://test:test@"),
            Self::Sqlite { url } => url.clone(),
        }
    }

    pub(crate) fn result_backend(&self) -> String {
        match self {
            Self::Ministack { table, .. } => self.results_in(table),
            Self::Sqlite { url } => url.clone(),
        }
    }

    /// The results' URL if they were in this table.
    pub(crate) fn results_in(&self, table: &str) -> String {
        match self {
            Self::Ministack { endpoint, .. } => {
                let url = endpoint.replace("http://", "dynamodb://test:test@");
                format!("{url}/{table}")
            }
            Self::Sqlite { .. } => panic!("SQLite has no tables to choose"),
        }
    }

    pub(crate) fn table(&self) -> String {
        match self {
            Self::Ministack { table, .. } => table.clone(),
            Self::Sqlite { .. } => panic!("SQLite has no tables to choose"),
        }
    }

    /// A client and more, sending to `queue`.
    pub(crate) async fn connect(&self, queue: &str) -> Connection {
        self.connect_as(App::new("chaos"), queue).await
    }

    /// The same, which knows an app's tasks.
    pub(crate) async fn connect_as(&self, app: App, queue: &str) -> Connection {
        let app = app.isolated().settings(|settings| {
            settings.broker_url = Some(self.broker_url());
            settings.result_backend = Some(self.result_backend());
            queue.clone_into(&mut settings.task_default_queue);
        });
        app.build().await.expect("a connection")
    }
}

impl Scene {
    /// In the ministack that all tests share.
    pub(crate) async fn ministack() -> Self {
        let place = Place::Ministack {
            endpoint: Ministack::shared().await.url().to_owned(),
            table: unique_name("chaos"),
        };
        Self::in_place(place, TempDir::new().expect("a folder")).await
    }

    /// In a file of its own.
    pub(crate) async fn sqlite() -> Self {
        let folder = TempDir::new().expect("a folder");
        let file = folder.path().join("chaos.sqlite");
        let place = Place::Sqlite {
            url: format!("sqlite:{}", file.display()),
        };
        Self::in_place(place, folder).await
    }

    async fn in_place(place: Place, folder: TempDir) -> Self {
        let queue = unique_name("chaos");
        let connection = place.connect(&queue).await;
        let admin = connection.queue_admin();
        let dead = QueueSpec {
            dead_letter: None,
            ..QueueSpec::new(dead_letters(&queue))
        };
        admin.declare(&dead).await.expect("the dead-letter queue");
        let spec = QueueSpec {
            dead_letter: Some((dead.name, 100)),
            ..QueueSpec::new(&queue)
        };
        admin.declare(&spec).await.expect("the queue");
        let store = connection.ledger().expect("a store");
        store.declare().await.expect("the table");
        Self {
            connection,
            queue,
            place,
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

    /// A file for a process to log in.
    pub(crate) fn log_file(&self) -> PathBuf {
        self.folder.path().join(unique_name("log"))
    }

    /// A worker whose visibility timeout is `visibility`; more `settings` as environment variables
    /// without their prefix.
    pub(crate) async fn worker(
        &self,
        visibility: Duration,
        settings: &[(&str, &str)],
    ) -> WorkerProcess {
        self.worker_on(&self.queue, &self.place, visibility, settings, &[])
            .await
    }

    /// The same, on another queue or in another place, with more of an `environment`.
    pub(crate) async fn worker_on(
        &self,
        queue: &str,
        place: &Place,
        visibility: Duration,
        settings: &[(&str, &str)],
        environment: &[(&str, &str)],
    ) -> WorkerProcess {
        let visibility = visibility.as_secs().to_string();
        let (broker, results) = (place.broker_url(), place.result_backend());
        let mut all = vec![
            ("BROKER_URL", broker.as_str()),
            ("RESULT_BACKEND", results.as_str()),
            ("TASK_DEFAULT_QUEUE", queue),
            (
                "BROKER_TRANSPORT_OPTIONS__VISIBILITY_TIMEOUT",
                visibility.as_str(),
            ),
            // A worker ends when its open polls have; shorter ones make for shorter tests.
            ("BROKER_TRANSPORT_OPTIONS__WAIT_TIME_SECONDS", "2"),
        ];
        all.extend_from_slice(settings);
        let log = self.log_file();
        WorkerProcess::start(queue, &log, &all, environment).await
    }

    /// The same program as a Lambda function of this service.
    pub(crate) fn function(
        &self,
        service: &LambdaService,
        place: &Place,
        settings: &[(&str, &str)],
    ) -> FunctionProcess {
        let (broker, results) = (place.broker_url(), place.result_backend());
        let mut all = vec![
            ("CELERIAC_BROKER_URL", broker.as_str()),
            ("CELERIAC_RESULT_BACKEND", results.as_str()),
            ("CELERIAC_TASK_DEFAULT_QUEUE", self.queue.as_str()),
        ];
        all.extend_from_slice(settings);
        let log = self.folder.path().join(unique_name("function"));
        FunctionProcess::start(service, &log, &all)
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
        for queue in [self.queue.clone(), dead_letters(&self.queue)] {
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

/// The name of a queue's dead-letter queue.
pub(crate) fn dead_letters(queue: &str) -> String {
    format!("{queue}-dlq")
}
