use std::any::{TypeId, type_name};
use std::error::Error as StdError;
use std::fmt;
use std::panic::Location;
use std::time::Duration;

use celeriac_protocol::{Dict, EncodeError, ExceptionInfo, UtcTime, Value, Workflow};

use crate::bounded_text::bounded;
use crate::error_type::chain;
use crate::{ErrorType, exception_name};

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
        /// What readers see, and the failure when no retry is left. Boxed, so that a `TaskResult`
        /// stays small.
        cause: Option<Box<Failure>>,
        /// What the next try has instead of the message's own.
        with: Option<Box<RetryWith>>,
    },
    /// The task is another one from now on, under its id: Celery's `raise self.replace(...)`. Made
    /// by [`Context::replace`](crate::Context::replace).
    Replace(Box<Workflow>),
    /// Celery's `Reject`: with requeue the message becomes visible again, else FAILURE and the
    /// dead-letter queue.
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
    /// Any error, from `?`: FAILURE, or a retry where the task's options say so. Boxed, so that a
    /// `TaskResult` stays small.
    Error(Box<RaisedError>),
}

/// What the next try of a task has instead of what its message had.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct RetryWith {
    /// Positional arguments.
    pub args: Option<Vec<Value>>,
    /// Keyword arguments.
    pub kwargs: Option<Dict>,
    /// The queue it is sent to.
    pub queue: Option<String>,
    /// It is not run after this.
    pub expires: Option<Duration>,
    /// Headers of its own, over those of the message.
    pub headers: Dict,
}

/// An error that a task ended with.
#[derive(Debug)]
pub struct RaisedError {
    /// What readers see.
    pub failure: Failure,
    type_id: TypeId,
    error: Box<dyn StdError + Send + Sync>,
}

impl RaisedError {
    /// Whether it is of this type, or was caused by an error of it.
    pub fn is(&self, of: ErrorType) -> bool {
        of.matches(self.type_id, &*self.error)
    }
}

/// A failure as readers see it.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// Type, module and arguments.
    pub exception: ExceptionInfo,
    /// Where it was made and the chain of causes, as a text in the form of Python's tracebacks.
    pub traceback: Option<String>,
}

impl Failure {
    /// Celery's well-known names (`ValueError`, `TypeError`, `TimeLimitExceeded`, ...) get their
    /// own module, others `celeriac`; a dotted prefix (`shop.OutOfStock`) is the module.
    ///
    /// ```
    /// use celeriac_core::Failure;
    ///
    /// let failure = Failure::new("ValueError", "no such day");
    /// assert_eq!(failure.exception.exc_module.as_deref(), Some("builtins"));
    /// ```
    #[track_caller]
    pub fn new(exc_type: &str, message: impl Into<String>) -> Self {
        Self::with_args(exc_type, vec![Value::Str(bounded(message.into()))])
    }

    /// With constructor arguments of any kind.
    #[track_caller]
    pub fn with_args(exc_type: &str, args: Vec<Value>) -> Self {
        let (module, name) = exception_name::resolve(exc_type);
        let mut failure = Self::named(module, name, args);
        failure.traceback = Some(failure.summary());
        failure.made_at(Location::caller())
    }

