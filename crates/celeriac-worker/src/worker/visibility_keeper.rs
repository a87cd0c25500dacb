use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use celeriac_core::{Broker, BrokerError, BrokerErrorKind, Delivery, Receipt, SetVisibility};
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// A message within this process: its queue's lane and its id.
type Key = (usize, String);

/// Holds the visibility of every message in this process, waiting or running: extends each in
/// batches, once half of it has passed.
///
/// A message is known by its queue's place in the list given to [`VisibilityKeeper::new`] (its
/// lane) and its id.
pub struct VisibilityKeeper {
    broker: Arc<dyn Broker>,
    queues: Vec<String>,
    visibility: Duration,
    entries: Mutex<BTreeMap<Key, Entry>>,
    woken: Notify,
}

struct Entry {
    /// The newest seen.
    receipt: Receipt,
    received: Instant,
    deadline: Instant,
    started: bool,
    /// It cannot be extended any more; it may be elsewhere.
    gone: bool,
    /// An extension is on its way; cancelled when it has its answer.
    extending: Option<CancellationToken>,
}

impl VisibilityKeeper {
    /// A keeper of messages that were received with this visibility timeout.
    pub fn new(broker: Arc<dyn Broker>, queues: Vec<String>, visibility: Duration) -> Self {
        Self {
            broker,
            queues,
            visibility,
            entries: Mutex::default(),
            woken: Notify::new(),
        }
    }

    /// Takes on a delivery. False for another copy of a message that is here already: its receipt
    /// replaces the older one, and the copy is to be dropped.
    pub fn hold(&self, lane: usize, delivery: &Delivery) -> bool {
        let now = Instant::now();
        let mut entries = self.entries();
        if let Some(entry) = entries.get_mut(&(lane, delivery.message_id.clone())) {
            tracing::debug!(
                message_id = delivery.message_id,
                "a message was received again while it is held here"
            );
            entry.receipt = delivery.receipt.clone();
            (entry.received, entry.deadline, entry.gone) = (now, now + self.visibility, false);
            return false;
        }
        if entries.is_empty() {
            self.woken.notify_one();
        }
        let receipt = delivery.receipt.clone();
        let entry = Entry {
            receipt,
            received: now,
            deadline: now + self.visibility,
            started: false,
            gone: false,
            extending: None,
        };
        entries.insert((lane, delivery.message_id.clone()), entry);
        true
    }

    /// Marks a message as running. False if it may be with another worker by now: then it is
    /// forgotten and not to be run.
    pub(crate) fn start(&self, lane: usize, message_id: &str) -> bool {
        let key = (lane, message_id.to_owned());
        let mut entries = self.entries();
        match entries.get_mut(&key) {
            Some(entry) if !entry.gone && entry.deadline > Instant::now() => {
                entry.started = true;
                true
            }
            _ => {
                entries.remove(&key);
                false
            }
        }
    }

    /// Lets go of a message and gives its newest receipt, and when that was received, once no
    /// extension of it is on its way: that would undo what is done next.
    pub async fn forget(&self, lane: usize, message_id: &str) -> Option<(Receipt, Instant)> {
        let entry = self.entries().remove(&(lane, message_id.to_owned()))?;
        if let Some(extended) = entry.extending {
            extended.cancelled().await; // its request has an end of its own
        }
        Some((entry.receipt, entry.received))
    }

    /// How many are held.
    pub(crate) fn len(&self) -> usize {
        self.entries().len()
    }

    /// Extends for ever.
    pub async fn run(self: Arc<Self>) {
        let tick = (self.visibility / 16).clamp(Duration::from_millis(10), Duration::from_secs(5));
        loop {
            if self.entries().is_empty() {
                self.woken.notified().await;
            }
            for (lane, mut due) in self.due() {
                let size = self
                    .broker
                    .capabilities(&self.queues[lane])
                    .max_batch
                    .max(1);
                while !due.is_empty() {
                    let request = due.drain(..size.min(due.len())).collect();
                    // a slow answer must not delay the others
                    tokio::spawn(Arc::clone(&self).extend(lane, request));
                }
            }
            tokio::time::sleep(tick).await;
        }
    }

    fn entries(&self) -> MutexGuard<'_, BTreeMap<Key, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Those past half of their visibility, by lane.
    fn due(&self) -> BTreeMap<usize, Vec<Extension>> {
        let now = Instant::now();
        let mut due: BTreeMap<usize, Vec<Extension>> = BTreeMap::new();
        for ((lane, message_id), entry) in self.entries().iter_mut() {
            let wanted = !entry.gone
                && entry
                    .extending
                    .as_ref()
                    .is_none_or(CancellationToken::is_cancelled)
                && entry.deadline < now + self.visibility / 2;
            let longest = self.broker.capabilities(&self.queues[*lane]).max_visibility;
            let left = longest.saturating_sub(now - entry.received);
            if !wanted {
                continue;
            }
            if left < self.visibility / 4 {
                // SQS: 12 h after the receive nothing can be extended; the ledger's lease goes on
                tracing::warn!(
                    message_id,
                    "a message was held for as long as the broker allows; its visibility timeout ends now"
                );
                entry.gone = true;
                continue;
            }
            let done = CancellationToken::new();
            entry.extending = Some(done.clone());
            let visibility = self.visibility.min(left);
            let change = SetVisibility {
                receipt: entry.receipt.clone(),
                visibility,
            };
            due.entry(*lane).or_default().push(Extension {
                message_id: message_id.clone(),
                change,
                done,
            });
        }
        due
    }

