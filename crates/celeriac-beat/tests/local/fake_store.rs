use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use celeriac_core::{
    Claim, ClaimOutcome, Completion, CompletionOutcome, Document, DocumentSave, Lease,
    LeaseOutcome, Record, ResultStore, SaveOutcome, StateUpdate, StoreError, StoreErrorKind,
};

use crate::faults::Faults;

/// Documents in memory; beat uses no more of a store.
pub(crate) struct FakeStore {
    documents: Mutex<HashMap<String, (Document, String)>>,
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
            |(document, _)| serde_json::from_str(&document.body).expect("JSON"),
        )
    }

    fn save(&self, save: DocumentSave) -> SaveOutcome {
        let mut documents = self.documents.lock().expect("no panic");
        let stands = documents.get(&save.key);
        let version = stands.map_or(0, |(document, _)| document.version);
        if stands.is_some_and(|(document, nonce)| save.made(document.version, nonce)) {
            return SaveOutcome::Saved { version };
        }
        if version != save.version {
            return SaveOutcome::Changed;
        }
        let document = Document {
            version: save.new_version(),
            body: save.body,
        };
        let version = document.version;
        documents.insert(save.key, (document, save.nonce));
        SaveOutcome::Saved { version }
    }
}

fn away(key: &str) -> StoreError {
    let kind = StoreErrorKind::Unavailable("told to fail".to_owned());
    StoreError::new("call", key, kind)
}

#[async_trait]
impl ResultStore for FakeStore {
    async fn load_document(&self, key: &str) -> Result<Option<Document>, StoreError> {
        if self.lost.load(Ordering::Relaxed) {
            let kind = StoreErrorKind::TableNotFound;
            return Err(StoreError::new("load document", key, kind));
        }
        let fate = self.faults.fate();
        fate.before().await;
        if fate.refused {
            return Err(away(key));
        }
        let found = self.documents.lock().expect("no panic").get(key).cloned();
        fate.after().await;
        Ok(found.map(|(document, _)| document))
    }

    async fn save_document(&self, save: DocumentSave) -> Result<SaveOutcome, StoreError> {
        let fate = self.faults.fate();
        let key = save.key.clone();
        fate.before().await;
        if fate.refused {
            return Err(away(&key));
        }
        let outcome = self.save(save);
        fate.after().await;
        if fate.unanswered {
            return Err(away(&key));
        }
        Ok(outcome)
    }

    async fn declare(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn check(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn claim(&self, _: Vec<Claim>) -> Vec<Result<ClaimOutcome, StoreError>> {
        unreachable!("beat claims nothing")
    }

    async fn renew(&self, _: Vec<Lease>) -> Vec<Result<LeaseOutcome, StoreError>> {
        unreachable!("beat claims nothing")
    }

    async fn update_state(&self, _: Vec<StateUpdate>) -> Vec<Result<LeaseOutcome, StoreError>> {
        unreachable!("beat runs nothing")
    }

    async fn complete(&self, _: Vec<Completion>) -> Vec<Result<CompletionOutcome, StoreError>> {
        unreachable!("beat runs nothing")
    }

    async fn get(&self, _: &[String]) -> Vec<Result<Option<Record>, StoreError>> {
        unreachable!("beat reads no results")
    }

    async fn forget(&self, _: &[String]) -> Vec<Result<(), StoreError>> {
        unreachable!("beat forgets nothing")
    }
}
