use std::time::Duration;

use async_trait::async_trait;
use thiserror::Error;

/// Natural batching: what gathers while requests are in flight goes out together in the next one. An entry that finds a
/// free slot goes at once, so an idle batcher adds no latency (unless `linger` asks for company).
#[derive(Debug)]
pub struct Batcher<B: Batch> {
    _batch: std::marker::PhantomData<B>,
}

/// What a batcher does with a batch.
#[async_trait]
pub trait Batch: Send + Sync + 'static {
    /// One entry.
    type Item: Send + 'static;
    /// One entry's outcome.
    type Output: Send + 'static;
    /// The entry's size in bytes, for `max_bytes`.
    fn size(&self, _item: &Self::Item) -> usize { 0 }
    /// Entries with equal keys never travel in one batch nor overtake each other (DynamoDB: one statement per id). `None`: any.
    fn key(&self, _item: &Self::Item) -> Option<u64> { None }
    /// Performs the batch; one output per entry, in order.
    async fn run(&self, batch: Vec<Self::Item>) -> Vec<Self::Output>;
}

/// Bounds of a batcher.
#[derive(Clone, Copy, Debug)]
pub struct BatcherOptions {
    /// Entries in one batch.
    pub max_items: usize,
    /// Bytes in one batch.
    pub max_bytes: usize,
    /// Batches in flight.
    pub max_in_flight: usize,
    /// How long a batch that is not full may wait for company. Zero for sends and claims.
    pub linger: Duration,
    /// Entries waiting, over which `submit` waits: backpressure.
    pub buffer: usize,
}

/// The batcher was closed, or its task ended, before the entry's outcome was known.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("the batcher is closed")]
pub struct BatcherClosed;

impl<B: Batch> Batcher<B> {
    /// Starts a batcher on the current tokio runtime.
    pub fn spawn(_batch: B, _options: BatcherOptions) -> Self { todo!() }
    /// Submits an entry and waits for its outcome. Waits for room first. If dropped, the entry still goes.
    pub async fn submit(&self, _item: B::Item) -> Result<B::Output, BatcherClosed> { todo!() }
    /// Sends what waits, awaits what is in flight, and ends. Later submits fail.
    pub async fn close(&self) { todo!() }
}
