//! What a run came to: how it ended, its task's options and limits together say what is to become
//! of the task.

use celeriac_core::TaskError;
use celeriac_protocol::Value;
use futures_util::future::BoxFuture;

use super::conclusion::Conclusion;
use super::record::Recorded;
use super::retry::{self, Retry};
use super::{follow, replace};
use crate::executed::{Ending, Executed};
use crate::run::{self, RunEnd};
use crate::{Outcome, meta};

impl Conclusion {
    /// The outcome of a run. Each future is boxed by itself: those of storing, sending and retrying
    /// are large, and most runs need the smallest.
    pub(crate) fn of_run(self, end: RunEnd) -> BoxFuture<'static, Executed> {
        match end {
            RunEnd::Returned(Ok(value)) => Box::pin(self.succeeded(value)),
            RunEnd::Returned(Err(error)) => Box::pin(self.of_error(error)),
            RunEnd::Panicked(report) => Box::pin(self.gave_up(report.failure())),
            RunEnd::TimedOut(limit) => {
                let failure = meta::failure(
                    "billiard.exceptions",
                    "TimeLimitExceeded",
                    vec![run::seconds_value(limit)],
                );
                Box::pin(self.gave_up(failure))
            }
            RunEnd::ShutDown => Box::pin(self.given_back()),
            RunEnd::Lost => {
                tracing::warn!(
                    "taken over by another worker, or finished elsewhere; this run is cancelled"
                );
                Box::pin(std::future::ready(Executed::not_run(Outcome::Leave)))
            }
        }
    }

    async fn of_error(self, error: TaskError) -> Executed {
        match error {
            TaskError::Ignore if !self.arrive(true).await => {
                let _ = self.release().await;
                follow::owed(&self.engine, &self.call)
            }
            TaskError::Ignore => self.released(Ending::Ignored, Outcome::Ack).await,
            TaskError::Replace(workflow) => Box::pin(replace::replace(self, *workflow)).await,
            TaskError::Reject { requeue, reason } => self.rejected(requeue, reason).await,
            TaskError::Retry {
                countdown,
                eta,
                max_retries,
                cause,
                with,
            } => {
                let now = self.engine.now();
                let retry = Retry {
                    countdown: eta.map(|eta| eta.since(now)).or(countdown),
                    max_retries,
                    cause: cause.map(|failure| *failure),
                    with,
                };
                Box::pin(self.retry(retry)).await
            }
            TaskError::Error(error) if self.call.definition.retries_automatically(&error) => {
                let retry = Retry {
                    countdown: None,
                    max_retries: None,
                    cause: Some(error.failure),
                    with: None,
                };
                Box::pin(self.retry(retry)).await
            }
            TaskError::Failure(failure) => self.gave_up(failure).await,
            TaskError::Error(error) => self.gave_up(error.failure).await,
            _ => {
                let text = "an end of a kind that this worker does not know";
                self.gave_up(meta::failure_text("celeriac", "TaskError", text))
                    .await
            }
        }
    }

    /// Celery's `Reject`: the message goes back, or to the dead-letter queue.
    async fn rejected(self, requeue: bool, reason: String) -> Executed {
        if !requeue {
            let args = vec![Value::Str(reason), Value::Bool(false)];
            let failure = meta::failure("celery.exceptions", "Reject", args);
            return self.failed(failure, Some("rejected")).await;
        }
        tracing::warn!("rejected; its message is returned to the queue: {reason}");
        let delivery = &self.call.delivery;
        let wait = self.engine.backoff_of(delivery);
        self.released(Ending::Ignored, Outcome::Defer(wait)).await
    }

    async fn retry(self, retry: Retry) -> Executed {
        if !retry.allowed(&self.call) {
            let failure = retry.exhausted(&self.call);
            return self.gave_up(failure).await;
        }
        Box::pin(retry::retry(self, retry)).await
    }

    async fn released(self, ending: Ending, outcome: Outcome) -> Executed {
        match self.release().await {
            Recorded::Superseded => Executed::not_run(Outcome::Leave),
            _ => Executed::new(outcome, ending), // the lease ends by itself
        }
    }
}
