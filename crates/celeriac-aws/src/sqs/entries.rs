//! Batches of SQS: cut to its limits, each entry retried by itself, answers in the entries' order.

use std::collections::HashMap;
use std::future::Future;

use aws_sdk_sqs::types::BatchResultErrorEntry;
use celeriac_core::BrokerErrorKind;
use futures_util::stream::{self, StreamExt};

use crate::fault::Fault;
use crate::pause::{MAX_ENTRY_ATTEMPTS, pause};
use crate::request_counts::RequestCounts;

use super::limits::{MAX_BYTES, MAX_ENTRIES};

/// Requests of one call in flight together.
const CONCURRENT_REQUESTS: usize = 8;

/// What one request answered, entry by entry: the entry's position in the request, and its fate.
pub(super) struct BatchAnswer<T> {
    pub(super) done: Vec<(String, T)>,
    pub(super) failed: Vec<BatchResultErrorEntry>,
}

/// An entry with its place in the caller's batch.
pub(super) type Placed<E> = (usize, E);
pub(super) type Fate<T> = Result<T, BrokerErrorKind>;

/// Runs `call` over all entries in requests of at most ten and 1 MiB, some at once.
pub(super) async fn run<E, T, F, Fut>(
    counts: &RequestCounts,
    operation: &str,
    entries: Vec<Placed<E>>,
    size: fn(&E) -> usize,
    call: F,
) -> Vec<Placed<Fate<T>>>
where
    F: Fn(Vec<(String, &E)>) -> Fut + Sync,
    Fut: Future<Output = Result<BatchAnswer<T>, Fault>>,
{
    let chunks = cut(entries, size);
    let call = &call;
    let outcomes: Vec<Vec<Placed<Fate<T>>>> = stream::iter(chunks)
        .map(|chunk| run_chunk(counts, operation, chunk, call))
        .buffered(CONCURRENT_REQUESTS)
        .collect()
        .await;
    outcomes.into_iter().flatten().collect()
}

fn cut<E>(entries: Vec<Placed<E>>, size: fn(&E) -> usize) -> Vec<Vec<Placed<E>>> {
    let mut chunks: Vec<Vec<Placed<E>>> = Vec::with_capacity(entries.len().div_ceil(MAX_ENTRIES));
    let mut bytes = 0;
    for entry in entries {
        let entry_bytes = size(&entry.1);
        match chunks.last_mut() {
            Some(chunk) if chunk.len() < MAX_ENTRIES && bytes + entry_bytes <= MAX_BYTES => {
                bytes += entry_bytes;
                chunk.push(entry);
            }
            _ => {
                bytes = entry_bytes;
                chunks.push(vec![entry]);
            }
        }
    }
    chunks
}

async fn run_chunk<E, T, F, Fut>(
    counts: &RequestCounts,
    operation: &str,
    mut waiting: Vec<Placed<E>>,
    call: &F,
) -> Vec<Placed<Fate<T>>>
where
    F: Fn(Vec<(String, &E)>) -> Fut,
    Fut: Future<Output = Result<BatchAnswer<T>, Fault>>,
{
    let mut settled = Vec::with_capacity(waiting.len());
    let mut attempt = 0;
    loop {
        let request = waiting
            .iter()
            .enumerate()
            .map(|(id, (_, entry))| (id.to_string(), entry))
            .collect();
        let mut answers = match call(request).await {
            Ok(answer) => by_position(answer),
            Err(fault) => {
                settled.extend(
                    waiting
                        .into_iter()
                        .map(|(place, _)| (place, Err(fault.clone().into()))),
                );
                return settled;
            }
        };
        attempt += 1;
        let mut again = Vec::new();
        for (position, (place, entry)) in waiting.into_iter().enumerate() {
            let fate = answers.remove(&position).unwrap_or_else(|| {
                Err(Fault::Unavailable(
                    "the answer leaves the entry out".to_owned(),
                ))
            });
            match fate {
                Err(Fault::Unavailable(reason)) if attempt < MAX_ENTRY_ATTEMPTS => {
                    counts.report_failure(operation, &reason);
                    again.push((place, entry));
                }
                Err(fault) => settled.push((place, Err(entry_error(fault)))),
                Ok(value) => settled.push((place, Ok(value))),
            }
        }
        if again.is_empty() {
            return settled;
        }
        waiting = again;
        pause(attempt).await;
    }
}

pub(super) fn by_position<T>(answer: BatchAnswer<T>) -> HashMap<usize, Result<T, Fault>> {
    let done = answer.done.into_iter().map(|(id, value)| (id, Ok(value)));
    let failed = answer.failed.into_iter().map(|entry| {
        // an error that is not the sender's is SQS's own, and passes; LocalStack says so of receipts too
        let own = entry.sender_fault || is_about_the_entry(&entry.code);
        let status = if own { 400 } else { 500 };
        (
            entry.id,
            Err(Fault::of_code(
                &entry.code,
                entry.message.as_deref().unwrap_or_default(),
                status,
            )),
        )
    });
    done.chain(failed)
        .filter_map(|(id, fate)| Some((id.parse().ok()?, fate)))
        .collect()
}

/// Whether the code blames the entry, whoever's fault the answer says it is.
fn is_about_the_entry(code: &str) -> bool {
    let codes = [
        "InvalidParameterValue",
        "InvalidMessageContents",
        "MessageNotInflight",
        "ReceiptHandleIsInvalid",
    ];
    codes.iter().any(|known| code.contains(known))
}

/// An entry's own fault in the seam's terms.
pub(super) fn entry_error(fault: Fault) -> BrokerErrorKind {
    let Fault::Service { code, message } = &fault else {
        return fault.into();
    };
    match code.strip_suffix("Exception").unwrap_or(code) {
        // 12 hours after its receive a message is out of reach
        "InvalidParameterValue" if message.contains("beyond the limit") => {
            BrokerErrorKind::Invalid(message.clone())
        }
        "InvalidParameterValue" | "ReceiptHandleIsInvalid" | "MessageNotInflight" => {
            BrokerErrorKind::ReceiptExpired
        }
        _ => fault.into(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

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
        let outcome = run(
            &counts,
            "Test",
            entries,
            |_| 1,
            |request| {
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
            },
        )
        .await;
        assert_eq!(*seen.lock().expect("lock"), ["abc", "a", "a"]);
        let mut outcome: Vec<(usize, String)> = outcome
            .into_iter()
            .map(|(place, fate)| (place, fate.map_or_else(|e| e.to_string(), str::to_owned)))
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
        let outcome = run(
            &counts,
            "Test",
            vec![(0, ())],
            |()| 1,
            |_| {
                std::future::ready(Ok(BatchAnswer::<()> {
                    done: vec![],
                    failed: vec![],
                }))
            },
        )
        .await;
        assert!(matches!(outcome[0].1, Err(BrokerErrorKind::Unavailable(_))));
        assert_eq!(counts.failed(), u64::from(MAX_ENTRY_ATTEMPTS) - 1);
    }
}
