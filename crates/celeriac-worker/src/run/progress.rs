use std::sync::Arc;

use async_trait::async_trait;
use celeriac_core::{LeaseOutcome, ProgressSink, TaskError};
use celeriac_protocol::{Envelope, State, Value};
use tokio_util::sync::CancellationToken;

use crate::call::Call;
use crate::engine::Engine;
use crate::held::Held;
use crate::meta;

/// Where a running task's `update_state` goes: the ledger, as long as the claim is ours.
pub(crate) struct LedgerProgress {
    engine: Arc<Engine>,
    envelope: Arc<Envelope>,
    attempt: u64,
    /// Cancelled when the store says that the claim is not ours any more.
    lost: CancellationToken,
}

impl LedgerProgress {
    /// For a run that holds a claim.
    pub(crate) fn shared(engine: &Arc<Engine>, call: &Call, held: &Held) -> Option<Arc<Self>> {
        let (engine, envelope) = (Arc::clone(engine), Arc::clone(&call.envelope));
        let progress = Self {
            engine,
            envelope,
            attempt: held.attempt,
            lost: held.lost()?,
        };
        Some(Arc::new(progress))
    }
}

#[async_trait]
impl ProgressSink for LedgerProgress {
    async fn show(&self, state: &str, info: Value) -> Result<(), TaskError> {
        let state = State::from(state);
        if state.is_ready() || state == State::Retry {
            let text =
                format!("`{state}` is how a task ends; it cannot be shown while the task runs");
            return Err(TaskError::failure("ValueError", text));
        }
        let Some(ledger) = &self.engine.ledger else {
            return Ok(());
        };
        let shown = meta::of_headers(&self.engine, &self.envelope.headers, state, info);
        match ledger
            .show(&self.envelope.headers.id, self.attempt, shown)
            .await
        {
            Ok(LeaseOutcome::Held) => Ok(()),
            Ok(LeaseOutcome::Lost) => {
                self.lost.cancel();
                // another attempt speaks for the task now; this run is being cancelled
                Err(TaskError::Ignore)
            }
            Err(error) => Err(TaskError::from(error)),
        }
    }
}
