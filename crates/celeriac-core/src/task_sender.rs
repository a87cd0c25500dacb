use async_trait::async_trait;
use celeriac_protocol::{Signature, Value, Workflow};
use thiserror::Error;

use crate::SendOptions;

/// Sends tasks: the producer's client, seen from a running task.
#[async_trait]
pub trait TaskSender: Send + Sync + 'static {
    /// Sends one task and waits until the broker has it; the answer is the task's id. If dropped,
    /// it is still sent.
    async fn send_task(
        &self,
        signature: Signature,
        options: SendOptions,
    ) -> Result<String, SendError>;

    /// Sends a canvas; `options` stand under those of each task that is sent at once. One that knows
    /// no more than this method sends single tasks.
    async fn send_workflow(
        &self,
        workflow: Workflow,
        options: SendOptions,
    ) -> Result<SentWorkflow, SendError> {
        match workflow {
            Workflow::Task(mut signature) => {
                let own = SendOptions::from_dict(&std::mem::take(&mut signature.options));
                let own = own.map_err(|reason| SendError::Invalid {
                    task: signature.task.clone(),
                    reason,
                })?;
                let id = self.send_task(signature, options.overlaid(own)).await?;
                Ok(SentWorkflow::of_task(id))
            }
            canvas => Err(SendError::Invalid {
                task: canvas.of().task.clone(),
                reason: format!("this sender sends no {}", canvas.kind()),
            }),
        }
    }
}

/// A canvas that was sent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SentWorkflow {
    /// The id of the task that ends it, or of its group.
    pub id: String,
    /// Celery's result tuple of it.
    pub tuple: Value,
}

/// A task that was not sent.
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum SendError {
    /// The broker refused it.
    #[error(transparent)]
    Broker(#[from] crate::BrokerError),
    /// What is to be recorded before it could not be.
    #[error(transparent)]
    Store(#[from] crate::StoreError),
    /// Its arguments cannot be written.
    #[error("task `{task}` cannot be encoded: {reason}")]
    Encode {
        /// The task.
        task: String,
        /// Why.
        reason: String,
    },
    /// An option that cannot be.
    #[error("task `{task}`: {reason}")]
    Invalid {
        /// The task.
        task: String,
        /// Which option, and what to do.
        reason: String,
    },
    /// The client was closed.
    #[error("the client is closed")]
    Closed,
}

impl SentWorkflow {
    /// A single task.
    pub fn of_task(id: impl Into<String>) -> Self {
        let id = id.into();
        let key = Value::List(vec![Value::Str(id.clone()), Value::Null]);
        let tuple = Value::List(vec![key, Value::Null]);
        Self { id, tuple }
    }
}

impl SendError {
    /// Whether the same send may go through later.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Broker(error) => error.is_retryable(),
            Self::Store(error) => error.is_retryable(),
            _ => false,
        }
    }
}
