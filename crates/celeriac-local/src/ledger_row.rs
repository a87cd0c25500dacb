use celeriac_core::{LedgerItem, TaskIdentity, Version};
use celeriac_protocol::{ResultMeta, State, UtcTime, Value};
use rusqlite::{OptionalExtension, Row, Transaction};

/// How many expired items one transaction deletes at most.
const SWEEP_BATCH: usize = 200;

/// A ledger item as stored; times in microseconds.
#[derive(Clone, Debug)]
pub(crate) struct LedgerRow {
    pub(crate) key: String,
    pub(crate) status: String,
    /// A tombstone: final, and shown to nobody.
    pub(crate) forgotten: bool,
    pub(crate) written_at: i64,
    pub(crate) expires_at: i64,
    pub(crate) attempt: u64,
    pub(crate) runs: u32,
    pub(crate) retries: u32,
    pub(crate) lease_until: Option<i64>,
    pub(crate) nonce: String,
    pub(crate) owner: Option<String>,
    /// Whose the id is.
    pub(crate) identity: Option<TaskIdentity>,
    pub(crate) result: Vec<u8>,
}

impl LedgerRow {
    /// The item of this key. One whose TTL is over is no item any more.
    pub(crate) fn find(
        transaction: &Transaction<'_>,
        key: &str,
        now: i64,
    ) -> rusqlite::Result<Option<Self>> {
        let sql = "SELECT key, status, forgotten, written_at, expires_at, attempt, runs, retries, lease_until, nonce, owner, result, task, origin, queue
                   FROM task WHERE key = ?1 AND expires_at > ?2";
        transaction
            .prepare_cached(sql)?
            .query_row((key, now), Self::from_row)
            .optional()
    }

    /// Writes the whole item.
    pub(crate) fn put(&self, transaction: &Transaction<'_>) -> rusqlite::Result<()> {
        self.write(
            transaction,
            "INSERT INTO task (key, status, forgotten, written_at, expires_at, attempt, runs, retries, lease_until, nonce, owner, result, task, origin, queue)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)
             ON CONFLICT (key) DO UPDATE SET
                 status = ?2, forgotten = ?3, written_at = ?4, expires_at = ?5, attempt = ?6,
                 runs = ?7, retries = ?8, lease_until = ?9, nonce = ?10, owner = ?11, result = ?12,
                 task = ?13, origin = ?14, queue = ?15",
        )
        .map(drop)
    }

    /// Writes the item if there is none of its key, expired ones included; whether it did.
    pub(crate) fn insert(&self, transaction: &Transaction<'_>) -> rusqlite::Result<bool> {
        self.write(
            transaction,
            "INSERT INTO task (key, status, forgotten, written_at, expires_at, attempt, runs, retries, lease_until, nonce, owner, result, task, origin, queue)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)
             ON CONFLICT (key) DO NOTHING",
        )
        .map(|rows| rows > 0)
    }

    /// Ends the claim of this attempt with a final state, where the item has none: the rule of
    /// `decide_complete` in one write. `false`: the rule itself has to look.
    pub(crate) fn end(
        transaction: &Transaction<'_>,
        key: &str,
        attempt: u64,
        nonce: &str,
        (status, result): (&str, &[u8]),
        (now, expires_at): (i64, i64),
    ) -> rusqlite::Result<bool> {
        // three comparisons: for a list of more than two SQLite builds a table each time
        let sql = "UPDATE task SET status = ?4, result = ?5, written_at = ?6, expires_at = ?7, lease_until = NULL, nonce = ?3
                   WHERE key = ?1 AND attempt = ?2 AND nonce <> ?3 AND expires_at > ?6
                     AND status <> 'SUCCESS' AND status <> 'FAILURE' AND status <> 'REVOKED'";
        let attempt = i64::try_from(attempt).unwrap_or(i64::MAX);
        let bound = (key, attempt, nonce, status, result, now, expires_at);
        let rows = transaction.prepare_cached(sql)?.execute(bound)?;
        Ok(rows > 0)
    }

    fn write(&self, transaction: &Transaction<'_>, sql: &str) -> rusqlite::Result<usize> {
        transaction.prepare_cached(sql)?.execute((
            &self.key,
            &self.status,
            self.forgotten,
            self.written_at,
            self.expires_at,
            i64::try_from(self.attempt).unwrap_or(i64::MAX),
            self.runs,
            self.retries,
            self.lease_until,
            &self.nonce,
            &self.owner,
            &self.result,
            self.identity.as_ref().map(|identity| &identity.name),
            self.identity.as_ref().map(|identity| &identity.origin),
            self.identity.as_ref().map(|identity| &identity.queue),
        ))
    }

    /// Deletes some of the items whose TTL is over; whether there may be more.
    pub(crate) fn sweep(transaction: &Transaction<'_>, now: i64) -> rusqlite::Result<bool> {
        let sql = "DELETE FROM task WHERE rowid IN (SELECT rowid FROM task WHERE expires_at <= ?1 LIMIT ?2)";
        let rows = transaction
            .prepare_cached(sql)?
            .execute((now, SWEEP_BATCH.cast_signed()))?;
        Ok(rows == SWEEP_BATCH)
    }

    /// The state readers see, or saw before the result was forgotten.
    pub(crate) fn state(&self) -> State {
        State::from(self.status.as_str())
    }

    /// Shows a state to readers.
    pub(crate) fn show(&mut self, status: &State, result: Vec<u8>) {
        status.as_str().clone_into(&mut self.status);
        self.result = result;
    }

    /// Whether this attempt's claim stands: whatever ended it, a final state too, has taken the
    /// lease away.
    pub(crate) fn is_held_by(&self, attempt: u64) -> bool {
        self.attempt == attempt && self.lease_until.is_some()
    }

    /// What the ledger's rules look at. The rules need only the status, so the result is not
    /// decoded.
    pub(crate) fn item(&self, task_id: &str) -> LedgerItem {
        LedgerItem {
            meta: ResultMeta::new(task_id, self.state(), Value::Null),
            version: Version::Ours {
                attempt: self.attempt,
                nonce: self.nonce.clone(),
            },
            runs: self.runs,
            retries: self.retries,
            lease_until: self.lease_until.map(UtcTime),
            nonce: Some(self.nonce.clone()),
            identity: self.identity.clone(),
        }
    }

    /// The columns by position: names would be looked up for every row.
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            key: row.get(0)?,
            status: row.get(1)?,
            forgotten: row.get(2)?,
            written_at: row.get(3)?,
            expires_at: row.get(4)?,
            attempt: row.get::<_, i64>(5)?.unsigned_abs(),
            runs: row.get(6)?,
            retries: row.get(7)?,
            lease_until: row.get(8)?,
            nonce: row.get(9)?,
            owner: row.get(10)?,
            result: row.get(11)?,
            identity: identity(row.get(12)?, row.get(13)?, row.get(14)?),
        })
    }
}

fn identity(
    name: Option<String>,
    origin: Option<String>,
    queue: Option<String>,
) -> Option<TaskIdentity> {
    Some(TaskIdentity {
        name: name?,
        origin,
        queue,
    })
}
