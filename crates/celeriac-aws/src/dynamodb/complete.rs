use aws_sdk_dynamodb::types::AttributeValue;
use celeriac_core::{
    CompleteDecision, Completion, CompletionKind, CompletionOutcome, LedgerItem, StoreError,
    StoreErrorKind, decide_complete,
};
use celeriac_protocol::UtcTime;

use super::batch::{Written, rounds};
use super::item::{ATTEMPT, LEASE, NONCE, RETRIES, RUNS, STATE, number, text};
use super::statement::{Condition, Write};
use super::store::{DynamoStore, MAX_ROUNDS, contended, unchanged};

const OPERATION: &str = "complete";
type Answer = Result<CompletionOutcome, StoreErrorKind>;

/// What is known of the item that a completion meets.
enum Seen {
    /// Nothing yet: ours, as we left it, most likely.
    Unread,
    Gone,
    There(Box<LedgerItem>),
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
        mut open: Vec<usize>,
        answers: &mut [Option<Answer>],
    ) {
        // giving back subtracts from what stands there, so it is read first: shutdown is not the hot path
        let (mut unread, mut read): (Vec<usize>, Vec<usize>) = open
            .drain(..)
            .partition(|place| is_blind(&batch[*place].kind));
        for _ in 0..MAX_ROUNDS {
            if unread.is_empty() && read.is_empty() {
                return;
            }
            let now = self.clock.now();
            let mut writes = Vec::with_capacity(unread.len() + read.len());
            for place in std::mem::take(&mut unread) {
                self.plan(
                    place,
                    &keys[place],
                    &batch[place],
                    &Seen::Unread,
                    now,
                    &mut writes,
                    answers,
                );
            }
            if !read.is_empty() {
                let items = self
                    .ledger_items(read.iter().map(|place| &keys[*place]))
                    .await;
                for place in std::mem::take(&mut read) {
                    match items.get(&keys[place]) {
                        Err(kind) => answers[place] = Some(Err(kind)),
                        Ok(item) => {
                            let seen = item.map_or(Seen::Gone, |item| Seen::There(Box::new(item)));
                            self.plan(
                                place,
                                &keys[place],
                                &batch[place],
                                &seen,
                                now,
                                &mut writes,
                                answers,
                            );
                        }
                    }
                }
            }
            let (places, writes): (Vec<usize>, Vec<Write>) = writes.into_iter().unzip();
            for (place, outcome) in places.into_iter().zip(self.write_all(writes).await) {
                match outcome {
                    Written::Done => answers[place] = Some(Ok(CompletionOutcome::Stored)),
                    Written::Refused => read.push(place),
                    Written::Failed(failure) => answers[place] = Some(Err(failure.into())),
                }
            }
        }
    }

    /// Answers a completion, or adds its write.
    #[expect(
        clippy::too_many_arguments,
        reason = "one step of the loop above, taken out of it"
    )]
    fn plan(
        &self,
        place: usize,
        key: &str,
        completion: &Completion,
        seen: &Seen,
        now: UtcTime,
        writes: &mut Vec<(usize, Write)>,
        answers: &mut [Option<Answer>],
    ) {
        let item = match seen {
            Seen::Unread => None,
            Seen::Gone if is_blind(&completion.kind) => None,
            Seen::Gone => {
                answers[place] = Some(Ok(CompletionOutcome::Stored)); // nothing is held, nothing is to be given back
                return;
            }
            Seen::There(item) => {
                match decide_complete(Some(item), completion.attempt, &completion.nonce) {
                    CompleteDecision::Answer(outcome) => {
                        answers[place] = Some(Ok(outcome));
                        return;
                    }
                    CompleteDecision::Overwrite => Some(&**item),
                }
            }
        };
        let condition = match (seen, item) {
            (Seen::Unread, _) => Condition::Held {
                attempt: completion.attempt,
            },
            (_, Some(item)) => unchanged(item),
            (_, None) => Condition::Absent,
        };
        match self.ended(completion, item, &condition, now) {
            Ok(set) => writes.push((
                place,
                Write {
                    id: key.to_owned(),
                    condition,
                    set,
                },
            )),
            Err(kind) => answers[place] = Some(Err(kind)),
        }
    }

    fn ended(
        &self,
        completion: &Completion,
        item: Option<&LedgerItem>,
        condition: &Condition,
        now: UtcTime,
    ) -> Result<Vec<(&'static str, AttributeValue)>, StoreErrorKind> {
        let mut set = match &completion.kind {
            CompletionKind::Final(meta) | CompletionKind::Retry { meta, .. } => {
                let mut set = self.shown(meta, now)?;
                set.push((RUNS, number(0)));
                set
            }
            CompletionKind::GivenBack | CompletionKind::Released => {
                let runs = item.map_or(0, |item| item.runs.saturating_sub(1));
                let state = item.map_or("PENDING", |item| item.meta.status.as_str());
                let mut set: Vec<_> = self.ttl(now).into_iter().collect();
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
        set.extend([(LEASE, number(0)), (NONCE, text(&completion.nonce))]);
        Ok(set)
    }
}

/// Whether the completion can be written without reading.
fn is_blind(kind: &CompletionKind) -> bool {
    matches!(
        kind,
        CompletionKind::Final(_) | CompletionKind::Retry { .. }
    )
}
