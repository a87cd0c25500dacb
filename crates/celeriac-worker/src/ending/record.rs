use std::time::Duration;

use celeriac_core::{
    Claim, ClaimOutcome, CompletionKind, CompletionOutcome, StoreError, StoreErrorKind,
    TaskIdentity,
};
use celeriac_protocol::{ResultMeta, State, Value};

use crate::batched_ledger::BatchedLedger;
use crate::call::Call;
use crate::engine::Engine;
use crate::held::Held;
use crate::meta;

/// What became of an end that was to be stored.
pub(crate) enum Recorded {
    /// It stands there, or nothing is stored of this task.
    Stored,
    /// Another end stood there.
    Stands(Box<ResultMeta>),
    /// The id is another task's.
    Conflict(TaskIdentity),
    /// A newer attempt, or a newer try, has the task.
    Superseded,
    /// This end cannot be stored, however often it is tried.
    Never(StoreError),
    /// Not now: the message is to stay away for so long.
    Later(Duration),
}

/// Ends a claim, in whatever way; where nothing was claimed, nothing is stored.
pub(crate) async fn complete(
    engine: &Engine,
    call: &Call,
    held: &Held,
    kind: Box<CompletionKind>,
) -> Recorded {
    match (&engine.ledger, &held.lease) {
        // large: tries, pauses and requests
        (Some(ledger), Some(_)) => Box::pin(claimed(engine, ledger, call, held, kind)).await,
        _ => Recorded::Stored,
    }
}

async fn claimed(
    engine: &Engine,
    ledger: &BatchedLedger,
    call: &Call,
    held: &Held,
    kind: Box<CompletionKind>,
) -> Recorded {
    match ledger.complete(call.id(), held.attempt, kind).await {
        Ok(CompletionOutcome::Stored) => Recorded::Stored,
        Ok(CompletionOutcome::Superseded) => Recorded::Superseded,
        Ok(CompletionOutcome::AlreadyFinal) => {
            let receives = (call.delivery.queue.as_str(), call.delivery.receive_count);
            Box::pin(standing(engine, ledger, call.id(), receives)).await
        }
        Err(error) if is_hopeless(&error) => Recorded::Never(error),
        Err(error) => {
            engine.incidents.throttled();
            tracing::error!(
                "the task's result is not stored yet; its message will be redelivered: {error}"
            );
            Recorded::Later(engine.backoff_of(&call.delivery))
        }
    }
}

/// The end that stands there. A forgotten one shows nothing: then nothing follows from it.
async fn standing(
    engine: &Engine,
    ledger: &BatchedLedger,
    task_id: &str,
    (queue, receive_count): (&str, u32),
) -> Recorded {
    match ledger.stored(task_id).await {
        Ok(end) => {
            let forgotten = || meta::of_id(engine, task_id, State::Pending, Value::Null);
            Recorded::Stands(Box::new(end.unwrap_or_else(forgotten)))
        }
        Err(error) => {
            tracing::warn!("the stored result of `{task_id}` could not be read: {error}");
            Recorded::Later(engine.backoff(queue, receive_count))
        }
    }
}

/// An end of a task that was not claimed: it cannot run, or ran without the ledger.
pub(crate) struct Unclaimed<'a> {
    /// Where its message came from, and how often.
    pub(crate) queue: &'a str,
    pub(crate) receive_count: u32,
    /// Whose the id is.
    pub(crate) identity: TaskIdentity,
    /// Whether this is the end of a run.
    pub(crate) ran: bool,
    /// As the claim of its run would say.
    pub(crate) takes_over: bool,
    /// As the claim of its run would say.
    pub(crate) replaces: bool,
    /// Which try the message is; `None` where the ledger's count holds: unreadable headers, FIFO
    /// queues.
    pub(crate) retries: Option<u32>,
    pub(crate) end: CompletionKind,
}

