use celeriac_core::{
    Claim, ClaimDecision, ClaimOutcome, Claimed, LedgerItem, StoreError, StoreErrorKind,
    TaskIdentity, decide_claim, first_claim,
};
use celeriac_protocol::{State, UtcTime};

use super::batch::{Written, rounds};
use super::item::{
    ATTEMPT, Attribute, LEASE, NONCE, ORIGIN, OWNER, QUEUE, RETRIES, RUNS, STATE, TASK,
    lease_until, number, result_attributes, text, ttl_attribute,
};
use super::read::LedgerItems;
use super::statement::{Condition, Write};
use super::store::{DynamoStore, MAX_ROUNDS, contended, unchanged};

const OPERATION: &str = "claim";
type Answer = Result<ClaimOutcome, StoreErrorKind>;

/// A claim on its way.
struct Open<'a> {
    index: usize,
    key: &'a str,
    claim: &'a Claim,
    /// Whether an item is there, as far as is known.
    known: bool,
}

/// A claim whose write is on its way.
struct Try<'a> {
    open: Open<'a>,
    claimed: Claimed,
}

/// What comes next for a claim.
enum Step {
    Answer(Box<ClaimOutcome>),
    Write(Write, Claimed),
}

impl DynamoStore {
    pub(super) async fn claim_all(
        &self,
        batch: Vec<Claim>,
    ) -> Vec<Result<ClaimOutcome, StoreError>> {
        let keys: Vec<String> = batch.iter().map(|claim| self.key(&claim.task_id)).collect();
        let mut answers: Vec<Option<Answer>> = batch.iter().map(|_| None).collect();
        for round in rounds(keys.iter().map(String::as_str)) {
            let open = round.into_iter().map(|index| Open {
                index,
                key: &keys[index],
                claim: &batch[index],
                known: batch[index].likely_known,
            });
            self.claim_distinct(open.collect(), &mut answers).await;
        }
        let answered = batch.iter().zip(answers);
        answered
            .map(|(claim, answer)| {
                answer
                    .unwrap_or_else(|| Err(contended()))
                    .map_err(|kind| StoreError::new(OPERATION, &claim.task_id, kind))
            })
            .collect()
    }

    /// Inserts what is not known to be there, takes over what is, until every claim has its answer.
    async fn claim_distinct(&self, mut open: Vec<Open<'_>>, answers: &mut [Option<Answer>]) {
        for _ in 0..MAX_ROUNDS {
            if open.is_empty() {
                return;
            }
            let (tries, writes) = self.decide(open, answers).await;
            let written = self.write_all(writes).await;
            open = Vec::new();
            for (entry, outcome) in tries.into_iter().zip(written) {
                match outcome {
                    Written::Done => {
                        answers[entry.open.index] = Some(Ok(ClaimOutcome::Claimed(entry.claimed)));
                    }
                    // there already, changed since it was read, or written by us in an attempt
                    // whose answer was lost
                    Written::Refused(_) => open.push(Open {
                        known: true,
                        ..entry.open
                    }),
                    Written::Failed(failure) => {
                        answers[entry.open.index] = Some(Err(failure.into()));
                    }
                }
            }
        }
    }

