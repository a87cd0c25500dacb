use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use celeriac_protocol::{
    Envelope, Headers, Payload, Properties, Serializer, Signature, UtcTime, Value, Workflow,
    to_value,
};
use serde::Serialize;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio_util::sync::CancellationToken;

use crate::context::CHECKPOINT;
use crate::{
    Clock, Context, ContextParts, ProgressSink, ScheduledRun, SendError, SendOptions, SentWorkflow,
    StateMap, SystemClock, TaskError, TaskSender,
};

/// A [`Context`] for a task that a test calls itself, and what the task did with it. Nothing is
/// sent or stored anywhere.
///
/// ```
/// use celeriac_core::{Context, TaskResult, TestContext};
///
/// async fn import(ctx: Context, lines: Vec<String>) -> TaskResult<usize> {
///     let first = ctx.last_checkpoint()?.unwrap_or(0);
///     ctx.progress(first).await?;
///     Ok(lines.len() - first)
/// }
///
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// let test = TestContext::new().checkpoint(2);
/// let left = import(test.context(), vec!["a".into(), "b".into(), "c".into()]).await;
/// assert_eq!(left.unwrap(), 1);
/// assert_eq!(test.shown(), [("PROGRESS".to_owned(), 2.into())]);
/// # });
/// ```
#[derive(Debug)]
pub struct TestContext {
    envelope: Envelope,
    queue: String,
    remaining: Option<Duration>,
    soft_limit: CancellationToken,
    done: Arc<Done>,
    context: OnceLock<Context>,
    /// For `block_on`, in a test that has none.
    runtime: Option<Runtime>,
}

/// What a task has done.
#[derive(Debug, Default)]
struct Done {
    shown: Mutex<Vec<(String, Value)>>,
    sent: Mutex<Vec<Signature>>,
}

impl Default for TestContext {
    fn default() -> Self {
        Self::new()
    }
}

impl TestContext {
    /// Of a first run of a task `test` with the id `test`, from the queue `celery`.
    ///
    /// # Panics
    /// Never: a message without arguments can be written.
    pub fn new() -> Self {
        let headers = Headers {
            task: "test".to_owned(),
            id: "test".to_owned(),
            ..Headers::default()
        };
        let (properties, payload) = (Properties::default(), Payload::default());
        let envelope = Envelope::new(headers, properties, &payload, Serializer::Json, None);
        let envelope = envelope.expect("a message without arguments");
        Self {
            envelope,
            queue: "celery".to_owned(),
            remaining: None,
            soft_limit: CancellationToken::new(),
            done: Arc::default(),
            context: OnceLock::new(),
            runtime: runtime(),
        }
    }

    /// Another id.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.envelope.headers.id = id.into();
        self
    }

    /// A later try: so many retries before it.
    #[must_use]
    pub fn retries(mut self, retries: u32) -> Self {
        self.envelope.headers.retries = retries;
        self
    }

    /// From another queue.
    #[must_use]
    pub fn queue(mut self, queue: impl Into<String>) -> Self {
        self.queue = queue.into();
        self
    }

    /// With a custom header.
    ///
    /// # Panics
    /// If the value cannot be one of a message.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Serialize) -> Self {
        let value = to_value(&value).expect("a value that a message can hold");
        self.envelope.headers.extra.insert(name.into(), value);
        self
    }

    /// With a checkpoint of the run before.
    ///
    /// # Panics
    /// If the value cannot be one of a message.
    #[must_use]
    pub fn checkpoint(self, value: impl Serialize) -> Self {
        self.header(CHECKPOINT, value)
    }

    /// As sent by a schedule for this time.
    #[must_use]
    pub fn scheduled_for(mut self, time: UtcTime) -> Self {
        let run = ScheduledRun {
            scheduled_time: Some(time),
            ..ScheduledRun::default()
        };
        let headers = &mut self.envelope.headers.extra;
        headers.insert(ScheduledRun::HEADER.to_owned(), run.to_value());
        self
    }

    /// With so long until the run is ended from outside.
    #[must_use]
    pub fn remaining(mut self, time: Duration) -> Self {
        self.remaining = Some(time);
        self
    }

    /// The context, the same each time. What is said of it later than the first time is not in it.
    pub fn context(&self) -> Context {
        self.context.get_or_init(|| self.made()).clone()
    }

    fn made(&self) -> Context {
        let _runtime = self.runtime.as_ref().map(Runtime::enter);
        let now = SystemClock.now();
        Context::new(ContextParts {
            envelope: Arc::new(self.envelope.clone()),
            queue: self.queue.clone(),
            attempt: 1,
            state: Arc::new(StateMap::default()),
            progress: Some(Arc::clone(&self.done) as Arc<dyn ProgressSink>),
            sender: Arc::clone(&self.done) as Arc<dyn TaskSender>,
            deadline: self.remaining.map(|left| now.after(left)),
            soft_limit: self.soft_limit.clone(),
            clock: Arc::new(SystemClock),
            children: Mutex::default(),
            checkpoint: Mutex::default(),
            added: Mutex::default(),
            in_chord: false,
            time_limits: (None, None),
        })
    }

    /// Tells the task that its soft time limit has passed, or that the worker shuts down.
    pub fn cancel(&self) {
        self.soft_limit.cancel();
    }

    /// The states and values that it has shown with `ctx.progress` and `ctx.update_state`.
    pub fn shown(&self) -> Vec<(String, Value)> {
        lock(&self.done.shown).clone()
    }

    /// The checkpoint that it has made last.
    pub fn made_checkpoint(&self) -> Option<Value> {
        self.context.get().and_then(Context::new_checkpoint)
    }

    /// The tasks that it has sent with `ctx.send`. Their ids are `test-1`, `test-2`, ...
    pub fn sent(&self) -> Vec<Signature> {
        lock(&self.done.sent).clone()
    }
}

fn runtime() -> Option<Runtime> {
    match Handle::try_current() {
        Ok(_) => None,
        Err(_) => Builder::new_current_thread().enable_time().build().ok(),
    }
}

fn lock<T>(list: &Mutex<Vec<T>>) -> MutexGuard<'_, Vec<T>> {
    list.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait]
impl ProgressSink for Done {
    async fn show(&self, state: &str, meta: Value) -> Result<(), TaskError> {
        lock(&self.shown).push((state.to_owned(), meta));
        Ok(())
    }
}

#[async_trait]
impl TaskSender for Done {
    async fn send_task(&self, signature: Signature, _: SendOptions) -> Result<String, SendError> {
        let mut sent = lock(&self.sent);
        sent.push(signature);
        Ok(format!("test-{}", sent.len()))
    }

    async fn send_workflow(
        &self,
        workflow: Workflow,
        options: SendOptions,
    ) -> Result<SentWorkflow, SendError> {
        let id = self.send_task(workflow.into_signature(), options).await?;
        Ok(SentWorkflow::of_task(id))
    }
}
