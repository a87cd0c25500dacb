use std::collections::BTreeMap;
use std::time::Duration;

use celeriac_core::{Delivery, Outgoing, Receipt};
use celeriac_protocol::UtcTime;
use rusqlite::types::Type;
use rusqlite::{OptionalExtension, Row, Transaction, named_params};
use uuid::Uuid;

use crate::fifo;
use crate::queue_row::{QueueRow, micros};

const SWEEP_EVERY: Duration = Duration::from_mins(1);

const DUE: &str = "
    SELECT seq, message_id, body, receive_count, sent_at, group_id, dedup_id, attributes FROM message
    WHERE queue = :queue AND visible_at <= :now AND sent_at > :oldest
    ORDER BY visible_at, seq LIMIT :count";

/// Which received copy of which message: `<seq>-<random>`. The random part is new with every
/// receive.
#[derive(Debug)]
pub(crate) struct ReceiptHandle {
    seq: i64,
    random: String,
}

impl ReceiptHandle {
    /// Reads a receipt; `None` if no receive ever gave it.
    pub(crate) fn of(receipt: &Receipt) -> Option<Self> {
        let (seq, random) = receipt.0.split_once('-')?;
        Some(Self {
            seq: seq.parse().ok()?,
            random: random.to_owned(),
        })
    }
}

/// What a copy is worth by now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hold {
    /// The newest receive, and still invisible to others.
    Held,
    /// The newest receive, but its visibility has ended.
    Lapsed,
    /// Received again since.
    Stale,
    /// The message is deleted.
    Gone,
}

/// What a receive found.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) deliveries: Vec<Delivery>,
    /// Whether messages went to the dead-letter queue for having been received too often.
    pub(crate) redriven: usize,
}

/// Stores one message; answers its id, or that of the earlier one with the same deduplication id.
pub(crate) fn insert(
    transaction: &Transaction<'_>,
    queue: &QueueRow,
    message: &Outgoing,
    now: i64,
) -> rusqlite::Result<String> {
    if queue.is_fifo()
        && let Some(earlier) = fifo::earlier(transaction, queue, message, now)?
    {
        return Ok(earlier);
    }
    let message_id = Uuid::new_v4().to_string();
    let mut statement = transaction.prepare_cached(
        "INSERT INTO message (queue, visible_at, sent_at, message_id, group_id, dedup_id, attributes, body)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    statement.execute((
        queue.queue,
        now.saturating_add(micros(message.delay)),
        now,
        &message_id,
        &message.group_id,
        &message.dedup_id,
        write_attributes(&message.attributes)?,
        &message.body,
    ))?;
    fifo::remember(transaction, queue, message, &message_id, now)?;
    Ok(message_id)
}

/// Receives up to `count` due messages. Those received too often already go to the dead-letter
/// queue instead.
pub(crate) fn take(
    transaction: &Transaction<'_>,
    queue: &QueueRow,
    count: usize,
    visibility: Duration,
    now: i64,
) -> rusqlite::Result<Taken> {
    sweep(transaction, queue, now)?;
    let mut taken = Taken {
        deliveries: Vec::new(),
        redriven: 0,
    };
    // a FIFO group is judged as it stood before: what this receive takes does not block the rest of
    // its own batch
    let mut due = due(transaction, queue, count, now)?;
    loop {
        let redriven_before = taken.redriven;
        for delivery in due {
            let exhausted = queue
                .max_receives
                .is_some_and(|max| delivery.receive_count >= max);
            if exhausted && redrive(transaction, queue, &delivery, now)? {
                taken.redriven += 1;
            } else {
                taken.deliveries.push(hand_out(
                    transaction,
                    delivery,
                    now.saturating_add(micros(visibility)),
                )?);
            }
        }
        let missing = count - taken.deliveries.len();
        if taken.redriven == redriven_before || missing == 0 || queue.is_fifo() {
            return Ok(taken);
        }
        due = self::due(transaction, queue, missing, now)?;
    }
}

/// Whether a receive would find something now.
pub(crate) fn is_due(
    transaction: &Transaction<'_>,
    queue: &QueueRow,
    now: i64,
) -> rusqlite::Result<bool> {
    let mut statement =
        transaction.prepare_cached(if queue.is_fifo() { fifo::DUE } else { DUE })?;
    statement.exists(named_params! { ":queue": queue.queue, ":now": now, ":oldest": queue.oldest(now), ":count": 1 })
}

/// When the next invisible message becomes visible.
pub(crate) fn next_due(
    transaction: &Transaction<'_>,
    queue: &QueueRow,
    now: i64,
) -> rusqlite::Result<Option<i64>> {
    let sql = "SELECT min(visible_at) FROM message WHERE queue = ?1 AND visible_at > ?2";
    transaction
        .prepare_cached(sql)?
        .query_row((queue.queue, now), |row| row.get(0))
}

/// Where a copy stands.
pub(crate) fn hold(
    transaction: &Transaction<'_>,
    queue: &QueueRow,
    handle: &ReceiptHandle,
    now: i64,
) -> rusqlite::Result<Hold> {
    let sql = "SELECT receipt, visible_at FROM message WHERE seq = ?1 AND queue = ?2";
    let mut statement = transaction.prepare_cached(sql)?;
    let found = statement.query_row((handle.seq, queue.queue), |row| {
        Ok((row.get::<_, Option<String>>(0)?, row.get::<_, i64>(1)?))
    });
    Ok(match found.optional()? {
        None => Hold::Gone,
        Some((receipt, _)) if receipt.as_deref() != Some(handle.random.as_str()) => Hold::Stale,
        Some((_, visible_at)) if visible_at <= now => Hold::Lapsed,
        Some(_) => Hold::Held,
    })
}

