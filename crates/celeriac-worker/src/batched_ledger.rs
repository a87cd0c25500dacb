use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use celeriac_core::{
    Batch, Batcher, BatcherOptions, Claim, ClaimOutcome, Claimed, Clock, Completion,
    CompletionKind, CompletionOutcome, Lease, LeaseOutcome, Ledger, Record, StateUpdate,
    StoreError, StoreErrorKind, TaskIdentity,
};
use celeriac_protocol::{ResultMeta, UtcTime};
use tokio::time::Instant;

use crate::ending::Waiting;
use crate::held::Held;
use crate::lease_keeper::LeaseKeeper;
use crate::unanswered_claims::UnansweredClaims;
use crate::waits;

/// A holder stops counting on its lease this long before its end.
const LAST_MOMENTS: Duration = Duration::from_secs(3);
/// Completions may linger this long.
const LINGER: Duration = Duration::from_millis(20);
/// Tries of a completion, over about 20 s; the adapter has its own behind each.
const COMPLETE_TRIES: u32 = 8;

/// The result store as the executor uses it: claims and completions in batches, leases kept.
pub(crate) struct BatchedLedger {
    store: Arc<dyn Ledger>,
    claims: Batcher<Claims>,
    completions: Batcher<Completions>,
    leases: LeaseKeeper,
    unanswered: UnansweredClaims,
    owner: String,
    lease: Duration,
    clock: Arc<dyn Clock>,
}

/// One moment by two clocks: a steady one, and wall time, which goes on while the machine sleeps.
#[derive(Clone, Copy)]
pub(crate) struct Moment {
    steady: Instant,
    wall: UtcTime,
}

impl BatchedLedger {
    pub(crate) fn new(
        store: &Arc<dyn Ledger>,
        owner: String,
        lease: Duration,
        clock: Arc<dyn Clock>,
    ) -> Self {
        // what gathers while one is in flight travels together, which makes 0.3 requests a task at
        // backlog; more at once only when there is much
        let max_items = store.max_batch();
        let claims = BatcherOptions {
            max_items,
            max_in_flight: 4,
            max_partial: 1,
            ..BatcherOptions::default()
        };
        let completions = BatcherOptions {
            max_items,
            max_in_flight: 4,
            linger: LINGER,
            ..BatcherOptions::default()
        };
        Self {
            store: Arc::clone(store),
            claims: Batcher::spawn(Claims(Arc::clone(store)), claims),
            completions: Batcher::spawn(Completions(Arc::clone(store)), completions),
            leases: LeaseKeeper::spawn(Arc::clone(store), lease, Arc::clone(&clock)),
            unanswered: UnansweredClaims::default(),
            owner,
            lease,
            clock,
        }
    }

    /// Now, to measure a lease from.
    pub(crate) fn moment(&self) -> Moment {
        Moment {
            steady: Instant::now(),
            wall: self.clock.now(),
        }
    }

    /// A claim of this task with what holds for a new message.
    pub(crate) fn wish(
        &self,
        task_id: &str,
        identity: TaskIdentity,
        retries: u32,
        shown: ResultMeta,
    ) -> Claim {
        Claim {
            task_id: task_id.to_owned(),
            identity,
            to_run: true,
            takes_over: false,
            replaces: false,
            retries,
            owner: self.owner.clone(),
            nonce: nonce(),
            lease: self.lease,
            shown,
            likely_known: false,
            sent_by: None,
            isolate_at: None,
            unanswered: self.unanswered.of(task_id),
        }
    }

    /// Takes a task, once. `since` is the moment before. Gives the claim's nonce, too.
    pub(crate) fn claim(
        &self,
        claim: Claim,
        since: Moment,
    ) -> impl Future<Output = (Result<ClaimOutcome, StoreError>, String)> + Send {
        let claim = Box::new(claim);
        async move {
            let (task_id, nonce) = (claim.task_id.clone(), claim.nonce.clone());
            let answer = self.claims.submit(claim).await;
            let answer = answer.unwrap_or_else(|_| Err(closed("claim", &task_id)));
            match &answer {
                Ok(ClaimOutcome::Claimed(_)) if self.has_lapsed(since) => {
                    // an answer too late to begin a run
                    self.unanswered.keep(task_id, nonce.clone());
                }
                Ok(ClaimOutcome::Isolate) => {} // what stands there is as it was
                Ok(_) => self.unanswered.forget(&task_id),
                Err(_) => self.unanswered.keep(task_id, nonce.clone()),
            }
            (answer, nonce)
        }
    }

    /// Whether a lease that was asked for then is over, or about to be.
    pub(crate) fn has_lapsed(&self, since: Moment) -> bool {
        let passed = since.steady.elapsed();
        let asleep_too = self.clock.now().since(since.wall);
        passed.max(asleep_too) + (self.lease / 8).min(LAST_MOMENTS) >= self.lease
    }

    /// Renews the lease of what was claimed from `since` on, until it is dropped.
    pub(crate) fn hold(
        &self,
        task_id: &str,
        claimed: &Claimed,
        nonce: String,
        since: Moment,
    ) -> Held {
        Held {
            nonce,
            attempt: claimed.attempt,
            runs: claimed.runs,
            lease: Some(self.leases.hold(task_id, claimed.attempt, since.steady)),
        }
    }

