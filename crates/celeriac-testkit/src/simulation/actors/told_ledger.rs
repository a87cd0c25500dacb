use std::sync::Arc;

use async_trait::async_trait;
use celeriac_core::{
    Claim, ClaimOutcome, Completion, CompletionOutcome, Lease, LeaseOutcome, Ledger, Record,
    StateUpdate, StoreError,
};

use super::super::process::Process;
use super::super::world::World;

/// A process's ledger, whose answers the checker hears too.
pub(super) struct ToldLedger {
    pub(super) world: Arc<World>,
    pub(super) process: Arc<Process>,
    pub(super) ledger: Arc<dyn Ledger>,
}

#[async_trait]
impl Ledger for ToldLedger {
    fn max_batch(&self) -> usize {
        self.ledger.max_batch()
    }

    async fn declare(&self) -> Result<(), StoreError> {
        self.ledger.declare().await
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.ledger.check().await
    }

    async fn claim(&self, batch: Vec<Claim>) -> Vec<Result<ClaimOutcome, StoreError>> {
        let claims = batch.clone();
        let answers = self.ledger.claim(batch).await;
        for (claim, answer) in claims.iter().zip(&answers) {
            let (by, id) = (&self.process.name, &claim.task_id);
            match answer {
                Ok(ClaimOutcome::Leased { .. }) => self
                    .world
                    .check(|checker, now| checker.claim_refused(by, id, &claim.nonce, now)),
                Ok(ClaimOutcome::Claimed(claimed)) if claim.likely_known => self
                    .world
                    .check(|checker, now| checker.claim_given(by, id, claimed.attempt, now)),
                _ => {}
            }
        }
        answers
    }

    async fn renew(&self, batch: Vec<Lease>) -> Vec<Result<LeaseOutcome, StoreError>> {
        self.ledger.renew(batch).await
    }

    async fn update_state(&self, batch: Vec<StateUpdate>) -> Vec<Result<LeaseOutcome, StoreError>> {
        self.ledger.update_state(batch).await
    }

    async fn complete(&self, batch: Vec<Completion>) -> Vec<Result<CompletionOutcome, StoreError>> {
        self.ledger.complete(batch).await
    }

    async fn get(&self, task_ids: &[String]) -> Vec<Result<Option<Record>, StoreError>> {
        self.ledger.get(task_ids).await
    }

    async fn forget(&self, task_ids: &[String]) -> Vec<Result<(), StoreError>> {
        self.ledger.forget(task_ids).await
    }
}
