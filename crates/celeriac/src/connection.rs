use std::collections::BTreeSet;
use std::sync::Arc;

use celeriac_core::{
    Broker, Documents, Ledger, QueueAdmin, QueueSpec, Registry, Router, Settings, StateMap,
    SystemClock, TaskDefinition, UnknownTask,
};
use celeriac_producer::{Client, ClientParts};
use celeriac_protocol::mangle;
use celeriac_worker::{Executor, ExecutorParts, Worker, WorkerQueue};

#[cfg(feature = "beat")]
use crate::call_note::call_note;
use crate::connect::{Backends, connect};
use crate::place::Place;
use crate::routing::{queue_of, queue_of_route};
#[cfg(feature = "beat")]
use crate::timetable::Timetable;
use crate::{App, Error};

/// An app connected to its broker and results. Cheap to clone.
#[derive(Clone)]
pub struct Connection {
    name: String,
    registry: Arc<Registry>,
    state: Arc<StateMap>,
    settings: Arc<Settings>,
    #[cfg(feature = "_aws")]
    coded: Arc<Settings>,
    router: Router,
    backends: Backends,
    client: Client,
    #[cfg(feature = "beat")]
    timetable: Arc<Timetable>,
}

impl Connection {
    /// Connects by these settings, without tasks: for programs that only send, read or operate.
    /// Settings are taken as they are; see [`Settings::load`].
    #[expect(clippy::unused_async, reason = "an adapter may have to connect")]
    pub async fn open(settings: Settings) -> Result<Self, Error> {
        let mut app = App::new("celeriac");
        app.settings = settings;
        Self::of_app(app)
    }

    pub(crate) fn of_app(app: App) -> Result<Self, Error> {
        if let Some(error) = app.error {
            return Err(error);
        }
        #[cfg(feature = "beat")]
        let timetable = Arc::new(Timetable::of(app.entries, &app.settings)?);
        let router = app.settings.router()?;
        let backends = connect(&app.settings)?;
        #[cfg(feature = "_aws")]
        let coded = app.coded.unwrap_or_else(|| app.settings.clone());
        let (settings, registry) = (Arc::new(app.settings), Arc::new(app.registry));
        let client = Client::new(ClientParts {
            broker: Arc::clone(&backends.queues.broker),
            store: backends
                .results
                .as_ref()
                .map(|results| Arc::clone(&results.ledger)),
            chords: backends
                .results
                .as_ref()
                .map(|results| Arc::clone(&results.chords)),
            router: router.clone(),
            settings: Arc::clone(&settings),
            registry: Arc::clone(&registry),
            clock: Arc::new(SystemClock),
        });
        Ok(Self {
            name: app.name,
            registry,
            state: Arc::new(app.state),
            settings,
            #[cfg(feature = "_aws")]
            coded: Arc::new(coded),
            router,
            backends,
            client,
            #[cfg(feature = "beat")]
            timetable,
        })
    }

    /// The app's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The client.
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// The broker.
    pub fn broker(&self) -> &Arc<dyn Broker> {
        &self.backends.queues.broker
    }

    /// The same queues, to be created, changed, listed and emptied.
    pub fn queue_admin(&self) -> &Arc<dyn QueueAdmin> {
        &self.backends.queues.admin
    }

    /// The results and the ledger; `None` with `disabled://`.
    pub fn ledger(&self) -> Option<&Arc<dyn Ledger>> {
        let results = self.backends.results.as_ref();
        results.map(|results| &results.ledger)
    }

    /// What celeriac itself remembers, beside the results; `None` with `disabled://`.
    pub fn documents(&self) -> Option<&Arc<dyn Documents>> {
        let results = self.backends.results.as_ref();
        results.map(|results| &results.documents)
    }

    /// The settings in force.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What the code says of the settings, which the program has wherever it runs.
    #[cfg(feature = "_aws")]
    pub(crate) fn coded_settings(&self) -> &Settings {
        &self.coded
    }

    /// The app's tasks.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// The beat entries, from code and settings.
    #[cfg(feature = "beat")]
    pub fn beat_entries(&self) -> &[celeriac_beat::Entry] {
        self.timetable.entries()
    }

    /// What a person should know of an entry before it is sent: a task that is not registered here,
    /// arguments that it does not have, an option without a meaning.
    #[cfg(feature = "beat")]
    pub fn entry_notes(&self, entry: &celeriac_beat::Entry) -> Vec<String> {
        let of_call = call_note(&self.registry, entry.task(), entry.args(), entry.kwargs());
        entry.notes().into_iter().chain(of_call).collect()
    }

    /// The name of this environment of the app, which no other one in the account has: in front of
    /// the app's name stands the `environment`, or else the broker's `queue_name_prefix`.
    ///
    /// ```
    /// # use celeriac::prelude::*;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// let staging = App::new("shop").isolated().settings(|settings| {
    ///     settings.broker_transport_options.queue_name_prefix = "staging-".to_owned();
    /// });
    /// assert_eq!(staging.build().await?.deployment(), "staging-shop");
    /// # Ok(())
    /// # })
    /// # }
    /// ```
    pub fn deployment(&self) -> String {
        let prefix = match &self.settings.environment {
            Some(environment) => format!("{environment}-"),
            None => mangle(&self.settings.broker_transport_options.queue_name_prefix),
        };
        format!("{prefix}{}", self.name)
    }

    /// The name of the app's group in EventBridge Scheduler.
    pub fn schedule_group(&self) -> String {
        let given = self.settings.beat_schedule_group.clone();
        given.unwrap_or_else(|| self.deployment())
    }

