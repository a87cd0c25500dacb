use std::marker::PhantomData;
use std::time::Duration;

use celeriac_core::StoreError;
use celeriac_protocol::{ExceptionInfo, State, Value};
use serde::de::DeserializeOwned;
use thiserror::Error;

/// The result of a task, not there yet perhaps: Celery's `AsyncResult`.
#[derive(Clone)]
pub struct AsyncResult<T = Value> {
    task_id: String,
    output: PhantomData<fn() -> T>,
}

/// A result that is not a value.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ResultError {
    /// The task failed.
    #[error("task `{task_id}` failed: {}: {}", exception.exc_type, exception.message())]
    Failed {
        /// Which.
        task_id: String,
        /// What Celery would raise.
        exception: ExceptionInfo,
        /// As the worker stored it.
        traceback: Option<String>,
    },
    /// Expired or revoked.
    #[error("task `{task_id}` was revoked: {}", exception.message())]
    Revoked {
        /// Which.
        task_id: String,
        /// `TaskRevokedError` with its reason.
        exception: ExceptionInfo,
    },
    /// Not ready in time.
    #[error("task `{task_id}` is {state} after {waited:?}")]
    Timeout {
        /// Which.
        task_id: String,
        /// The state last seen.
        state: State,
        /// How long was waited.
        waited: Duration,
    },
    /// The value is not a `T`.
    #[error("result of task `{task_id}`: {reason}")]
    Type {
        /// Which.
        task_id: String,
        /// What it is instead.
        reason: String,
    },
    /// `disabled://` results.
    #[error("no result backend: set `result_backend`")]
    NoBackend,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl<T: DeserializeOwned> AsyncResult<T> {
    /// The task id.
    pub fn id(&self) -> &str { &self.task_id }
    /// The state; PENDING for an unknown id.
    pub async fn state(&self) -> Result<State, ResultError> { let _ = self.output; todo!() }
    /// Waits for the value, `timeout` at most. Cancel-safe.
    pub async fn get(&self, _timeout: Duration) -> Result<T, ResultError> { todo!() }
    /// What `update_state` gave last, the value, or the exception object.
    pub async fn info(&self) -> Result<Value, ResultError> { todo!() }
    /// The traceback of a failure.
    pub async fn traceback(&self) -> Result<Option<String>, ResultError> { todo!() }
    /// Empties the stored result.
    pub async fn forget(&self) -> Result<(), ResultError> { todo!() }
}
