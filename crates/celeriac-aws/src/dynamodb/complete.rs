use celeriac_core::{
    CompleteDecision, Completion, CompletionKind, CompletionOutcome, LedgerItem, StoreError,
    StoreErrorKind, UNREAD, decide_complete,
};
use celeriac_protocol::UtcTime;

use super::batch::{Written, rounds};
use super::item::{
    ATTEMPT, Attribute, LEASE, NONCE, RETRIES, RUNS, STATE, lease_millis, lease_until, number,
    result_attributes, text, ttl_attribute,
};
use super::read::LedgerItems;
use super::statement::{Condition, Write};
use super::store::{DynamoStore, MAX_ROUNDS, contended, unchanged};

const OPERATION: &str = "complete";
type Answer = Result<CompletionOutcome, StoreErrorKind>;

/// A completion on its way.
struct Open<'a> {
    index: usize,
    key: &'a str,
    completion: &'a Completion,
    /// Whether the item must be read first. Most likely it is ours, as we left it, and need not.
    look: bool,
}

/// What comes next for a completion.
enum Step {
    Answer(CompletionOutcome),
    Write(Write),
}

impl DynamoStore {
    pub(super) async fn complete_all(
        &self,
        batch: Vec<Completion>,
    ) -> Vec<Result<CompletionOutcome, StoreError>> {
        let keys: Vec<String> = batch
            .iter()
            .map(|completion| self.key(&completion.task_id))
            .collect();
        let mut answers: Vec<Option<Answer>> = batch.iter().map(|_| None).collect();
        for round in rounds(keys.iter().map(String::as_str)) {
            self.complete_distinct(&batch, &keys, round, &mut answers)
                .await;
        }
        let answered = batch.iter().zip(answers);
        answered
            .map(|(completion, answer)| {
                answer
                    .unwrap_or_else(|| Err(contended()))
                    .map_err(|kind| StoreError::new(OPERATION, &completion.task_id, kind))
            })
            .collect()
    }

    async fn complete_distinct(
        &self,
        batch: &[Completion],
        keys: &[String],
        open: Vec<usize>,
        answers: &mut [Option<Answer>],
    ) {
        let mut open: Vec<Open<'_>> = open
            .into_iter()
            .map(|index| Open {
                index,
                key: &keys[index],
                completion: &batch[index],
                // giving back subtracts from what stands there, so it is read first: shutdown is
                // not the hot path
                look: !is_blind(&batch[index].kind),
            })
            .collect();
        for _ in 0..MAX_ROUNDS {
            if open.is_empty() {
                return;
            }
            let (sent, writes) = self.plan(open, answers).await;
            let written = self.write_all(writes).await;
            open = Vec::new();
            for (entry, outcome) in sent.into_iter().zip(written) {
                match outcome {
                    Written::Done => answers[entry.index] = Some(Ok(CompletionOutcome::Stored)),
                    Written::Refused(_) => open.push(Open {
                        look: true,
                        ..entry
                    }),
                    Written::Failed(failure) => answers[entry.index] = Some(Err(failure.into())),
                }
            }
        }
    }

