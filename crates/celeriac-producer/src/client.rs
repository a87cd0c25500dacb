use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use celeriac_core::chords::{NewChord, Standing};
use celeriac_core::{
    Broker, ChordLayout, Chords, Clock, Ledger, Registry, Router, SendError, SendOptions,
    SentWorkflow, Settings, StoreError, TaskSender, TaskSignature,
};
use celeriac_protocol::{Dict, Signature, Value, Workflow};
use futures_util::stream::{self, StreamExt, TryStreamExt};

use crate::canvas::{Applied, ChordLayouts, Ids, Plan, ResultTree, frozen};
use crate::outbox::Outbox;
use crate::result_reader::ResultReader;
use crate::sends::Sends;
use crate::{AsyncResult, GroupResult, Message, MessageBuilder, ResultError, ResultSet};

/// Sends tasks and reads their results. Cheap to clone; sends of all clones travel in common
/// batches.
///
/// **Batches.** A send goes at once; what gathers while requests are in flight goes together in the
/// next one, ten to a request on SQS. **Backpressure.** At most 1,000 messages a queue wait for a
/// request, and 64 MiB over all queues; over that, sends wait for room. **Retries.** A broker that
/// is away for a moment is asked three times more, as Celery's `task_publish_retry_policy` does; a
/// lost answer may so send a message twice, which the ledger makes one task.
///
/// **The end.** [`close`](Self::close) sends what waits and returns when the broker has it: call it
/// before the program ends. When the last clone is dropped instead, what was accepted is still sent
/// as long as the tokio runtime lives; a runtime that ends takes unsent messages with it. Since
/// `send` returns only when the broker has the message, that can only hit sends that nobody awaited
/// to their end.
#[derive(Clone)]
pub struct Client {
    parts: Arc<Parts>,
}

struct Parts {
    builder: MessageBuilder,
    outbox: Outbox,
    reader: Arc<ResultReader>,
    settings: Arc<Settings>,
    registry: Arc<Registry>,
    clock: Arc<dyn Clock>,
}

/// Bytes of a chain's messages, all together, that are worth a word.
const COPIED: usize = 8 << 20;
/// Messages of a canvas between it and the broker: enough to keep every request in flight full.
const WINDOW: usize = 256;

/// What a client is made of.
pub struct ClientParts {
    /// Where messages go.
    pub broker: Arc<dyn Broker>,
    /// Where results are; `None` with `disabled://`.
    pub store: Option<Arc<dyn Ledger>>,
    /// Where chords' members are awaited; `None` with `disabled://`.
    pub chords: Option<Arc<dyn Chords>>,
    /// Which queue.
    pub router: Router,
    /// Serializer, compression, message form, defaults.
    pub settings: Arc<Settings>,
    /// Tasks known here, whose options count when they are sent by name too; may be empty.
    pub registry: Arc<Registry>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

impl Client {
    /// A client. It makes no request; sending and reading need a tokio runtime.
    pub fn new(parts: ClientParts) -> Self {
        let ClientParts {
            broker,
            store,
            chords,
            router,
            settings,
            registry,
            clock,
        } = parts;
        let builder = MessageBuilder::new(
            Arc::clone(&registry),
            router,
            settings.clone(),
            clock.clone(),
        );
        let outbox = Outbox::new(broker, clock.clone());
        let reader = Arc::new(ResultReader::new(store, chords));
        Self {
            parts: Arc::new(Parts {
                builder,
                outbox,
                reader,
                settings,
                registry,
                clock,
            }),
        }
    }

    /// Sends a task and waits until the broker has it.
    ///
    /// Cancel-safe up to the moment the message is accepted into the queue's buffer, which is at
    /// once unless the buffer is full: dropped before, nothing is sent; dropped after, the task is
    /// still sent.
    ///
    /// # Errors
    /// [`SendError::Encode`] for an argument that cannot be written, [`SendError::Invalid`] for an
    /// option that cannot be, [`SendError::Broker`] for what the broker refused,
    /// [`SendError::Closed`] after [`close`](Self::close).
    pub async fn send<S: Sends>(&self, canvas: S) -> Result<S::Handle, SendError> {
        canvas.send_by(self).await
    }

    /// Sends one task; see [`send`](Self::send).
    pub(crate) async fn send_signature<T, In>(
        &self,
        signature: TaskSignature<T, In>,
    ) -> Result<AsyncResult<T>, SendError> {
        let (call, options) = signature.into_parts()?;
        self.accept(call, options).await?.await
    }

    /// Sends a task by its name alone, to a Python worker for instance. If the task is registered
    /// here, its own options count. Cancel-safety and errors as [`send`](Self::send).
    pub async fn send_task(
        &self,
        name: &str,
        args: Vec<Value>,
        kwargs: Dict,
        options: SendOptions,
    ) -> Result<AsyncResult<Value>, SendError> {
        self.accept(
            Signature {
                args,
                kwargs,
                ..Signature::new(name)
            },
            options,
        )
        .await?
        .await
    }

