use std::sync::{Arc, Mutex};
use std::time::Duration;

use celeriac_core::{
    Arguments, Broker, Clock, Context, ContextParts, DeadLetter, Delivery, Ledger, ProgressSink,
    Receipt, Registry, Router, Settings, StateMap, TaskKind,
};
use celeriac_producer::{Client, Outbox};
use celeriac_protocol::{Embed, Envelope};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::admission::claim::Refusal;
use crate::admission::scheduled::{self, Unfit};
use crate::admission::timing::{self, Timing};
use crate::admission::{place, spill, unknown, unready};
use crate::call::Call;
use crate::ending::{self, Conclusion};
use crate::engine::Engine;
use crate::executed::{Ending, Executed};
use crate::held::Held;
use crate::reply::{Answer, Reply};
use crate::run::{LedgerProgress, OsThreads, Run, Threads, TimeLimits};
use crate::{DeadLettered, Deadline, Outcome, Shutdown, log, meta};

/// Runs deliveries: one in, one outcome out. Shared by the worker and the Lambda function. Cheap to
/// clone.
///
/// The steps, each of which may end it: read the envelope; is the task known (`unknown_task`); does
/// its schedule let it run (beat's header); is it time (`expires`, `eta`); read the payload and
/// bind the arguments; claim the task in the ledger; run it under its time limits; store how it
/// ended; send what follows that. The outcome says what is to become of the message, which is never
/// deleted before that.
#[derive(Clone)]
pub struct Executor {
    engine: Arc<Engine>,
}

/// What an executor is made of.
pub struct ExecutorParts {
    /// The tasks.
    pub registry: Arc<Registry>,
    /// For re-sends.
    pub broker: Arc<dyn Broker>,
    /// The ledger; `None` with `disabled://` results.
    pub store: Option<Arc<dyn Ledger>>,
    /// For children.
    pub client: Client,
    /// For callbacks.
    pub router: Router,
    /// Shared state of the app.
    pub state: Arc<StateMap>,
    /// All settings.
    pub settings: Arc<Settings>,
    /// The time.
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

    /// Makes a message invisible for this long, or visible at once, in a request with others.
    /// Troubles are logged: the message then comes back by itself.
    pub async fn defer(
        &self,
        queue: &str,
        message_id: &str,
        receipt: Receipt,
        visibility: Duration,
    ) {
        self.engine
            .defer(queue, message_id, receipt, visibility)
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

    /// Whether this task's does.
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

    /// The same, giving `slot` back when the run is over; storing how it ended needs none.
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
        let Prepared {
            mut call,
            arguments,
            embed,
        } = match prepare(&self.engine, delivery, reply) {
            Ok(prepared) => prepared,
            Err(instead) => return instead.await,
        };
        if shutdown.draining.is_cancelled() {
            return Executed::not_run(Outcome::Release);
        }
        if let Some(deadline) = &shutdown.deadline
            && let Some(executed) =
                Box::pin(spill::before_run(&self.engine, &mut call, deadline)).await
        {
            return executed;
        }
        let (held, place) = match place::take(&self.engine, &mut call, shutdown).await {
            Ok(taken) => taken,
            Err(Refusal::Final(meta)) => {
                return Box::pin(ending::met(&self.engine, *call, &embed, &meta)).await;
            }
            Err(Refusal::Isolate) => return Executed::not_run(Outcome::Release),
            Err(Refusal::Other(outcome)) => return Executed::not_run(outcome),
        };
        let engine = Arc::clone(&self.engine);
        let conclusion = Conclusion::new(engine, call, held, place, embed);
        run(conclusion, arguments, shutdown, slot).await
    }
}

/// A delivery that can be claimed and run. What is large in it is behind a pointer: a run's future
/// holds it several times over, and is itself moved when it is spawned.
struct Prepared {
    call: Box<Call>,
    arguments: Arguments,
    embed: Box<Embed>,
}

/// What is done about a delivery whose task is not run.
type Instead<'a> = BoxFuture<'a, Executed>;

fn prepare(engine: &Engine, delivery: Delivery, reply: Reply) -> Result<Prepared, Instead<'_>> {
    let envelope = match Envelope::decode(&delivery.body, &engine.limits) {
        Ok(envelope) => envelope,
        Err(error) => {
            let unreadable = async move { unready::unreadable(engine, delivery, &error).await };
            return Err(Box::pin(unreadable));
        }
    };
    if let Some(reason) = unready::bad_id(engine, &envelope.headers.id) {
        return Err(at_once(unready::no_id(delivery, &reason)));
    }
    let Some(definition) = engine.parts.registry.find(&envelope.headers.task) else {
        return Err(Box::pin(unknown::unknown(engine, delivery, envelope)));
    };
    let mut call = Box::new(Call::new(
        engine,
        delivery,
        envelope,
        Arc::clone(definition),
    ));
    call.reply = reply;
    log::received(&call);
    match scheduled::settle(engine, &mut call) {
        Ok(()) => {}
        Err(Unfit::Guarded) => return Err(at_once(Executed::not_run(Outcome::Ack))),
        Err(Unfit::Malformed(reason)) => {
            return Err(Box::pin(unready::malformed(engine, *call, reason)));
        }
    }
    match Timing::of(&call.envelope.headers, engine.now()) {
        Timing::Due => {}
        Timing::Expired => return Err(Box::pin(unready::expire(engine, *call))),
        Timing::Early(early) => {
            let defer = async move { timing::defer(engine, &mut call, early).await };
            return Err(Box::pin(defer.map(Executed::not_run)));
        }
        Timing::Invalid(reason) => {
            return Err(Box::pin(unready::malformed(engine, *call, reason)));
        }
    }
    bind(engine, call)
}

