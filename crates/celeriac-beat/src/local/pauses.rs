use std::collections::BTreeSet;
use std::sync::Arc;

use celeriac_core::{Documents, StoreError};
use jiff::Timestamp;

use super::beat_state::PausedEntries;
use super::document_key;
use super::store_document::StoreDocument;

/// The entries of an app that an operator has paused, for its local beats. A change reaches a
/// running beat within a quarter of its lease.
pub struct Pauses {
    document: StoreDocument<PausedEntries>,
}

impl Pauses {
    /// Those of an app.
    pub fn of(app: &str, store: &Arc<dyn Documents>) -> Self {
        Self {
            document: StoreDocument::new(store, document_key(app, "paused")),
        }
    }

    /// The names of all paused entries.
    pub async fn load(&self) -> Result<BTreeSet<String>, StoreError> {
        Ok(self.load_all().await?.paused)
    }

    pub(super) async fn load_all(&self) -> Result<PausedEntries, StoreError> {
        Ok(self.document.load().await?.1)
    }

    /// Pauses an entry: its runs are left out until it is resumed. `false` if it was paused
    /// already.
    pub async fn pause(&self, entry: &str) -> Result<bool, StoreError> {
        let mut changed = false;
        self.document
            .change(|paused| changed = paused.paused.insert(entry.to_owned()))
            .await?;
        Ok(changed)
    }

    /// Ends a pause now: what was due in it is left out. `false` if there was none.
    pub async fn resume(&self, entry: &str, now: Timestamp) -> Result<bool, StoreError> {
        let mut changed = false;
        self.document
            .change(|entries| {
                changed = entries.paused.remove(entry);
                if changed {
                    entries.resumed.insert(entry.to_owned(), now);
                }
            })
            .await?;
        Ok(changed)
    }
}