    /// The first half of a send, up to the buffer; what it gives is the second.
    pub(crate) async fn accept<T>(
        &self,
        signature: Signature,
        options: SendOptions,
    ) -> Result<impl Future<Output = Result<AsyncResult<T>, SendError>> + Send + use<T>, SendError>
    {
        let message = self.message(signature, options)?;
        let ignored = message.envelope.headers.ignore_result == Some(true);
        let result = AsyncResult::new(message.task_id(), self.parts.reader.clone(), ignored);
        let sent = self.accept_message(&message).await?;
        Ok(async move { sent.await.map(|_| result) })
    }

    async fn accept_message(
        &self,
        message: &Message,
    ) -> Result<impl Future<Output = Result<String, SendError>> + Send + use<>, SendError> {
        let parts = &*self.parts;
        let (form, now) = (parts.settings.task_message_form.into(), parts.clock.now());
        if parts.outbox.is_fifo(&message.queue) {
            message.check_retention(now)?;
        }
        let parcel = message.parcel(form, now);
        parts.outbox.accept(parcel).await
    }

    /// Sends a canvas: begins its chords, then sends what runs first, in batches. `options` stand
    /// under those of each task that is sent at once. The answer says where its results will be.
    ///
    /// Not atomic: where a send fails, others of the same group may have been sent.
    ///
    /// # Errors
    /// As [`send`](Self::send); [`SendError::Store`] where a chord's record could not be written.
    pub async fn start(
        &self,
        workflow: Workflow,
        options: SendOptions,
    ) -> Result<ResultTree, SendError> {
        let kind = workflow.kind();
        let plan = self.plan(workflow, Applied::default(), &mut Ids::random())?;
        let result = plan.result.ok_or_else(|| empty(kind))?;
        let mut copied = 0;
        let messages: Result<Vec<Message>, SendError> = plan
            .messages
            .into_iter()
            .map(|signature| {
                let own = SendOptions::from_dict(&signature.options).map_err(|reason| {
                    SendError::Invalid {
                        task: signature.task.clone(),
                        reason,
                    }
                })?;
                let chain = signature.options.get("chain").and_then(Value::as_list);
                let later = chain.map_or(0, <[Value]>::len);
                let call = Signature {
                    options: Dict::new(),
                    ..signature
                };
                let message = self.message(call, options.clone().overlaid(own))?;
                copied += self.check_chain(&message, later)?;
                Ok(message)
            })
            .collect();
        let messages = messages?;
        if copied > COPIED {
            tracing::warn!(
                "each message of a chain carries the steps after it: this canvas sends about {} MiB in all",
                copied >> 20
            );
        }
        self.begin(plan.chords).await?;
        self.send_messages(messages).await?;
        Ok(result)
    }

    /// A message carries all later steps of its chain: what would exceed the broker's limit is
    /// refused before anything is sent. About how many bytes all messages of the chain have.
    fn check_chain(&self, message: &Message, later: usize) -> Result<usize, SendError> {
        let (parts, payload) = (&*self.parts, message.envelope.body.len());
        let limit = parts.outbox.max_bytes(&message.queue);
        if later > 0 && payload > limit / 4 {
            let form = parts.settings.task_message_form.into();
            let size = message.parcel(form, parts.clock.now()).body.len();
            if size > limit {
                return Err(SendError::Invalid {
                    task: message.envelope.headers.task.clone(),
                    reason: format!(
                        "its message has {size} bytes, over the limit of {limit}: it carries the \
                         {later} later steps of its chain. Store what is large elsewhere and pass \
                         where it is, or let a step send the rest"
                    ),
                });
            }
        }
        Ok((payload / 2).saturating_mul(later))
    }

    async fn send_messages(&self, messages: Vec<Message>) -> Result<(), SendError> {
        let client = self.clone();
        let sends = stream::iter(messages)
            .then(move |message| accept_one(client.clone(), message))
            .map(|accepted| async move { accepted?.await.map(drop) })
            .buffered(WINDOW);
        sends.try_collect::<()>().await
    }

    /// Gives every task of a canvas its id before it is sent, as Celery's `freeze`: what is sent
    /// then, however often, is the same tasks, and the second value says where their results will
    /// be.
    ///
    /// # Errors
    /// A canvas that cannot be written, or has no tasks.
    pub fn freeze<S: Sends>(&self, canvas: S) -> Result<(Workflow, S::Handle), SendError> {
        let workflow = canvas.into_workflow()?;
        let kind = workflow.kind();
        let (frozen, tree) = frozen(workflow).ok_or_else(|| empty(kind))?;
        Ok((frozen, S::handle(self, tree)))
    }

