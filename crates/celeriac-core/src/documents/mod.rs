//! A small consistent key-value store beside the results: what celeriac itself has to remember.
//!
//! Presence, pauses, limits and locks are kept here, each by the code that knows what they mean. A
//! store learns none of their names.

mod change;
mod document;
mod key;
mod page;
mod rules;

use async_trait::async_trait;
use celeriac_protocol::UtcTime;

use crate::StoreError;

pub use change::{Advance, Advanced, Expect, Put, PutOutcome, Remove};
pub use document::Document;
pub use key::Key;
pub use page::{Cursor, Page};
pub use rules::{Change, Decision, Stored, next_version};

/// One outcome for each entry, in the entries' order.
pub type Each<T> = Vec<Result<T, StoreError>>;

/// Documents that several writers share.
///
/// Batches are split to the store's limits, and each entry has its own outcome. Every change
/// carries a nonce, and is idempotent by it: after a failure, or when the call was dropped (the
/// change may have been made then), the same change can be asked for again. An expired document is
/// as absent as one that never was.
#[async_trait]
pub trait Documents: Send + Sync + 'static {
    /// The documents of these keys, `None` for absent ones. Strongly consistent (DynamoDB: 100 keys
    /// a request). Reads only, so it may be dropped at any moment.
    async fn get(&self, keys: &[Key]) -> Each<Option<Document>>;

    /// Writes each document where what its writer expects stands there: of several writers with one
    /// expectation one is [`Done`](PutOutcome::Done) (DynamoDB: 25 a request).
    /// `StoreErrorKind::TooLarge` writes nothing.
    async fn put(&self, batch: Vec<Put>) -> Each<PutOutcome>;

    /// Expires each document now, where what is expected stands there. Where none stands it is
    /// done.
    async fn remove(&self, batch: Vec<Remove>) -> Each<PutOutcome>;

    /// Adds to each document's number, if that lies within the given bounds.
    async fn advance(&self, batch: Vec<Advance>) -> Each<Advanced>;

    /// A page of a folder, by name: the first `limit` documents after the cursor. What lives
    /// throughout the call is in it; what comes or goes meanwhile may be.
    async fn list(
        &self,
        folder: &str,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page, StoreError>;

    /// The store's own time, by which documents expire: two processes whose clocks are apart agree
    /// on it. From what is known already, without a request (DynamoDB: the dates of its answers,
    /// within 1.5 s).
    fn now(&self) -> UtcTime;
}
