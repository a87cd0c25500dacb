//! A broker and a store that count their requests, and fail when told to.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use celeriac_core::{
    Broker, BrokerError, BrokerErrorKind, Capabilities, Claim, ClaimOutcome, Completion,
    CompletionOutcome, DeadLetter, Delivery, Lease, LeaseOutcome, Ledger, Outgoing, QueueStats,
    Receipt, Record, SetVisibility, StateUpdate, StoreError, StoreErrorKind,
};

/// What is counted, and what goes wrong.
#[derive(Debug, Default)]
pub struct Switches {
    /// Requests as SQS would bill them, by kind.
    pub receives: AtomicUsize,
    pub sends: AtomicUsize,
    pub acks: AtomicUsize,
    pub visibilities: AtomicUsize,
    /// Requests as DynamoDB would see them.
    pub store_requests: AtomicUsize,
    /// Milliseconds that a claim or a completion is on the way, as it is to DynamoDB.
    pub store_takes: AtomicUsize,
    /// So many receives hang for ever.
    pub hang_receives: AtomicUsize,
    /// So many receives fail.
    pub fail_receives: AtomicUsize,
    /// So many sends fail.
    pub fail_sends: AtomicUsize,
    /// So many claims and completions fail, by batch.
    pub fail_claims: AtomicUsize,
    /// So many batches of claims go through, and their answer is lost.
    pub lost_claims: AtomicUsize,
    /// This many claims meet an item that cannot be read.
    pub garbled_claims: AtomicUsize,
    pub fail_completions: AtomicUsize,
    /// Deletions fail as long as this is on.
    pub fail_acks: AtomicBool,
    /// There is no queue.
    pub no_queue: AtomicBool,
    /// Queues are made by nobody but who declares them, as on SQS.
    pub declared_only: AtomicBool,
    /// The queue's name is none.
    pub bad_queue: AtomicBool,
    /// For how long messages were to be invisible.
    pub invisible_for: Mutex<Vec<Duration>>,
    /// What was sent.
    pub sent: Mutex<Vec<Outgoing>>,
}

impl Switches {
    pub fn get(counter: &AtomicUsize) -> usize {
        counter.load(SeqCst)
    }

    async fn on_the_way(&self) {
        let takes = self.store_takes.load(SeqCst) as u64;
        if takes > 0 {
            tokio::time::sleep(Duration::from_millis(takes)).await;
        }
    }

    fn take(counter: &AtomicUsize) -> bool {
        counter
            .fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1))
            .is_ok()
    }
}

pub struct WrappedBroker(pub Arc<dyn Broker>, pub Arc<Switches>);

fn tens(entries: usize) -> usize {
    entries.div_ceil(10)
}

fn unavailable(operation: &'static str, queue: &str) -> BrokerError {
    BrokerError::new(
        operation,
        queue,
        BrokerErrorKind::Unavailable("told to".to_owned()),
    )
}

#[async_trait]
impl Broker for WrappedBroker {
    fn capabilities(&self, queue: &str) -> Capabilities {
        let capabilities = self.0.capabilities(queue);
        Capabilities {
            creates_missing_queues: capabilities.creates_missing_queues
                && !self.1.declared_only.load(SeqCst),
            ..capabilities
        }
    }

    async fn send(&self, queue: &str, batch: Vec<Outgoing>) -> Vec<Result<String, BrokerError>> {
        self.1.sends.fetch_add(tens(batch.len()), SeqCst);
        self.1.sent.lock().expect("no panic").extend(batch.clone());
        if Switches::take(&self.1.fail_sends) {
            return batch
                .iter()
                .map(|_| Err(unavailable("send", queue)))
                .collect();
        }
        self.0.send(queue, batch).await
    }

    async fn receive(
        &self,
        queue: &str,
        max: usize,
        wait: Duration,
        visibility: Duration,
    ) -> Result<Vec<Delivery>, BrokerError> {
        self.1.receives.fetch_add(1, SeqCst);
        if self.1.no_queue.load(SeqCst) {
            return Err(BrokerError::new(
                "receive",
                queue,
                BrokerErrorKind::QueueNotFound,
            ));
        }
        if self.1.bad_queue.load(SeqCst) {
            let reason = "SQS takes no queue of this name".to_owned();
            let kind = BrokerErrorKind::Invalid(reason);
            return Err(BrokerError::new("receive", queue, kind));
        }
        if Switches::take(&self.1.hang_receives) {
            std::future::pending::<()>().await;
        }
        if Switches::take(&self.1.fail_receives) {
            return Err(unavailable("receive", queue));
        }
        self.0.receive(queue, max, wait, visibility).await
    }

