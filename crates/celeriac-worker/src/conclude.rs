use std::sync::Arc;
use std::time::Duration;

use celeriac_core::{
    CompletionKind, CompletionOutcome, Context, DeadLetter, Failure, SendError, StoreError,
    StoreErrorKind, TaskError,
};
use celeriac_protocol::{Embed, ResultMeta, State, Value};

use crate::call::Call;
use crate::canvas;
use crate::claiming::Held;
use crate::engine::Engine;
use crate::executed::{Ending, Executed};
use crate::final_state::{FinalState, Stored};
use crate::retrying::{self, Retry};
use crate::run::RunEnd;
use crate::{Outcome, Shutdown, log, meta, spill, time_limits};

/// A claimed task whose run has ended, on the way to its outcome.
pub(crate) struct Conclusion {
    pub(crate) engine: Arc<Engine>,
    pub(crate) call: Call,
    pub(crate) held: Held,
    pub(crate) embed: Embed,
    /// Ids of tasks that it sent.
    pub(crate) children: Vec<String>,
    pub(crate) took: Duration,
    /// How far it came.
    pub(crate) checkpoint: Option<Value>,
    /// The queue that takes over what a Lambda function cannot end.
    pub(crate) spill: Option<String>,
}

/// Whether the end of a claim is durable.
pub(crate) enum Kept {
    Yes,
    /// A newer attempt has the task.
    Superseded,
    /// A final state stood there already.
    AlreadyFinal,
    /// This value cannot be stored.
    Refused(StoreError),
    /// The store is away.
    No,
}

impl Conclusion {
    pub(crate) fn new(engine: Arc<Engine>, call: Call, held: Held, embed: Embed) -> Self {
        Self {
            engine,
            call,
            held,
            embed,
            children: Vec::new(),
            took: Duration::ZERO,
            checkpoint: None,
            spill: None,
        }
    }

