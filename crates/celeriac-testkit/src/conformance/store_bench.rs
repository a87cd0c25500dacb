use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use celeriac_core::documents::{Document, Documents, Expect, Key, Put, PutOutcome};
use celeriac_core::{
    Chords, Claim, ClaimOutcome, Claimed, Completion, CompletionKind, CompletionOutcome, Lease,
    LeaseOutcome, Ledger, Record, StateUpdate, StoreError,
};
use celeriac_protocol::{ResultMeta, State, Value};

use crate::conformance::Quirk;

/// How a store is opened.
#[derive(Clone, Debug, Default)]
pub struct StoreOptions {
    /// `global_keyprefix`; none if empty.
    pub prefix: String,
    /// How long items are kept; the store's default if `None`.
    pub ttl: Option<Duration>,
}

/// A result store: the ledger, and documents and chords beside it.
pub trait Store: Ledger + Documents + Chords {}

impl<T: Ledger + Documents + Chords> Store for T {}

/// A result store under test.
#[async_trait]
pub trait StoreFixture: Send + Sync + 'static {
    /// What is under test, for people.
    fn lane(&self) -> &str;

    /// A declared store. Each call is a client of its own to the same table.
    async fn open(&self, options: &StoreOptions) -> Arc<dyn Store>;

    /// Puts an item as Python's Celery would: `id`, `result` and `timestamp` alone, over whatever
    /// stands there. `false` if Python cannot reach this store.
    async fn foreign_put(&self, _task_id: &str, _meta: &ResultMeta) -> bool {
        false
    }

    /// What this implementation gets wrong.
    fn quirks(&self) -> &[Quirk] {
        &[]
    }
}

/// What a store case works with: the fixture, one store, and short forms of what cases do.
pub struct StoreBench {
    case: &'static str,
    fixture: Box<dyn StoreFixture>,
    /// The store most cases use.
    pub store: Arc<dyn Ledger>,
    /// The same, for documents.
    pub documents: Arc<dyn Documents>,
    /// The same, for chords.
    pub chords: Arc<dyn Chords>,
}

impl StoreBench {
    pub(crate) async fn new(case: &'static str, fixture: Box<dyn StoreFixture>) -> Self {
        let store = fixture.open(&StoreOptions::default()).await;
        Self {
            case,
            fixture,
            store: Arc::clone(&store) as Arc<dyn Ledger>,
            documents: Arc::clone(&store) as Arc<dyn Documents>,
            chords: store,
        }
    }

    /// Another client to the same table.
    pub async fn open(&self, options: &StoreOptions) -> Arc<dyn Ledger> {
        self.fixture.open(options).await
    }

    /// Another client to the same documents.
    pub async fn open_documents(&self, options: &StoreOptions) -> Arc<dyn Documents> {
        self.fixture.open(options).await
    }

    /// Another client to the same chords.
    pub async fn open_chords(&self) -> Arc<dyn Chords> {
        self.fixture.open(&StoreOptions::default()).await
    }

    /// Puts an item as Python would; where that is not possible, says so in one line and answers
    /// `false`.
    pub async fn foreign_put(&self, task_id: &str, meta: &ResultMeta) -> bool {
        let put = self.fixture.foreign_put(task_id, meta).await;
        if !put {
            eprintln!(
                "conformance: {}: `{}` has no Python writer to test against",
                self.fixture.lane(),
                self.case
            );
        }
        put
    }

    /// Whether the implementation declares this quirk; if so, says in one line that the case
    /// asserts it.
    pub fn has(&self, quirk: Quirk) -> bool {
        let declared = self.fixture.quirks().contains(&quirk);
        if declared {
            eprintln!(
                "conformance: {}: `{}` asserts the quirk {quirk:?}",
                self.fixture.lane(),
                self.case
            );
        }
        declared
    }

    /// One claim.
    pub async fn claim(&self, claim: Claim) -> ClaimOutcome {
        only(self.store.claim(vec![claim]).await).expect("the claim is answered")
    }

