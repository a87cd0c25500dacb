use std::sync::Arc;
use std::time::Duration;

use celeriac_core::{Ledger, Record};
use celeriac_protocol::{ResultMeta, State, Value};
use tokio::time::{Instant, timeout_at};

use crate::ResultError;
use crate::poller::{Poller, Wait, read_one};

/// A timeout no clock reaches: about thirty years.
const FOREVER: Duration = Duration::from_secs(1_000_000_000);

/// Where a client's results come from.
pub(crate) struct ResultReader {
    backend: Option<(Arc<dyn Ledger>, Poller)>,
}

impl ResultReader {
    pub(crate) fn new(store: Option<Arc<dyn Ledger>>) -> Self {
        Self {
            backend: store.map(|store| (store.clone(), Poller::new(store))),
        }
    }

    pub(crate) fn store(&self) -> Result<&dyn Ledger, ResultError> {
        self.backend
            .as_ref()
            .map(|(store, _)| store.as_ref())
            .ok_or(ResultError::NoBackend)
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
        match timeout_at(deadline, wait.outcome()).await {
            Ok(outcome) => Ok(Arc::unwrap_or_clone(outcome?).meta),
            Err(_) => Err(too_late(&wait, task_id, start.elapsed())),
        }
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
fn too_late(wait: &Wait, task_id: &str, waited: Duration) -> ResultError {
    let seen = wait.last_seen();
    if let Some(error) = seen.as_ref().and_then(|seen| seen.error.clone()) {
        return ResultError::Store(error);
    }
    ResultError::Timeout {
        task_id: task_id.to_owned(),
        state: seen.map_or(State::Pending, |seen| seen.state),
        waited,
    }
}
