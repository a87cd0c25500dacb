use celeriac_core::{
    Lease, LeaseOutcome, LedgerItem, StateUpdate, StoreError, StoreErrorKind, Version,
};
use celeriac_protocol::{ResultMeta, State, UtcTime, Value};

use super::batch::{Written, rounds};
use super::item::{
    ATTEMPT, Attribute, LEASE, NONCE, RETRIES, RUNS, STATE, lease_millis, lease_until, number,
    result_attributes, text, ttl_attribute,
};
use super::statement::{Condition, Write};
use super::store::{DynamoStore, MAX_ROUNDS, contended, unchanged};

/// A write that only the holder of a task may make, and that does not end its claim.
struct Hold {
    task_id: String,
    key: String,
    attempt: u64,
    /// Until when it renews the lease, if it does.
    until: Option<UtcTime>,
    set: Vec<Attribute>,
}

impl DynamoStore {
    pub(super) async fn renew_all(
        &self,
        batch: Vec<Lease>,
    ) -> Vec<Result<LeaseOutcome, StoreError>> {
        let (now, holder_now) = (self.clock.now(), self.holder_now());
        let hold = |lease: Lease| {
            // an item must not lapse under a long run
            let mut set: Vec<_> = ttl_attribute(&self.config, now).into_iter().collect();
            let until = holder_now.after(lease.lease);
            set.push((LEASE, number(lease_millis(until))));
            Ok(Hold {
                key: self.key(&lease.task_id),
                task_id: lease.task_id,
                attempt: lease.attempt,
                until: Some(until),
                set,
            })
        };
        self.hold_all("renew", batch.into_iter().map(hold).collect())
            .await
    }

    pub(super) async fn update_all(
        &self,
        batch: Vec<StateUpdate>,
    ) -> Vec<Result<LeaseOutcome, StoreError>> {
        let now = self.clock.now();
        let hold = |update: StateUpdate| {
            let set = result_attributes(&update.meta, &self.config, now)
                .map_err(|kind| StoreError::new("update_state", &update.task_id, kind))?;
            Ok(Hold {
                key: self.key(&update.task_id),
                task_id: update.task_id,
                attempt: update.attempt,
                until: None,
                set,
            })
        };
        self.hold_all("update_state", batch.into_iter().map(hold).collect())
            .await
    }

    async fn hold_all(
        &self,
        operation: &'static str,
        batch: Vec<Result<Hold, StoreError>>,
    ) -> Vec<Result<LeaseOutcome, StoreError>> {
        let mut answers: Vec<Option<Result<LeaseOutcome, StoreError>>> =
            Vec::with_capacity(batch.len());
        let mut good = Vec::with_capacity(batch.len());
        for (index, hold) in batch.into_iter().enumerate() {
            match hold {
                Ok(hold) => {
                    good.push((index, hold));
                    answers.push(None);
                }
                Err(error) => answers.push(Some(Err(error))),
            }
        }
        for round in rounds(good.iter().map(|(_, hold)| hold.key.as_str())) {
            let holds: Vec<&(usize, Hold)> = round.into_iter().map(|at| &good[at]).collect();
            let writes = holds
                .iter()
                .map(|(_, hold)| hold.write(hold.condition()))
                .collect();
            for ((index, hold), outcome) in holds.into_iter().zip(self.write_all(writes).await) {
                let answer = match outcome {
                    Written::Done => Ok(LeaseOutcome::Held),
                    Written::Refused(_) => self.look_again(hold).await,
                    Written::Failed(failure) => Err(failure.into()),
                };
                answers[*index] =
                    Some(answer.map_err(|kind| StoreError::new(operation, &hold.task_id, kind)));
            }
        }
        answers
            .into_iter()
            .map(|answer| {
                answer.unwrap_or_else(|| Err(StoreError::new(operation, self.table(), contended())))
            })
            .collect()
    }

    /// After a refusal: lost to another attempt or a final state, or wiped by Python's write. A
    /// wiped claim that nobody else took is put back.
    async fn look_again(&self, hold: &Hold) -> Result<LeaseOutcome, StoreErrorKind> {
        for _ in 0..MAX_ROUNDS {
            let items = self.ledger_items(std::iter::once(&hold.key)).await;
            let write = match items.get(&hold.key)? {
                // Python's `forget` deletes the item: the run goes on, and its message is still
                // there
                None => self.put_back(hold)?,
                Some(item) if item.meta.status.is_ready() => return Ok(LeaseOutcome::Lost),
                Some(item) => match &item.version {
                    Version::Ours { attempt, .. } => return Ok(hold.outcome(*attempt, &item)),
                    Version::Foreign { .. } => hold.restored(&item, self.holder_now()),
                },
            };
            match self.write_all(vec![write]).await.pop() {
                Some(Written::Done) => return Ok(LeaseOutcome::Held),
                Some(Written::Failed(failure)) => return Err(failure.into()),
                Some(Written::Refused(_)) | None => {}
            }
        }
        Err(contended())
    }
}

impl DynamoStore {
    /// The claim on an item that is gone.
    fn put_back(&self, hold: &Hold) -> Result<Write, StoreErrorKind> {
        let pending = ResultMeta::new(&hold.task_id, State::Pending, Value::Null);
        let all = result_attributes(&pending, &self.config, self.clock.now())?;
        let mut write = hold.claimed_again(Condition::Absent, 0, "PENDING", self.holder_now());
        let has = |name: &str| write.set.iter().any(|(set, _)| *set == name);
        let missing: Vec<Attribute> = all.into_iter().filter(|(name, _)| !has(name)).collect();
        write.set.extend(missing);
        Ok(write)
    }
}

/// How long a claim holds that was wiped and put back by a write that brings no lease: until the
/// next renewal, well beyond the workers' heartbeat.
const RESTORED_LEASE: std::time::Duration = std::time::Duration::from_mins(1);

impl Hold {
    /// A renewal that was long under way must not shorten what later ones gave.
    fn condition(&self) -> Condition {
        let attempt = self.attempt;
        match self.until {
            Some(until) => Condition::Renewable {
                attempt,
                until_millis: lease_millis(until),
            },
            None => Condition::Held { attempt },
        }
    }

    /// What stands there is another's, or has ended, unless a renewal that was sent later has gone
    /// through before this one.
    fn outcome(&self, attempt: u64, item: &LedgerItem) -> LeaseOutcome {
        let ours = attempt == self.attempt && self.until.is_some();
        if ours && item.lease_until > self.until {
            LeaseOutcome::Held
        } else {
            LeaseOutcome::Lost
        }
    }

    fn write(&self, condition: Condition) -> Write {
        Write {
            id: self.key.clone(),
            condition,
            set: self.set.clone(),
        }
    }

    fn restored(&self, item: &LedgerItem, now: UtcTime) -> Write {
        let state = item.meta.status.as_str();
        self.claimed_again(unchanged(item), item.retries, state, now)
    }

    fn claimed_again(
        &self,
        condition: Condition,
        retries: u32,
        state: &str,
        now: UtcTime,
    ) -> Write {
        let mut write = self.write(condition);
        let has = |name: &str| self.set.iter().any(|(set, _)| *set == name);
        let claim = [
            (ATTEMPT, number(self.attempt)),
            (RUNS, number(1)),
            (RETRIES, number(retries)),
            (NONCE, text(celeriac_core::random::uuid4().to_string())),
            (STATE, text(state)),
            (LEASE, lease_until(now, RESTORED_LEASE)),
        ];
        write
            .set
            .extend(claim.into_iter().filter(|(name, _)| !has(name)));
        write
    }
}