    /// The name, or the ARN, of the role that EventBridge Scheduler sends with.
    pub fn schedule_role(&self) -> String {
        let settings = &self.settings;
        settings
            .beat_scheduler_role
            .clone()
            .unwrap_or_else(|| format!("{}-scheduler", self.deployment()))
    }

    #[cfg(feature = "beat")]
    pub(crate) fn timetable(&self) -> &Timetable {
        &self.timetable
    }

    /// Where messages and results are, for people: `sqlite:celeriac.sqlite`. Without passwords.
    pub fn places(&self) -> String {
        let prefix = &self.settings().broker_transport_options.queue_name_prefix;
        let queues = if prefix.is_empty() {
            String::new()
        } else {
            format!(" (queue names begin with `{prefix}`)")
        };
        format!(
            "broker {}{queues}, results {}",
            self.backends.broker_place, self.backends.results_place
        )
    }

    /// The `sqlite:` URLs in use: one where broker and results share a file.
    pub fn database_urls(&self) -> Vec<String> {
        let places = [&self.backends.broker_place, &self.backends.results_place];
        let mut urls: Vec<String> = places
            .into_iter()
            .filter_map(Place::database_url)
            .map(str::to_owned)
            .collect();
        urls.dedup();
        urls
    }

    /// Whether messages are in this process's memory, and end with it.
    pub fn broker_is_in_memory(&self) -> bool {
        self.backends.broker_place.is_memory()
    }

    /// Whether results are in this process's memory, and end with it.
    pub fn results_are_in_memory(&self) -> bool {
        self.backends.results_place.is_memory()
    }

    /// Whether messages travel on SQS.
    pub fn broker_is_aws(&self) -> bool {
        matches!(self.backends.broker_place, Place::Aws(_))
    }

    /// Whether results are in DynamoDB.
    pub fn results_are_aws(&self) -> bool {
        matches!(self.backends.results_place, Place::Aws(_))
    }

    /// A sentence for the user where nothing was configured and a default was taken.
    pub fn note(&self) -> Option<&str> {
        self.backends.note.as_deref()
    }

    /// The queue that a task goes to when it is sent without one: the task's own option, over the
    /// route, over the default.
    pub fn queue_of(&self, task: &TaskDefinition) -> String {
        queue_of(&self.router, task)
    }

    /// The queues that the app's own tasks go to, or the default queue where it has none: what a
    /// worker works on unless it is told. Queues of tasks that live elsewhere are not among them.
    pub fn own_queues(&self) -> Vec<String> {
        let mut queues: Vec<String> = self
            .registry
            .iter()
            .map(|task| self.queue_of(task))
            .collect();
        if queues.is_empty() {
            queues.push(self.router.default_queue().to_owned());
        }
        queues.sort();
        queues.dedup();
        queues
    }

    /// A worker on these queues. With `create_missing_queues` they are created first; SQLite needs
    /// no creating.
    pub async fn worker(&self, queues: Vec<WorkerQueue>) -> Result<Worker, Error> {
        self.check_state()?;
        if self.settings.broker_transport_options.create_missing_queues {
            self.declare_missing(&queues).await?;
        }
        Ok(Worker::new(self.executor(), queues))
    }

    pub(crate) fn check_state(&self) -> Result<(), Error> {
        Ok(self.registry.check_state(&self.state)?)
    }

    /// The app as a Lambda function with this much memory.
    #[cfg(feature = "lambda")]
    pub fn function(&self, megabytes: usize) -> celeriac_lambda::Function {
        celeriac_lambda::Function::new(self.executor(), megabytes)
    }

    pub(crate) fn executor(&self) -> Executor {
        Executor::new(ExecutorParts {
            registry: Arc::clone(&self.registry),
            broker: Arc::clone(self.broker()),
            store: self.ledger().cloned(),
            chords: self
                .backends
                .results
                .as_ref()
                .map(|results| Arc::clone(&results.chords)),
            client: self.client.clone(),
            router: self.router.clone(),
            state: Arc::clone(&self.state),
            settings: Arc::clone(&self.settings),
            clock: Arc::new(SystemClock),
            node_name: self.node_name(),
        })
    }

    /// `<deployment>@<host>`, as results with `result_extended` show it.
    pub fn node_name(&self) -> String {
        format!(
            "{}@{}",
            self.deployment(),
            gethostname::gethostname().to_string_lossy()
        )
    }

    /// The default queue, the own queues, the targets of routes, and where unknown tasks are
    /// forwarded to.
    pub fn known_queues(&self) -> Vec<String> {
        let mut queues = self.own_queues();
        queues.push(self.router.default_queue().to_owned());
        queues.extend(
            self.settings
                .task_routes
                .iter()
                .filter_map(|(_, target)| queue_of_route(target)),
        );
        #[cfg(feature = "beat")]
        queues.extend(
            self.beat_entries()
                .iter()
                .filter_map(|entry| entry.options().queue.clone()),
        );
        if let UnknownTask::Forward(queue) = &self.settings.unknown_task {
            queues.push(queue.clone());
        }
        queues.sort();
        queues.dedup();
        queues
    }

    /// The worker's queues, those that its tasks may send to, and the table.
    async fn declare_missing(&self, queues: &[WorkerQueue]) -> Result<(), Error> {
        let worked = queues.iter().map(|queue| queue.name.clone());
        let names: BTreeSet<String> = worked.chain(self.known_queues()).collect();
        for name in names {
            self.queue_admin().declare(&QueueSpec::new(name)).await?;
        }
        if let Some(ledger) = self.ledger() {
            ledger.declare().await?;
        }
        Ok(())
    }
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection")
            .field("app", &self.name)
            .field("places", &self.places())
            .finish_non_exhaustive()
    }
}
