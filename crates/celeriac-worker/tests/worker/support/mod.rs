//! An app on SQLite in memory: tasks, a client, an executor, workers.

#![allow(dead_code, unreachable_pub, reason = "each test file uses a part")]

pub mod wrapped;

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use celeriac_core::{
    Arguments, Broker, Chords, Clock, Context, Delivery, Ledger, Outgoing, Param, Params, Registry,
    SendOptions, Settings, StateMap, SystemClock, TaskDefinition, TaskError, TaskKind, TaskOptions,
};
use celeriac_local::{Database, LocalBroker, LocalStore};
use celeriac_producer::{AsyncResult, Client, ClientParts};
use celeriac_protocol::{Dict, ResultMeta, Value};
use celeriac_worker::{
    Executor, ExecutorParts, Outcome, Shutdown, Worker, WorkerError, WorkerOptions, WorkerQueue,
    WorkerReport,
};
use tokio::task::JoinHandle;

pub const QUEUE: &str = "celery";

/// Counts runs.
#[derive(Clone, Default)]
pub struct Runs(Arc<AtomicUsize>);

impl Runs {
    pub fn add(&self) -> usize {
        self.0.fetch_add(1, Ordering::SeqCst) + 1
    }

    pub fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

/// An app in the making.
pub struct Setup {
    pub settings: Settings,
    pub registry: Registry,
    database: Database,
    clock: Arc<dyn Clock>,
}

impl Default for Setup {
    fn default() -> Self {
        Self::on(Database::memory().expect("a database"))
    }
}

impl Setup {
    /// On a database that is there already.
    pub fn on(database: Database) -> Self {
        let settings = Settings {
            worker_concurrency: 8,
            worker_blocking_threads: 4,
            ..Settings::default()
        };
        Self {
            settings,
            registry: Registry::default(),
            database,
            clock: Arc::new(SystemClock),
        }
    }

    /// With another clock than the system's.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.database = self.database.with_clock(Arc::clone(&clock));
        Self { clock, ..self }
    }

    #[must_use]
    pub fn set(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self.settings);
        self
    }

    /// An async task with two optional parameters, `x` and `y`.
    #[must_use]
    pub fn task<F, R>(self, name: &str, options: TaskOptions, run: F) -> Self
    where
        F: Fn(Context, Arguments) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Value, TaskError>> + Send + 'static,
    {
        static PARAMS: Params = Params {
            function: "task",
            list: &[
                Param {
                    name: "x",
                    required: false,
                },
                Param {
                    name: "y",
                    required: false,
                },
            ],
            ..Params::NONE
        };
        self.define(
            name,
            &PARAMS,
            options,
            TaskKind::Async(Arc::new(move |context, arguments| {
                Box::pin(run(context, arguments))
            })),
        )
    }

    #[must_use]
    pub fn blocking<F>(self, name: &str, options: TaskOptions, run: F) -> Self
    where
        F: Fn(Context) -> Result<Value, TaskError> + Send + Sync + 'static,
    {
        static PARAMS: Params = Params {
            function: "blocking",
            list: &[],
            ..Params::NONE
        };
        self.define(
            name,
            &PARAMS,
            options,
            TaskKind::Blocking(Arc::new(move |context, _| run(context))),
        )
    }

    /// `add(x, y)`, both required.
    #[must_use]
    pub fn add(self) -> Self {
        self.add_named("tasks.add")
    }

    #[must_use]
    pub fn add_named(self, name: &str) -> Self {
        static PARAMS: Params = Params {
            function: "add",
            list: &[
                Param {
                    name: "x",
                    required: true,
                },
                Param {
                    name: "y",
                    required: true,
                },
            ],
            ..Params::NONE
        };
        let run = |_, mut arguments: Arguments| -> celeriac_core::RunFuture {
            Box::pin(async move {
                let (x, y): (i64, i64) = (taken(arguments.take(0))?, taken(arguments.take(1))?);
                Ok(Value::Int(x + y))
            })
        };
        self.define(
            name,
            &PARAMS,
            TaskOptions::default(),
            TaskKind::Async(Arc::new(run)),
        )
    }

    #[must_use]
    pub fn define(
        mut self,
        name: &str,
        params: &'static Params,
        options: TaskOptions,
        kind: TaskKind,
    ) -> Self {
        self.registry
            .add(TaskDefinition {
                states: &[],
                name: name.to_owned(),
                params,
                options,
                kind,
            })
            .expect("a new name");
        self
    }

    /// Needs a tokio runtime.
    pub fn app(self) -> App {
        self.app_with(|broker| broker, Some)
    }

    /// With counted requests and troubles to order.
    pub fn wrapped(self) -> (App, Arc<wrapped::Switches>) {
        let switches = Arc::new(wrapped::Switches::default());
        let (one, two) = (Arc::clone(&switches), Arc::clone(&switches));
        let app = self.app_with(
            |broker| Arc::new(wrapped::WrappedBroker(broker, one)),
            |store| Some(Arc::new(wrapped::WrappedStore(store, two))),
        );
        (app, switches)
    }

    /// With another broker or store around SQLite's.
    pub fn app_with(
        self,
        broker: impl FnOnce(Arc<dyn Broker>) -> Arc<dyn Broker>,
        store: impl FnOnce(Arc<dyn Ledger>) -> Option<Arc<dyn Ledger>>,
    ) -> App {
        let queues = LocalBroker::new(self.database.clone());
        let both = Arc::new(LocalStore::new(self.database));
        let inner_store: Arc<dyn Ledger> = both.clone();
        let store = store(inner_store);
        let chords = store.as_ref().map(|_| both as Arc<dyn Chords>);
        App::new(
            self.registry,
            self.settings,
            self.clock,
            broker(Arc::new(queues.clone())),
            queues,
            store,
            chords,
        )
    }
}

