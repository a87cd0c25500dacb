use std::sync::Arc;

use async_trait::async_trait;
use celeriac_core::chords::{Arrived, Chords, Part};
use celeriac_core::{Batch, Batcher, BatcherOptions, StoreError, StoreErrorKind};

/// Parts in one call: those of one shard become one write.
const MAX_ITEMS: usize = 100;

/// The chords as the executor uses them: members arrive together.
pub(crate) struct BatchedChords {
    store: Arc<dyn Chords>,
    arrivals: Batcher<Arrivals>,
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
        }
    }

    pub(crate) fn store(&self) -> &dyn Chords {
        &*self.store
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
