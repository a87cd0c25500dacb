use std::marker::PhantomData;
use std::sync::Arc;

use celeriac_core::documents::{Documents, Expect, Key, Put, PutOutcome};
use celeriac_core::{StoreError, StoreErrorKind};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A document of the result store, as a value.
pub(super) struct StoreDocument<T> {
    store: Arc<dyn Documents>,
    key: String,
    value: PhantomData<fn() -> T>,
}

impl<T: Default + Serialize + DeserializeOwned> StoreDocument<T> {
    pub(super) fn new(store: &Arc<dyn Documents>, key: String) -> Self {
        Self {
            store: Arc::clone(store),
            key,
            value: PhantomData,
        }
    }

    /// The version and the value; version 0 and the default where there is none.
    pub(super) async fn load(&self) -> Result<(u64, T), StoreError> {
        let key = Key::new(&self.key);
        let mut found = self.store.get(&[key]).await;
        let Some(document) = found.pop().expect("one key has one answer")? else {
            return Ok((0, T::default()));
        };
        let value = serde_json::from_slice(&document.body).map_err(|error| self.codec(&error))?;
        Ok((document.version, value))
    }

    /// The new version, or `None` if another has written since.
    pub(super) async fn save(&self, version: u64, value: &T) -> Result<Option<u64>, StoreError> {
        let expect = match version {
            0 => Expect::Absent,
            version => Expect::Version(version),
        };
        let body = serde_json::to_vec(value).map_err(|error| self.codec(&error))?;
        let put = Put::new(Key::new(&self.key), expect, body);
        let mut put = self.store.put(vec![put]).await;
        match put.pop().expect("one put has one answer")? {
            PutOutcome::Done { version } => Ok(Some(version)),
            PutOutcome::Refused(_) => Ok(None),
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
