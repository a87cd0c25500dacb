use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicI64};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use aws_sdk_dynamodb::types::ReturnConsumedCapacity;
use celeriac_core::documents::Key;
use celeriac_core::{
    Claim, ClaimOutcome, Clock, ClockJumps, Completion, CompletionOutcome, Lease, LeaseOutcome,
    Ledger, LedgerItem, Record, StateUpdate, StoreError, StoreErrorKind, SystemClock, Version,
};
use celeriac_protocol::UtcTime;

use crate::aws_config::AwsConfig;
use crate::dynamo_config::DynamoConfig;
use crate::request_counts::RequestCounts;
use crate::sdk::Sdk;
use crate::transport::Transport;

use super::chords::SavedGroups;
use super::item::lease_millis;
use super::statement::Condition;

/// Rounds of read, decide and write before a contended entry is given up as unavailable.
pub(super) const MAX_ROUNDS: usize = 10;

/// The ledger on DynamoDB: one item per task, which is Celery's result item too.
///
/// Making one is free of requests. Needs `dynamodb:PartiQLInsert`, `dynamodb:PartiQLUpdate` and
/// `dynamodb:BatchGetItem` on the table, no more; `declare` and `describe` need what their docs
/// say.
pub struct DynamoStore {
    pub(super) sdk: Sdk,
    pub(super) config: DynamoConfig,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) jumps: ClockJumps,
    pub(super) plain_keys_seen: AtomicBool,
    pub(super) plain_probed_at: AtomicI64,
    /// Names that this process has entered into directories, and at which second.
    pub(super) entered: Mutex<BTreeMap<Key, i64>>,
    pub(super) saved_groups: SavedGroups,
}

impl std::fmt::Debug for DynamoStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DynamoStore")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

impl DynamoStore {
    /// A store that makes no request until it is used.
    pub fn new(config: &AwsConfig) -> Self {
        Self::with_clock(config, Arc::new(SystemClock))
    }

    /// With a clock of the caller's, for tests.
    pub fn with_clock(config: &AwsConfig, clock: Arc<dyn Clock>) -> Self {
        Self {
            sdk: Sdk::new(config.dynamodb.endpoint.clone()).timed_by(Arc::clone(&clock)),
            config: config.dynamodb.clone(),
            jumps: ClockJumps::of(Arc::clone(&clock)),
            clock,
            plain_keys_seen: AtomicBool::new(false),
            plain_probed_at: AtomicI64::new(i64::MIN),
            entered: Mutex::default(),
            saved_groups: SavedGroups::default(),
        }
    }

    /// The same, with requests that go there instead of over the network.
    #[must_use]
    pub fn over(self, transport: Arc<dyn Transport>) -> Self {
        Self {
            sdk: self.sdk.over(transport),
            ..self
        }
    }

    /// The table's name.
    pub fn table(&self) -> &str {
        &self.config.table
    }

    /// Requests made so far.
    pub fn requests(&self) -> &Arc<RequestCounts> {
        self.sdk.counts()
    }

    /// Whether writes are to say what they consume.
    pub(super) fn reported_capacity(&self) -> Option<ReturnConsumedCapacity> {
        let reported = self.config.report_capacity;
        reported.then_some(ReturnConsumedCapacity::Total)
    }

    /// Now, for the end of a lease that this process takes or renews. Where its clock is known to be
    /// wrong this is a little late: its own lease is rather too long than too short.
    pub(super) fn holder_now(&self) -> UtcTime {
        self.sdk.time().for_holder()
    }

    /// Now, for judging whether another's lease, or a document, is over. Where the clock is known to
    /// be wrong this is a little early: what is another's is rather taken too late than too soon.
    pub(super) fn taker_now(&self) -> UtcTime {
        self.sdk.time().for_taker()
    }

    /// A time by our clock, as leases have it.
    pub(super) fn service_time(&self, at: UtcTime) -> UtcTime {
        self.sdk.time().of_local(at)
    }
}

/// The condition that an item is still as it was read.
pub(super) fn unchanged(item: &LedgerItem) -> Condition {
    match &item.version {
        Version::Ours { attempt, nonce } => Condition::Seen {
            attempt: *attempt,
            nonce: nonce.clone(),
            lease_millis: item.lease_until.map_or(0, lease_millis),
        },
        Version::Foreign { timestamp } => Condition::Foreign {
            timestamp: timestamp.clone(),
        },
    }
}

/// After [`MAX_ROUNDS`].
pub(super) fn contended() -> StoreErrorKind {
    StoreErrorKind::Unavailable("the item changes faster than it can be written".to_owned())
}

#[async_trait]
impl Ledger for DynamoStore {
    async fn declare(&self) -> Result<(), StoreError> {
        self.declare_table().await
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.check_table().await
    }

    async fn claim(&self, batch: Vec<Claim>) -> Vec<Result<ClaimOutcome, StoreError>> {
        self.claim_all(batch).await
    }

    async fn renew(&self, batch: Vec<Lease>) -> Vec<Result<LeaseOutcome, StoreError>> {
        self.renew_all(batch).await
    }

    async fn update_state(&self, batch: Vec<StateUpdate>) -> Vec<Result<LeaseOutcome, StoreError>> {
        self.update_all(batch).await
    }

    async fn complete(&self, batch: Vec<Completion>) -> Vec<Result<CompletionOutcome, StoreError>> {
        self.complete_all(batch).await
    }

    async fn get(&self, task_ids: &[String]) -> Vec<Result<Option<Record>, StoreError>> {
        self.records(task_ids).await
    }

    async fn forget(&self, task_ids: &[String]) -> Vec<Result<(), StoreError>> {
        self.forget_all(task_ids).await
    }
}