    async fn ack(&self, queue: &str, receipts: Vec<Receipt>) -> Vec<Result<(), BrokerError>> {
        self.1.acks.fetch_add(tens(receipts.len()), SeqCst);
        if self.1.fail_acks.load(SeqCst) {
            return receipts
                .iter()
                .map(|_| Err(unavailable("ack", queue)))
                .collect();
        }
        self.0.ack(queue, receipts).await
    }

    async fn set_visibility(
        &self,
        queue: &str,
        batch: Vec<SetVisibility>,
    ) -> Vec<Result<(), BrokerError>> {
        self.1.visibilities.fetch_add(tens(batch.len()), SeqCst);
        let asked = batch.iter().map(|change| change.visibility);
        self.1.invisible_for.lock().expect("no panic").extend(asked);
        self.0.set_visibility(queue, batch).await
    }

    async fn dead_letter(
        &self,
        queue: &str,
        batch: Vec<DeadLetter>,
    ) -> Vec<Result<(), BrokerError>> {
        self.0.dead_letter(queue, batch).await
    }

    async fn stats(&self, queue: &str) -> Result<QueueStats, BrokerError> {
        self.0.stats(queue).await
    }
}

pub struct WrappedStore(pub Arc<dyn Ledger>, pub Arc<Switches>);

impl WrappedStore {
    fn count(&self, entries: usize) {
        self.1
            .store_requests
            .fetch_add(entries.div_ceil(25), SeqCst);
    }
}

fn store_unavailable(operation: &'static str) -> StoreError {
    StoreError::new(
        operation,
        "task",
        StoreErrorKind::Unavailable("told to".to_owned()),
    )
}

#[async_trait]
impl Ledger for WrappedStore {
    async fn declare(&self) -> Result<(), StoreError> {
        self.0.declare().await
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.0.check().await
    }

    async fn claim(&self, batch: Vec<Claim>) -> Vec<Result<ClaimOutcome, StoreError>> {
        self.count(batch.len());
        self.1.on_the_way().await;
        if Switches::take(&self.1.fail_claims) {
            return batch
                .iter()
                .map(|_| Err(store_unavailable("claim")))
                .collect();
        }
        if Switches::take(&self.1.lost_claims) {
            let claims = batch.len();
            self.0.claim(batch).await;
            let lost = (0..claims).map(|_| Err(store_unavailable("claim")));
            return lost.collect();
        }
        if Switches::take(&self.1.garbled_claims) {
            let garbled = || StoreErrorKind::Codec("it is pickle".to_owned());
            return batch
                .iter()
                .map(|claim| Err(StoreError::new("claim", &claim.task_id, garbled())))
                .collect();
        }
        self.0.claim(batch).await
    }

    async fn renew(&self, batch: Vec<Lease>) -> Vec<Result<LeaseOutcome, StoreError>> {
        self.count(batch.len());
        self.0.renew(batch).await
    }

    async fn update_state(&self, batch: Vec<StateUpdate>) -> Vec<Result<LeaseOutcome, StoreError>> {
        self.count(batch.len());
        self.0.update_state(batch).await
    }

    async fn complete(&self, batch: Vec<Completion>) -> Vec<Result<CompletionOutcome, StoreError>> {
        self.count(batch.len());
        self.1.on_the_way().await;
        if Switches::take(&self.1.fail_completions) {
            return batch
                .iter()
                .map(|_| Err(store_unavailable("complete")))
                .collect();
        }
        self.0.complete(batch).await
    }

    async fn get(&self, task_ids: &[String]) -> Vec<Result<Option<Record>, StoreError>> {
        self.0.get(task_ids).await
    }

    async fn forget(&self, task_ids: &[String]) -> Vec<Result<(), StoreError>> {
        self.0.forget(task_ids).await
    }
}
