use thiserror::Error;

/// A failed store operation: on what, why, and whether to try again.
#[derive(Clone, Debug, Error)]
#[error("{operation} of `{subject}`: {kind}")]
pub struct StoreError {
    /// `claim`, `complete`, ...
    pub operation: &'static str,
    /// A task id, a document's key or the table's name.
    pub subject: String,
    /// Why.
    pub kind: StoreErrorKind,
}

/// Why a store operation failed.
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// The table is not there.
    #[error("the table does not exist: create it with `celeriac queues create --table`")]
    TableNotFound,
    /// The table is there, and its key is another than that of results.
    #[error(
        "the table's key is {0}, and results need `id`, a string, without a sort key: name another table in \
         `result_backend`, or delete this one and create it with `celeriac queues create --table`"
    )]
    WrongKey(String),
    /// Larger than an item may be (DynamoDB: 400 KB).
    #[error("the item takes at least {actual} bytes, over the limit of {limit} bytes")]
    TooLarge {
        /// Bytes.
        actual: usize,
        /// Bytes.
        limit: usize,
    },
    /// A value that cannot be written, or an item that cannot be read.
    #[error("{0}")]
    Codec(String),
    /// No right to do this.
    #[error("access denied: {0}")]
    AccessDenied(String),
    /// Throttled, 5xx or the network, after the adapter's own retries.
    #[error("temporarily unavailable: {0}")]
    Unavailable(String),
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

impl StoreError {
    /// A failure of `operation` on `subject`.
    pub fn new(operation: &'static str, subject: impl Into<String>, kind: StoreErrorKind) -> Self {
        Self {
            operation,
            subject: subject.into(),
            kind,
        }
    }

    /// Whether the same call may go through later.
    pub fn is_retryable(&self) -> bool {
        matches!(self.kind, StoreErrorKind::Unavailable(_))
    }
}
