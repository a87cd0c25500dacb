use std::time::Duration;

use celeriac_core::Outgoing;
use rusqlite::{OptionalExtension, Transaction};

use crate::queue_row::{QueueRow, micros};

/// SQS: how long a deduplication id is remembered.
const DEDUP_WINDOW: Duration = Duration::from_mins(5);

/// The due messages of a FIFO queue in their order, without the groups that have a message in
/// flight.
pub(crate) const DUE: &str = "
    SELECT seq, message_id, body, receive_count, sent_at, group_id, dedup_id, attributes FROM message
    WHERE queue = :queue AND group_id IS NOT NULL AND visible_at <= :now AND sent_at > :oldest
      AND group_id NOT IN (SELECT group_id FROM message WHERE queue = :queue AND visible_at > :now AND group_id IS NOT NULL)
    ORDER BY seq LIMIT :count";

/// The id of the message that was sent with this deduplication id less than five minutes ago, if
/// there was one.
pub(crate) fn earlier(
    transaction: &Transaction<'_>,
    queue: &QueueRow,
    message: &Outgoing,
    now: i64,
) -> rusqlite::Result<Option<String>> {
    let Some(dedup_id) = &message.dedup_id else {
        return Ok(None);
    };
    let sql = "SELECT message_id FROM dedup WHERE queue = ?1 AND dedup_id = ?2 AND sent_at > ?3";
    let mut statement = transaction.prepare_cached(sql)?;
    statement
        .query_row((queue.queue, dedup_id, window_start(now)), |row| row.get(0))
        .optional()
}

/// Remembers the deduplication id of a message just sent.
pub(crate) fn remember(
    transaction: &Transaction<'_>,
    queue: &QueueRow,
    message: &Outgoing,
    message_id: &str,
    now: i64,
) -> rusqlite::Result<()> {
    if let (Some(dedup_id), true) = (&message.dedup_id, queue.is_fifo()) {
        let sql = "INSERT OR REPLACE INTO dedup (queue, dedup_id, message_id, sent_at) VALUES (?1, ?2, ?3, ?4)";
        transaction
            .prepare_cached(sql)?
            .execute((queue.queue, dedup_id, message_id, now))?;
    }
    Ok(())
}

/// Forgets the ids whose five minutes are over.
pub(crate) fn sweep(
    transaction: &Transaction<'_>,
    queue: &QueueRow,
    now: i64,
) -> rusqlite::Result<usize> {
    let sql = "DELETE FROM dedup WHERE queue = ?1 AND sent_at <= ?2";
    transaction
        .prepare_cached(sql)?
        .execute((queue.queue, window_start(now)))
}

fn window_start(now: i64) -> i64 {
    now.saturating_sub(micros(DEDUP_WINDOW))
}
