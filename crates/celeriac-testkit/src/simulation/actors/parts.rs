use std::sync::Arc;

use celeriac_aws::{AwsConfig, DynamoStore, SqsBroker};
use celeriac_core::{Broker, Chords, Clock, Documents, Ledger, Registry, Settings};
use celeriac_producer::{Client, ClientParts};
use celeriac_worker::{Executor, ExecutorParts};

use super::super::line::Line;
use super::super::process::Process;
use super::super::world::World;
use super::tasks;
use super::threads::SimulatedThreads;
use super::told_ledger::ToldLedger;

/// What a process of celeriac is made of, on AWS.
pub(super) struct Parts {
    pub(super) broker: Arc<dyn Broker>,
    pub(super) store: Arc<dyn Ledger>,
    pub(super) documents: Arc<dyn Documents>,
    chords: Arc<dyn Chords>,
    pub(super) client: Client,
    settings: Arc<Settings>,
}

impl Parts {
    pub(super) fn new(world: &Arc<World>, process: &Arc<Process>, settings: Settings) -> Self {
        let line = Line::new(world, process);
        let clock = Arc::clone(process) as Arc<dyn Clock>;
        let config = AwsConfig::from_settings(&settings).expect("the URLs are good");
        let broker: Arc<dyn Broker> = Arc::new(SqsBroker::new(&config).over(line.clone()));
        let table = DynamoStore::with_clock(&config, Arc::clone(&clock)).over(line);
        let table = Arc::new(table);
        let store: Arc<dyn Ledger> = Arc::new(ToldLedger {
            world: Arc::clone(world),
            process: Arc::clone(process),
            ledger: Arc::clone(&table) as Arc<dyn Ledger>,
        });
        let settings = Arc::new(settings);
        let client = Client::new(ClientParts {
            broker: Arc::clone(&broker),
            store: Some(Arc::clone(&store)),
            chords: Some(Arc::clone(&table) as Arc<dyn Chords>),
            router: settings.router().expect("there are no routes"),
            settings: Arc::clone(&settings),
            registry: Arc::new(tasks::registry(world, process)),
            clock,
        });
        Self {
            broker,
            store,
            documents: Arc::clone(&table) as Arc<dyn Documents>,
            chords: table,
            client,
            settings,
        }
    }

    /// An executor that knows the plan's tasks, or none.
    pub(super) fn executor(
        &self,
        world: &Arc<World>,
        process: &Arc<Process>,
        knows_tasks: bool,
    ) -> Executor {
        let registry = if knows_tasks {
            tasks::registry(world, process)
        } else {
            Registry::default()
        };
        let parts = ExecutorParts {
            registry: Arc::new(registry),
            broker: Arc::clone(&self.broker),
            store: Some(Arc::clone(&self.store)),
            chords: Some(Arc::clone(&self.chords)),
            client: self.client.clone(),
            router: self.settings.router().expect("there are no routes"),
            state: Arc::default(),
            settings: Arc::clone(&self.settings),
            clock: Arc::clone(process) as Arc<dyn Clock>,
            node_name: process.name.clone(),
        };
        Executor::on_threads(parts, SimulatedThreads::of(world, process))
    }
}

/// The settings that all processes have in common.
pub(super) fn settings(world: &World) -> Settings {
    let ttl = world.plan.ttl_seconds;
    let mut settings = Settings {
        broker_url: Some("sqs://".to_owned()),
        result_backend: ttl.map(|ttl| format!("dynamodb://us-east-1/celery?ttl_seconds={ttl}")),
        worker_concurrency: world.plan.concurrency,
        chord_layout: world.plan.chord_layout,
        task_max_lost_runs: world.plan.max_lost_runs,
        ..Settings::default()
    };
    settings.broker_transport_options.visibility_timeout = world.plan.visibility;
    settings
}
