use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use celeriac_protocol::{
    Dict, Envelope, Properties, UtcTime, Value, Workflow, from_value, to_value,
};
use jiff::Zoned;
use jiff::tz::TimeZone;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use crate::scheduled_run::timestamp;
use crate::{
    Canvas, Clock, RetryCall, ScheduledRun, SendError, SendOptions, StateMap, TaskError, TaskSender,
};

/// The header that carries a checkpoint to the next run.
pub const CHECKPOINT: &str = "celeriac_checkpoint";

/// What a running task knows about itself, and what it can do. Cheap to clone.
#[derive(Clone)]
pub struct Context {
    parts: Arc<ContextParts>,
    runtime: Option<Handle>,
}

/// What a worker gives to make a [`Context`].
pub struct ContextParts {
    /// The message.
    pub envelope: Arc<Envelope>,
    /// The Celery queue it came from.
    pub queue: String,
    /// The fencing token; 1 where the task has no ledger item.
    pub attempt: u64,
    /// The app's shared state.
    pub state: Arc<StateMap>,
    /// Stores progress; `None` where results are ignored.
    pub progress: Option<Arc<dyn ProgressSink>>,
    /// Sends children; they get this task as their parent.
    pub sender: Arc<dyn TaskSender>,
    /// When the hard time limit or the shutdown deadline ends the run.
    pub deadline: Option<UtcTime>,
    /// Cancelled at the soft time limit and at shutdown: the task's chance to end by itself.
    pub soft_limit: CancellationToken,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Result tuples of what was sent from here, in order; they become `children` of the result.
    pub children: Mutex<Vec<Value>>,
    /// What is to be added to the task's chord once it has ended well.
    pub added: Mutex<Vec<Workflow>>,
    /// Whether it is a member of a chord.
    pub in_chord: bool,
    /// The hard and the soft time limit in force.
    pub time_limits: (Option<Duration>, Option<Duration>),
    /// The last checkpoint of this run.
    pub checkpoint: Mutex<Option<Value>>,
}

/// Where progress goes.
#[async_trait]
pub trait ProgressSink: Send + Sync {
    /// Shows `state` with `meta` to readers.
    async fn show(&self, state: &str, meta: Value) -> Result<(), TaskError>;
}

