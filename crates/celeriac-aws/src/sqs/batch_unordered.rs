//! Batches of SQS whose order does not matter: sends to standard queues, and what is done by receipt
//! on any queue. Cut to SQS's limits, each entry retried by itself.

use std::future::Future;

use celeriac_core::BrokerErrorKind;
use futures_util::stream::{self, StreamExt};

use crate::chunks::chunks;
use crate::fault::Fault;
use crate::pause::{MAX_ENTRY_ATTEMPTS, pause};
use crate::request_counts::RequestCounts;

use super::batch_answer::{Answer, BatchAnswer, Fate, Indexed, Operation, fail_all, request};
use super::limits::{MAX_BYTES, MAX_ENTRIES};

/// Requests of one call in flight together.
const CONCURRENT_REQUESTS: usize = 8;

/// Runs `call` over all entries in requests of at most ten and 1 MiB, some at once.
pub(super) async fn run<E, T, F, Fut>(
    counts: &RequestCounts,
    operation: &Operation<E>,
    entries: Vec<Indexed<E>>,
    call: F,
) -> Vec<Indexed<Fate<T>>>
where
    F: Fn(Vec<(String, &E)>) -> Fut + Sync,
    Fut: Future<Output = Result<BatchAnswer<T>, Fault>>,
{
    let chunks = cut(entries, operation.size);
    let call = &call;
    let outcomes: Vec<Vec<Indexed<Fate<T>>>> = stream::iter(chunks)
        .map(|chunk| run_chunk(counts, operation, chunk, call))
        .buffered(CONCURRENT_REQUESTS)
        .collect()
        .await;
    outcomes.into_iter().flatten().collect()
}

fn cut<E>(entries: Vec<Indexed<E>>, size: fn(&E) -> usize) -> Vec<Vec<Indexed<E>>> {
    chunks(entries, MAX_ENTRIES, MAX_BYTES, |(_, entry)| size(entry))
}

/// Asks again for what is not to be had now, until it is or there were enough attempts.
async fn run_chunk<E, T, F, Fut>(
    counts: &RequestCounts,
    operation: &Operation<E>,
    mut waiting: Vec<Indexed<E>>,
    call: &F,
) -> Vec<Indexed<Fate<T>>>
where
    F: Fn(Vec<(String, &E)>) -> Fut,
    Fut: Future<Output = Result<BatchAnswer<T>, Fault>>,
{
    let mut settled = Vec::with_capacity(waiting.len());
    let mut attempt = 0;
    while !waiting.is_empty() {
        let answers = match request(operation, &waiting, call).await {
            Ok(answers) => answers,
            Err(fault) => {
                settled.extend(fail_all(waiting, &fault));
                break;
            }
        };
        attempt += 1;
        let mut again = Vec::new();
        for ((index, entry), answer) in waiting.into_iter().zip(answers) {
            match answer {
                Answer::Decided(fate) => settled.push((index, fate)),
                Answer::NotNow(reason) if attempt < MAX_ENTRY_ATTEMPTS => {
                    counts.report_failure(operation.name, &reason);
                    again.push((index, entry));
                }
                Answer::NotNow(reason) => {
                    settled.push((index, Err(BrokerErrorKind::Unavailable(reason))));
                }
            }
        }
        if !again.is_empty() {
            pause(attempt).await;
        }
        waiting = again;
    }
    settled
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use aws_sdk_sqs::types::BatchResultErrorEntry;

    use super::*;

    fn operation<E>() -> Operation<E> {
        Operation {
            name: "Test",
            size: |_| 1,
            refusal: BrokerErrorKind::from,
        }
    }

    fn failed(id: &str, code: &str, sender_fault: bool) -> BatchResultErrorEntry {
        BatchResultErrorEntry::builder()
            .id(id)
            .code(code)
            .sender_fault(sender_fault)
            .build()
            .expect("all set")
    }

    #[test]
    fn requests_hold_ten_entries_and_a_mebibyte() {
        let lengths = |sizes: &[usize]| {
            let entries = sizes.iter().copied().enumerate().collect();
            cut(entries, |size: &usize| *size)
                .iter()
                .map(Vec::len)
                .collect::<Vec<_>>()
        };
        assert_eq!(lengths(&[1; 23]), [10, 10, 3]);
        assert_eq!(lengths(&[MAX_BYTES, 1, MAX_BYTES - 1, 1]), [1, 2, 1]);
        assert_eq!(lengths(&[]), [0; 0]);
    }

    #[tokio::test(start_paused = true)]
    async fn passing_failures_are_retried_entry_by_entry() {
        let seen = Mutex::new(Vec::new());
        let counts = RequestCounts::default();
        let entries = vec![(7, "a"), (3, "b"), (5, "c")];
        let outcome = run(&counts, &operation(), entries, |request| {
            let mut seen = seen.lock().expect("lock");
            seen.push(request.iter().map(|(_, entry)| **entry).collect::<String>());
            let answer = match seen.len() {
                1 => BatchAnswer {
                    done: vec![("1".to_owned(), "B")],
                    failed: vec![
                        failed("0", "InternalError", false),
                        failed("2", "InvalidMessageContents", true),
                    ],
                },
                2 => BatchAnswer {
                    done: vec![],
                    failed: vec![failed("0", "AWS.SimpleQueueService.RequestThrottled", true)],
                },
                _ => BatchAnswer {
                    done: vec![("0".to_owned(), "A")],
                    failed: vec![],
                },
            };
            std::future::ready(Ok(answer))
        })
        .await;
        assert_eq!(*seen.lock().expect("lock"), ["abc", "a", "a"]);
        let mut outcome: Vec<(usize, String)> = outcome
            .into_iter()
            .map(|(index, fate)| (index, fate.map_or_else(|e| e.to_string(), str::to_owned)))
            .collect();
        outcome.sort();
        assert_eq!(
            outcome,
            [
                (3, "B".to_owned()),
                (5, "InvalidMessageContents: ".to_owned()),
                (7, "A".to_owned())
            ]
        );
        assert_eq!(counts.failed(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn retries_end() {
        let counts = RequestCounts::default();
        let outcome = run(&counts, &operation(), vec![(0, ())], |_| {
            std::future::ready(Ok(BatchAnswer::<()> {
                done: vec![],
                failed: vec![],
            }))
        })
        .await;
        assert!(matches!(outcome[0].1, Err(BrokerErrorKind::Unavailable(_))));
        assert_eq!(counts.failed(), u64::from(MAX_ENTRY_ATTEMPTS) - 1);
    }
}
