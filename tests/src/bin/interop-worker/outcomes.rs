//! Tasks that end in every other way than with a value.

use std::error::Error;
use std::fmt;

use celeriac::prelude::*;

#[task(name = "w.fail")]
pub(crate) async fn fail(#[default("value".to_owned())] kind: String) -> TaskResult {
    Err(match kind.as_str() {
        "value" => TaskError::failure("ValueError", "boom"),
        "args" => TaskError::Failure(Failure::with_args(
            "ValueError",
            vec![
                Value::from("boom"),
                Value::Int(42),
                Value::Dict([("k".to_owned(), Value::Null)].into_iter().collect()),
            ],
        )),
        "custom" => CustomError("custom boom").into(),
        "unicode" => TaskError::failure("ValueError", "héllo ✓"),
        "none" => TaskError::Failure(Failure::with_args("KeyError", vec![])),
        _ => RuntimeError(ZeroDivision).into(),
    })
}

#[task(name = "w.panic")]
pub(crate) async fn panic() -> TaskResult {
    panic!("out of cheese");
}

#[task(name = "w.panic_blocking")]
pub(crate) fn panic_blocking() -> TaskResult {
    panic!("out of cheese");
}

#[task(name = "w.retry_exhaust", max_retries = 1, default_retry_delay = 1)]
pub(crate) async fn retry_exhaust() -> TaskResult {
    Err(TaskError::Retry {
        countdown: None,
        eta: None,
        max_retries: None,
        cause: Some(Failure::new("ValueError", "final").into()),
        with: None,
    })
}

#[task(name = "w.sleep")]
pub(crate) async fn sleep(seconds: f64) -> TaskResult<f64> {
    tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
    Ok(seconds)
}

#[task(name = "w.sleep_started", track_started)]
pub(crate) async fn sleep_started(seconds: i64) -> TaskResult<i64> {
    tokio::time::sleep(Duration::from_secs(seconds.unsigned_abs())).await;
    Ok(seconds)
}

#[task(name = "w.sleep_hard", time_limit = 1)]
pub(crate) async fn sleep_hard() -> TaskResult {
    tokio::time::sleep(Duration::from_secs(30)).await;
    Ok(())
}

#[task(name = "w.sleep_soft", soft_time_limit = 1)]
pub(crate) async fn sleep_soft(ctx: Context) -> TaskResult {
    tokio::select! {
        () = tokio::time::sleep(Duration::from_secs(30)) => Ok(()),
        () = ctx.soft_time_limit() => Err(TaskError::Failure(Failure::with_args("SoftTimeLimitExceeded", vec![]))),
    }
}

#[task(name = "w.reject")]
pub(crate) async fn reject() -> TaskResult {
    Err(TaskError::reject("no"))
}

#[task(name = "w.ignore")]
pub(crate) async fn ignore() -> TaskResult {
    Err(TaskError::Ignore)
}

/// An error that only this side knows.
#[derive(Debug)]
struct CustomError(&'static str);

#[derive(Debug)]
struct RuntimeError(ZeroDivision);

#[derive(Debug)]
struct ZeroDivision;

impl fmt::Display for CustomError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Error for CustomError {}

impl fmt::Display for RuntimeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("wrapped")
    }
}

impl Error for RuntimeError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

impl fmt::Display for ZeroDivision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("division by zero")
    }
}

impl Error for ZeroDivision {}