    /// Of an error: its type's last name becomes `exc_type`, its module path `exc_module`, its text
    /// the argument, its chain of sources the traceback. Errors of the standard library become
    /// Python's: `std::io::Error` is an `OSError`, or the subclass of its kind.
    pub fn of<E: StdError + 'static>(error: &E) -> Self {
        let type_name = type_name::<E>();
        let standard = exception_name::of_standard(error, type_name);
        Self::of_dyn(type_name, standard, error)
    }

    /// Of an error whose type is gone. The contexts of `anyhow` have no name: the first of their
    /// causes that Python has one for says what it is.
    fn of_erased(type_name: &str, error: &(dyn StdError + 'static)) -> Self {
        let depth = if type_name == "anyhow::Error" {
            usize::MAX
        } else {
            1
        };
        let mut errors = chain(error).take(depth);
        let standard = errors.find_map(|error| exception_name::of_standard(error, ""));
        Self::of_dyn(type_name, standard, error)
    }

    fn of_dyn(type_name: &str, standard: Option<&str>, error: &(dyn StdError + 'static)) -> Self {
        let (module, name) = match standard {
            Some(name) => ("builtins".to_owned(), name.to_owned()),
            None => exception_name::of_type(type_name),
        };
        let mut failure = Self::named(&module, &name, vec![Value::Str(bounded(error))]);
        failure.traceback = Some(traceback(&failure.qualified_name(), error));
        failure
    }

    fn named(module: &str, name: &str, args: Vec<Value>) -> Self {
        let exception = ExceptionInfo {
            exc_type: name.to_owned(),
            exc_message: args,
            exc_module: Some(module.to_owned()),
        };
        Self {
            exception,
            traceback: None,
        }
    }

    /// The last line of Python's tracebacks: `ValueError: boom`.
    fn summary(&self) -> String {
        match self.exception.message() {
            message if message.is_empty() => self.qualified_name(),
            message => bounded(format_args!("{}: {message}", self.qualified_name())),
        }
    }

    /// Puts the place in the user's program above the traceback.
    pub(crate) fn made_at(mut self, place: &Location<'_>) -> Self {
        let causes = self.traceback.unwrap_or_default();
        let (file, line) = (place.file(), place.line());
        self.traceback = Some(format!(
            "Traceback (most recent call last):\n  File \"{file}\", line {line}\n{causes}"
        ));
        self
    }

    /// As Python's tracebacks end: `module.Type`, and the bare type for builtins.
    fn qualified_name(&self) -> String {
        match self.exception.exc_module.as_deref() {
            None | Some("" | "builtins") => self.exception.exc_type.clone(),
            Some(module) => format!("{module}.{}", self.exception.exc_type),
        }
    }
}

fn traceback(name: &str, error: &(dyn StdError + 'static)) -> String {
    bounded(fmt::from_fn(|f| {
        write!(f, "{name}: {error}")?;
        chain(error)
            .skip(1)
            .try_for_each(|cause| write!(f, "\n  caused by: {cause}"))
    }))
}

impl TaskError {
    /// Retry by the task's policy.
    pub fn retry() -> Self {
        Self::Retry {
            countdown: None,
            eta: None,
            max_retries: None,
            cause: None,
            with: None,
        }
    }
    /// Retry after `countdown`.
    pub fn retry_in(countdown: Duration) -> Self {
        Self::Retry {
            countdown: Some(countdown),
            eta: None,
            max_retries: None,
            cause: None,
            with: None,
        }
    }
    /// Allows this many retries at most, whatever the task's own `max_retries`; anything but a retry
    /// stays as it is.
    #[must_use]
    pub fn max_retries(mut self, most: u32) -> Self {
        if let Self::Retry { max_retries, .. } = &mut self {
            *max_retries = Some(most);
        }
        self
    }
    /// A retry because of this error, which readers see meanwhile, and as the failure when no retry
    /// is left; anything else stays as it is.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use celeriac_core::{TaskError, TaskResult};
    ///
    /// fn charge() -> TaskResult<()> {
    ///     let away = std::io::Error::other("the bank is away");
    ///     Err(TaskError::retry_in(Duration::from_secs(60)).max_retries(3).caused_by(&away))
    /// }
    /// assert!(matches!(charge(), Err(TaskError::Retry { max_retries: Some(3), cause: Some(_), .. })));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn caused_by<E: StdError + 'static>(mut self, error: &E) -> Self {
        if let Self::Retry { cause, .. } = &mut self {
            *cause = Some(Box::new(Failure::of(error).made_at(Location::caller())));
        }
        self
    }
    /// FAILURE of a named type.
    #[track_caller]
    pub fn failure(exc_type: &str, message: impl Into<String>) -> Self {
        Self::Failure(Failure::new(exc_type, message))
    }
    /// Reject without requeue.
    pub fn reject(reason: impl Into<String>) -> Self {
        Self::Reject {
            reason: reason.into(),
            requeue: false,
        }
    }
    /// Reject with requeue: the message becomes visible again.
    pub fn requeue(reason: impl Into<String>) -> Self {
        Self::Reject {
            reason: reason.into(),
            requeue: true,
        }
    }

    /// Of an error that is no `std::error::Error` itself, for `?`: `anyhow::Error`,
    /// `Box<dyn Error>`, a text.
    ///
    /// ```
    /// use celeriac_core::{TaskError, TaskResult};
    ///
    /// fn parse(text: &str) -> Result<i64, Box<dyn std::error::Error + Send + Sync>> {
    ///     Ok(text.parse()?)
    /// }
    /// fn task(text: &str) -> TaskResult<i64> { Ok(parse(text).map_err(TaskError::other)?) }
    /// assert!(matches!(task("x"), Err(TaskError::Error(_))));
    /// ```
    pub fn other<E: Into<Box<dyn StdError + Send + Sync>> + 'static>(error: E) -> Self {
        let error = error.into();
        Self::Error(Box::new(RaisedError {
            failure: Failure::of_erased(type_name::<E>(), &*error),
            type_id: TypeId::of::<E>(),
            error,
        }))
    }

    /// A value that cannot be written: Celery's EncodeError.
    pub(crate) fn encode(error: &EncodeError) -> Self {
        Self::unplaced("EncodeError", error.to_string())
    }

    /// FAILURE of a named type that no line of the user's program made.
    pub(crate) fn unplaced(exc_type: &str, message: impl Into<String>) -> Self {
        let (module, name) = exception_name::resolve(exc_type);
        let mut failure = Failure::named(module, name, vec![Value::Str(message.into())]);
        failure.traceback = Some(failure.summary());
        Self::Failure(failure)
    }
}