fn taken<T>(taken: Result<T, celeriac_core::ArgumentError>) -> Result<T, TaskError> {
    taken.map_err(|error| TaskError::failure("TypeError", error.to_string()))
}

/// An app.
pub struct App {
    pub broker: Arc<dyn Broker>,
    /// The queues behind it.
    pub queues: LocalBroker,
    pub store: Option<Arc<dyn Ledger>>,
    pub client: Client,
    pub executor: Executor,
    pub settings: Arc<Settings>,
}

/// A worker in this process.
pub struct Running {
    pub shutdown: Shutdown,
    pub handle: JoinHandle<Result<WorkerReport, WorkerError>>,
}

impl App {
    fn new(
        registry: Registry,
        settings: Settings,
        clock: Arc<dyn Clock>,
        broker: Arc<dyn Broker>,
        queues: LocalBroker,
        store: Option<Arc<dyn Ledger>>,
        chords: Option<Arc<dyn Chords>>,
    ) -> Self {
        let (registry, settings) = (Arc::new(registry), Arc::new(settings));
        let router = settings.router().expect("routes");
        let client = Client::new(ClientParts {
            broker: Arc::clone(&broker),
            store: store.clone(),
            chords: chords.clone(),
            router: router.clone(),
            settings: Arc::clone(&settings),
            registry: Arc::default(), // the receiver's options are under test, not the sender's
            clock: clock.clone(),
        });
        let executor = Executor::new(ExecutorParts {
            registry,
            broker: Arc::clone(&broker),
            store: store.clone(),
            chords,
            client: client.clone(),
            router,
            state: Arc::new(StateMap::default()),
            settings: Arc::clone(&settings),
            clock,
            node_name: "celeriac@test".to_owned(),
        });
        Self {
            broker,
            queues,
            store,
            client,
            executor,
            settings,
        }
    }

    pub async fn send(&self, task: &str, args: Vec<Value>) -> AsyncResult<Value> {
        self.send_with(task, args, SendOptions::default()).await
    }

    pub async fn send_with(
        &self,
        task: &str,
        args: Vec<Value>,
        options: SendOptions,
    ) -> AsyncResult<Value> {
        self.client
            .send_task(task, args, Dict::new(), options)
            .await
            .expect("sent")
    }

    /// Puts a body on the queue as it is.
    pub async fn send_body(&self, queue: &str, body: impl Into<String>) {
        let message = Outgoing {
            body: body.into(),
            ..Outgoing::default()
        };
        self.broker
            .send(queue, vec![message])
            .await
            .remove(0)
            .expect("sent");
    }

    /// The next message, now.
    pub async fn receive(&self, queue: &str) -> Option<Delivery> {
        let visibility = self.settings.broker_transport_options.visibility_timeout;
        self.broker
            .receive(queue, 1, Duration::ZERO, visibility)
            .await
            .expect("received")
            .pop()
    }

    /// Receives the next message and executes it.
    pub async fn execute(&self, queue: &str) -> Outcome {
        let delivery = self.receive(queue).await.expect("a message");
        self.executor.execute(delivery, &Shutdown::new()).await
    }

    /// Sends a task, executes its message, and tells what became of it.
    pub async fn run(&self, task: &str, args: Vec<Value>) -> (Outcome, ResultMeta) {
        let result = self.send(task, args).await;
        let outcome = self.execute(QUEUE).await;
        (outcome, result.meta().await.expect("a result"))
    }

    pub fn worker(&self) -> Worker {
        Worker::new(self.executor.clone(), vec![WorkerQueue::new(QUEUE)])
            .with_options(|options| options.poll_grace = Duration::from_millis(50))
    }

    pub fn start(&self) -> Running {
        self.start_with(|_| {})
    }

    pub fn start_with(&self, change: impl FnOnce(&mut WorkerOptions)) -> Running {
        Running::of(self.worker().with_options(change))
    }
}

impl Running {
    pub fn of(worker: Worker) -> Self {
        let shutdown = Shutdown::new();
        let handle = tokio::spawn(worker.run(shutdown.clone()));
        Self { shutdown, handle }
    }

    /// Drains and waits for the end.
    pub async fn stop(self) -> WorkerReport {
        self.shutdown.drain();
        self.handle.await.expect("no panic").expect("a good end")
    }
}

/// Waits until `check` holds, 20 s at most.
pub async fn until<F: Future<Output = bool>>(what: &str, mut check: impl FnMut() -> F) {
    for _ in 0..2_000 {
        if check().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("not in time: {what}");
}

/// The type of a stored failure.
pub fn exc_type(meta: &ResultMeta) -> String {
    celeriac_protocol::ExceptionInfo::from_value(&meta.result)
        .expect("an exception")
        .exc_type
}

/// Its message.
pub fn exc_message(meta: &ResultMeta) -> String {
    celeriac_protocol::ExceptionInfo::from_value(&meta.result)
        .expect("an exception")
        .message()
}