/// What needs no request.
fn at_once<'a>(executed: Executed) -> Instead<'a> {
    Box::pin(std::future::ready(executed))
}

fn bind(engine: &Engine, mut call: Box<Call>) -> Result<Prepared, Instead<'_>> {
    let payload = match call.envelope.payload(&engine.limits) {
        Ok(payload) => payload,
        Err(error) => {
            return Err(Box::pin(unready::malformed(
                engine,
                *call,
                error.to_string(),
            )));
        }
    };
    if engine.parts.settings.result_extended && call.shows_errors() {
        call.extended = Some(meta::extended(
            engine,
            &call.envelope.headers,
            &call.delivery.queue,
            &payload,
        ));
    }
    if let Some(reason) = ending::unsupported(&payload.embed) {
        let failure = meta::failure_text("builtins", "NotImplementedError", reason);
        return Err(Box::pin(unready::fail(
            engine,
            *call,
            payload.embed,
            failure,
        )));
    }
    match Arguments::bind(call.definition.params, payload.args, payload.kwargs) {
        Ok(arguments) => Ok(Prepared {
            call,
            arguments,
            embed: Box::new(payload.embed),
        }),
        Err(error) => {
            let failure = meta::failure_text("builtins", "TypeError", error.to_string());
            Err(Box::pin(unready::fail(
                engine,
                *call,
                payload.embed,
                failure,
            )))
        }
    }
}

/// Runs a claimed task and concludes.
async fn run<S>(
    mut conclusion: Conclusion,
    arguments: Arguments,
    shutdown: &Shutdown,
    slot: S,
) -> Executed {
    let engine = Arc::clone(&conclusion.engine);
    let lost_runs = engine.parts.settings.task_max_lost_runs;
    if conclusion.held.runs > lost_runs {
        let text = format!("the task is poison: {lost_runs} runs of it ended with their worker");
        let failure = meta::failure_text("billiard.exceptions", "WorkerLostError", text);
        return Box::pin(conclusion.failed(failure, Some("poison"))).await;
    }
    if shutdown.draining.is_cancelled() {
        return Box::pin(conclusion.given_back()).await;
    }
    if !conclusion.call.acks_late {
        Box::pin(acknowledge_early(&engine, &mut conclusion.call)).await;
    }
    let limits = TimeLimits::of(&engine, &conclusion.call);
    let (soft, lost) = (CancellationToken::new(), conclusion.held.lost());
    let context = context(
        &engine,
        &conclusion.call,
        &conclusion.held,
        ends(&limits, shutdown),
        soft.clone(),
    );
    let kind: TaskKind = conclusion.call.definition.kind.clone();
    let started = Instant::now();
    let run = Run {
        kind,
        context: context.clone(),
        arguments,
        limits,
        soft,
        lost,
    };
    let (end, rest) = run.end(&engine.blocking, shutdown).await;
    drop(slot);
    let mut conclusion = conclusion.after(&context, started.elapsed(), shutdown);
    if let Some(rest) = rest {
        conclusion.detach(rest);
    }
    Box::pin(conclusion.of_run(end)).await // large: storing, sending, retrying
}

/// How long until the run is ended from outside, if ever.
fn ends(limits: &TimeLimits, shutdown: &Shutdown) -> Option<Duration> {
    let left = shutdown.deadline.as_ref().map(Deadline::remaining);
    limits.hard.into_iter().chain(left).min()
}

async fn acknowledge_early(engine: &Engine, call: &mut Call) {
    match engine
        .requests
        .ack_early(&call.delivery.queue, call.delivery.receipt.clone())
        .await
    {
        Ok(()) => call.acked = true,
        Err(error) => tracing::warn!(
            id = call.id(),
            "not acknowledged early, but after the run: {error}"
        ),
    }
}

fn context(
    engine: &Arc<Engine>,
    call: &Call,
    held: &Held,
    ends_in: Option<Duration>,
    soft_limit: CancellationToken,
) -> Context {
    let shows_progress = held.lease.is_some() && !call.ignore_result;
    let progress = shows_progress.then(|| LedgerProgress::shared(engine, call, held));
    Context::new(ContextParts {
        envelope: Arc::clone(&call.envelope),
        queue: call.delivery.queue.clone(),
        attempt: held.attempt,
        state: Arc::clone(&engine.parts.state),
        progress: progress.map(|progress| progress as Arc<dyn ProgressSink>),
        sender: Arc::clone(&engine.sender),
        deadline: ends_in.map(|left| engine.now().after(left)),
        soft_limit,
        clock: Arc::clone(&engine.parts.clock),
        children: Mutex::default(),
        checkpoint: Mutex::default(),
    })
}