    /// With what the run leaves behind.
    pub(crate) fn after(mut self, context: &Context, took: Duration, shutdown: &Shutdown) -> Self {
        self.children = context.children();
        self.took = took;
        self.checkpoint = context.new_checkpoint();
        self.spill = shutdown
            .deadline
            .as_ref()
            .and_then(|deadline| deadline.spill.clone());
        self
    }

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
                    vec![time_limits::seconds_value(limit)],
                );
                Box::pin(self.gave_up(failure)).await
            }
            RunEnd::ShutDown => Box::pin(self.given_back()).await,
            RunEnd::Lost => {
                tracing::warn!(
                    "Task {}[{}] was taken over or ended elsewhere; this run is cancelled",
                    self.call.task(),
                    self.call.id()
                );
                Executed::not_run(Outcome::Leave)
            }
        }
    }

    async fn of_error(self, error: TaskError) -> Executed {
        match error {
            TaskError::Ignore => self.released(Ending::Ignored, Outcome::Ack).await,
            TaskError::Reject {
                requeue: true,
                reason,
            } => {
                tracing::warn!(
                    "Task {}[{}] rejected, its message goes back: {reason}",
                    self.call.task(),
                    self.call.id()
                );
                let wait = self
                    .engine
                    .backoff(&self.call.delivery.queue, self.call.delivery.receive_count);
                self.released(Ending::Ignored, Outcome::Defer(wait)).await
            }
            TaskError::Reject {
                requeue: false,
                reason,
            } => {
                let args = vec![Value::Str(reason.clone()), Value::Bool(false)];
                self.failed(
                    meta::failure("celery.exceptions", "Reject", args),
                    Some("rejected"),
                )
                .await
            }
            TaskError::Retry {
                countdown,
                eta,
                max_retries,
                cause,
            } => {
                let now = self.engine.now();
                let countdown = eta.map(|eta| eta.since(now)).or(countdown);
                self.retry(Retry {
                    countdown,
                    max_retries,
                    cause: cause.map(|failure| *failure),
                })
                .await
            }
            TaskError::Error { type_id, failure }
                if self.call.definition.retries_automatically(type_id) =>
            {
                self.retry(Retry {
                    countdown: None,
                    max_retries: None,
                    cause: Some(failure),
                })
                .await
            }
            TaskError::Failure(failure) | TaskError::Error { failure, .. } => {
                self.gave_up(failure).await
            }
            _ => {
                self.gave_up(meta::failure_text(
                    "celeriac",
                    "TaskError",
                    "an end of a kind that this worker does not know",
                ))
                .await
            }
        }
    }

    async fn retry(self, retry: Retry) -> Executed {
        if !retry.allowed(&self.call) {
            let failure = retry.exhausted(&self.call);
            return self.gave_up(failure).await;
        }
        Box::pin(retrying::retry(self, retry)).await
    }

    async fn succeeded(mut self, value: Value) -> Executed {
        if canvas::has_successors(&self.embed)
            && let Err(error) = Box::pin(self.send_successors(&value)).await
        {
            let text = format!("the task succeeded, but what follows it was not sent: {error}");
            let failure = meta::failure_text("kombu.exceptions", "OperationalError", text);
            return Box::pin(self.failed(failure, None)).await;
        }
        log::succeeded(&self.call, self.took, &value);
        self.call.reply.returned(&value);
        let shown = if self.call.ignore_result {
            Value::Null
        } else {
            value
        };
        let mut end = meta::of_call(&self.engine, &self.call, State::Success, shown);
        end.children = meta::children(&self.children);
        match self.keep(CompletionKind::Final(end)).await {
            Kept::Yes => Executed::new(Outcome::Ack, Ending::Succeeded),
            Kept::AlreadyFinal => Executed::not_run(Outcome::Ack),
            Kept::Superseded => Executed::not_run(Outcome::Leave),
            Kept::No => self.not_stored(),
            Kept::Refused(error) => {
                self.embed = Embed::default(); // what follows a success was sent
                Box::pin(self.failed(unstorable(&error), None)).await
            }
        }
    }

    async fn send_successors(&mut self, value: &Value) -> Result<(), SendError> {
        canvas::send_successors(
            &self.engine,
            &self.call,
            &self.embed,
            value,
            &mut self.children,
        )
        .await
    }

    /// A FAILURE that no retry will mend; to the dead-letter queue too, if the task asks for that.
    pub(crate) async fn gave_up(self, failure: Failure) -> Executed {
        let letter = self.call.options().dead_letter.then_some("gave-up");
        self.failed(failure, letter).await
    }

    /// FAILURE, and the dead-letter queue with this reason.
    pub(crate) async fn failed(mut self, failure: Failure, letter: Option<&str>) -> Executed {
        log::failed(&self.call, &failure);
        self.call.reply.raised(&failure);
        let mut end = meta::with_failure(
            meta::of_call(&self.engine, &self.call, State::Failure, Value::Null),
            &failure,
        );
        end.children = meta::children(&self.children);
        let kept = match self.keep_failure(end).await {
            Kept::Refused(error) => self.keep_failure(self.bare(&error)).await,
            kept => kept,
        };
        match kept {
            Kept::Yes => {}
            Kept::AlreadyFinal => return Executed::not_run(Outcome::Ack),
            Kept::Superseded => return Executed::not_run(Outcome::Leave),
            Kept::No | Kept::Refused(_) => return self.not_stored(),
        }
        let embed = std::mem::take(&mut self.embed);
        canvas::send_failure(&self.engine, &self.call, embed, &failure).await;
        let outcome = match letter {
            Some(reason) => dead_letter(self.call, reason, &failure),
            None => Outcome::Ack,
        };
        Executed::new(outcome, Ending::Failed)
    }

    /// Stores FAILURE under the claim; without one (`ignore_result`), if failures are to be shown all the same, claims late.
    async fn keep_failure(&self, end: ResultMeta) -> Kept {
        if self.held.lease.is_some() || !self.call.shows_errors() {
            return self.keep(CompletionKind::Final(end)).await;
        }
        let retries = (!self.call.fifo).then(|| self.call.retries());
        let (queue, receive_count) = (
            self.call.delivery.queue.as_str(),
            self.call.delivery.receive_count,
        );
        match (FinalState {
            queue,
            receive_count,
            retries,
            meta: end,
        })
        .store(&self.engine)
        .await
        {
            Stored::Yes | Stored::Final(_) | Stored::Other => Kept::Yes,
            Stored::Never(error) => Kept::Refused(error),
            Stored::Later(_) => Kept::No,
        }
    }

    /// A failure that fits any store: no arguments, no traceback, no children.
    fn bare(&self, error: &StoreError) -> ResultMeta {
        let status = meta::of_headers(
            &self.engine,
            &self.call.envelope.headers,
            State::Failure,
            Value::Null,
        );
        meta::with_failure(status, &unstorable(error))
    }

    /// Ends the claim, if there is one.
    pub(crate) async fn keep(&self, kind: CompletionKind) -> Kept {
        let (Some(ledger), Some(_)) = (&self.engine.ledger, &self.held.lease) else {
            return Kept::Yes;
        };
        match ledger
            .complete(self.call.id(), self.held.attempt, kind)
            .await
        {
            Ok(CompletionOutcome::Stored) => Kept::Yes,
            Ok(CompletionOutcome::AlreadyFinal) => Kept::AlreadyFinal,
            Ok(CompletionOutcome::Superseded) => Kept::Superseded,
            Err(error)
                if matches!(
                    error.kind,
                    StoreErrorKind::TooLarge { .. } | StoreErrorKind::Codec(_)
                ) =>
            {
                Kept::Refused(error)
            }
            Err(error) => {
                self.engine.incidents.throttled();
                tracing::error!(
                    "Task {}[{}] ended, but the result store does not take it: {error}",
                    self.call.task(),
                    self.call.id()
                );
                Kept::No
            }
        }
    }

    async fn released(self, ending: Ending, outcome: Outcome) -> Executed {
        match self.keep(CompletionKind::Released).await {
            Kept::Superseded => Executed::not_run(Outcome::Leave),
            _ => Executed::new(outcome, ending), // the lease ends by itself
        }
    }

    /// The run does not count; the message goes back at once.
    pub(crate) async fn given_back(self) -> Executed {
        if self.call.acked {
            let text = "the worker was shut down while the task ran, and its message was acknowledged early";
            return self
                .failed(
                    meta::failure_text("billiard.exceptions", "WorkerLostError", text),
                    None,
                )
                .await;
        }
        if let Some(queue) = spill::heir(&self) {
            return spill::hand_over(self, queue).await;
        }
        tracing::info!(
            "Task {}[{}] given back: the worker is shutting down",
            self.call.task(),
            self.call.id()
        );
        match self.keep(CompletionKind::GivenBack).await {
            Kept::Superseded => Executed::not_run(Outcome::Leave),
            _ => Executed::not_run(Outcome::Release),
        }
    }

    /// The message stays until its outcome can be stored.
    fn not_stored(&self) -> Executed {
        let wait = self
            .engine
            .backoff(&self.call.delivery.queue, self.call.delivery.receive_count);
        Executed::not_run(Outcome::Defer(wait))
    }
}

/// The outcome that moves a message to the dead-letter queue.
pub(crate) fn dead_letter(call: Call, reason: &str, failure: &Failure) -> Outcome {
    Outcome::DeadLetter(Box::new(DeadLetter {
        error: log::exception(failure),
        delivery: call.delivery,
        reason: reason.to_owned(),
    }))
}

/// A result that no store takes: what readers see instead.
fn unstorable(error: &StoreError) -> Failure {
    match &error.kind {
        StoreErrorKind::TooLarge { .. } => {
            meta::failure_text("celeriac", "ResultTooLarge", error.kind.to_string())
        }
        kind => meta::failure_text("kombu.exceptions", "EncodeError", kind.to_string()),
    }
}
