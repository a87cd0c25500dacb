use std::sync::Arc;
use std::time::Duration;

use celeriac_core::{Chords, Ledger, Record};
use celeriac_protocol::{ResultMeta, State, Value};
use tokio::time::{Instant, timeout_at};

use crate::ResultError;
use crate::poll_table::LastSeen;
use crate::poller::{Poller, read_one, unanswered};

/// A timeout no clock reaches: about thirty years.
const FOREVER: Duration = Duration::from_secs(1_000_000_000);

/// How long a first look may take, however short the timeout.
const FIRST_LOOK: Duration = Duration::from_secs(1);

/// Where a client's results come from.
pub(crate) struct ResultReader {
    backend: Option<(Arc<dyn Ledger>, Poller)>,
    chords: Option<Arc<dyn Chords>>,
}

impl ResultReader {
    pub(crate) fn new(store: Option<Arc<dyn Ledger>>, chords: Option<Arc<dyn Chords>>) -> Self {
        Self {
            chords,
            backend: store.map(|store| (store.clone(), Poller::new(store))),
        }
    }

    pub(crate) fn store(&self) -> Result<&dyn Ledger, ResultError> {
        self.backend
            .as_ref()
            .map(|(store, _)| store.as_ref())
            .ok_or(ResultError::NoBackend)
    }

    /// Where groups are saved, and chords kept.
    pub(crate) fn chords(&self) -> Result<&dyn Chords, ResultError> {
        self.chords.as_deref().ok_or(ResultError::NoBackend)
    }

    /// What stands there now; a PENDING without a value for an unknown id.
    pub(crate) async fn meta(&self, task_id: &str) -> Result<ResultMeta, ResultError> {
        let record = read_one(self.store()?, task_id).await?;
        Ok(known(task_id, record))
    }

    /// Waits for a final state.
    pub(crate) async fn wait(
        &self,
        task_id: &str,
        timeout: Duration,
    ) -> Result<ResultMeta, ResultError> {
        let Some((_, poller)) = &self.backend else {
            return Err(ResultError::NoBackend);
        };
        let start = Instant::now();
        let deadline = start
            .checked_add(timeout)
            .unwrap_or_else(|| start + FOREVER);
        let mut wait = poller.wait(task_id);
        if let Ok(outcome) = timeout_at(deadline, wait.outcome()).await {
            return Ok(Arc::unwrap_or_clone(outcome?).meta);
        }
        match wait.last_seen() {
            Some(seen) => Err(too_late(seen, task_id, start.elapsed())),
            None => self.first_look(task_id, start).await,
        }
    }

    /// What stands there, if the timeout was shorter than a read: it is read once all the same, as
    /// with Celery, rather than called PENDING unseen.
    async fn first_look(&self, task_id: &str, start: Instant) -> Result<ResultMeta, ResultError> {
        let meta = timeout_at(start + FIRST_LOOK, self.meta(task_id))
            .await
            .unwrap_or_else(|_| Err(unanswered(task_id).into()))?;
        if meta.status.is_ready() {
            return Ok(meta);
        }
        let seen = LastSeen {
            state: meta.status,
            error: None,
        };
        Err(too_late(seen, task_id, start.elapsed()))
    }
}

/// The record's meta, or PENDING's.
pub(crate) fn known(task_id: &str, record: Option<Record>) -> ResultMeta {
    record.map_or_else(
        || ResultMeta::new(task_id, State::Pending, Value::Null),
        |record| record.meta,
    )
}

/// A store that could not be read says so; else the state last seen.
fn too_late(seen: LastSeen, task_id: &str, waited: Duration) -> ResultError {
    match seen.error {
        Some(error) => ResultError::Store(error),
        None => ResultError::Timeout {
            task_id: task_id.to_owned(),
            state: seen.state,
            waited,
        },
    }
}
