use std::sync::Arc;
use std::time::Duration;

use celeriac_core::{
    Broker, Chords, Clock, DeadLetter, Delivery, Ledger, Receipt, Registry, Router, Settings,
    StateMap,
};
use celeriac_producer::{Client, Outbox};
use tracing::Instrument as _;

use crate::admission::admit;
use crate::builtins;
use crate::call::Call;
use crate::engine::Engine;
use crate::executed::{Ending, Executed};
use crate::reply::{Answer, Reply};
use crate::run::{OsThreads, Threads, perform};
use crate::{DeadLettered, Outcome, Shutdown};

/// Runs deliveries: one in, one outcome out. Shared by the worker and the Lambda function. Cheap to
/// clone.
///
/// The steps, each of which may end it, are in `admission/admit.rs`: read the envelope; is the task
/// known (`unknown_task`); does its schedule let it run (beat's header); is it time (`expires`,
/// `eta`); is there time left (a draining worker, a function near its end); claim the task in the
/// ledger, alone where its loss would make it poison; is it poison already; read the payload and
/// bind the arguments. Then, in `run` and `ending`: run it under its time limits; store how it
/// ended; send what follows that. The outcome says what is to become of the message. It is deleted
/// only after all that, but for a task with `acks_late = false`: then just before the run.
#[derive(Clone)]
pub struct Executor {
    engine: Arc<Engine>,
}

/// What an executor is made of.
pub struct ExecutorParts {
    /// What can run here.
    pub registry: Arc<Registry>,
    /// Where deliveries come from.
    pub broker: Arc<dyn Broker>,
    /// The ledger; `None` with `disabled://` results.
    pub store: Option<Arc<dyn Ledger>>,
    /// Where chords' members are awaited; `None` with `disabled://` results.
    pub chords: Option<Arc<dyn Chords>>,
    /// For what tasks send, and what follows them.
    pub client: Client,
    /// Which queue a callback goes to.
    pub router: Router,
    /// Shared state of the app.
    pub state: Arc<StateMap>,
    /// As they were checked when the app was built.
    pub settings: Arc<Settings>,
    /// What `eta`, `expires` and leases are judged by.
    pub clock: Arc<dyn Clock>,
    /// `celeriac@host`, for leases and extended results.
    pub node_name: String,
}

impl Executor {
    /// An executor; needs a tokio runtime. Puts a panic hook in front of the process's own, which
    /// keeps the place of a task's panic for its result instead of printing it.
    pub fn new(parts: ExecutorParts) -> Self {
        Self::on_threads(parts, Arc::new(OsThreads::default()))
    }

    /// The same, with other threads for blocking tasks than the system's: a simulation has none.
    pub fn on_threads(parts: ExecutorParts, threads: Arc<dyn Threads>) -> Self {
        let parts = ExecutorParts {
            registry: builtins::added_to(&parts.registry, parts.store.as_ref()),
            ..parts
        };
        Self {
            engine: Arc::new(Engine::new(parts, threads)),
        }
    }

    /// Runs one delivery to its outcome. Never panics and never fails: what goes wrong is an
    /// outcome too. Not cancel-safe; `shutdown` is how to end it early.
    pub async fn execute(&self, delivery: Delivery, shutdown: &Shutdown) -> Outcome {
        self.perform(delivery, shutdown).await.outcome
    }

    /// [`Executor::execute`], telling how the run ended as well.
    pub async fn perform(&self, delivery: Delivery, shutdown: &Shutdown) -> Executed {
        self.execute_holding(delivery, shutdown, ()).await
    }

    /// [`Executor::perform`] for a caller who waits for the task's result. There is no answer where
    /// the task did not come to an end: given back, retried, put off, or ended before.
    pub async fn answer(
        &self,
        delivery: Delivery,
        shutdown: &Shutdown,
    ) -> (Executed, Option<Answer>) {
        let reply = Reply::awaited();
        let executed = self.run(delivery, shutdown, (), reply.clone()).await;
        (executed, reply.take())
    }

    /// Makes a message invisible for this long, half of what the broker allows at most, or visible
    /// at once, in a request with others. Troubles are logged: the message then comes back by itself.
    pub async fn defer(
        &self,
        queue: &str,
        message_id: &str,
        receipt: Receipt,
        visibility: Duration,
    ) {
        self.engine
            .defer(queue, message_id, receipt, None, visibility)
            .await;
    }

    /// Moves a message to its queue's dead-letter queue, in a request with others.
    pub async fn dead_letter(&self, dead_letter: DeadLetter) -> DeadLettered {
        self.engine.dead_letter(dead_letter).await
    }

    /// How long a message that was received this often and cannot be dealt with now is to stay
    /// away.
    pub fn backoff(&self, queue: &str, receive_count: u32) -> Duration {
        self.engine.backoff(queue, receive_count)
    }

    /// Prints a line of metrics about runs on these queues, if metrics are asked for
    /// (`metrics = emf`).
    pub fn publish<'a>(&self, queues: impl IntoIterator<Item = &'a String>, endings: &[Ending]) {
        let names: Vec<&str> = queues.into_iter().map(String::as_str).collect();
        self.engine.publish(&names.join(","), endings);
    }

    /// Whether the code of a task goes on in this process although its run was ended: a thread
    /// cannot be killed. Its lease is kept until it is over.
    pub fn has_detached_runs(&self) -> bool {
        self.engine.detached.any()
    }

    /// Whether code of this task goes on here although its run was ended.
    pub fn is_detached(&self, task_id: &str) -> bool {
        self.engine.detached.has(task_id)
    }

    /// What it is made of.
    pub fn parts(&self) -> &ExecutorParts {
        &self.engine.parts
    }

    /// The way out for what follows a delivery, and for whoever sends a task on.
    pub fn outbox(&self) -> &Outbox {
        &self.engine.outbox
    }

    pub(crate) fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// [`Executor::perform`], dropping `slot` when the run is over: storing how it ended needs
    /// none.
    pub(crate) fn execute_holding<S: Send>(
        &self,
        delivery: Delivery,
        shutdown: &Shutdown,
        slot: S,
    ) -> impl Future<Output = Executed> + Send {
        self.run(delivery, shutdown, slot, Reply::default())
    }

    async fn run<S: Send>(
        &self,
        delivery: Delivery,
        shutdown: &Shutdown,
        slot: S,
        reply: Reply,
    ) -> Executed {
        let (span, prepared) = admit::open(&self.engine, delivery, reply).await;
        match prepared {
            Ok(call) => {
                let run = self.admit_and_run(call, shutdown, slot);
                run.instrument(span).await
            }
            Err(instead) => instead.instrument(span).await,
        }
    }

    async fn admit_and_run<S: Send>(
        &self,
        call: Box<Call>,
        shutdown: &Shutdown,
        slot: S,
    ) -> Executed {
        match admit::admit(&self.engine, call, shutdown).await {
            Ok((conclusion, arguments)) => {
                perform::perform(conclusion, arguments, shutdown, slot).await
            }
            Err(executed) => executed,
        }
    }
}