    /// Reads the known ones; answers those that need no write, and gives the writes of the others.
    async fn decide<'a>(
        &self,
        open: Vec<Open<'a>>,
        answers: &mut [Option<Answer>],
    ) -> (Vec<Try<'a>>, Vec<Write>) {
        let known: Vec<String> = open
            .iter()
            .filter(|entry| entry.known)
            .map(|entry| entry.key.to_owned())
            .collect();
        let items = self.ledger_items(known.iter()).await;
        let now = self.clock.now();
        let (mut tries, mut writes) = (
            Vec::with_capacity(open.len()),
            Vec::with_capacity(open.len()),
        );
        for entry in open {
            match self.claim_step(&entry, &items, now) {
                Ok(Step::Write(write, claimed)) => {
                    writes.push(write);
                    tries.push(Try {
                        open: entry,
                        claimed,
                    });
                }
                Ok(Step::Answer(outcome)) => answers[entry.index] = Some(Ok(*outcome)),
                Err(kind) => answers[entry.index] = Some(Err(kind)),
            }
        }
        (tries, writes)
    }

    fn claim_step(
        &self,
        entry: &Open<'_>,
        items: &LedgerItems,
        now: UtcTime,
    ) -> Result<Step, StoreErrorKind> {
        let item = if entry.known {
            items.get(entry.key)?
        } else {
            None
        };
        let Some(item) = item else {
            return self.fresh(entry, now);
        };
        let condition = unchanged(&item);
        let mut item = if items.is_expired(entry.key, now) {
            as_new(item)
        } else {
            item
        };
        let time = self.sdk.time();
        if let Some(until) = &mut item.lease_until {
            // its holder may have slept on this machine
            let spared = self.jumps.spared(time.to_local(*until), entry.claim.lease);
            *until = time.of_local(spared);
        }
        match decide_claim(&item, entry.claim, time.for_taker()) {
            ClaimDecision::Answer(ClaimOutcome::Leased { until }) => {
                let until = time.to_local(until);
                Ok(Step::Answer(Box::new(ClaimOutcome::Leased { until })))
            }
            ClaimDecision::Answer(outcome) => Ok(Step::Answer(Box::new(outcome))),
            ClaimDecision::Take {
                claimed,
                keep_result,
                binds,
            } => {
                let mut write = self.take(entry, now, condition, &claimed, keep_result)?;
                if binds {
                    write.set.extend(identity(entry.claim.binding()));
                }
                Ok(Step::Write(write, claimed))
            }
        }
    }

    fn fresh(&self, entry: &Open<'_>, now: UtcTime) -> Result<Step, StoreErrorKind> {
        let claimed = first_claim(entry.claim, self.sdk.time().for_taker());
        let mut write = self.take(entry, now, Condition::Absent, &claimed, false)?;
        write.set.extend(identity(entry.claim.binding()));
        Ok(Step::Write(write, claimed))
    }

    fn take(
        &self,
        entry: &Open<'_>,
        now: UtcTime,
        condition: Condition,
        claimed: &Claimed,
        keep_result: bool,
    ) -> Result<Write, StoreErrorKind> {
        let claim = entry.claim;
        let mut set = if keep_result {
            ttl_attribute(&self.config, now).into_iter().collect()
        } else {
            result_attributes(&claim.shown, &self.config, now)?
        };
        if keep_result {
            set.push((STATE, text("RETRY"))); // what is kept is a RETRY; Python may have written it
        }
        set.extend(held(claim, self.holder_now(), claimed));
        Ok(Write {
            id: entry.key.to_owned(),
            condition,
            set,
        })
    }
}

/// What is left of an item after its TTL: the attempt, so that a run that outlived it is fenced
/// off.
fn as_new(mut item: LedgerItem) -> LedgerItem {
    item.meta.status = State::Pending;
    LedgerItem {
        runs: 0,
        retries: 0,
        lease_until: None,
        identity: None,
        ..item
    }
}

fn held(claim: &Claim, now: UtcTime, claimed: &Claimed) -> [Attribute; 6] {
    [
        (ATTEMPT, number(claimed.attempt)),
        (RUNS, number(claimed.runs)),
        (RETRIES, number(claim.retries)),
        (LEASE, lease_until(now, claim.lease)),
        (NONCE, text(&claim.nonce)),
        (OWNER, text(&claim.owner)),
    ]
}

fn identity(of: TaskIdentity) -> impl Iterator<Item = Attribute> {
    // an origin that another's message left must not stay
    let always = [
        (TASK, text(of.name)),
        (ORIGIN, text(of.origin.unwrap_or_default())),
    ];
    always
        .into_iter()
        .chain(of.queue.map(|queue| (QUEUE, text(queue))))
}
