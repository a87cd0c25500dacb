//! Conditional writes in batches: cut to DynamoDB's limits, each statement retried by itself.

use std::collections::HashSet;

use aws_sdk_dynamodb::types::{BatchStatementError, BatchStatementErrorCodeEnum as Code};
use celeriac_core::StoreErrorKind;
use futures_util::stream::{self, StreamExt};

use crate::chunks::chunks;
use crate::fault::Fault;
use crate::pause::{MAX_ENTRY_ATTEMPTS, pause};

use super::item::{Attributes, MAX_ITEM_BYTES};
use super::statement::Write;
use super::store::DynamoStore;

/// DynamoDB: 25 statements in one `BatchExecuteStatement`.
const MAX_STATEMENTS: usize = 25;
/// Well below what one request may carry (16 MB).
const MAX_REQUEST_BYTES: usize = 8 << 20;
const CONCURRENT_REQUESTS: usize = 8;

/// What became of a write.
#[derive(Clone, Debug)]
pub(super) enum Written {
    /// It is done.
    Done,
    /// Its condition did not hold; what stands there, where the statement asked for it.
    Refused(Option<Attributes>),
    /// It failed; it may have been done all the same.
    Failed(Failure),
}

/// Why a write failed; many writes may share one.
#[derive(Clone, Debug)]
pub(super) enum Failure {
    Fault(Fault),
    TooLarge(usize),
}

impl From<Failure> for StoreErrorKind {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Fault(fault) => fault.into(),
            Failure::TooLarge(actual) => Self::TooLarge {
                actual,
                limit: MAX_ITEM_BYTES,
            },
        }
    }
}

impl DynamoStore {
    /// Performs writes of distinct items, answering in their order.
    pub(super) async fn write_all(&self, writes: Vec<Write>) -> Vec<Written> {
        let mut written: Vec<Option<Written>> = writes
            .iter()
            .map(|write| {
                write
                    .over_limit()
                    .map(|size| Written::Failed(Failure::TooLarge(size)))
            })
            .collect();
        let good = writes
            .into_iter()
            .enumerate()
            .filter(|(index, _)| written[*index].is_none())
            .collect();
        let chunks = stream::iter(cut(good))
            .map(|chunk| self.write_chunk(chunk))
            .buffer_unordered(CONCURRENT_REQUESTS);
        for (index, outcome) in chunks.collect::<Vec<_>>().await.into_iter().flatten() {
            written[index] = Some(outcome);
        }
        let lost = || {
            Written::Failed(Failure::Fault(Fault::Unavailable(
                "the answer leaves the statement out".to_owned(),
            )))
        };
        written
            .into_iter()
            .map(|outcome| outcome.unwrap_or_else(lost))
            .collect()
    }

    async fn write_chunk(&self, mut waiting: Vec<(usize, Write)>) -> Vec<(usize, Written)> {
        let mut settled = Vec::with_capacity(waiting.len());
        let mut attempt = 0;
        loop {
            attempt += 1;
            let outcomes =
                match self.execute(&waiting).await {
                    Ok(outcomes) => outcomes,
                    Err(fault) => {
                        settled.extend(waiting.into_iter().map(|(index, _)| {
                            (index, Written::Failed(Failure::Fault(fault.clone())))
                        }));
                        return settled;
                    }
                };
            let mut again = Vec::new();
            for (entry, outcome) in waiting.into_iter().zip(outcomes) {
                match outcome {
                    // a throttle in the HTTP 200: the SDK does not see it
                    Written::Failed(Failure::Fault(Fault::Unavailable(reason)))
                        if attempt < MAX_ENTRY_ATTEMPTS =>
                    {
                        self.sdk
                            .counts()
                            .report_failure("BatchExecuteStatement", &reason);
                        again.push(entry);
                    }
                    outcome => settled.push((entry.0, outcome)),
                }
            }
            if again.is_empty() {
                return settled;
            }
            waiting = again;
            pause(attempt).await;
        }
    }

