use std::sync::Arc;

use async_trait::async_trait;
use celeriac_core::{Broker, Clock, Registry, ResultStore, Router, SendError, SendOptions, Settings, TaskSender, TaskSignature};
use celeriac_protocol::{Dict, Signature, Value};
use serde::de::DeserializeOwned;

use crate::AsyncResult;

/// Sends tasks and reads their results. Cheap to clone; sends of all clones travel in common batches.
#[derive(Clone)]
pub struct Client {
    #[expect(dead_code, reason = "skeleton")]
    parts: Arc<ClientParts>,
}

/// What a client is made of.
pub struct ClientParts {
    /// Where messages go.
    pub broker: Arc<dyn Broker>,
    /// Where results are; `None` with `disabled://`.
    pub store: Option<Arc<dyn ResultStore>>,
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
    /// A client; needs a tokio runtime.
    pub fn new(_parts: ClientParts) -> Self { todo!() }

    /// Sends a task and waits until the broker has it. If dropped, the task is still sent.
    pub async fn send<T: DeserializeOwned>(&self, _signature: TaskSignature<T>) -> Result<AsyncResult<T>, SendError> { todo!() }

    /// Sends a task by its name alone, to a Python worker for instance.
    pub async fn send_task(&self, _name: &str, _args: Vec<Value>, _kwargs: Dict, _options: SendOptions) -> Result<AsyncResult<Value>, SendError> { todo!() }

    /// The result of a task sent before, or elsewhere.
    pub fn result<T: DeserializeOwned>(&self, _task_id: impl Into<String>) -> AsyncResult<T> { todo!() }

    /// Sends what waits and awaits what is in flight. Later sends fail.
    pub async fn close(&self) { todo!() }
}

#[async_trait]
impl TaskSender for Client {
    async fn send_task(&self, _signature: Signature, _options: SendOptions) -> Result<String, SendError> { todo!() }
}
