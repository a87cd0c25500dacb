use std::sync::Arc;
use std::time::Duration;

use celeriac_core::StoreError;
use celeriac_protocol::{ResultMeta, State};
use futures_util::future::{join_all as all, try_join_all};
use serde::de::DeserializeOwned;

use crate::result_reader::{ResultReader, known};
use crate::{AsyncResult, ResultError};

/// Many results, read together: a hundred ids in one request.
///
/// Every method is cancel-safe.
#[derive(Clone)]
pub struct ResultSet<T = celeriac_protocol::Value> {
    results: Vec<AsyncResult<T>>,
    reader: Arc<ResultReader>,
}

impl<T> ResultSet<T> {
    pub(crate) fn new(
        ids: impl IntoIterator<Item = impl AsRef<str>>,
        reader: &Arc<ResultReader>,
    ) -> Self {
        let results = ids
            .into_iter()
            .map(|id| AsyncResult::new(id.as_ref(), reader.clone(), false))
            .collect();
        Self {
            results,
            reader: reader.clone(),
        }
    }

    /// The results, in the order their ids were given.
    pub fn results(&self) -> &[AsyncResult<T>] {
        &self.results
    }

    /// What is stored for each, in order; a PENDING for an unknown id.
    pub async fn metas(&self) -> Result<Vec<ResultMeta>, ResultError> {
        if self.results.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<String> = self
            .results
            .iter()
            .map(|result| result.id().to_owned())
            .collect();
        let records = self.reader.store()?.get(&ids).await.into_iter();
        let metas: Result<Vec<_>, StoreError> = records
            .zip(&ids)
            .map(|(record, id)| Ok(known(id, record?)))
            .collect();
        Ok(metas?)
    }

    /// The state of each, in order.
    pub async fn states(&self) -> Result<Vec<State>, ResultError> {
        Ok(self
            .metas()
            .await?
            .into_iter()
            .map(|meta| meta.status)
            .collect())
    }

    /// How many have ended: Celery's `completed_count`, but failures count too.
    pub async fn ready_count(&self) -> Result<usize, ResultError> {
        Ok(self
            .states()
            .await?
            .iter()
            .filter(|state| state.is_ready())
            .count())
    }

    /// Empties all of them.
    pub async fn forget(&self) -> Result<(), ResultError> {
        let ids: Vec<String> = self
            .results
            .iter()
            .map(|result| result.id().to_owned())
            .collect();
        self.reader
            .store()?
            .forget(&ids)
            .await
            .into_iter()
            .collect::<Result<Vec<()>, _>>()?;
        Ok(())
    }
}

impl<T: DeserializeOwned> ResultSet<T> {
    /// [`join`] of all of them.
    pub async fn join(&self, timeout: Duration) -> Result<Vec<T>, ResultError> {
        try_join_all(self.results.iter().map(|result| result.get(timeout))).await
    }

    /// [`join_all`] of all of them.
    pub async fn join_all(&self, timeout: Duration) -> Vec<Result<T, ResultError>> {
        all(self.results.iter().map(|result| result.get(timeout))).await
    }
}

/// Waits for all values, `timeout` at most for all together, in the results' order: Celery's
/// `GroupResult.join`. One poller reads them together, up to a hundred in one request.
///
/// Cancel-safe.
///
/// # Errors
/// The first error that any of them gives, as soon as it is known.
pub async fn join<T: DeserializeOwned>(
    results: impl IntoIterator<Item = AsyncResult<T>>,
    timeout: Duration,
) -> Result<Vec<T>, ResultError> {
    try_join_all(
        results
            .into_iter()
            .map(|result| async move { result.get(timeout).await }),
    )
    .await
}

/// Waits for all of them to end, `timeout` at most, and gives each its own value or error, in the
/// results' order.
///
/// Cancel-safe.
pub async fn join_all<T: DeserializeOwned>(
    results: impl IntoIterator<Item = AsyncResult<T>>,
    timeout: Duration,
) -> Vec<Result<T, ResultError>> {
    all(results
        .into_iter()
        .map(|result| async move { result.get(timeout).await }))
    .await
}