    /// What a canvas comes to.
    ///
    /// # Errors
    /// A chord, where there is no result store to await its members in.
    pub fn plan(
        &self,
        workflow: Workflow,
        applied: Applied<'_>,
        ids: &mut Ids,
    ) -> Result<Plan, SendError> {
        let (parts, task) = (&*self.parts, workflow.of().task.clone());
        let layout = parts.settings.chord_layout;
        let ours = |task: &str| parts.registry.find(task).is_some();
        let layouts = ChordLayouts {
            ours: &ours,
            celery: parts.reader.chords().map_or(true, Chords::speaks_celery),
            celery_always: layout == ChordLayout::Celery,
            unlock: layout == ChordLayout::Unlock,
        };
        let plan = Plan::of(workflow, applied, ids, layouts);
        if let Some(reason) = plan.refused {
            return Err(SendError::Invalid { task, reason });
        }
        if parts.reader.chords().is_err() && !plan.chords.is_empty() {
            return Err(SendError::Invalid {
                task,
                reason: "a chord needs a result store, and `result_backend` is `disabled://`"
                    .to_owned(),
            });
        }
        Ok(plan)
    }

    /// Records chords, each once. Whether none of them is over.
    pub async fn begin(&self, chords: Vec<NewChord>) -> Result<bool, StoreError> {
        let Some(store) = self
            .parts
            .reader
            .chords()
            .ok()
            .filter(|_| !chords.is_empty())
        else {
            return Ok(true);
        };
        let mut open = true;
        for standing in store.begin(chords).await {
            open &= standing? != Standing::Over;
        }
        Ok(open)
    }

    /// The message that a send of this call would make, without sending it.
    ///
    /// # Errors
    /// As [`send`](Self::send), the broker's own apart.
    pub fn message(
        &self,
        signature: Signature,
        options: SendOptions,
    ) -> Result<Message, SendError> {
        self.parts.builder.message(signature, options)
    }

    /// The message of a signature that came in another message; see
    /// [`MessageBuilder::follow_up`].
    pub fn follow_up(
        &self,
        signature: Signature,
        options: SendOptions,
    ) -> Result<Message, SendError> {
        self.parts.builder.follow_up(signature, options)
    }

    /// Sends a finished message; the answer is the broker's message id. Cancel-safety and errors as
    /// [`send`](Self::send).
    pub async fn send_message(&self, message: &Message) -> Result<String, SendError> {
        self.accept_message(message).await?.await
    }

    /// What makes this client's messages.
    pub fn builder(&self) -> &MessageBuilder {
        &self.parts.builder
    }

    /// The result of a task sent before, or elsewhere.
    pub fn result<T>(&self, task_id: impl Into<String>) -> AsyncResult<T> {
        AsyncResult::new(&task_id.into(), self.parts.reader.clone(), false)
    }

    /// The result of a canvas.
    pub(crate) fn result_of<T>(&self, tree: ResultTree) -> AsyncResult<T> {
        AsyncResult::of_tree(tree, Arc::clone(&self.parts.reader))
    }

    /// The results of a group.
    pub(crate) fn group_result_of<T>(&self, tree: ResultTree) -> GroupResult<T> {
        GroupResult::new(tree, Arc::clone(&self.parts.reader))
    }

    /// The results of a group that was [saved](GroupResult::save), here or in Python; `None` where
    /// none is. Chords whose members Python may run are saved under the id of their header's group.
    ///
    /// # Errors
    /// A store that cannot be read.
    pub async fn restore_group<T>(
        &self,
        group_id: &str,
    ) -> Result<Option<GroupResult<T>>, ResultError> {
        let tuple = self.parts.reader.chords()?.saved_group(group_id).await?;
        let tree = tuple.as_ref().and_then(ResultTree::of_tuple);
        Ok(tree.map(|tree| self.group_result_of(tree)))
    }

    pub(crate) fn reader(&self) -> &Arc<ResultReader> {
        &self.parts.reader
    }

    /// The results of many tasks, read together.
    pub fn results<T>(&self, task_ids: impl IntoIterator<Item = impl AsRef<str>>) -> ResultSet<T> {
        ResultSet::new(task_ids, &self.parts.reader)
    }

    /// Sends what waits and returns when the broker has answered for it. Later sends of every clone
    /// fail with [`SendError::Closed`]; results can still be read. Dropped, it goes on by itself;
    /// call it again to wait.
    pub async fn close(&self) {
        self.parts.outbox.close().await;
    }
}

fn empty(kind: &str) -> SendError {
    SendError::Invalid {
        task: format!("celery.{kind}"),
        reason: "it has no tasks".to_owned(),
    }
}

async fn accept_one(
    client: Client,
    message: Message,
) -> Result<impl Future<Output = Result<String, SendError>> + Send + use<>, SendError> {
    client.accept_message(&message).await
}

#[async_trait]
impl TaskSender for Client {
    async fn send_task(
        &self,
        signature: Signature,
        options: SendOptions,
    ) -> Result<String, SendError> {
        let message = self.parts.builder.message(signature, options)?;
        self.send_message(&message).await?;
        Ok(message.envelope.headers.id)
    }

    async fn send_workflow(
        &self,
        workflow: Workflow,
        options: SendOptions,
    ) -> Result<SentWorkflow, SendError> {
        let tree = self.start(workflow, options).await?;
        Ok(SentWorkflow {
            id: tree.id().to_owned(),
            tuple: tree.to_tuple(),
        })
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}
