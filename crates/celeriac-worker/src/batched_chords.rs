use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use celeriac_core::chords::{Arrived, ChordKey, Chords, Part};
use celeriac_core::{Batch, Batcher, BatcherOptions, StoreError, StoreErrorKind};
use celeriac_protocol::Signature;

/// Parts in one call: those of one shard become one write.
const MAX_ITEMS: usize = 100;

/// Chords whose bodies were kept lately.
const REMEMBERED: usize = 256;

/// The chords as the executor uses them: members arrive together.
pub(crate) struct BatchedChords {
    store: Arc<dyn Chords>,
    arrivals: Batcher<Arrivals>,
    /// Chords whose bodies are kept, the newest last.
    kept: Mutex<VecDeque<ChordKey>>,
}

impl BatchedChords {
    pub(crate) fn new(store: &Arc<dyn Chords>) -> Self {
        let options = BatcherOptions {
            max_items: MAX_ITEMS,
            max_in_flight: 4,
            max_partial: 1,
            ..BatcherOptions::default()
        };
        Self {
            store: Arc::clone(store),
            arrivals: Batcher::spawn(Arrivals(Arc::clone(store)), options),
            kept: Mutex::default(),
        }
    }

    pub(crate) fn store(&self) -> &dyn Chords {
        &*self.store
    }

    /// Keeps a body that travels with members alone, once for each chord. Where that fails, the next
    /// member tries again.
    pub(crate) async fn keep_body(&self, key: &ChordKey, body: &Signature) {
        if self.kept().contains(key) {
            return;
        }
        match self.store.keep_body(key, &body.to_value()).await {
            Ok(()) => {
                let mut kept = self.kept();
                kept.push_back(key.clone());
                if kept.len() > REMEMBERED {
                    kept.pop_front();
                }
            }
            Err(error) => {
                tracing::warn!("the body of chord `{}` is not kept: {error}", key.group_id);
            }
        }
    }

    fn kept(&self) -> MutexGuard<'_, VecDeque<ChordKey>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Marks a member.
    pub(crate) async fn arrive(&self, part: Part) -> Result<Arrived, StoreError> {
        let group_id = part.key.group_id.clone();
        let answer = self.arrivals.submit(part).await;
        answer.unwrap_or_else(|_| {
            let kind = StoreErrorKind::Unavailable("the request was dropped".to_owned());
            Err(StoreError::new("arrive in chord", group_id, kind))
        })
    }
}

struct Arrivals(Arc<dyn Chords>);

#[async_trait]
impl Batch for Arrivals {
    type Item = Part;
    type Output = Result<Arrived, StoreError>;

    async fn run(&self, batch: Vec<Part>) -> Vec<Self::Output> {
        self.0.arrive(batch).await
    }
}
