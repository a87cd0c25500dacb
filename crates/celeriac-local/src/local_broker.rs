use std::time::Duration;

use async_trait::async_trait;
use celeriac_core::{
    Broker, BrokerError, BrokerErrorKind, Capabilities, DeadLetter, Delivery, Outgoing, QueueSpec,
    QueueStats, Receipt, SetVisibility, check_queue_name,
};
use celeriac_protocol::mangle;
use rusqlite::Transaction;

use crate::Database;
use crate::message_row::{self, Hold, ReceiptHandle};
use crate::queue_row::{QueueRow, micros};

/// A [`Broker`] with SQS's semantics and limits, on SQLite.
///
/// A queue that does not exist is created by the first `send` or `receive`, as [`QueueSpec::new`]
/// describes it. A long poll ends at once when this process sends, and within 40 ms when another
/// one does.
#[derive(Clone, Debug)]
pub struct LocalBroker {
    pub(crate) database: Database,
    pub(crate) prefix: String,
}

/// Entries that one call takes. SQS's ten save requests; here each call is a transaction, and those
/// are what costs.
pub(crate) const MAX_BATCH: usize = 100;

/// One result per entry, or a failure of them all.
type Entries<T> = Result<Vec<Result<T, BrokerErrorKind>>, BrokerErrorKind>;
/// One entry's result, or a failure of the database, which undoes the whole batch.
type Entry<T> = rusqlite::Result<Result<T, BrokerErrorKind>>;
/// A message to be sent, or why it cannot be.
type Checked = Result<Outgoing, BrokerErrorKind>;

impl LocalBroker {
    /// A broker on this database.
    pub fn new(database: Database) -> Self {
        Self {
            database,
            prefix: String::new(),
        }
    }

    /// Puts this in front of every queue name: `queue_name_prefix`.
    #[must_use]
    pub fn with_queue_prefix(self, prefix: impl Into<String>) -> Self {
        Self {
            prefix: prefix.into(),
            ..self
        }
    }

    /// The name in the database; names that SQS would refuse are refused here too.
    pub(crate) fn name(&self, queue: &str) -> Result<String, BrokerErrorKind> {
        let name = format!("{}{queue}", self.prefix);
        check_queue_name(&mangle(&name))?;
        Ok(name)
    }

    pub(crate) fn without_prefix(&self, name: &str) -> Option<String> {
        name.strip_prefix(&self.prefix).map(str::to_owned)
    }

    pub(crate) fn full_spec(&self, spec: &QueueSpec) -> Result<QueueSpec, BrokerErrorKind> {
        let name = self.name(&spec.name)?;
        spec.check()?;
        let dead_letter = match &spec.dead_letter {
            Some((dead_letter, max_receives)) => Some((self.name(dead_letter)?, *max_receives)),
            None => None,
        };
        Ok(QueueSpec {
            name,
            dead_letter,
            ..spec.clone()
        })
    }

    async fn insert(&self, queue: &str, batch: Vec<Outgoing>) -> Entries<String> {
        let name = self.name(queue)?;
        let limits = Capabilities::sqs(&name);
        let due_now = batch
            .iter()
            .filter(|message| message.delay.is_zero())
            .count();
        let delayed = due_now < batch.len();
        let check = |message: Outgoing| message.check(&limits).map(|()| message);
        let batch: Vec<Checked> = batch.into_iter().map(check).collect();

        let (queue, now) = (name.clone(), self.database.now().0);
        let inserted = self.database.write(move |transaction| {
            let queue = QueueRow::find_or_create(transaction, &queue)?;
            let insert = |message: &Checked| match message {
                Ok(message) => message_row::insert(transaction, &queue, message, now).map(Ok),
                Err(refused) => Ok(Err(refused.clone())),
            };
            batch.iter().map(insert).collect()
        });
        let inserted = inserted.await?;
        self.database.wakers().messages(&name, due_now);
        if delayed {
            self.database.wakers().changed(&name);
        }
        Ok(inserted)
    }

    /// Does `work` for every entry in one transaction.
    pub(crate) async fn each<E, T, F>(&self, queue: &str, entries: Vec<E>, work: F) -> Entries<T>
    where
        E: Send + 'static,
        T: Send + 'static,
        F: Fn(&Transaction<'_>, &QueueRow, &E, i64) -> Entry<T> + Send + 'static,
    {
        let name = self.name(queue)?;
        let now = self.database.now().0;
        let done = self.database.write(move |transaction| {
            let Some(queue) = QueueRow::find(transaction, &name)? else {
                return Ok(entries
                    .iter()
                    .map(|_| Err(BrokerErrorKind::QueueNotFound))
                    .collect());
            };
            entries
                .iter()
                .map(|entry| work(transaction, &queue, entry, now))
                .collect()
        });
        Ok(done.await?)
    }

    /// Lets this process's receivers look.
    fn changed(&self, queue: &str) {
        if let Ok(name) = self.name(queue) {
            self.database.wakers().changed(&name);
        }
    }
}

#[async_trait]
impl Broker for LocalBroker {
    fn capabilities(&self, queue: &str) -> Capabilities {
        Capabilities {
            receive_outlives_drop: false,
            creates_missing_queues: true,
            max_batch: MAX_BATCH,
            ..Capabilities::sqs(queue)
        }
    }

    async fn send(&self, queue: &str, batch: Vec<Outgoing>) -> Vec<Result<String, BrokerError>> {
        let count = batch.len();
        per_entry("send", queue, count, self.insert(queue, batch).await)
    }

