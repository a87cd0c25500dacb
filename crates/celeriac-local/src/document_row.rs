use celeriac_core::{Document, DocumentSave, SaveOutcome};
use rusqlite::{OptionalExtension, Row, Transaction, named_params};

/// A document as stored.
#[derive(Clone, Debug)]
pub(crate) struct DocumentRow {
    pub(crate) document: Document,
    nonce: String,
}

impl DocumentRow {
    /// The document of this key.
    pub(crate) fn find(transaction: &Transaction<'_>, key: &str) -> rusqlite::Result<Option<Self>> {
        let sql = "SELECT version, nonce, body FROM document WHERE key = ?1";
        transaction
            .prepare_cached(sql)?
            .query_row([key], Self::from_row)
            .optional()
    }

    /// Saves under this key, in a transaction that has the write lock: nobody comes between the look and the write.
    pub(crate) fn save(
        transaction: &Transaction<'_>,
        key: &str,
        save: &DocumentSave,
        now: i64,
    ) -> rusqlite::Result<SaveOutcome> {
        let found = Self::find(transaction, key)?;
        let version = found.as_ref().map_or(0, |row| row.document.version);
        if version == save.version {
            put(transaction, key, save, now)?;
        } else if !found.is_some_and(|row| save.made(version, &row.nonce)) {
            return Ok(SaveOutcome::Changed);
        }
        Ok(SaveOutcome::Saved {
            version: save.new_version(),
        })
    }

    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            document: Document {
                version: row.get::<_, i64>("version")?.unsigned_abs(),
                body: row.get("body")?,
            },
            nonce: row.get("nonce")?,
        })
    }
}

fn put(
    transaction: &Transaction<'_>,
    key: &str,
    save: &DocumentSave,
    now: i64,
) -> rusqlite::Result<()> {
    let mut statement = transaction.prepare_cached(
        "INSERT INTO document (key, version, nonce, written_at, body) VALUES (:key, :version, :nonce, :written_at, :body)
         ON CONFLICT (key) DO UPDATE SET version = :version, nonce = :nonce, written_at = :written_at, body = :body",
    )?;
    let written = statement.execute(named_params! {
        ":key": key,
        ":version": i64::try_from(save.new_version()).unwrap_or(i64::MAX),
        ":nonce": save.nonce,
        ":written_at": now,
        ":body": save.body,
    });
    written.map(drop)
}