    /// One claim that must be given.
    pub async fn claimed(&self, claim: Claim) -> Claimed {
        match self.claim(claim).await {
            ClaimOutcome::Claimed(claimed) => claimed,
            other => panic!("the claim is given, got {other:?}"),
        }
    }

    /// One completion.
    pub async fn try_complete(
        &self,
        completion: Completion,
    ) -> Result<CompletionOutcome, StoreError> {
        only(self.store.complete(vec![completion]).await)
    }

    /// One completion that must be answered, with a new nonce.
    pub async fn complete(
        &self,
        task_id: &str,
        attempt: u64,
        kind: CompletionKind,
    ) -> CompletionOutcome {
        self.try_complete(completion(task_id, attempt, kind))
            .await
            .expect("the completion is answered")
    }

    /// Extends one lease.
    pub async fn renew(&self, task_id: &str, attempt: u64, lease: Duration) -> LeaseOutcome {
        let entry = Lease {
            task_id: task_id.to_owned(),
            attempt,
            lease,
        };
        only(self.store.renew(vec![entry]).await).expect("the renewal is answered")
    }

    /// Shows one state.
    pub async fn update_state(
        &self,
        task_id: &str,
        attempt: u64,
        meta: ResultMeta,
    ) -> LeaseOutcome {
        let entry = StateUpdate {
            task_id: task_id.to_owned(),
            attempt,
            meta,
        };
        only(self.store.update_state(vec![entry]).await).expect("the update is answered")
    }

    /// One record.
    pub async fn get(&self, task_id: &str) -> Option<Record> {
        only(self.store.get(&[task_id.to_owned()]).await).expect("the record is read")
    }

    /// The state readers see; PENDING where there is no record, as Celery has it.
    pub async fn status(&self, task_id: &str) -> State {
        self.get(task_id)
            .await
            .map_or(State::Pending, |record| record.meta.status)
    }

    /// One document.
    pub async fn document(&self, key: &Key) -> Option<Document> {
        let found = self.documents.get(std::slice::from_ref(key)).await;
        only(found).expect("the document is read")
    }

    /// Puts one document.
    pub async fn put(&self, put: Put) -> PutOutcome {
        only(self.documents.put(vec![put]).await).expect("the put is answered")
    }

    /// Puts one document that must be written; its version.
    pub async fn written(&self, put: Put) -> u64 {
        match self.put(put).await {
            PutOutcome::Done { version } => version,
            refused @ PutOutcome::Refused(_) => panic!("the put is done, got {refused:?}"),
        }
    }
}

/// A new task id.
pub(crate) fn new_id() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// A first try's claim with a new nonce, for 30 s.
pub(crate) fn claim(task_id: &str) -> Claim {
    Claim {
        task_id: task_id.to_owned(),
        identity: celeriac_core::TaskIdentity::named("tasks.add"),
        retries: 0,
        owner: "conformance".to_owned(),
        nonce: new_id(),
        lease: Duration::from_secs(30),
        shown: ResultMeta::new(task_id, State::Pending, Value::Null),
        sent_by: None,
        isolate_at: None,
        to_run: true,
        takes_over: false,
        replaces: false,
        unanswered: Vec::new(),
        likely_known: false,
    }
}

/// A completion with a new nonce.
pub(crate) fn completion(task_id: &str, attempt: u64, kind: CompletionKind) -> Completion {
    Completion {
        task_id: task_id.to_owned(),
        attempt,
        nonce: new_id(),
        kind,
    }
}

/// A put of a text, with a new nonce.
pub(crate) fn put(key: &Key, expect: Expect, body: impl Into<String>) -> Put {
    Put::new(key.clone(), expect, body.into())
}

/// A SUCCESS with a text result.
pub(crate) fn success(task_id: &str, result: &str) -> ResultMeta {
    ResultMeta::new(task_id, State::Success, Value::Str(result.to_owned()))
}

pub(crate) fn only<T>(mut answer: Vec<T>) -> T {
    assert_eq!(answer.len(), 1, "one entry has one result");
    answer.remove(0)
}
