use std::error::Error as StdError;
use std::panic::Location;
use std::time::Duration;

use celeriac_protocol::{Dict, UtcTime, Value, to_value};
use serde::Serialize;

use crate::{Failure, RetryWith, TaskError};

/// A retry in the making: Celery's `self.retry(...)`. What is not said comes from the task's policy
/// and from the message. Return it as the error: `return Err(ctx.retry().countdown(..).into())`.
///
/// ```
/// use std::time::Duration;
///
/// use celeriac_core::{Context, TaskError, TaskResult};
///
/// async fn charge(ctx: Context, attempt_fee: i64) -> TaskResult<i64> {
///     let away = std::io::Error::other("the bank is away");
///     Err(ctx.retry().countdown(Duration::from_secs(60)).arg(attempt_fee + 1).cause(&away).into())
/// }
/// ```
#[derive(Debug, Default)]
#[must_use = "a retry happens when it is returned as the error"]
pub struct RetryCall {
    countdown: Option<Duration>,
    eta: Option<UtcTime>,
    max_retries: Option<u32>,
    cause: Option<Box<Failure>>,
    with: RetryWith,
    error: Option<TaskError>,
}

impl RetryCall {
    /// Run after this.
    pub fn countdown(mut self, countdown: Duration) -> Self {
        self.countdown = Some(countdown);
        self
    }

    /// Run at this time instead.
    pub fn eta(mut self, eta: UtcTime) -> Self {
        self.eta = Some(eta);
        self
    }

    /// Allows this many retries at most, whatever the task's own `max_retries`.
    pub fn max_retries(mut self, most: u32) -> Self {
        self.max_retries = Some(most);
        self
    }

    /// Because of this error, which readers see meanwhile, and as the failure when no retry is left.
    #[track_caller]
    pub fn cause<E: StdError + 'static>(mut self, error: &E) -> Self {
        let failure = Failure::of(error).made_at(Location::caller());
        self.cause = Some(Box::new(failure));
        self
    }

    /// The same, of a failure.
    pub fn failure(mut self, failure: Failure) -> Self {
        self.cause = Some(Box::new(failure));
        self
    }

    /// Adds a positional argument of the next try; the first one replaces all of the message.
    pub fn arg<A: Serialize>(mut self, value: A) -> Self {
        match to_value(&value) {
            Ok(value) => self.with.args.get_or_insert_default().push(value),
            Err(error) => self.error = Some(TaskError::encode(&error)),
        }
        self
    }

    /// The positional arguments of the next try.
    pub fn args(mut self, args: Vec<Value>) -> Self {
        self.with.args = Some(args);
        self
    }

    /// The keyword arguments of the next try.
    pub fn kwargs(mut self, kwargs: Dict) -> Self {
        self.with.kwargs = Some(kwargs);
        self
    }

    /// Sends the next try to this queue.
    pub fn queue(mut self, queue: impl Into<String>) -> Self {
        self.with.queue = Some(queue.into());
        self
    }

    /// Does not run the next try after this.
    pub fn expires(mut self, expires: Duration) -> Self {
        self.with.expires = Some(expires);
        self
    }

    /// A header of the next try.
    pub fn header<V: Serialize>(mut self, name: impl Into<String>, value: V) -> Self {
        match to_value(&value) {
            Ok(value) => {
                self.with.headers.insert(name.into(), value);
            }
            Err(error) => self.error = Some(TaskError::encode(&error)),
        }
        self
    }
}

impl From<RetryCall> for TaskError {
    /// What cannot be written is a failure.
    fn from(call: RetryCall) -> Self {
        let RetryCall {
            countdown,
            eta,
            max_retries,
            cause,
            with,
            error,
        } = call;
        let with = (with != RetryWith::default()).then(|| Box::new(with));
        error.unwrap_or(Self::Retry {
            countdown,
            eta,
            max_retries,
            cause,
            with,
        })
    }
}
