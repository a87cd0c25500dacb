pub(crate) mod blocking_pool;
pub(crate) mod panics;
mod progress;
mod time_limits;

use std::future::pending;
use std::time::Duration;

use celeriac_core::{Arguments, Context, TaskError, TaskKind};
use celeriac_protocol::Value;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use self::blocking_pool::BlockingPool;
use self::panics::PanicReport;
use crate::Shutdown;

pub(crate) use self::progress::LedgerProgress;
pub(crate) use self::time_limits::{TimeLimits, seconds_value};

/// How a run ended.
#[derive(Debug)]
pub(crate) enum RunEnd {
    /// By itself.
    Returned(Result<Value, TaskError>),
    /// By a panic.
    Panicked(PanicReport),
    /// By the hard time limit.
    TimedOut(Duration),
    /// Ended, or never started, because the worker ends: to be given back.
    ShutDown,
    /// By another attempt's taking over, or a final state from elsewhere.
    Lost,
}

/// A task on the way to run.
pub(crate) struct Run {
    pub(crate) kind: TaskKind,
    pub(crate) context: Context,
    pub(crate) arguments: Arguments,
    pub(crate) limits: TimeLimits,
    /// The context's; cancelled at the soft limit and at the shutdown's notice.
    pub(crate) soft: CancellationToken,
    pub(crate) lost: CancellationToken,
    /// `task[id]`, for the log.
    pub(crate) name: String,
}

type Returned = Result<Result<Value, TaskError>, PanicReport>;

impl Run {
    /// Runs the task to its end, its limit or the shutdown's.
    pub(crate) async fn end(self, pool: &BlockingPool, shutdown: &Shutdown) -> RunEnd {
        let watch = Watch {
            limits: self.limits,
            soft: self.soft,
            lost: self.lost,
        };
        let (context, arguments) = (self.context, self.arguments);
        match self.kind {
            TaskKind::Async(task) => {
                // a task of its own: a run that never yields can then still be timed out
                let run = panics::caught(async move { task(context, arguments).await });
                let mut running = AbortOnDrop(tokio::spawn(run));
                let returned = async { (&mut running.0).await.unwrap_or_else(joined) };
                watch.over(returned, shutdown).await
            }
            TaskKind::Blocking(task) => {
                let slot = tokio::select! {
                    biased;
                    slot = pool.slot() => slot,
                    () = shutdown.draining.cancelled() => None,
                    () = watch.lost.cancelled() => return RunEnd::Lost,
                };
                let Some(slot) = slot else {
                    return RunEnd::ShutDown;
                };
                let run = move || panics::catch(move || task(context, arguments));
                let answer = pool.start(slot, run);
                let returned = async { answer.await.unwrap_or_else(|_| Err(no_thread())) };
                let end = watch.over(returned, shutdown).await;
                say_if_busy(&end, &self.name);
                end
            }
        }
    }
}

fn say_if_busy(end: &RunEnd, name: &str) {
    if !matches!(end, RunEnd::Returned(_) | RunEnd::Panicked(_)) {
        tracing::error!(
            "Task {name} was ended from outside; its thread cannot be killed and stays busy until it returns"
        );
    }
}

/// What can end a run from outside.
struct Watch {
    limits: TimeLimits,
    soft: CancellationToken,
    lost: CancellationToken,
}

impl Watch {
    async fn over(self, run: impl Future<Output = Returned>, shutdown: &Shutdown) -> RunEnd {
        let start = Instant::now();
        let hard = self.limits.hard.and_then(|limit| start.checked_add(limit));
        let mut soft = self.limits.soft.and_then(|limit| start.checked_add(limit));
        let mut noticed = false;
        let mut told = false; // of the shutdown; past its soft limit, an error is the task's own
        tokio::pin!(run);
        loop {
            tokio::select! {
                biased;
                returned = &mut run => return ended(returned, told, &self.lost),
                () = self.lost.cancelled() => return RunEnd::Lost,
                () = shutdown.now.cancelled() => return RunEnd::ShutDown,
                () = at(hard) => return RunEnd::TimedOut(self.limits.hard.unwrap_or_default()),
                () = at(soft) => {
                    soft = None;
                    self.soft.cancel();
                }
                () = shutdown.notice.cancelled(), if !noticed => {
                    noticed = true;
                    told = !self.soft.is_cancelled();
                    self.soft.cancel();
                }
            }
        }
    }
}

/// A task that ends with an error after it was told of the shutdown is given back.
fn ended(returned: Returned, told: bool, lost: &CancellationToken) -> RunEnd {
    match returned {
        // what showing progress answers once the claim is lost
        Ok(Err(TaskError::Ignore)) if lost.is_cancelled() => RunEnd::Lost,
        Ok(Err(TaskError::Error { .. } | TaskError::Failure(_))) if told => RunEnd::ShutDown,
        Ok(result) => RunEnd::Returned(result),
        Err(report) => RunEnd::Panicked(report),
    }
}

async fn at(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => pending().await,
    }
}

/// A task that panicked while it was dropped.
fn joined(error: tokio::task::JoinError) -> Returned {
    match error.try_into_panic() {
        Ok(payload) => Err(PanicReport::of_payload(payload.as_ref())),
        Err(error) => Err(PanicReport {
            message: format!("the run was ended from outside: {error}"),
            place: None,
        }),
    }
}

fn no_thread() -> PanicReport {
    PanicReport {
        message: "no thread could be started for this blocking task".to_owned(),
        place: None,
    }
}

/// Ends the run when its waiter goes away.
struct AbortOnDrop<T>(JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