    /// Reads what must be looked at; answers what needs no write, and gives the writes of the
    /// others.
    async fn plan<'a>(
        &self,
        open: Vec<Open<'a>>,
        answers: &mut [Option<Answer>],
    ) -> (Vec<Open<'a>>, Vec<Write>) {
        let looked_at: Vec<String> = open
            .iter()
            .filter(|entry| entry.look)
            .map(|entry| entry.key.to_owned())
            .collect();
        let items = self.ledger_items(looked_at.iter()).await;
        let now = self.clock.now();
        let (mut sent, mut writes) = (
            Vec::with_capacity(open.len()),
            Vec::with_capacity(open.len()),
        );
        for entry in open {
            match self.completion_step(&entry, &items, now) {
                Ok(Step::Write(write)) => {
                    writes.push(write);
                    sent.push(entry);
                }
                Ok(Step::Answer(outcome)) => answers[entry.index] = Some(Ok(outcome)),
                Err(kind) => answers[entry.index] = Some(Err(kind)),
            }
        }
        (sent, writes)
    }

    fn completion_step(
        &self,
        entry: &Open<'_>,
        items: &LedgerItems,
        now: UtcTime,
    ) -> Result<Step, StoreErrorKind> {
        let completion = entry.completion;
        let (item, condition) = if entry.look {
            let item = items.get(entry.key)?;
            match decide_complete(item.as_ref(), completion.attempt, &completion.nonce) {
                CompleteDecision::Answer(outcome) => return Ok(Step::Answer(outcome)),
                // nothing is held, so there is nothing to give back
                CompleteDecision::Overwrite if item.is_none() && !is_blind(&completion.kind) => {
                    return Ok(Step::Answer(CompletionOutcome::Stored));
                }
                CompleteDecision::Overwrite => {
                    let condition = item.as_ref().map_or(Condition::Absent, unchanged);
                    (item, condition)
                }
            }
        } else {
            (
                None,
                Condition::Held {
                    attempt: completion.attempt,
                },
            )
        };
        let set = self.ended(completion, item.as_ref(), &condition, now)?;
        Ok(Step::Write(Write {
            id: entry.key.to_owned(),
            condition,
            set,
        }))
    }

    fn ended(
        &self,
        completion: &Completion,
        item: Option<&LedgerItem>,
        condition: &Condition,
        now: UtcTime,
    ) -> Result<Vec<Attribute>, StoreErrorKind> {
        let mut set = match &completion.kind {
            CompletionKind::Final(meta) | CompletionKind::Retry { meta, .. } => {
                let mut set = result_attributes(meta, &self.config, now)?;
                set.push((RUNS, number(0)));
                set
            }
            CompletionKind::Unread(meta) => {
                let mut set = result_attributes(meta, &self.config, now)?;
                set.retain(|(name, _)| *name != STATE);
                set.extend([(RUNS, number(0)), (STATE, text(UNREAD))]);
                set
            }
            CompletionKind::Released | CompletionKind::Detached { .. } => {
                let runs = item.map_or(0, |item| item.runs.saturating_sub(1));
                let state = item.map_or("PENDING", |item| item.meta.status.as_str());
                let mut set: Vec<_> = ttl_attribute(&self.config, now).into_iter().collect();
                set.extend([(RUNS, number(runs)), (STATE, text(state))]);
                set
            }
        };
        if let CompletionKind::Retry { retries, .. } = completion.kind {
            set.push((RETRIES, number(retries)));
        }
        let wiped = matches!(condition, Condition::Absent | Condition::Foreign { .. });
        if wiped {
            // what Python's write, or the item's end, took away
            set.push((ATTEMPT, number(completion.attempt)));
            if !matches!(completion.kind, CompletionKind::Retry { .. }) {
                set.push((RETRIES, number(item.map_or(0, |item| item.retries))));
            }
        }
        let mut lease = number(0);
        match completion.kind {
            CompletionKind::Retry { due: Some(due), .. } => {
                // until then a lease that no attempt holds
                set.retain(|(name, _)| *name != ATTEMPT);
                set.push((ATTEMPT, number(completion.attempt + 1)));
                lease = number(lease_millis(self.service_time(due)));
            }
            CompletionKind::Detached { lease: more } => {
                lease = lease_until(self.holder_now(), more);
            }
            _ => {}
        }
        set.extend([(LEASE, lease), (NONCE, text(&completion.nonce))]);
        Ok(set)
    }
}

/// Whether the completion can be written without reading.
fn is_blind(kind: &CompletionKind) -> bool {
    matches!(
        kind,
        CompletionKind::Final(_) | CompletionKind::Unread(_) | CompletionKind::Retry { .. }
    )
}