    /// Ends a claim. Goes on for about 20 s while the store is not available.
    pub(crate) async fn complete(
        &self,
        task_id: &str,
        attempt: u64,
        kind: Box<CompletionKind>,
    ) -> Result<CompletionOutcome, StoreError> {
        let completion = Box::new(Completion {
            task_id: task_id.to_owned(),
            attempt,
            nonce: nonce(),
            kind: *kind,
        });
        for tries in 1..COMPLETE_TRIES {
            match self.submit(task_id, completion.clone()).await {
                Err(error) if error.is_retryable() => {
                    tracing::warn!(
                        tries,
                        "the task's result could not be stored; retrying: {error}"
                    );
                    tokio::time::sleep(waits::retry(tries)).await;
                }
                answer => return answer,
            }
        }
        self.submit(task_id, completion).await
    }

    /// What is stored of a task, if anything is.
    pub(crate) async fn stored(&self, task_id: &str) -> Result<Option<ResultMeta>, StoreError> {
        let mut records = self.store.get(&[task_id.to_owned()]).await;
        let record = records
            .pop()
            .unwrap_or_else(|| Err(closed("get", task_id)))?;
        Ok(record.map(|record| record.meta))
    }

    /// What is stored of these tasks.
    pub(crate) async fn records(
        &self,
        task_ids: &[String],
    ) -> Vec<Result<Option<Record>, StoreError>> {
        self.store.get(task_ids).await
    }

    /// Of which of these tasks something is stored. One that cannot be read counts as free, and so
    /// does another task's of the same id, and what was never run.
    pub(crate) async fn stand(&self, tasks: impl Iterator<Item = &Waiting>) -> Vec<bool> {
        let (ids, names): (Vec<String>, Vec<&str>) = tasks
            .map(|task| (task.id.clone(), task.task.as_str()))
            .unzip();
        let records = self.store.get(&ids).await;
        let stands = |(record, name): (Result<Option<Record>, StoreError>, &str)| {
            let identity = record.ok().flatten().map(|record| record.identity);
            let known = |of: TaskIdentity| of.name == name && !of.is_without_a_run();
            identity.is_some_and(|of| of.is_none_or(known))
        };
        records.into_iter().zip(names).map(stands).collect()
    }

    /// Whether this attempt has the task still; `true` where the store does not say.
    pub(crate) async fn still_holds(&self, task_id: &str, attempt: u64) -> bool {
        let lease = Lease {
            task_id: task_id.to_owned(),
            attempt,
            lease: self.lease,
        };
        let renewed = self.store.renew(vec![lease]).await.pop();
        !matches!(renewed, Some(Ok(LeaseOutcome::Lost)))
    }

    async fn submit(
        &self,
        task_id: &str,
        completion: Box<Completion>,
    ) -> Result<CompletionOutcome, StoreError> {
        let answer = self.completions.submit(completion).await;
        answer.unwrap_or_else(|_| Err(closed("complete", task_id)))
    }

    /// Shows a state of a running task to readers.
    pub(crate) async fn show(
        &self,
        task_id: &str,
        attempt: u64,
        meta: ResultMeta,
    ) -> Result<LeaseOutcome, StoreError> {
        let update = StateUpdate {
            task_id: task_id.to_owned(),
            attempt,
            meta,
        };
        self.store
            .update_state(vec![update])
            .await
            .pop()
            .unwrap_or_else(|| Err(closed("update_state", task_id)))
    }
}

fn nonce() -> String {
    celeriac_core::random::uuid4().simple().to_string()
}

fn closed(operation: &'static str, task_id: &str) -> StoreError {
    StoreError::new(
        operation,
        task_id,
        StoreErrorKind::Unavailable("the request was dropped".to_owned()),
    )
}

/// Two entries about one task never travel in one request.
fn key(task_id: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    task_id.hash(&mut hasher);
    hasher.finish()
}

/// Entries are boxed: futures hold what they wait with, and each of these is half a kilobyte.
struct Claims(Arc<dyn Ledger>);
struct Completions(Arc<dyn Ledger>);

#[async_trait]
impl Batch for Claims {
    type Item = Box<Claim>;
    type Output = Result<ClaimOutcome, StoreError>;

    fn key(&self, item: &Box<Claim>) -> Option<u64> {
        Some(key(&item.task_id))
    }

    async fn run(&self, batch: Vec<Box<Claim>>) -> Vec<Self::Output> {
        self.0.claim(unboxed(batch)).await
    }
}

#[async_trait]
impl Batch for Completions {
    type Item = Box<Completion>;
    type Output = Result<CompletionOutcome, StoreError>;

    fn key(&self, item: &Box<Completion>) -> Option<u64> {
        Some(key(&item.task_id))
    }

    async fn run(&self, batch: Vec<Box<Completion>>) -> Vec<Self::Output> {
        self.0.complete(unboxed(batch)).await
    }
}

fn unboxed<T>(batch: Vec<Box<T>>) -> Vec<T> {
    batch.into_iter().map(|entry| *entry).collect()
}
