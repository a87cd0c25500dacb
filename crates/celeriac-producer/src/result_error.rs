use std::fmt;
use std::time::Duration;

use celeriac_core::StoreError;
use celeriac_protocol::{ExceptionInfo, ResultMeta, State};
use thiserror::Error;

/// A result that is not a value.
///
/// `{:?}` shows what a person wants to see: the message and, for a failure, the worker's traceback
/// below it.
#[derive(Error)]
#[non_exhaustive]
pub enum ResultError {
    /// The task failed.
    #[error("task `{task_id}` failed: {}", described(exception))]
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
    #[error("task `{task_id}` is {state} after {waited:.1?}")]
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

impl ResultError {
    /// The error of a stored FAILURE or REVOKED.
    pub(crate) fn of(task_id: &str, meta: ResultMeta) -> Self {
        let task_id = task_id.to_owned();
        let exception = ExceptionInfo::from_value(&meta.result);
        if meta.status == State::Revoked {
            let exception = exception.unwrap_or_else(|_| {
                ExceptionInfo::new("celery.exceptions", "TaskRevokedError", "revoked")
            });
            return Self::Revoked { task_id, exception };
        }
        // The failure counts more than the form it was stored in.
        let exception = exception.unwrap_or_else(|error| {
            ExceptionInfo::new(
                "builtins",
                "Exception",
                format!("stored without a readable exception: {error}"),
            )
        });
        Self::Failed {
            task_id,
            exception,
            traceback: meta.traceback,
        }
    }

    /// The exception of a failed or revoked task: `exc_type`, `exc_module` and its arguments, as
    /// Celery stores them.
    pub fn exception(&self) -> Option<&ExceptionInfo> {
        match self {
            Self::Failed { exception, .. } | Self::Revoked { exception, .. } => Some(exception),
            _ => None,
        }
    }

    /// The exception's class name, such as `ValueError`.
    pub fn exc_type(&self) -> Option<&str> {
        self.exception()
            .map(|exception| exception.exc_type.as_str())
    }

    /// The exception's module, such as `builtins`.
    pub fn exc_module(&self) -> Option<&str> {
        self.exception()
            .and_then(|exception| exception.exc_module.as_deref())
    }

    /// The exception's text.
    pub fn message(&self) -> Option<String> {
        self.exception().map(ExceptionInfo::message)
    }

    /// Whether it is this exception: by its class name, or by module and class name
    /// (`celery.exceptions.Reject`). Python's inheritance is not known here: `is("Exception")` is
    /// false for a `ValueError`.
    pub fn is(&self, name: &str) -> bool {
        self.exception().is_some_and(|exception| {
            exception.exc_type == name
                || exception.exc_module.as_deref().is_some_and(|module| {
                    name.strip_prefix(module)
                        .and_then(|rest| rest.strip_prefix('.'))
                        .is_some_and(|class| class == exception.exc_type)
                })
        })
    }

    /// The worker's traceback of a failure.
    pub fn traceback(&self) -> Option<&str> {
        if let Self::Failed { traceback, .. } = self {
            traceback.as_deref()
        } else {
            None
        }
    }
}

/// `ValueError: boom`, or `KeyError` alone where there is no text.
fn described(exception: &ExceptionInfo) -> String {
    let message = exception.message();
    let colon = if message.is_empty() { "" } else { ": " };
    format!("{}{colon}{message}", exception.exc_type)
}

impl fmt::Debug for ResultError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")?;
        match self.traceback() {
            Some(traceback) => write!(f, "\n\n{}", traceback.trim_end()),
            None => Ok(()),
        }
    }
}
