pub(crate) mod blocking_pool;
pub(crate) mod blocking_work;
mod code;
pub(crate) mod detached_runs;
mod os_threads;
pub(crate) mod panics;
pub(crate) mod perform;
mod progress;
mod time_limits;

use std::future::pending;
use std::time::Duration;

use celeriac_core::{Arguments, Context, TaskError, TaskKind};
use celeriac_protocol::Value;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use self::blocking_work::Returned;
use self::code::Code;
use self::panics::PanicReport;
use crate::Shutdown;

pub(crate) use self::blocking_pool::BlockingPool;
pub use self::blocking_work::{BlockingWork, Threads};
pub(crate) use self::detached_runs::Rest;
pub(crate) use self::os_threads::OsThreads;
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
    /// Ended, or never started, because the worker ends: to be given back
    /// (`ending/given_back.rs`).
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
    pub(crate) lost: Option<CancellationToken>,
}

impl Run {
    /// Runs the task to its end, its limit or the shutdown's. If it was ended from outside and its
    /// code goes on, what is left of it comes too.
    pub(crate) async fn end(
        self,
        pool: &BlockingPool,
        shutdown: &Shutdown,
    ) -> (RunEnd, Option<Rest>) {
        let watch = Watch {
            limits: self.limits,
            soft: self.soft,
            lost: self.lost,
        };
        let (context, arguments) = (self.context, self.arguments);
        let mut code = match self.kind {
            TaskKind::Async(task) => {
                // a task of its own: a run that never yields can then still be timed out
                let run = panics::caught(async move { task(context, arguments).await });
                Code::of_task(tokio::spawn(run.in_current_span()))
            }
            TaskKind::Blocking(task) => {
                let slot = tokio::select! {
                    biased;
                    slot = pool.slot() => slot,
                    () = shutdown.draining.cancelled() => None,
                    () = cancelled(watch.lost.as_ref()) => return (RunEnd::Lost, None),
                };
                let Some(slot) = slot else {
                    return (RunEnd::ShutDown, None);
                };
                Code::of_thread(pool.start(slot, task, context, arguments))
            }
        };
        let end = watch.over(code.returned(), shutdown).await;
        let rest = code.stop().await;
        if rest.is_some() {
            tracing::warn!(
                "the run was ended, but its code is blocking and goes on until it returns"
            );
        }
        (end, rest)
    }
}

/// What can end a run from outside.
struct Watch {
    limits: TimeLimits,
    soft: CancellationToken,
    lost: Option<CancellationToken>,
}

impl Watch {
    async fn over(self, run: impl Future<Output = Returned>, shutdown: &Shutdown) -> RunEnd {
        let from_now = |limit| Instant::now().checked_add(limit);
        let hard = self.limits.hard.and_then(from_now);
        let mut soft = self.limits.soft.and_then(from_now);
        let mut noticed = false;
        let mut told = false; // of the shutdown; past its soft limit, an error is the task's own
        tokio::pin!(run);
        let end = loop {
            tokio::select! {
                biased;
                returned = &mut run => return ended(returned, told, self.lost.as_ref()),
                () = cancelled(self.lost.as_ref()) => break RunEnd::Lost,
                () = shutdown.now.cancelled() => break RunEnd::ShutDown,
                () = at(hard) => break RunEnd::TimedOut(self.limits.hard.unwrap_or_default()),
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
        };
        self.soft.cancel(); // a thread may look at it
        end
    }
}

/// A task that ends with an error after it was told of the shutdown is given back.
fn ended(returned: Returned, told: bool, lost: Option<&CancellationToken>) -> RunEnd {
    match returned {
        // what showing progress answers once the claim is lost
        Ok(Err(TaskError::Ignore)) if lost.is_some_and(CancellationToken::is_cancelled) => {
            RunEnd::Lost
        }
        Ok(Err(TaskError::Error(_) | TaskError::Failure(_))) if told => RunEnd::ShutDown,
        Ok(result) => RunEnd::Returned(result),
        Err(report) => RunEnd::Panicked(report),
    }
}

async fn cancelled(token: Option<&CancellationToken>) {
    match token {
        Some(token) => token.cancelled().await,
        None => pending().await,
    }
}

async fn at(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => pending().await,
    }
}