/// Deletes the message, unless it was received again since.
pub(crate) fn delete(
    transaction: &Transaction<'_>,
    queue: &QueueRow,
    handle: &ReceiptHandle,
) -> rusqlite::Result<()> {
    let sql = "DELETE FROM message WHERE seq = ?1 AND queue = ?2 AND receipt = ?3";
    transaction
        .prepare_cached(sql)?
        .execute((handle.seq, queue.queue, &handle.random))
        .map(drop)
}

/// Makes a held message invisible until then.
pub(crate) fn hide_until(
    transaction: &Transaction<'_>,
    handle: &ReceiptHandle,
    visible_at: i64,
) -> rusqlite::Result<()> {
    let sql = "UPDATE message SET visible_at = ?2 WHERE seq = ?1";
    transaction
        .prepare_cached(sql)?
        .execute((handle.seq, visible_at))
        .map(drop)
}

/// Deletes every message of a queue.
pub(crate) fn purge(transaction: &Transaction<'_>, queue: &QueueRow) -> rusqlite::Result<()> {
    transaction
        .prepare_cached("DELETE FROM message WHERE queue = ?1")?
        .execute([queue.queue])
        .map(drop)
}

fn due(
    transaction: &Transaction<'_>,
    queue: &QueueRow,
    count: usize,
    now: i64,
) -> rusqlite::Result<Vec<Delivery>> {
    let mut statement =
        transaction.prepare_cached(if queue.is_fifo() { fifo::DUE } else { DUE })?;
    let bound = named_params! {
        ":queue": queue.queue,
        ":now": now,
        ":oldest": queue.oldest(now),
        ":count": i64::try_from(count).unwrap_or(i64::MAX),
    };
    statement
        .query_map(bound, |row| read(row, &queue.name))?
        .collect()
}

fn hand_out(
    transaction: &Transaction<'_>,
    delivery: Delivery,
    visible_at: i64,
) -> rusqlite::Result<Delivery> {
    let random = Uuid::new_v4().simple().to_string();
    let sql = "UPDATE message SET visible_at = ?2, receipt = ?3, receive_count = receive_count + 1 WHERE seq = ?1";
    let seq = &delivery.receipt.0;
    transaction
        .prepare_cached(sql)?
        .execute((seq, visible_at, &random))?;
    Ok(Delivery {
        receipt: Receipt(format!("{seq}-{random}")),
        receive_count: delivery.receive_count + 1,
        ..delivery
    })
}

/// Moves a message as SQS itself does: without a reason, and with its count and its age.
fn redrive(
    transaction: &Transaction<'_>,
    queue: &QueueRow,
    delivery: &Delivery,
    now: i64,
) -> rusqlite::Result<bool> {
    let Some(name) = &queue.dead_letter else {
        return Ok(false);
    };
    let Some(target) = QueueRow::find(transaction, name)? else {
        return Ok(false);
    };
    let sql = "UPDATE message SET queue = ?2, visible_at = ?3, receipt = NULL WHERE seq = ?1";
    transaction
        .prepare_cached(sql)?
        .execute((&delivery.receipt.0, target.queue, now))?;
    Ok(true)
}

/// Deletes, now and then, what is over its retention; until then no query sees it.
fn sweep(transaction: &Transaction<'_>, queue: &QueueRow, now: i64) -> rusqlite::Result<()> {
    if now < queue.swept_at.saturating_add(micros(SWEEP_EVERY)) {
        return Ok(());
    }
    let expired = "DELETE FROM message WHERE queue = ?1 AND sent_at <= ?2";
    transaction
        .prepare_cached(expired)?
        .execute((queue.queue, queue.oldest(now)))?;
    fifo::sweep(transaction, queue, now)?;
    transaction
        .prepare_cached("UPDATE queue SET swept_at = ?2 WHERE queue = ?1")?
        .execute((queue.queue, now))?;
    Ok(())
}

/// A message before it is handed out, its columns by position (names would be looked up for every
/// row): its receipt is the bare sequence number.
fn read(row: &Row<'_>, queue: &str) -> rusqlite::Result<Delivery> {
    Ok(Delivery {
        queue: queue.to_owned(),
        receipt: Receipt(row.get::<_, i64>(0)?.to_string()),
        message_id: row.get(1)?,
        body: row.get(2)?,
        receive_count: row.get(3)?,
        sent_at: Some(UtcTime(row.get(4)?)),
        group_id: row.get(5)?,
        dedup_id: row.get(6)?,
        attributes: read_attributes(row.get(7)?)?,
    })
}

fn write_attributes(attributes: &BTreeMap<String, String>) -> rusqlite::Result<Option<String>> {
    if attributes.is_empty() {
        return Ok(None);
    }
    let text = serde_json::to_string(attributes);
    text.map(Some)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}

fn read_attributes(text: Option<String>) -> rusqlite::Result<BTreeMap<String, String>> {
    let Some(text) = text else {
        return Ok(BTreeMap::new());
    };
    serde_json::from_str(&text)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(0, Type::Text, Box::new(error)))
}
