use async_trait::async_trait;
use celeriac_protocol::Signature;
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
}

/// A task that was not sent.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SendError {
    /// The broker refused it.
    #[error(transparent)]
    Broker(#[from] crate::BrokerError),
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

impl SendError {
    /// Whether the same send may go through later.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Broker(error) if error.is_retryable())
    }
}
