use std::collections::{HashMap, VecDeque};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use celeriac_core::{
    Claim, ClaimOutcome, Completion, CompletionOutcome, Lease, LeaseOutcome, Ledger, Record,
    StateUpdate, StoreError, StoreErrorKind,
};
use celeriac_protocol::{ExceptionInfo, ResultMeta, State, UtcTime, Value};

/// Records by id, and how they were read.
#[derive(Default)]
pub(crate) struct MemoryStore {
    records: Mutex<HashMap<String, Record>>,
    /// Calls of `get`.
    pub(crate) reads: AtomicUsize,
    /// Ids in them.
    pub(crate) ids_read: AtomicUsize,
    /// The next reads fail with these.
    pub(crate) failures: Mutex<VecDeque<StoreErrorKind>>,
    /// The next reads panic.
    pub(crate) panics: AtomicUsize,
    /// How long a read takes.
    pub(crate) latency: Mutex<Duration>,
    in_flight: AtomicUsize,
    /// Reads that were in flight at once, at most.
    pub(crate) most_in_flight: AtomicUsize,
}

impl MemoryStore {
    pub(crate) fn put(&self, meta: ResultMeta) {
        let id = meta.task_id.clone().unwrap();
        let record = Record {
            meta,
            written_at: UtcTime(0),
            attempt: 1,
            identity: None,
        };
        self.records.lock().unwrap().insert(id, record);
    }

    pub(crate) fn success(&self, id: &str, value: Value) {
        self.put(ResultMeta::new(id, State::Success, value));
    }

    pub(crate) fn failure(&self, id: &str, exception: &ExceptionInfo, traceback: Option<&str>) {
        let meta = ResultMeta::new(id, State::Failure, exception.to_value());
        self.put(ResultMeta {
            traceback: traceback.map(str::to_owned),
            ..meta
        });
    }

    pub(crate) fn reads(&self) -> usize {
        self.reads.load(Ordering::SeqCst)
    }

    async fn wait(&self) {
        let latency = *self.latency.lock().unwrap();
        if latency.is_zero() {
            return;
        }
        let in_flight = self.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_in_flight.fetch_max(in_flight, Ordering::SeqCst);
        tokio::time::sleep(latency).await;
        self.in_flight.fetch_sub(1, Ordering::SeqCst);
    }

    pub(crate) fn ids_read(&self) -> usize {
        self.ids_read.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Ledger for MemoryStore {
    async fn get(&self, task_ids: &[String]) -> Vec<Result<Option<Record>, StoreError>> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        self.ids_read.fetch_add(task_ids.len(), Ordering::SeqCst);
        if self.panics.load(Ordering::SeqCst) > 0 {
            self.panics.fetch_sub(1, Ordering::SeqCst);
            panic!("the store panics, as the test asked for");
        }
        if let Some(kind) = self.failures.lock().unwrap().pop_front() {
            return task_ids
                .iter()
                .map(|id| Err(StoreError::new("get", id, kind.clone())))
                .collect();
        }
        self.wait().await;
        let records = self.records.lock().unwrap();
        task_ids
            .iter()
            .map(|id| Ok(records.get(id).cloned()))
            .collect()
    }

    async fn forget(&self, task_ids: &[String]) -> Vec<Result<(), StoreError>> {
        let mut records = self.records.lock().unwrap();
        for id in task_ids {
            records.remove(id);
        }
        task_ids.iter().map(|_| Ok(())).collect()
    }

    async fn declare(&self) -> Result<(), StoreError> {
        unreachable!("a producer declares nothing")
    }
    async fn check(&self) -> Result<(), StoreError> {
        unreachable!("a producer checks nothing")
    }
    async fn claim(&self, _: Vec<Claim>) -> Vec<Result<ClaimOutcome, StoreError>> {
        unreachable!("a producer claims nothing")
    }
    async fn renew(&self, _: Vec<Lease>) -> Vec<Result<LeaseOutcome, StoreError>> {
        unreachable!("a producer renews nothing")
    }
    async fn update_state(&self, _: Vec<StateUpdate>) -> Vec<Result<LeaseOutcome, StoreError>> {
        unreachable!("a producer writes nothing")
    }
    async fn complete(&self, _: Vec<Completion>) -> Vec<Result<CompletionOutcome, StoreError>> {
        unreachable!("a producer completes nothing")
    }
}
