use std::time::Duration;

use celeriac_core::{BrokerErrorKind, Capabilities, QueueChange, QueueSpec, QueueStats};
use rusqlite::{OptionalExtension, Row, Transaction, named_params};

/// A queue as stored. Times are microseconds.
#[derive(Clone, Debug)]
pub(crate) struct QueueRow {
    pub(crate) queue: i64,
    pub(crate) name: String,
    visibility: i64,
    pub(crate) retention: i64,
    pub(crate) dead_letter: Option<String>,
    pub(crate) max_receives: Option<u32>,
    pub(crate) swept_at: i64,
}

impl QueueRow {
    /// The queue of this name, if it exists.
    pub(crate) fn find(
        transaction: &Transaction<'_>,
        name: &str,
    ) -> rusqlite::Result<Option<Self>> {
        let mut statement = transaction.prepare_cached(
            "SELECT queue, name, visibility, retention, dead_letter, max_receives, swept_at FROM queue WHERE name = ?1",
        )?;
        statement.query_row([name], Self::from_row).optional()
    }

    /// The queue of this name, created as the embedded default has it where it is missing.
    pub(crate) fn find_or_create(
        transaction: &Transaction<'_>,
        name: &str,
    ) -> rusqlite::Result<Self> {
        if let Some(found) = Self::find(transaction, name)? {
            return Ok(found);
        }
        declare(transaction, &default_spec(name))?;
        Self::find(transaction, name)?.ok_or(rusqlite::Error::QueryReturnedNoRows)
    }

    /// Whether order within a message group is kept.
    pub(crate) fn is_fifo(&self) -> bool {
        Capabilities::sqs(&self.name).fifo
    }

    /// Messages sent before this are over their retention.
    pub(crate) fn oldest(&self, now: i64) -> i64 {
        now.saturating_sub(self.retention)
    }

    /// Approximate no more than its moment: counts of one transaction.
    pub(crate) fn stats(
        &self,
        transaction: &Transaction<'_>,
        now: i64,
    ) -> rusqlite::Result<QueueStats> {
        let mut statement = transaction.prepare_cached(
            "SELECT count(*) FILTER (WHERE visible_at <= :now),
                    count(*) FILTER (WHERE visible_at > :now AND receipt IS NOT NULL),
                    count(*) FILTER (WHERE visible_at > :now AND receipt IS NULL)
             FROM message WHERE queue = :queue AND sent_at > :oldest",
        )?;
        let bound =
            named_params! { ":queue": self.queue, ":now": now, ":oldest": self.oldest(now) };
        statement.query_row(bound, |row| {
            let count = |index| row.get::<_, i64>(index).map(i64::unsigned_abs);
            Ok(QueueStats {
                visible: count(0)?,
                in_flight: count(1)?,
                delayed: count(2)?,
                dead_letter_queue: self.dead_letter.clone(),
                max_receive_count: self.max_receives,
                visibility: Some(Duration::from_micros(self.visibility.unsigned_abs())),
                retention: Some(Duration::from_micros(self.retention.unsigned_abs())),
            })
        })
    }

    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            queue: row.get(0)?,
            name: row.get(1)?,
            visibility: row.get(2)?,
            retention: row.get(3)?,
            dead_letter: row.get(4)?,
            max_receives: row.get(5)?,
            swept_at: row.get(6)?,
        })
    }
}

/// The names of all queues.
pub(crate) fn names(transaction: &Transaction<'_>) -> rusqlite::Result<Vec<String>> {
    let mut statement = transaction.prepare_cached("SELECT name FROM queue ORDER BY name")?;
    statement.query_map([], |row| row.get(0))?.collect()
}

/// Creates what is missing of the queue, its dead-letter queue and the redrive policy; changes
/// nothing that is there.
pub(crate) fn declare(transaction: &Transaction<'_>, spec: &QueueSpec) -> rusqlite::Result<()> {
    insert(transaction, &spec.name, spec.visibility, spec.retention)?;
    let Some((dead_letter, max_receives)) = &spec.dead_letter else {
        return Ok(());
    };
    let added = transaction
        .prepare_cached("UPDATE queue SET dead_letter = ?2, max_receives = ?3 WHERE name = ?1 AND dead_letter IS NULL")?
        .execute((&spec.name, dead_letter, max_receives))?;
    if added > 0 {
        insert(
            transaction,
            dead_letter,
            spec.visibility,
            QueueSpec::DEAD_LETTER_RETENTION,
        )?;
    }
    Ok(())
}

/// Changes what is given, and leaves the rest.
pub(crate) fn update(
    transaction: &Transaction<'_>,
    queue: &QueueRow,
    change: &QueueChange,
) -> rusqlite::Result<Result<(), BrokerErrorKind>> {
    if change.max_receives.is_some() && queue.dead_letter.is_none() {
        return Ok(Err(BrokerErrorKind::NoDeadLetterQueue));
    }
    let sql = "UPDATE queue SET visibility = ifnull(?2, visibility), retention = ifnull(?3, retention), max_receives = ifnull(?4, max_receives)
               WHERE queue = ?1";
    let bound = (
        queue.queue,
        change.visibility.map(micros),
        change.retention.map(micros),
        change.max_receives,
    );
    transaction.prepare_cached(sql)?.execute(bound)?;
    Ok(Ok(()))
}

fn insert(
    transaction: &Transaction<'_>,
    name: &str,
    visibility: Duration,
    retention: Duration,
) -> rusqlite::Result<usize> {
    let sql = "INSERT INTO queue (name, visibility, retention) VALUES (?1, ?2, ?3) ON CONFLICT (name) DO NOTHING";
    transaction
        .prepare_cached(sql)?
        .execute((name, micros(visibility), micros(retention)))
}

/// A dead-letter queue that is used first gets none of its own.
fn default_spec(name: &str) -> QueueSpec {
    let mut spec = QueueSpec::new(name);
    if name.strip_suffix(".fifo").unwrap_or(name).ends_with("-dlq") {
        spec.dead_letter = None;
    }
    spec
}

/// A duration as the database counts it.
pub(crate) fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
