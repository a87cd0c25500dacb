use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use thiserror::Error;
use tokio::sync::oneshot;

use crate::batch_runner::Shared;

/// Natural batching: what gathers while requests are in flight goes out together in the next one.
/// An entry that finds a free slot goes at once, so an idle batcher adds no latency (unless
/// `linger` asks for company).
///
/// Clones share one batcher. When the last one is dropped, what was submitted still goes.
///
/// ```
/// use celeriac_core::{Batch, Batcher, BatcherOptions};
///
/// struct Double;
///
/// #[async_trait::async_trait]
/// impl Batch for Double {
///     type Item = u64;
///     type Output = u64;
///     async fn run(&self, batch: Vec<u64>) -> Vec<u64> {
///         batch.into_iter().map(|number| number * 2).collect()
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let options = BatcherOptions { max_items: 10, ..BatcherOptions::default() };
/// let batcher = Batcher::spawn(Double, options);
/// assert_eq!(batcher.submit(21).await, Ok(42));
/// batcher.close().await;
/// assert!(batcher.submit(1).await.is_err());
/// # }
/// ```
pub struct Batcher<B: Batch> {
    shared: Arc<Shared<B>>,
}

/// What a batcher does with a batch.
#[async_trait]
pub trait Batch: Send + Sync + 'static {
    /// One entry.
    type Item: Send + 'static;
    /// One entry's outcome.
    type Output: Send + 'static;
    /// The entry's size in bytes, for `max_bytes`.
    fn size(&self, _item: &Self::Item) -> usize {
        0
    }
    /// Entries with equal keys never travel in one batch nor overtake each other (DynamoDB: one
    /// statement per id). `None`: any.
    fn key(&self, _item: &Self::Item) -> Option<u64> {
        None
    }
    /// Performs the batch; one output per entry, in order. A wrong number of outputs, or a panic,
    /// is [`BatcherClosed`] for the batch's entries; the batcher goes on.
    async fn run(&self, batch: Vec<Self::Item>) -> Vec<Self::Output>;
}

/// Bounds of a batcher.
#[derive(Clone, Copy, Debug)]
pub struct BatcherOptions {
    /// Entries in one batch, at least 1.
    pub max_items: usize,
    /// Bytes in one batch. An entry that is larger by itself goes alone.
    pub max_bytes: usize,
    /// Batches in flight, at least 1.
    pub max_in_flight: usize,
    /// With this many batches in flight only a full one goes beside them: fewer requests, and full
    /// speed at high load. At least 1.
    pub max_partial: usize,
    /// How long a batch that is not full may wait for company. Zero for sends and claims.
    pub linger: Duration,
    /// Entries waiting, over which `submit` waits: backpressure. At least 1.
    pub buffer: usize,
}

impl Default for BatcherOptions {
    /// 10 entries of any size, 4 batches in flight, no lingering, 1,000 entries waiting.
    fn default() -> Self {
        Self {
            max_items: 10,
            max_bytes: usize::MAX,
            max_in_flight: 4,
            max_partial: usize::MAX,
            linger: Duration::ZERO,
            buffer: 1_000,
        }
    }
}

/// The batcher was closed, or its task ended, before the entry's outcome was known.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("the batcher is closed")]
pub struct BatcherClosed;

impl<B: Batch> Batcher<B> {
    /// Starts a batcher on the current tokio runtime.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn spawn(batch: B, options: BatcherOptions) -> Self {
        Self {
            shared: Arc::new(Shared::new(batch, options)),
        }
    }

    /// Submits an entry and waits for its outcome. Waits for room first. If dropped after that, the
    /// entry still goes.
    pub async fn submit(&self, item: B::Item) -> Result<B::Output, BatcherClosed> {
        self.accept(item).await?.await
    }

    /// Waits for room and submits an entry; what it gives waits for the outcome. Entries whose
    /// `accept` ended one after the other go in that order. Cancel-safe: dropped, the entry was not
    /// submitted. If the outcome is dropped, the entry still goes.
    pub async fn accept(
        &self,
        item: B::Item,
    ) -> Result<impl Future<Output = Result<B::Output, BatcherClosed>> + Send + use<B>, BatcherClosed>
    {
        let (reply, outcome) = oneshot::channel();
        self.shared.make_room().await?;
        Shared::enqueue(&self.shared, item, reply)?;
        Ok(async move { outcome.await.map_err(|_| BatcherClosed) })
    }

    /// Sends what waits, awaits what is in flight, and ends. Later submits fail, and so do those
    /// that still wait for room. Cancel-safe: what was submitted goes all the same.
    pub async fn close(&self) {
        self.shared.close().await;
    }
}

impl<B: Batch> Clone for Batcher<B> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<B: Batch> fmt::Debug for Batcher<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batcher")
            .field("options", &self.shared.options)
            .finish_non_exhaustive()
    }
}
