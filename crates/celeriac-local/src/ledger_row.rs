use celeriac_core::{LedgerItem, Version};
use celeriac_protocol::{ResultMeta, State, UtcTime, Value};
use rusqlite::{OptionalExtension, Row, Transaction, named_params};

/// How many expired items one transaction deletes at most.
const SWEEP_BATCH: i64 = 200;

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
    pub(crate) result: Vec<u8>,
}

impl LedgerRow {
    /// The item of this key. One whose TTL is over is no item any more.
    pub(crate) fn find(
        transaction: &Transaction<'_>,
        key: &str,
        now: i64,
    ) -> rusqlite::Result<Option<Self>> {
        let sql = "SELECT * FROM task WHERE key = ?1 AND expires_at > ?2";
        transaction
            .prepare_cached(sql)?
            .query_row((key, now), Self::from_row)
            .optional()
    }

    /// Writes the whole item.
    pub(crate) fn put(&self, transaction: &Transaction<'_>) -> rusqlite::Result<()> {
        let mut statement = transaction.prepare_cached(
            "INSERT INTO task (key, status, forgotten, written_at, expires_at, attempt, runs, retries, lease_until, nonce, owner, result)
             VALUES (:key, :status, :forgotten, :written_at, :expires_at, :attempt, :runs, :retries, :lease_until, :nonce, :owner, :result)
             ON CONFLICT (key) DO UPDATE SET
                 status = :status, forgotten = :forgotten, written_at = :written_at, expires_at = :expires_at, attempt = :attempt,
                 runs = :runs, retries = :retries, lease_until = :lease_until, nonce = :nonce, owner = :owner, result = :result",
        )?;
        let written = statement.execute(named_params! {
            ":key": self.key,
            ":status": self.status,
            ":forgotten": self.forgotten,
            ":written_at": self.written_at,
            ":expires_at": self.expires_at,
            ":attempt": i64::try_from(self.attempt).unwrap_or(i64::MAX),
            ":runs": self.runs,
            ":retries": self.retries,
            ":lease_until": self.lease_until,
            ":nonce": self.nonce,
            ":owner": self.owner,
            ":result": self.result,
        });
        written.map(drop)
    }

    /// Deletes some of the items whose TTL is over.
    pub(crate) fn sweep(transaction: &Transaction<'_>, now: i64) -> rusqlite::Result<()> {
        let sql = "DELETE FROM task WHERE rowid IN (SELECT rowid FROM task WHERE expires_at <= ?1 LIMIT ?2)";
        transaction
            .prepare_cached(sql)?
            .execute((now, SWEEP_BATCH))
            .map(drop)
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

    /// Whether this attempt's claim stands: whatever ended it, a final state too, has taken the lease away.
    pub(crate) fn is_held_by(&self, attempt: u64) -> bool {
        self.attempt == attempt && self.lease_until.is_some()
    }

    /// What the ledger's rules look at. The rules need only the status, so the result is not decoded.
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
        }
    }

    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            key: row.get("key")?,
            status: row.get("status")?,
            forgotten: row.get("forgotten")?,
            written_at: row.get("written_at")?,
            expires_at: row.get("expires_at")?,
            attempt: row.get::<_, i64>("attempt")?.unsigned_abs(),
            runs: row.get("runs")?,
            retries: row.get("retries")?,
            lease_until: row.get("lease_until")?,
            nonce: row.get("nonce")?,
            owner: row.get("owner")?,
            result: row.get("result")?,
        })
    }
}
