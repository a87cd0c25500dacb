use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use celeriac_core::documents::{
    Advance, Advanced, Change as _, Cursor, Decision, Document, Documents, Each, Key, Page, Put,
    PutOutcome, Remove, Stored,
};
use celeriac_core::{StoreError, StoreErrorKind};
use celeriac_protocol::UtcTime;

use crate::faults::Faults;

/// Documents in memory.
pub(crate) struct FakeStore {
    documents: Mutex<HashMap<String, Stored>>,
    pub(crate) faults: Faults,
    /// Its table is not there.
    pub(crate) lost: AtomicBool,
}

impl FakeStore {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            documents: Mutex::default(),
            faults: Faults::new(seed),
            lost: AtomicBool::new(false),
        }
    }

    /// The document's JSON; null where there is none.
    pub(crate) fn json(&self, key: &str) -> serde_json::Value {
        let documents = self.documents.lock().expect("no panic");
        documents.get(key).map_or_else(
            || serde_json::Value::Null,
            |stored| serde_json::from_slice(&stored.document.body).expect("JSON"),
        )
    }

    async fn load(&self, key: &str) -> Result<Option<Document>, StoreError> {
        if self.lost.load(Ordering::Relaxed) {
            let kind = StoreErrorKind::TableNotFound;
            return Err(StoreError::new("get document", key, kind));
        }
        let fate = self.faults.fate();
        fate.before().await;
        if fate.refused {
            return Err(away(key));
        }
        let found = self.documents.lock().expect("no panic").get(key).cloned();
        fate.after().await;
        Ok(found.map(|stored| stored.document))
    }

    async fn save(&self, put: Put) -> Result<PutOutcome, StoreError> {
        let fate = self.faults.fate();
        let key = put.key.path();
        fate.before().await;
        if fate.refused {
            return Err(away(&key));
        }
        let outcome = self.write(&key, &put);
        fate.after().await;
        if fate.unanswered {
            return Err(away(&key));
        }
        Ok(outcome)
    }

    fn write(&self, key: &str, put: &Put) -> PutOutcome {
        let mut documents = self.documents.lock().expect("no panic");
        match put.decide(documents.get(key), UtcTime(0)) {
            Decision::Answer(answer) => answer,
            Decision::Write(document) => {
                let version = document.version;
                let nonce = put.nonce.clone();
                documents.insert(key.to_owned(), Stored { document, nonce });
                PutOutcome::Done { version }
            }
        }
    }
}

fn away(key: &str) -> StoreError {
    let kind = StoreErrorKind::Unavailable("told to fail".to_owned());
    StoreError::new("call", key, kind)
}

#[async_trait]
impl Documents for FakeStore {
    async fn get(&self, keys: &[Key]) -> Each<Option<Document>> {
        let mut found = Vec::with_capacity(keys.len());
        for key in keys {
            found.push(self.load(&key.path()).await);
        }
        found
    }

    async fn put(&self, batch: Vec<Put>) -> Each<PutOutcome> {
        let mut outcomes = Vec::with_capacity(batch.len());
        for put in batch {
            outcomes.push(self.save(put).await);
        }
        outcomes
    }

    async fn remove(&self, _: Vec<Remove>) -> Each<PutOutcome> {
        unreachable!("beat removes nothing")
    }

    async fn advance(&self, _: Vec<Advance>) -> Each<Advanced> {
        unreachable!("beat counts nothing")
    }

    async fn list(&self, _: &str, _: Option<&Cursor>, _: usize) -> Result<Page, StoreError> {
        unreachable!("beat lists nothing")
    }

    fn now(&self) -> UtcTime {
        UtcTime(0)
    }
}
