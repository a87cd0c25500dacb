//! Sends to FIFO queues: what follows in a group waits for a message that SQS cannot take just now.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::future::Future;

use celeriac_core::{BrokerErrorKind, Outgoing};

use crate::fault::Fault;
use crate::pause::{MAX_ENTRY_ATTEMPTS, pause};
use crate::request_counts::RequestCounts;

use super::batch_answer::{Answer, BatchAnswer, Fate, Indexed, Operation, fail_all, request};
use super::limits::{MAX_BYTES, MAX_ENTRIES};

/// Sends one request after the other. SQS may fail an entry for the moment and take a later one of
/// its group, so a request holds one message of a group; when that has failed too often, the later
/// ones of its group fail with it. A message that SQS refuses for good is passed over: it would
/// never arrive, and the caller is told of it.
pub(super) async fn run<F, Fut>(
    counts: &RequestCounts,
    operation: &Operation<Outgoing>,
    entries: Vec<Indexed<Outgoing>>,
    call: F,
) -> Vec<Indexed<Fate<String>>>
where
    F: Fn(Vec<(String, &Outgoing)>) -> Fut + Sync,
    Fut: Future<Output = Result<BatchAnswer<String>, Fault>>,
{
    let mut sending = Sending::of(entries);
    while !sending.waiting.is_empty() {
        let entries = sending.next_request(operation.size);
        let answers = match request(operation, &entries, &call).await {
            Ok(answers) => answers,
            Err(fault) => return sending.end(entries, &fault),
        };
        let mut again = Vec::new();
        for (entry, answer) in entries.into_iter().zip(answers) {
            match answer {
                Answer::Decided(fate) => sending.settled.push((entry.0, fate)),
                Answer::NotNow(reason) => {
                    counts.report_failure(operation.name, &reason);
                    if sending.may_try_again(entry.0) {
                        again.push(entry);
                    } else {
                        sending.give_up(&entry, reason);
                    }
                }
            }
        }
        if let Some(tries) = sending.put_back(again) {
            pause(tries).await;
        }
    }
    sending.settled
}

/// How far a batch has come.
struct Sending {
    /// In the batch's order.
    waiting: VecDeque<Indexed<Outgoing>>,
    settled: Vec<Indexed<Fate<String>>>,
    /// How often an entry failed, by its index.
    failures: BTreeMap<usize, u32>,
}

impl Sending {
    fn of(entries: Vec<Indexed<Outgoing>>) -> Self {
        Self {
            settled: Vec::with_capacity(entries.len()),
            waiting: entries.into(),
            failures: BTreeMap::new(),
        }
    }

    /// The next entries that may go together: of each group the first, as many as fit.
    fn next_request(&mut self, size: fn(&Outgoing) -> usize) -> Vec<Indexed<Outgoing>> {
        let mut groups = BTreeSet::new();
        let (mut request, mut later, mut bytes) = (Vec::new(), VecDeque::new(), 0);
        for entry in self.waiting.drain(..) {
            let size = size(&entry.1);
            let first = groups.insert(entry.1.group_id.clone());
            let fits =
                request.is_empty() || (request.len() < MAX_ENTRIES && bytes + size <= MAX_BYTES);
            if first && fits {
                bytes += size;
                request.push(entry);
            } else {
                later.push_back(entry);
            }
        }
        self.waiting = later;
        request
    }

    /// Notes that the entry with this index failed; whether it was not its last try.
    fn may_try_again(&mut self, index: usize) -> bool {
        let tries = self.failures.entry(index).or_insert(0);
        *tries += 1;
        *tries < MAX_ENTRY_ATTEMPTS
    }

    /// In front of all others, since their groups wait for them. The most tries that one of them
    /// had, if there are any.
    fn put_back(&mut self, again: Vec<Indexed<Outgoing>>) -> Option<u32> {
        let tries = again
            .iter()
            .filter_map(|(index, _)| self.failures.get(index));
        let most = tries.max().copied();
        for entry in again.into_iter().rev() {
            self.waiting.push_front(entry);
        }
        most
    }

    fn give_up(&mut self, (index, message): &Indexed<Outgoing>, reason: String) {
        let unavailable = |reason| Err(BrokerErrorKind::Unavailable(reason));
        self.settled.push((*index, unavailable(reason)));
        let (settled, group) = (&mut self.settled, &message.group_id);
        self.waiting.retain(|(later, other)| {
            let same = other.group_id == *group;
            if same {
                let text = "an earlier message of its group was not sent";
                settled.push((*later, unavailable(text.to_owned())));
            }
            !same
        });
    }

    /// No request goes through: these entries and all that wait fail.
    fn end(mut self, entries: Vec<Indexed<Outgoing>>, fault: &Fault) -> Vec<Indexed<Fate<String>>> {
        let all = entries.into_iter().chain(self.waiting);
        self.settled.extend(fail_all(all, fault));
        self.settled
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use aws_sdk_sqs::types::BatchResultErrorEntry;

    use super::*;

    /// A code of SQS's own trouble.
    const PASSING: &str = "InternalError";

    fn entries(groups: &str) -> Vec<Indexed<Outgoing>> {
        let entry = |(index, group): (usize, char)| {
            let message = Outgoing {
                body: format!("{group}{index}"),
                group_id: Some(group.to_string()),
                ..Outgoing::default()
            };
            (index, message)
        };
        groups.chars().enumerate().map(entry).collect()
    }

    fn failed(id: &str, code: &str) -> BatchResultErrorEntry {
        let entry = BatchResultErrorEntry::builder().id(id).code(code);
        entry.sender_fault(false).build().expect("all set")
    }

    async fn send(
        groups: &str,
        code: &str,
        fail: fn(&str, usize) -> bool,
    ) -> (Vec<String>, Vec<usize>) {
        let sent = Mutex::new(Vec::new());
        let counts = RequestCounts::default();
        let operation = Operation {
            name: "SendMessageBatch",
            size: Outgoing::size,
            refusal: BrokerErrorKind::from,
        };
        let outcome = run(&counts, &operation, entries(groups), |request| {
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
                failed: bad.iter().map(|(id, _)| failed(id, code)).collect(),
            };
            std::future::ready(Ok(answer))
        })
        .await;
        let lost = outcome.iter().filter(|(_, fate)| fate.is_err());
        let mut lost: Vec<usize> = lost.map(|(index, _)| *index).collect();
        lost.sort_unstable();
        (sent.into_inner().expect("lock"), lost)
    }

    #[tokio::test(start_paused = true)]
    async fn what_follows_waits_for_what_failed() {
        let (sent, lost) = send("aab", PASSING, |body, round| body == "a0" && round == 0).await;
        assert_eq!(
            (sent, lost),
            (vec!["b2".into(), "a0".into(), "a1".into()], vec![])
        );
    }

    #[tokio::test(start_paused = true)]
    async fn what_follows_fails_with_what_is_given_up() {
        let (sent, lost) = send("abab", PASSING, |body, _| body == "a0").await;
        assert_eq!(sent.concat(), "b1b3");
        assert_eq!(lost, [0, 2]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_follows_a_refused_message_is_sent() {
        let (sent, lost) = send("aa", "InvalidMessageContents", |body, _| body == "a0").await;
        assert_eq!(sent.concat(), "a1");
        assert_eq!(lost, [0]);
    }
}
