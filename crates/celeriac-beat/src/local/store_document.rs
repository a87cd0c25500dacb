use std::marker::PhantomData;
use std::sync::Arc;

use celeriac_core::{DocumentSave, ResultStore, SaveOutcome, StoreError, StoreErrorKind};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A document of the result store, as a value.
pub(super) struct StoreDocument<T> {
    store: Arc<dyn ResultStore>,
    key: String,
    value: PhantomData<fn() -> T>,
}

impl<T: Default + Serialize + DeserializeOwned> StoreDocument<T> {
    pub(super) fn new(store: &Arc<dyn ResultStore>, key: String) -> Self {
        Self {
            store: Arc::clone(store),
            key,
            value: PhantomData,
        }
    }

    /// The version and the value; version 0 and the default where there is none.
    pub(super) async fn load(&self) -> Result<(u64, T), StoreError> {
        let Some(document) = self.store.load_document(&self.key).await? else {
            return Ok((0, T::default()));
        };
        let value = serde_json::from_str(&document.body).map_err(|error| self.codec(&error))?;
        Ok((document.version, value))
    }

    /// The new version, or `None` if another has written since.
    pub(super) async fn save(&self, version: u64, value: &T) -> Result<Option<u64>, StoreError> {
        let save = DocumentSave {
            key: self.key.clone(),
            version,
            body: serde_json::to_string(value).map_err(|error| self.codec(&error))?,
            nonce: celeriac_core::random::uuid4().to_string(),
        };
        match self.store.save_document(save).await? {
            SaveOutcome::Saved { version } => Ok(Some(version)),
            SaveOutcome::Changed => Ok(None),
        }
    }

    /// Changes the value, again if another does so at the same time.
    pub(super) async fn change(&self, mut change: impl FnMut(&mut T)) -> Result<(), StoreError> {
        loop {
            let (version, mut value) = self.load().await?;
            change(&mut value);
            if self.save(version, &value).await?.is_some() {
                return Ok(());
            }
        }
    }

    fn codec(&self, error: &serde_json::Error) -> StoreError {
        StoreError::new(
            "read document",
            self.key.clone(),
            StoreErrorKind::Codec(error.to_string()),
        )
    }
}
