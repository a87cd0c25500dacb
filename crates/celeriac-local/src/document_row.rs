use celeriac_core::documents::{Document, Key, Stored};
use celeriac_protocol::UtcTime;
use rusqlite::{OptionalExtension, Row, Transaction, named_params};

/// Expired documents that one transaction deletes at most.
const SWEEP_BATCH: usize = 200;

const COLUMNS: &str = "version, nonce, holder, number, body, expires_at";

/// What stands under this key, expired or not.
pub(crate) fn find(transaction: &Transaction<'_>, key: &str) -> rusqlite::Result<Option<Stored>> {
    let sql = format!("SELECT {COLUMNS} FROM document WHERE key = ?1");
    let mut statement = transaction.prepare_cached(&sql)?;
    statement.query_row([key], stored).optional()
}

/// Writes a document, over whatever stands there.
pub(crate) fn put(
    transaction: &Transaction<'_>,
    place: &Place,
    document: &Document,
    nonce: &str,
) -> rusqlite::Result<()> {
    let mut statement = transaction.prepare_cached(
        "INSERT INTO document (key, folder, name, version, nonce, holder, number, body, expires_at)
         VALUES (:key, :folder, :name, :version, :nonce, :holder, :number, :body, :expires_at)
         ON CONFLICT (key) DO UPDATE SET folder = :folder, name = :name, version = :version, nonce = :nonce,
             holder = :holder, number = :number, body = :body, expires_at = :expires_at",
    )?;
    let written = statement.execute(named_params! {
        ":key": place.key,
        ":folder": place.folder,
        ":name": place.name,
        ":version": i64::try_from(document.version).unwrap_or(i64::MAX),
        ":nonce": nonce,
        ":holder": document.holder,
        ":number": document.number,
        ":body": document.body,
        ":expires_at": document.expires_at.map(|end| end.0),
    });
    written.map(drop)
}

/// The first documents of a folder behind a name, that live at this time.
pub(crate) fn list(
    transaction: &Transaction<'_>,
    folder: &str,
    behind: Option<&str>,
    now: UtcTime,
    limit: usize,
) -> rusqlite::Result<Vec<(String, Document)>> {
    let sql = format!(
        "SELECT {COLUMNS}, name FROM document
         WHERE folder = ?1 AND (?2 IS NULL OR name > ?2) AND (expires_at IS NULL OR expires_at > ?3)
         ORDER BY name LIMIT ?4"
    );
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut statement = transaction.prepare_cached(&sql)?;
    let rows = statement.query_map((folder, behind, now.0, limit), |row| {
        Ok((row.get(6)?, stored(row)?.document))
    })?;
    rows.collect()
}

/// Deletes some of the documents that have expired.
pub(crate) fn sweep(transaction: &Transaction<'_>, now: UtcTime) -> rusqlite::Result<()> {
    let sql = "DELETE FROM document WHERE key IN (SELECT key FROM document WHERE expires_at <= ?1 LIMIT ?2)";
    let mut statement = transaction.prepare_cached(sql)?;
    statement
        .execute((now.0, SWEEP_BATCH.cast_signed()))
        .map(drop)
}

/// Where a document is kept.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) key: String,
    folder: Option<String>,
    name: String,
}

impl Place {
    /// Under this key, with the prefix before its folder too.
    pub(crate) fn new(key: String, of: &Key, folder: impl Fn(&str) -> String) -> Self {
        Self {
            key,
            folder: of.folder().map(folder),
            name: of.name().to_owned(),
        }
    }
}

fn stored(row: &Row<'_>) -> rusqlite::Result<Stored> {
    Ok(Stored {
        document: Document {
            version: row.get::<_, i64>(0)?.unsigned_abs(),
            holder: row.get(2)?,
            number: row.get(3)?,
            body: row.get(4)?,
            expires_at: row.get::<_, Option<i64>>(5)?.map(UtcTime),
        },
        nonce: row.get(1)?,
    })
}