    async fn extend(self: Arc<Self>, lane: usize, due: Vec<Extension>) {
        let since = Instant::now();
        let changes = due
            .iter()
            .map(|extension| extension.change.clone())
            .collect();
        let answers = self
            .broker
            .set_visibility(&self.queues[lane], changes)
            .await;
        for (extension, answer) in due.into_iter().zip(answers) {
            self.extended(lane, &extension, since, answer);
        }
    }

    fn extended(
        &self,
        lane: usize,
        extension: &Extension,
        since: Instant,
        answer: Result<(), BrokerError>,
    ) {
        let mut entries = self.entries();
        let Some(entry) = entries.get_mut(&(lane, extension.message_id.clone())) else {
            return;
        };
        if entry.receipt != extension.change.receipt {
            return; // received again meanwhile; another extension may be on its way
        }
        match answer {
            Ok(()) => entry.deadline = since + extension.change.visibility,
            Err(error) if error.is_retryable() => {
                tracing::warn!("could not extend a message's visibility; retrying: {error}");
            }
            Err(error) => {
                entry.gone = true;
                let what = if entry.started {
                    "its task runs on under its lease"
                } else {
                    "it is dropped here"
                };
                if let BrokerErrorKind::ReceiptExpired = error.kind {
                    tracing::debug!(
                        message_id = extension.message_id,
                        "a message's visibility ended; {what}"
                    );
                } else {
                    tracing::warn!(
                        message_id = extension.message_id,
                        "a message's visibility could not be extended; {what}: {error}"
                    );
                }
            }
        }
    }
}

/// One message's extension on its way. Whatever becomes of it, those who wait for its answer go on.
struct Extension {
    message_id: String,
    change: SetVisibility,
    done: CancellationToken,
}

impl Drop for Extension {
    fn drop(&mut self) {
        self.done.cancel();
    }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use celeriac_core::{Capabilities, DeadLetter, Outgoing, QueueStats};
    use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
    use tokio::sync::oneshot;
    use tokio::time::{advance, timeout};

    use super::*;

    const VISIBILITY: Duration = Duration::from_secs(8);

    /// A change of one receipt, and where its answer goes.
    type Change = (Receipt, oneshot::Sender<()>);

    /// Changes of visibility are answered when the test says so; nothing else is asked.
    struct Slow(UnboundedSender<Change>);

    #[async_trait]
    impl Broker for Slow {
        fn capabilities(&self, queue: &str) -> Capabilities {
            Capabilities::sqs(queue)
        }
        async fn send(&self, _: &str, _: Vec<Outgoing>) -> Vec<Result<String, BrokerError>> {
            unreachable!()
        }
        async fn receive(
            &self,
            _: &str,
            _: usize,
            _: Duration,
            _: Duration,
        ) -> Result<Vec<Delivery>, BrokerError> {
            unreachable!()
        }
        async fn ack(&self, _: &str, _: Vec<Receipt>) -> Vec<Result<(), BrokerError>> {
            unreachable!()
        }
        async fn set_visibility(
            &self,
            _: &str,
            batch: Vec<SetVisibility>,
        ) -> Vec<Result<(), BrokerError>> {
            let (answer, answered) = oneshot::channel();
            let sent = self.0.send((batch[0].receipt.clone(), answer));
            sent.expect("the test runs");
            answered.await.expect("the test answers");
            batch.iter().map(|_| Ok(())).collect()
        }
        async fn dead_letter(&self, _: &str, _: Vec<DeadLetter>) -> Vec<Result<(), BrokerError>> {
            unreachable!()
        }
        async fn stats(&self, _: &str) -> Result<QueueStats, BrokerError> {
            unreachable!()
        }
    }

    fn delivery(receipt: &str) -> Delivery {
        Delivery {
            queue: "q".to_owned(),
            receipt: Receipt(receipt.to_owned()),
            message_id: "m".to_owned(),
            body: String::new(),
            receive_count: 1,
            sent_at: None,
            group_id: None,
            dedup_id: None,
            attributes: BTreeMap::new(),
        }
    }

    async fn next(changes: &mut UnboundedReceiver<Change>) -> Option<Change> {
        let next = timeout(VISIBILITY, changes.recv()).await;
        next.ok().flatten()
    }

    /// The extension of an earlier receipt ends while that of the next one is on its way: neither a
    /// second extension nor a deferral may overtake the latter.
    #[tokio::test(start_paused = true)]
    async fn each_receipt_has_one_extension_at_a_time() {
        let (sender, mut changes) = unbounded_channel();
        let broker = Arc::new(Slow(sender));
        let keeper = VisibilityKeeper::new(broker, vec!["q".to_owned()], VISIBILITY);
        let keeper = Arc::new(keeper);
        tokio::spawn(Arc::clone(&keeper).run());

        assert!(keeper.hold(0, &delivery("first")));
        let (receipt, first) = next(&mut changes).await.expect("an extension");
        assert_eq!(receipt.0, "first");
        let letting_go = Arc::clone(&keeper);
        let let_go = tokio::spawn(async move { letting_go.forget(0, "m").await });
        advance(Duration::from_millis(1)).await;
        assert!(keeper.hold(0, &delivery("second")), "it is let go of");
        let (receipt, second) = next(&mut changes).await.expect("an extension");
        assert_eq!(receipt.0, "second");

        first.send(()).expect("it is waited for");
        let forgotten = let_go.await.expect("no panic").expect("it was held");
        assert_eq!(forgotten.0.0, "first");
        let third = next(&mut changes).await;
        assert!(third.is_none(), "beside one on its way: {third:?}");
        let forget = keeper.forget(0, "m");
        tokio::pin!(forget);
        assert!(timeout(VISIBILITY, forget.as_mut()).await.is_err());
        second.send(()).expect("it is waited for");
        assert!(forget.await.is_some());
    }
}