    async fn receive(
        &self,
        queue: &str,
        max: usize,
        wait: Duration,
        visibility: Duration,
    ) -> Result<Vec<Delivery>, BrokerError> {
        let received = self.long_poll(queue, max, wait, visibility).await;
        received.map_err(|kind| BrokerError::new("receive", queue, kind))
    }

    async fn ack(&self, queue: &str, receipts: Vec<Receipt>) -> Vec<Result<(), BrokerError>> {
        let count = receipts.len();
        let acked = self.each(queue, receipts, ack).await;
        if Capabilities::sqs(queue).fifo {
            self.changed(queue); // its group goes on
        }
        per_entry("ack", queue, count, acked)
    }

    async fn set_visibility(
        &self,
        queue: &str,
        batch: Vec<SetVisibility>,
    ) -> Vec<Result<(), BrokerError>> {
        let count = batch.len();
        let set = self.each(queue, batch, set_visibility).await;
        self.changed(queue);
        per_entry("set_visibility", queue, count, set)
    }

    async fn dead_letter(
        &self,
        queue: &str,
        batch: Vec<DeadLetter>,
    ) -> Vec<Result<(), BrokerError>> {
        let count = batch.len();
        let moved = self.each(queue, batch, dead_letter).await;
        self.changed(queue);
        let wake = |target: Option<String>| {
            if let Some(target) = target {
                self.database.wakers().messages(&target, 1);
            }
        };
        let moved = moved.map(|entries| entries.into_iter().map(|entry| entry.map(wake)).collect());
        per_entry("dead_letter", queue, count, moved)
    }

    async fn stats(&self, queue: &str) -> Result<QueueStats, BrokerError> {
        let failed = |kind| BrokerError::new("stats", queue, kind);
        let (name, now) = (self.name(queue).map_err(failed)?, self.database.now().0);
        let stats =
            self.database.read(
                move |transaction| match QueueRow::find(transaction, &name)? {
                    Some(queue) => queue.stats(transaction, now).map(Some),
                    None => Ok(None),
                },
            );
        let stats = stats.await.map_err(|error| failed(error.into()))?;
        let mut stats = stats.ok_or_else(|| failed(BrokerErrorKind::QueueNotFound))?;
        stats.dead_letter_queue = stats
            .dead_letter_queue
            .and_then(|name| self.without_prefix(&name));
        Ok(stats)
    }
}

fn ack(transaction: &Transaction<'_>, queue: &QueueRow, receipt: &Receipt, _now: i64) -> Entry<()> {
    let Some(handle) = ReceiptHandle::of(receipt) else {
        return Ok(Err(not_a_receipt(receipt)));
    };
    message_row::delete(transaction, queue, &handle).map(Ok)
}

fn set_visibility(
    transaction: &Transaction<'_>,
    queue: &QueueRow,
    entry: &SetVisibility,
    now: i64,
) -> Entry<()> {
    let Some(handle) = ReceiptHandle::of(&entry.receipt) else {
        return Ok(Err(not_a_receipt(&entry.receipt)));
    };
    if let Err(refused) = entry.check(&Capabilities::sqs(&queue.name)) {
        return Ok(Err(refused));
    }
    if message_row::hold(transaction, queue, &handle, now)? != Hold::Held {
        return Ok(Err(BrokerErrorKind::ReceiptExpired));
    }
    message_row::hide_until(
        transaction,
        &handle,
        now.saturating_add(micros(entry.visibility)),
    )
    .map(Ok)
}

/// Moves one message; answers the dead-letter queue's name, `None` if the message is gone already.
fn dead_letter(
    transaction: &Transaction<'_>,
    queue: &QueueRow,
    entry: &DeadLetter,
    now: i64,
) -> Entry<Option<String>> {
    let Some(target) = &queue.dead_letter else {
        return Ok(Err(BrokerErrorKind::NoDeadLetterQueue));
    };
    let receipt = &entry.delivery.receipt;
    let Some(handle) = ReceiptHandle::of(receipt) else {
        return Ok(Err(not_a_receipt(receipt)));
    };
    match message_row::hold(transaction, queue, &handle, now)? {
        Hold::Gone => return Ok(Ok(None)),
        Hold::Stale => return Ok(Err(BrokerErrorKind::ReceiptExpired)),
        Hold::Held | Hold::Lapsed => {}
    }
    let copy = entry.to_outgoing(&Capabilities::sqs(target));
    let target = QueueRow::find_or_create(transaction, target)?;
    message_row::insert(transaction, &target, &copy, now)?;
    message_row::delete(transaction, queue, &handle)?;
    Ok(Ok(Some(target.name)))
}

fn not_a_receipt(receipt: &Receipt) -> BrokerErrorKind {
    BrokerErrorKind::Invalid(format!("`{}` is not a receipt of this broker", receipt.0))
}

pub(crate) fn per_entry<T>(
    operation: &'static str,
    queue: &str,
    count: usize,
    entries: Entries<T>,
) -> Vec<Result<T, BrokerError>> {
    let failed = |kind| BrokerError::new(operation, queue, kind);
    match entries {
        Ok(entries) => entries
            .into_iter()
            .map(|entry| entry.map_err(failed))
            .collect(),
        Err(kind) => (0..count).map(|_| Err(failed(kind.clone()))).collect(),
    }
}