impl<E: StdError + Send + Sync + 'static> From<E> for TaskError {
    /// The traceback begins with the place of the `?`.
    #[track_caller]
    fn from(error: E) -> Self {
        Self::Error(Box::new(RaisedError {
            failure: Failure::of(&error).made_at(Location::caller()),
            type_id: TypeId::of::<E>(),
            error: Box::new(error),
        }))
    }
}

/// What a task function may return: a `TaskResult`, or a `Result` of any error that is a
/// `std::error::Error` or converts to a boxed one (`anyhow::Error`, `Box<dyn Error + Send + Sync>`,
/// `String`).
#[diagnostic::on_unimplemented(
    message = "a task cannot return `{Self}`",
    label = "not a result that a task can give",
    note = "return a value that is `serde::Serialize`, a `TaskResult` of one, or a `Result` of one with an error that is a `std::error::Error`"
)]
pub trait IntoTaskResult {
    /// The value.
    type Value: serde::Serialize + Send + 'static;
    /// The result.
    fn into_task_result(self) -> TaskResult<Self::Value>;
}

impl<T: serde::Serialize + Send + 'static> IntoTaskResult for TaskResult<T> {
    type Value = T;
    fn into_task_result(self) -> TaskResult<T> {
        self
    }
}

impl<T, E> IntoTaskResult for Result<T, E>
where
    T: serde::Serialize + Send + 'static,
    E: Into<Box<dyn StdError + Send + Sync>> + 'static,
{
    type Value = T;
    fn into_task_result(self) -> TaskResult<T> {
        self.map_err(TaskError::other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_result_stays_small() {
        // clippy tells users of `Result`s with an error of 128 bytes or more
        assert!(
            size_of::<TaskError>() < 128,
            "{} bytes",
            size_of::<TaskError>()
        );
    }
}