impl Context {
    /// For workers, and for tests of tasks. Made within a tokio runtime if
    /// [`block_on`](Self::block_on) is to work.
    pub fn new(parts: ContextParts) -> Self {
        Self {
            parts: Arc::new(parts),
            runtime: Handle::try_current().ok(),
        }
    }
    /// The task id.
    pub fn id(&self) -> &str {
        &self.parts.envelope.headers.id
    }
    /// The task's name.
    pub fn task(&self) -> &str {
        &self.parts.envelope.headers.task
    }
    /// The first task of the workflow; the id itself for a root.
    pub fn root_id(&self) -> &str {
        self.parts
            .envelope
            .headers
            .root_id
            .as_deref()
            .unwrap_or_else(|| self.id())
    }
    /// The task that sent this one.
    pub fn parent_id(&self) -> Option<&str> {
        self.parts.envelope.headers.parent_id.as_deref()
    }
    /// The group.
    pub fn group(&self) -> Option<&str> {
        self.parts.envelope.headers.group.as_deref()
    }
    /// Position in the group.
    pub fn group_index(&self) -> Option<i64> {
        self.parts.envelope.headers.group_index
    }
    /// Retries so far: 0 on the first try.
    pub fn retries(&self) -> u32 {
        self.parts.envelope.headers.retries
    }
    /// The fencing token: grows with every started run, also of the same try. Give it to what must
    /// refuse a run that was taken over.
    pub fn attempt(&self) -> u64 {
        self.parts.attempt
    }
    /// Its priority, 0 to 9; SQS does not look at it.
    pub fn priority(&self) -> Option<i64> {
        self.parts.envelope.properties.priority
    }
    /// The message's properties: correlation id, `reply_to`, routing, and any option of the sender's
    /// that has no place of its own.
    pub fn properties(&self) -> Properties {
        self.parts.envelope.properties.clone()
    }
    /// Its stamps, by name.
    pub fn stamps(&self) -> &Dict {
        &self.parts.envelope.headers.stamps
    }
    /// How often tasks of this id were replaced: see [`replace`](Self::replace).
    pub fn replaced_task_nesting(&self) -> i64 {
        self.parts.envelope.headers.replaced_task_nesting
    }
    /// The hard time limit in force: the message's, the task's or the setting's.
    pub fn time_limit(&self) -> Option<Duration> {
        self.parts.time_limits.0
    }
    /// The soft time limit in force.
    pub fn soft_limit(&self) -> Option<Duration> {
        self.parts.time_limits.1
    }
    /// Whether it is a member of a chord.
    pub fn is_in_chord(&self) -> bool {
        self.parts.in_chord
    }
    /// Custom headers.
    pub fn headers(&self) -> &Dict {
        &self.parts.envelope.headers.extra
    }
    /// The `eta` it was sent with.
    pub fn eta(&self) -> Option<UtcTime> {
        self.parts
            .envelope
            .headers
            .eta
            .as_deref()
            .and_then(|eta| UtcTime::parse(eta).ok())
    }
    /// The time that this run is for: when its schedule was due, in the schedule's time zone (UTC
    /// where it has none). For a task that no schedule of celeriac's sent: its `eta`, else the time
    /// now, in UTC.
    ///
    /// A day that is worked out when a schedule is made would be the same at every firing, and the
    /// day on which a task happens to run is another one after a retry past midnight or a queue
    /// that was long. This one stands, in every retry too:
    ///
    /// ```
    /// # use celeriac_core::{Context, TaskError};
    /// # use jiff::civil::Date;
    /// async fn report(ctx: Context, day: Option<Date>) -> Result<(), TaskError> {
    ///     let day = day.unwrap_or_else(|| ctx.scheduled_time().date());
    ///     // ... the report of that day ...
    ///     # let _ = day;
    ///     Ok(())
    /// }
    /// ```
    pub fn scheduled_time(&self) -> Zoned {
        let scheduled = ScheduledRun::of(&self.parts.envelope.headers).and_then(Result::ok);
        scheduled
            .and_then(|run| run.local_due())
            .unwrap_or_else(|| {
                let time = self.eta().unwrap_or_else(|| self.parts.clock.now());
                timestamp(time).to_zoned(TimeZone::UTC)
            })
    }
    /// Whether a schedule sent it: celeriac's beat or Celery's own.
    pub fn is_scheduled(&self) -> bool {
        let headers = self.headers();
        headers.contains_key(ScheduledRun::HEADER)
            || headers.get("celery_beat_task") == Some(&Value::Bool(true))
    }
    /// The Celery queue it came from.
    pub fn queue(&self) -> &str {
        &self.parts.queue
    }
    /// When the run will be ended from outside, if ever.
    pub fn deadline(&self) -> Option<UtcTime> {
        self.parts.deadline
    }
    /// How long until the deadline.
    pub fn remaining(&self) -> Option<Duration> {
        self.parts
            .deadline
            .map(|deadline| deadline.since(self.parts.clock.now()))
    }
    /// Resolves at the soft time limit or at shutdown. Cancel-safe.
    pub async fn soft_time_limit(&self) {
        self.parts.soft_limit.cancelled().await;
    }
    /// Whether the soft time limit has passed or the worker is shutting down; for blocking tasks to
    /// look at.
    pub fn is_cancelled(&self) -> bool {
        self.parts.soft_limit.is_cancelled()
    }
    /// Shows `PROGRESS` with `meta` to readers (`AsyncResult.info` in Python).
    pub async fn progress<T: Serialize>(&self, meta: T) -> Result<(), TaskError> {
        self.update_state("PROGRESS", meta).await
    }
    /// Shows any state with `meta` to readers, as Celery's `update_state`.
    /// Nothing is stored where results are ignored. Waits until the store has it.
    pub async fn update_state<T: Serialize>(&self, state: &str, meta: T) -> Result<(), TaskError> {
        let meta = to_value(&meta).map_err(|error| TaskError::encode(&error))?;
        match &self.parts.progress {
            Some(sink) => sink.show(state, meta).await,
            None => Ok(()),
        }
    }
    /// Keeps how far the task is, for the run that goes on where this one ends early: it is given
    /// back when the worker or the Lambda function ends, handed to a worker queue, or retried.
    /// Travels in the message (SQS: 1 MiB in all), so it is lost with a killed process, and on a
    /// FIFO queue, where the message itself comes back. The last one counts.
    ///
    /// ```
    /// # use celeriac_core::{Context, TaskError};
    /// async fn import(ctx: Context, lines: Vec<String>) -> Result<(), TaskError> {
    ///     for at in ctx.last_checkpoint()?.unwrap_or(0)..lines.len() {
    ///         // ... one line ...
    ///         ctx.checkpoint(at + 1)?;
    ///     }
    ///     Ok(())
    /// }
    /// ```
    pub fn checkpoint<T: Serialize>(&self, value: T) -> Result<(), TaskError> {
        let value = to_value(&value).map_err(|error| TaskError::encode(&error))?;
        *self.lock_checkpoint() = Some(value);
        Ok(())
    }
    /// The last checkpoint: this run's, or that of the run before; `None` where there is none.
    ///
    /// # Errors
    /// If it is not a `T`.
    pub fn last_checkpoint<T: DeserializeOwned>(&self) -> Result<Option<T>, TaskError> {
        let mine = self.new_checkpoint();
        let Some(value) = mine.or_else(|| self.headers().get(CHECKPOINT).cloned()) else {
            return Ok(None);
        };
        from_value(value).map(Some).map_err(|error| {
            TaskError::failure(
                "ValueError",
                format!("the checkpoint cannot be read: {error}"),
            )
        })
    }
    /// For workers: the checkpoint that this run has made.
    pub fn new_checkpoint(&self) -> Option<Value> {
        self.lock_checkpoint().clone()
    }
    fn lock_checkpoint(&self) -> std::sync::MutexGuard<'_, Option<Value>> {
        self.parts
            .checkpoint
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
    /// Sends a task with this one as its parent and in its workflow. Returns the child's id.
    ///
    /// Waits until the broker has it. If dropped, it is still sent, but not among
    /// [`children`](Self::children).
    pub async fn send(&self, canvas: impl Canvas) -> Result<String, SendError> {
        let workflow = canvas.into_workflow()?;
        let options = SendOptions {
            parent_id: Some(self.id().to_owned()),
            root_id: Some(self.root_id().to_owned()),
            ..SendOptions::default()
        };
        let sent = self.parts.sender.send_workflow(workflow, options).await?;
        self.parts
            .children
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(sent.tuple);
        Ok(sent.id)
    }
    /// Makes this task another one, under its id, with all that waits for it: return it as the
    /// error. `return Err(ctx.replace(add::s(1, 2)))`, or a chain, a group (whose result is the list
    /// of its results), a chord.
    pub fn replace(&self, canvas: impl Canvas) -> TaskError {
        match canvas.into_workflow() {
            Ok(workflow) => TaskError::Replace(Box::new(workflow)),
            Err(error) => TaskError::from(error),
        }
    }
    /// Adds a task to the chord of which this one is a member, once this one has ended well: its
    /// result comes behind those of the header. A run that fails or is retried adds nothing.
    ///
    /// # Errors
    /// Where the task is in no chord.
    pub fn add_to_chord(&self, canvas: impl Canvas) -> Result<(), TaskError> {
        if !self.is_in_chord() {
            return Err(TaskError::failure(
                "ValueError",
                "Current task is not member of any chord",
            ));
        }
        let workflow = canvas.into_workflow()?;
        self.parts
            .added
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(workflow);
        Ok(())
    }
    /// A retry, to be returned as the error: Celery's `self.retry(...)`.
    pub fn retry(&self) -> RetryCall {
        RetryCall::default()
    }
    /// Waits for a future from a blocking task: `ctx.block_on(ctx.progress(10))`.
    ///
    /// # Panics
    /// In an async task (use `.await` there).
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        let runtime = self.runtime.clone().unwrap_or_else(Handle::current);
        runtime.block_on(future)
    }
    /// The app's shared state.
    pub fn state(&self) -> &StateMap {
        &self.parts.state
    }
    /// For workers: what is to be added to its chord.
    pub fn added(&self) -> Vec<Workflow> {
        self.parts
            .added
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
    /// The ids of the children sent so far: of a canvas that of the task that ends it, or of its
    /// group.
    pub fn children(&self) -> Vec<String> {
        let id = |tuple: &Value| {
            let key = tuple.as_list()?.first()?.as_list()?.first()?;
            key.as_str().map(str::to_owned)
        };
        self.child_results().iter().filter_map(id).collect()
    }
    /// The results of the children sent so far, as Celery's result tuples: what a task returns that
    /// is to give its caller the results of a canvas.
    pub fn child_results(&self) -> Vec<Value> {
        self.parts
            .children
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
    /// For workers: the message.
    pub fn envelope(&self) -> &Envelope {
        &self.parts.envelope
    }
}

impl std::fmt::Debug for Context {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context")
            .field("id", &self.id())
            .field("task", &self.task())
            .finish_non_exhaustive()
    }
}
