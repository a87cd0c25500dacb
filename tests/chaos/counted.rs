use std::sync::Arc;
use std::time::{Duration, Instant};

use celeriac::prelude::*;
use celeriac_aws::{AwsConfig, DynamoStore, SqsBroker};
use celeriac_core::{
    Broker, Ledger, QueueAdmin as _, QueueSpec, Registry, Settings, StateMap, SystemClock, Task,
};
use celeriac_producer::ClientParts;
use celeriac_testkit::emulator::{Ministack, unique_name};
use celeriac_worker::{Executor, ExecutorParts, Shutdown, Worker, WorkerQueue, WorkerReport};
use tokio::task::JoinHandle;

/// An app in this process, on ministack, whose every request is counted.
pub(crate) struct Counted {
    pub(crate) broker: Arc<SqsBroker>,
    pub(crate) store: Arc<DynamoStore>,
    pub(crate) client: Client,
    pub(crate) queues: Vec<String>,
    executor: Executor,
    /// For looking without being counted.
    aside: SqsBroker,
}

impl Counted {
    /// With one task, on so many queues.
    pub(crate) async fn new<T: Task>(
        queues: usize,
        change: impl FnOnce(&mut Settings),
        state: StateMap,
        _task: fn() -> T,
    ) -> Self {
        let mut config = AwsConfig::emulator(Ministack::shared().await.url());
        config.dynamodb.table = unique_name("chaos");
        config.dynamodb.report_capacity = true;
        let aside = SqsBroker::new(&config);
        let queues: Vec<String> = (0..queues).map(|_| unique_name("chaos")).collect();
        for queue in &queues {
            aside
                .declare(&QueueSpec::new(queue))
                .await
                .expect("a queue");
        }
        DynamoStore::new(&config)
            .declare()
            .await
            .expect("the table");

        let mut settings = Settings {
            broker_url: Some("sqs://".to_owned()),
            task_default_queue: queues[0].clone(),
            ..Settings::default()
        };
        change(&mut settings);
        let mut registry = Registry::default();
        registry.register::<T>().expect("a task");
        let (broker, store) = (
            Arc::new(SqsBroker::new(&config)),
            Arc::new(DynamoStore::new(&config)),
        );
        let (settings, registry) = (Arc::new(settings), Arc::new(registry));
        let router = settings.router().expect("no routes");
        let client = Client::new(ClientParts {
            broker: broker.clone(),
            store: Some(store.clone()),
            chords: Some(store.clone()),
            router: router.clone(),
            settings: Arc::clone(&settings),
            registry: Arc::clone(&registry),
            clock: Arc::new(SystemClock),
        });
        let executor = Executor::new(ExecutorParts {
            registry,
            broker: broker.clone(),
            store: Some(store.clone()),
            chords: Some(store.clone()),
            client: client.clone(),
            router,
            state: Arc::new(state),
            settings,
            clock: Arc::new(SystemClock),
            node_name: "chaos@test".to_owned(),
        });
        Self {
            broker,
            store,
            client,
            queues,
            executor,
            aside,
        }
    }

    /// A worker whose long polls take `wait`.
    pub(crate) fn start(&self, wait: Duration) -> Running {
        let queues = self.queues.iter().map(WorkerQueue::new).collect();
        let worker = Worker::new(self.executor.clone(), queues).with_options(|options| {
            options.wait = wait;
            options.poll_grace = wait + Duration::from_secs(1);
        });
        let shutdown = Shutdown::new();
        let handle = tokio::spawn(worker.run(shutdown.clone()));
        Running {
            shutdown,
            handle: tokio::spawn(
                async move { handle.await.expect("no panic").expect("a good end") },
            ),
        }
    }

    /// Waits until nothing is left on the first queue.
    pub(crate) async fn emptied(&self) {
        let deadline = Instant::now() + Duration::from_mins(1);
        loop {
            let stats = self.aside.stats(&self.queues[0]).await.expect("the counts");
            if stats.visible + stats.in_flight + stats.delayed == 0 {
                return;
            }
            assert!(Instant::now() < deadline, "messages are left: {stats:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// A worker in this process.
pub(crate) struct Running {
    shutdown: Shutdown,
    handle: JoinHandle<WorkerReport>,
}

impl Running {
    pub(crate) async fn stop(self) -> WorkerReport {
        self.shutdown.drain();
        self.handle.await.expect("no panic")
    }
}
