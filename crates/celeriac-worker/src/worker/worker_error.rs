use thiserror::Error;

/// A worker that cannot start or go on.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum WorkerError {
    /// A queue that is not there.
    #[error(transparent)]
    Broker(#[from] celeriac_core::BrokerError),
    /// The queue that `unknown_task` forwards to is not there.
    #[error("setting `unknown_task` forwards to the queue `{queue}`, which does not exist")]
    ForwardQueue {
        /// As set.
        queue: String,
    },
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