    /// One request; one outcome per write, in order.
    async fn execute(&self, writes: &[(usize, Write)]) -> Result<Vec<Written>, Fault> {
        let statements = writes
            .iter()
            .map(|(_, write)| write.to_statement(&self.config.table))
            .collect();
        let request = self
            .sdk
            .dynamodb()
            .await
            .batch_execute_statement()
            .set_statements(Some(statements));
        let answer = request
            .set_return_consumed_capacity(self.reported_capacity())
            .send()
            .await
            .map_err(Fault::from)?;
        let units: f64 = answer
            .consumed_capacity()
            .iter()
            .filter_map(|capacity| capacity.capacity_units)
            .sum();
        self.sdk.counts().add_write_units(units);
        let mut outcomes: Vec<Written> = answer
            .responses
            .unwrap_or_default()
            .into_iter()
            .map(|response| response.error.map_or(Written::Done, to_outcome))
            .collect();
        let short = Fault::Unavailable("the answer leaves the statement out".to_owned());
        outcomes.resize(writes.len(), Written::Failed(Failure::Fault(short)));
        Ok(outcomes)
    }
}

fn to_outcome(error: BatchStatementError) -> Written {
    let message = error.message.unwrap_or_default();
    match error.code {
        Some(Code::ConditionalCheckFailed | Code::DuplicateItem) => Written::Refused(error.item),
        Some(code) => Written::Failed(Failure::Fault(Fault::of_code(code.as_str(), &message, 400))),
        None => Written::Failed(Failure::Fault(Fault::Unavailable(message))),
    }
}

fn cut(writes: Vec<(usize, Write)>) -> Vec<Vec<(usize, Write)>> {
    chunks(writes, MAX_STATEMENTS, MAX_REQUEST_BYTES, |(_, write)| {
        write.size()
    })
}

/// Splits a batch into rounds, to run one after the other, in which no key occurs twice: DynamoDB
/// refuses a batch with two statements on one item.
pub(super) fn rounds<'a>(keys: impl Iterator<Item = &'a str>) -> Vec<Vec<usize>> {
    let mut waiting: Vec<(usize, &str)> = keys.enumerate().collect();
    let mut rounds = Vec::new();
    while !waiting.is_empty() {
        let mut taken = HashSet::new();
        let (now, later): (Vec<_>, Vec<_>) =
            waiting.into_iter().partition(|(_, key)| taken.insert(*key));
        rounds.push(now.into_iter().map(|(index, _)| index).collect());
        waiting = later;
    }
    rounds
}

#[cfg(test)]
mod tests {
    use super::super::item::{RESULT, binary};
    use super::super::statement::Condition;
    use super::*;

    #[test]
    fn no_round_has_a_key_twice() {
        assert_eq!(
            rounds(["a", "b", "a", "c", "a"].into_iter()),
            [vec![0, 1, 3], vec![2], vec![4]]
        );
        assert_eq!(rounds(std::iter::empty()), Vec::<Vec<usize>>::new());
    }

    #[test]
    fn requests_hold_25_statements_and_8_mebibytes() {
        let writes = |count: usize, bytes: usize| {
            let write = |index: usize| {
                (
                    index,
                    Write {
                        id: index.to_string(),
                        condition: Condition::Absent,
                        set: vec![(RESULT, binary(vec![0; bytes]))],
                    },
                )
            };
            cut((0..count).map(write).collect())
                .iter()
                .map(Vec::len)
                .collect::<Vec<_>>()
        };
        assert_eq!(writes(60, 10), [25, 25, 10]);
        assert_eq!(writes(25, 400_000), [20, 5]);
    }

    #[test]
    fn statement_errors_mean_what_they_say() {
        let outcome = |code| to_outcome(BatchStatementError::builder().code(code).build());
        assert!(matches!(
            outcome(Code::DuplicateItem),
            Written::Refused(None)
        ));
        assert!(matches!(
            outcome(Code::ConditionalCheckFailed),
            Written::Refused(None)
        ));
        for passing in [
            Code::ThrottlingError,
            Code::ProvisionedThroughputExceeded,
            Code::TransactionConflict,
            Code::InternalServerError,
            Code::RequestLimitExceeded,
        ] {
            assert!(
                matches!(
                    outcome(passing.clone()),
                    Written::Failed(Failure::Fault(Fault::Unavailable(_)))
                ),
                "{passing}"
            );
        }
        assert!(matches!(
            outcome(Code::AccessDenied),
            Written::Failed(Failure::Fault(Fault::AccessDenied(_)))
        ));
        let missing = outcome(Code::ResourceNotFound);
        let Written::Failed(failure) = missing else {
            panic!("{missing:?}")
        };
        assert!(matches!(
            StoreErrorKind::from(failure),
            StoreErrorKind::TableNotFound
        ));
    }
}
