use std::any::TypeId;
use std::error::Error as StdError;
use std::time::Duration;

use celeriac_protocol::{ExceptionInfo, UtcTime, Value};

/// What a task returns.
pub type TaskResult<T = ()> = Result<T, TaskError>;

/// How a run ends without a value. `?` makes one of any error type.
///
/// Not a `std::error::Error` itself, so that every one of those converts.
#[derive(Debug)]
#[non_exhaustive]
pub enum TaskError {
    /// Run again later: Celery's `raise self.retry(...)`.
    Retry {
        /// After this; `None`: by the task's policy.
        countdown: Option<Duration>,
        /// At this time instead.
        eta: Option<UtcTime>,
        /// Instead of the task's own.
        max_retries: Option<u32>,
        /// What readers see, and the failure when no retry is left.
        cause: Option<Failure>,
    },
    /// Celery's `Reject`: with requeue the message becomes visible again, else FAILURE and the dead-letter queue.
    Reject {
        /// Shown to readers.
        reason: String,
        /// Give the message back.
        requeue: bool,
    },
    /// Celery's `Ignore`: acknowledged, no state stored.
    Ignore,
    /// FAILURE with this exception.
    Failure(Failure),
    /// Any error, from `?`: FAILURE, or a retry where the task's options say so.
    Error {
        /// For `autoretry_for`.
        type_id: TypeId,
        /// What readers see.
        failure: Failure,
    },
}

/// A failure as readers see it.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// Type, module and arguments.
    pub exception: ExceptionInfo,
    /// The chain of causes, as a text.
    pub traceback: Option<String>,
}

impl Failure {
    /// Celery's well-known names (`ValueError`, `TypeError`, `TimeLimitExceeded`, ...) get their own module, others
    /// `celeriac`; a dotted prefix (`shop.OutOfStock`) is the module.
    pub fn new(_exc_type: &str, _message: impl Into<String>) -> Self { todo!() }
    /// With constructor arguments of any kind.
    pub fn with_args(_exc_type: &str, _args: Vec<Value>) -> Self { todo!() }
    /// Of an error: its type's last name becomes `exc_type`, its module path `exc_module`, its text the argument, its
    /// chain of sources the traceback.
    pub fn of<E: StdError + 'static>(_error: &E) -> Self { todo!() }
}

impl TaskError {
    /// Retry by the task's policy.
    pub fn retry() -> Self { Self::Retry { countdown: None, eta: None, max_retries: None, cause: None } }
    /// Retry after `countdown`.
    pub fn retry_in(countdown: Duration) -> Self { Self::Retry { countdown: Some(countdown), eta: None, max_retries: None, cause: None } }
    /// FAILURE of a named type.
    pub fn failure(exc_type: &str, message: impl Into<String>) -> Self { Self::Failure(Failure::new(exc_type, message)) }
    /// Reject without requeue.
    pub fn reject(reason: impl Into<String>) -> Self { Self::Reject { reason: reason.into(), requeue: false } }
}

impl<E: StdError + Send + Sync + 'static> From<E> for TaskError {
    fn from(error: E) -> Self { Self::Error { type_id: TypeId::of::<E>(), failure: Failure::of(&error) } }
}

/// What a task function may return: a `TaskResult`, a `Result` of any error, or a plain value.
pub trait IntoTaskResult {
    /// The value.
    type Value: serde::Serialize + Send + 'static;
    /// The result.
    fn into_task_result(self) -> TaskResult<Self::Value>;
}
impl<T: serde::Serialize + Send + 'static> IntoTaskResult for TaskResult<T> {
    type Value = T;
    fn into_task_result(self) -> TaskResult<T> { self }
}
