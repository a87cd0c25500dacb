use std::time::Duration;

use celeriac_core::{ClaimOutcome, CompletionKind, StoreError, StoreErrorKind};
use celeriac_protocol::{ResultMeta, State, Value};

use crate::engine::Engine;
use crate::{Outcome, meta};

/// A final state for a task that was not claimed: it cannot run, or ran without the ledger.
pub(crate) struct FinalState<'a> {
    /// Where its message came from, and how often.
    pub(crate) queue: &'a str,
    pub(crate) receive_count: u32,
    /// The message's retries; `None` where the ledger's count holds: unreadable headers, FIFO queues.
    pub(crate) retries: Option<u32>,
    pub(crate) meta: ResultMeta,
}

/// What became of it.
pub(crate) enum Stored {
    /// It stands there.
    Yes,
    /// This final state stood there.
    Final(Box<ResultMeta>),
    /// A newer try of the task stands there.
    Other,
    /// No, and trying again does not help: the id or the value cannot be stored.
    Never(StoreError),
    /// Not now: do this with the message.
    Later(Outcome),
}

impl FinalState<'_> {
    /// Claims the task and completes it. Without a result store there is nothing to do.
    pub(crate) async fn store(self, engine: &Engine) -> Stored {
        let (Some(ledger), Some(task_id)) = (&engine.ledger, self.meta.task_id.clone()) else {
            return Stored::Yes;
        };
        let attempt = match self.claim(engine, &task_id).await {
            Ok(attempt) => attempt,
            Err(stored) => return stored,
        };
        let (queue, receive_count) = (self.queue, self.receive_count);
        match ledger
            .complete(&task_id, attempt, CompletionKind::Final(self.meta))
            .await
        {
            Ok(celeriac_core::CompletionOutcome::Stored) => Stored::Yes,
            Ok(_) => Stored::Other,
            Err(error) => refused(engine, queue, receive_count, error),
        }
    }

    async fn claim(&self, engine: &Engine, task_id: &str) -> Result<u64, Stored> {
        let Some(ledger) = &engine.ledger else {
            return Err(Stored::Yes);
        };
        let mut retries = self.retries.unwrap_or(0);
        loop {
            let shown = meta::of_id(engine, task_id, State::Pending, Value::Null);
            match ledger
                .claim(
                    task_id,
                    retries,
                    shown,
                    self.receive_count > 1 || retries > 0,
                )
                .await
            {
                Ok(ClaimOutcome::Claimed(claimed)) => return Ok(claimed.attempt),
                Ok(ClaimOutcome::Stale { retries: counted })
                    if self.retries.is_none() && counted > retries =>
                {
                    retries = counted;
                }
                Ok(ClaimOutcome::Final(meta)) => return Err(Stored::Final(Box::new(meta))),
                Ok(ClaimOutcome::Stale { .. }) => return Err(Stored::Other),
                Ok(ClaimOutcome::Leased { until }) => {
                    let wait = until.since(engine.now()) + Duration::from_millis(100);
                    return Err(Stored::Later(Outcome::Defer(wait)));
                }
                Err(error) => return Err(refused(engine, self.queue, self.receive_count, error)),
            }
        }
    }
}

fn refused(engine: &Engine, queue: &str, receive_count: u32, error: StoreError) -> Stored {
    if matches!(
        error.kind,
        StoreErrorKind::TooLarge { .. } | StoreErrorKind::Codec(_) | StoreErrorKind::Other(_)
    ) {
        return Stored::Never(error);
    }
    tracing::warn!("cannot store a final state, the message comes back later: {error}");
    Stored::Later(Outcome::Defer(engine.backoff(queue, receive_count)))
}
