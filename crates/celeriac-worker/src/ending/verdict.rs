//! What a run came to: how it ended, its task's options and limits together say what is to become
//! of the task.

use celeriac_core::TaskError;
use celeriac_protocol::Value;

use super::conclusion::Conclusion;
use super::record::Recorded;
use super::retry::{self, Retry};
use crate::executed::{Ending, Executed};
use crate::run::{self, RunEnd};
use crate::{Outcome, meta};

impl Conclusion {
    /// The outcome of a run.
    pub(crate) async fn of_run(self, end: RunEnd) -> Executed {
        match end {
            RunEnd::Returned(Ok(value)) => self.succeeded(value).await,
            RunEnd::Returned(Err(error)) => Box::pin(self.of_error(error)).await,
            RunEnd::Panicked(report) => Box::pin(self.gave_up(report.failure())).await,
            RunEnd::TimedOut(limit) => {
                let failure = meta::failure(
                    "billiard.exceptions",
                    "TimeLimitExceeded",
                    vec![run::seconds_value(limit)],
                );
                Box::pin(self.gave_up(failure)).await
            }
            RunEnd::ShutDown => Box::pin(self.given_back()).await,
            RunEnd::Lost => {
                tracing::warn!(
                    "the task was taken over or has ended elsewhere; this run is cancelled"
                );
                Executed::not_run(Outcome::Leave)
            }
        }
    }

    async fn of_error(self, error: TaskError) -> Executed {
        match error {
            TaskError::Ignore => self.released(Ending::Ignored, Outcome::Ack).await,
            TaskError::Reject { requeue, reason } => self.rejected(requeue, reason).await,
            TaskError::Retry {
                countdown,
                eta,
                max_retries,
                cause,
            } => {
                let now = self.engine.now();
                let retry = Retry {
                    countdown: eta.map(|eta| eta.since(now)).or(countdown),
                    max_retries,
                    cause: cause.map(|failure| *failure),
                };
                Box::pin(self.retry(retry)).await
            }
            TaskError::Error { type_id, failure }
                if self.call.definition.retries_automatically(type_id) =>
            {
                let retry = Retry {
                    countdown: None,
                    max_retries: None,
                    cause: Some(failure),
                };
                Box::pin(self.retry(retry)).await
            }
            TaskError::Failure(failure) | TaskError::Error { failure, .. } => {
                self.gave_up(failure).await
            }
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
        tracing::warn!("the task is rejected, its message goes back: {reason}");
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
