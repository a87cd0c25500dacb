use thiserror::Error;

use crate::{Executor, Shutdown};

/// A long-running worker: receivers, held visibility, concurrency, graceful shutdown.
pub struct Worker;

/// A queue to work on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerQueue {
    /// Celery name.
    pub name: String,
    /// Share of the work where queues are weighted; 1.
    pub weight: u32,
}

/// How a worker's life went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WorkerReport {
    /// Tasks that ended in SUCCESS.
    pub succeeded: u64,
    /// In FAILURE.
    pub failed: u64,
    /// In RETRY.
    pub retried: u64,
    /// Messages given back.
    pub released: u64,
    /// Messages dead-lettered.
    pub dead_lettered: u64,
}

/// A worker that cannot start or go on.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum WorkerError {
    /// A queue that is not there.
    #[error(transparent)]
    Broker(#[from] celeriac_core::BrokerError),
    /// The result store.
    #[error(transparent)]
    Store(#[from] celeriac_core::StoreError),
    /// The health address.
    #[error("cannot listen on `{address}` for /healthz")]
    Health {
        /// As set.
        address: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

impl Worker {
    /// A worker on these queues, with the executor's settings.
    pub fn new(_executor: Executor, _queues: Vec<WorkerQueue>) -> Self {
        todo!()
    }

    /// Works until `shutdown` says draining, then ends within `worker_shutdown_timeout`.
    pub async fn run(self, _shutdown: Shutdown) -> Result<WorkerReport, WorkerError> {
        todo!()
    }
}
