use thiserror::Error;

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
