//! Sends to FIFO queues: what follows in a group waits for what failed.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::future::Future;

use celeriac_core::{BrokerErrorKind, Outgoing};

use crate::fault::Fault;
use crate::pause::{MAX_ENTRY_ATTEMPTS, pause};
use crate::request_counts::RequestCounts;

use super::entries::{BatchAnswer, Fate, Placed, by_position, entry_error};
use super::limits::{MAX_BYTES, MAX_ENTRIES};

/// Sends one request after the other. An entry of a batch can fail alone, so a request holds one
/// message of a group; when that is given up, the later ones of its group fail with it.
pub(super) async fn run<F, Fut>(
    counts: &RequestCounts,
    entries: Vec<Placed<Outgoing>>,
    call: F,
) -> Vec<Placed<Fate<String>>>
where
    F: Fn(Vec<(String, &Outgoing)>) -> Fut + Sync,
    Fut: Future<Output = Result<BatchAnswer<String>, Fault>>,
{
    let mut waiting: VecDeque<Placed<Outgoing>> = entries.into();
    let mut settled = Vec::with_capacity(waiting.len());
    let mut failures: BTreeMap<usize, u32> = BTreeMap::new();
    while !waiting.is_empty() {
        let request = next_request(&mut waiting);
        let numbered = request.iter().enumerate();
        let sent = numbered
            .map(|(id, (_, message))| (id.to_string(), message))
            .collect();
        let mut answers = match call(sent).await {
            Ok(answer) => by_position(answer),
            Err(fault) => {
                let all = request.into_iter().chain(waiting);
                settled.extend(all.map(|(place, _)| (place, Err(fault.clone().into()))));
                return settled;
            }
        };
        let mut again = Vec::new();
        for (position, (place, message)) in request.into_iter().enumerate() {
            let fate = answers.remove(&position).unwrap_or_else(|| {
                Err(Fault::Unavailable(
                    "the answer leaves the entry out".to_owned(),
                ))
            });
            match fate {
                Ok(id) => settled.push((place, Ok(id))),
                Err(Fault::Unavailable(reason)) => {
                    let tries = failures.entry(place).or_insert(0);
                    *tries += 1;
                    counts.report_failure("SendMessageBatch", &reason);
                    if *tries < MAX_ENTRY_ATTEMPTS {
                        again.push((place, message));
                    } else {
                        give_up(&mut waiting, &mut settled, (place, message), &reason);
                    }
                }
                Err(fault) => settled.push((place, Err(entry_error(fault)))),
            }
        }
        let tries = again
            .iter()
            .filter_map(|(place, _)| failures.get(place))
            .max()
            .copied();
        for entry in again.into_iter().rev() {
            waiting.push_front(entry);
        }
        if let Some(tries) = tries {
            pause(tries).await;
        }
    }
    settled
}

/// The next entries that may go together: of each group the first, as many as fit.
fn next_request(waiting: &mut VecDeque<Placed<Outgoing>>) -> Vec<Placed<Outgoing>> {
    let mut groups = BTreeSet::new();
    let (mut request, mut later, mut bytes) = (Vec::new(), VecDeque::new(), 0);
    for entry in waiting.drain(..) {
        let size = entry.1.size();
        let first = groups.insert(entry.1.group_id.clone());
        let fits = request.is_empty() || (request.len() < MAX_ENTRIES && bytes + size <= MAX_BYTES);
        if first && fits {
            bytes += size;
            request.push(entry);
        } else {
            later.push_back(entry);
        }
    }
    *waiting = later;
    request
}

fn give_up(
    waiting: &mut VecDeque<Placed<Outgoing>>,
    settled: &mut Vec<Placed<Fate<String>>>,
    (place, message): Placed<Outgoing>,
    reason: &str,
) {
    settled.push((place, Err(BrokerErrorKind::Unavailable(reason.to_owned()))));
    let text = "an earlier message of its group was not sent";
    waiting.retain(|(later, other)| {
        let same = other.group_id == message.group_id;
        if same {
            settled.push((*later, Err(BrokerErrorKind::Unavailable(text.to_owned()))));
        }
        !same
    });
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use aws_sdk_sqs::types::BatchResultErrorEntry;

    use super::*;

    fn entries(groups: &str) -> Vec<Placed<Outgoing>> {
        let entry = |(place, group): (usize, char)| {
            let message = Outgoing {
                body: format!("{group}{place}"),
                group_id: Some(group.to_string()),
                ..Outgoing::default()
            };
            (place, message)
        };
        groups.chars().enumerate().map(entry).collect()
    }

    fn failed(id: &str) -> BatchResultErrorEntry {
        let entry = BatchResultErrorEntry::builder()
            .id(id)
            .code("InternalError");
        entry.sender_fault(false).build().expect("all set")
    }

    async fn send(groups: &str, fail: fn(&str, usize) -> bool) -> (Vec<String>, Vec<usize>) {
        let sent = Mutex::new(Vec::new());
        let counts = RequestCounts::default();
        let outcome = run(&counts, entries(groups), |request| {
            let mut all = sent.lock().expect("lock");
            let round = all.len();
            let (bad, good): (Vec<_>, Vec<_>) = request
                .iter()
                .partition(|(_, message)| fail(&message.body, round));
            all.push(
                good.iter()
                    .map(|(_, message)| message.body.as_str())
                    .collect::<String>(),
            );
            let answer = BatchAnswer {
                done: good
                    .iter()
                    .map(|(id, _)| (id.clone(), String::new()))
                    .collect(),
                failed: bad.iter().map(|(id, _)| failed(id)).collect(),
            };
            std::future::ready(Ok(answer))
        })
        .await;
        let lost = outcome.iter().filter(|(_, fate)| fate.is_err());
        let mut lost: Vec<usize> = lost.map(|(place, _)| *place).collect();
        lost.sort_unstable();
        (sent.into_inner().expect("lock"), lost)
    }

    #[tokio::test(start_paused = true)]
    async fn what_follows_waits_for_what_failed() {
        let (sent, lost) = send("aab", |body, round| body == "a0" && round == 0).await;
        assert_eq!(
            (sent, lost),
            (vec!["b2".into(), "a0".into(), "a1".into()], vec![])
        );
    }

    #[tokio::test(start_paused = true)]
    async fn what_follows_fails_with_what_is_given_up() {
        let (sent, lost) = send("abab", |body, _| body == "a0").await;
        assert_eq!(sent.concat(), "b1b3");
        assert_eq!(lost, [0, 2]);
    }
}