impl<'a> Unclaimed<'a> {
    /// The end of this message's task, which ran or did not.
    pub(crate) fn of(engine: &Engine, call: &'a Call, ran: bool, end: CompletionKind) -> Self {
        Self {
            queue: &call.delivery.queue,
            receive_count: call.delivery.receive_count,
            identity: call.identity(),
            ran,
            takes_over: call.takes_over(engine),
            replaces: call.replaces(),
            retries: (!call.counts_in_ledger()).then(|| call.try_number()),
            end,
        }
    }

    /// Claims the task and completes it. Without a result store there is nothing to do.
    pub(crate) async fn store(self, engine: &Engine) -> Recorded {
        let (Some(ledger), Some(task_id)) = (&engine.ledger, self.task_id()) else {
            return Recorded::Stored;
        };
        let attempt = match self.claim(engine, ledger, &task_id).await {
            Ok(attempt) => attempt,
            Err(recorded) => return recorded,
        };
        let (queue, receive_count) = (self.queue, self.receive_count);
        match ledger.complete(&task_id, attempt, Box::new(self.end)).await {
            Ok(CompletionOutcome::Stored) => Recorded::Stored,
            Ok(CompletionOutcome::AlreadyFinal) => {
                Box::pin(standing(engine, ledger, &task_id, (queue, receive_count))).await
            }
            // whoever has the task now may have this very message
            Ok(CompletionOutcome::Superseded) => {
                Recorded::Later(engine.backoff(queue, receive_count))
            }
            Err(error) => refused(engine, queue, receive_count, error),
        }
    }

    fn task_id(&self) -> Option<String> {
        match &self.end {
            CompletionKind::Final(end) | CompletionKind::Unread(end) => end.task_id.clone(),
            _ => None,
        }
    }

    async fn claim(
        &self,
        engine: &Engine,
        ledger: &BatchedLedger,
        task_id: &str,
    ) -> Result<u64, Recorded> {
        let mut retries = self.retries.unwrap_or(0);
        loop {
            let pending = meta::of_id(engine, task_id, State::Pending, Value::Null);
            let likely_known = self.receive_count > 1 || retries > 0;
            let claim = Claim {
                likely_known,
                to_run: self.ran,
                takes_over: self.takes_over,
                replaces: self.replaces,
                ..ledger.wish(task_id, self.identity.clone(), retries, pending)
            };
            match ledger.claim(claim, ledger.moment()).await.0 {
                Ok(ClaimOutcome::Claimed(claimed)) => return Ok(claimed.attempt),
                Ok(ClaimOutcome::Stale { retries: counted })
                    if self.retries.is_none() && counted > retries =>
                {
                    retries = counted;
                }
                Ok(ClaimOutcome::Final(end)) => return Err(Recorded::Stands(Box::new(end))),
                Ok(ClaimOutcome::Conflict(other)) => return Err(Recorded::Conflict(other)),
                Ok(ClaimOutcome::Stale { .. } | ClaimOutcome::Isolate) => {
                    return Err(Recorded::Superseded);
                }
                Ok(ClaimOutcome::Leased { until }) => {
                    let left = until.since(engine.now()) + Duration::from_millis(100);
                    return Err(Recorded::Later(left));
                }
                Err(error) => return Err(refused(engine, self.queue, self.receive_count, error)),
            }
        }
    }
}

fn refused(engine: &Engine, queue: &str, receive_count: u32, error: StoreError) -> Recorded {
    if is_hopeless(&error) || matches!(error.kind, StoreErrorKind::Other(_)) {
        return Recorded::Never(error);
    }
    tracing::warn!(
        "the task's final state is not stored yet; its message will be redelivered: {error}"
    );
    Recorded::Later(engine.backoff(queue, receive_count))
}

fn is_hopeless(error: &StoreError) -> bool {
    matches!(
        error.kind,
        StoreErrorKind::TooLarge { .. } | StoreErrorKind::Codec(_)
    )
}
