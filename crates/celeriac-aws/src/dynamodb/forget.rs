use celeriac_core::{LedgerItem, StoreError, StoreErrorKind, Version};
use celeriac_protocol::{ResultMeta, State, UtcTime, Value};

use super::batch::{Written, rounds};
use super::item::{ATTEMPT, LEASE, NONCE, RETRIES, RUNS, STATE, number, result_attributes, text};
use super::statement::Write;
use super::store::{DynamoStore, MAX_ROUNDS, contended, unchanged};

impl DynamoStore {
    /// Leaves tombstones: `result` shows PENDING, as Python does for an unknown id, and `c_state`
    /// keeps the final state.
    pub(super) async fn forget_all(&self, task_ids: &[String]) -> Vec<Result<(), StoreError>> {
        let keys: Vec<String> = task_ids.iter().map(|id| self.key(id)).collect();
        let mut answers: Vec<Option<Result<(), StoreErrorKind>>> =
            keys.iter().map(|_| None).collect();
        for mut open in rounds(keys.iter().map(String::as_str)) {
            for _ in 0..MAX_ROUNDS {
                let items = self
                    .ledger_items(open.iter().map(|index| &keys[*index]))
                    .await;
                let mut writes = Vec::with_capacity(open.len());
                for index in std::mem::take(&mut open) {
                    match items.get(&keys[index]) {
                        Err(kind) => answers[index] = Some(Err(kind)),
                        Ok(Some(item)) if item.meta.status.is_ready() => {
                            match self.tombstone(
                                &keys[index],
                                &task_ids[index],
                                &item,
                                self.clock.now(),
                            ) {
                                Ok(write) => writes.push((index, write)),
                                Err(kind) => answers[index] = Some(Err(kind)),
                            }
                        }
                        Ok(_) => answers[index] = Some(Ok(())),
                    }
                }
                let (indexes, writes): (Vec<usize>, Vec<Write>) = writes.into_iter().unzip();
                for (index, outcome) in indexes.into_iter().zip(self.write_all(writes).await) {
                    match outcome {
                        Written::Done => answers[index] = Some(Ok(())),
                        Written::Refused(_) => open.push(index),
                        Written::Failed(failure) => answers[index] = Some(Err(failure.into())),
                    }
                }
                if open.is_empty() {
                    break;
                }
            }
        }
        let answered = task_ids.iter().zip(answers);
        answered
            .map(|(id, answer)| {
                answer
                    .unwrap_or_else(|| Err(contended()))
                    .map_err(|kind| StoreError::new("forget", id, kind))
            })
            .collect()
    }

    fn tombstone(
        &self,
        key: &str,
        task_id: &str,
        item: &LedgerItem,
        now: UtcTime,
    ) -> Result<Write, StoreErrorKind> {
        let mut set = result_attributes(
            &ResultMeta::new(task_id, State::Pending, Value::Null),
            &self.config,
            now,
        )?;
        set.retain(|(name, _)| *name != STATE);
        let attempt = match item.version {
            Version::Ours { attempt, .. } => attempt,
            Version::Foreign { .. } => 0,
        };
        set.extend([
            (STATE, text(item.meta.status.as_str())),
            (ATTEMPT, number(attempt)),
            (RUNS, number(0)),
            (RETRIES, number(item.retries)),
            (LEASE, number(0)),
            (NONCE, text(celeriac_core::random::uuid4().to_string())),
        ]);
        Ok(Write {
            id: key.to_owned(),
            condition: unchanged(item),
            set,
        })
    }
}
