use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, TransactionBehavior};

use crate::DatabaseError;

/// In the file's header, so that we neither write into another program's database nor take one for
/// ours: "clry".
const APPLICATION_ID: i64 = 0x636c_7279;
const VERSION: i64 = STEPS[STEPS.len() - 1].0;

/// How long a statement waits for another process's transaction.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
const STATEMENT_CACHE: usize = 64;
/// Pages of 4 KiB in the log before they go into the file, which waits for the disk: eight times
/// SQLite's default made sends three times as fast.
const CHECKPOINT_PAGES: i64 = 8000;

/// Pages kept in memory, in KiB: results have random keys, so all of an index is in use. SQLite's
/// default is 2 MiB.
const CACHE_KIB: i64 = 16 << 10;

/// What each version adds to the one before it. A step is never changed, for files are there that
/// have had it.
const STEPS: [(i64, &str); 6] = [
    (1, QUEUES_AND_TASKS),
    (2, DOCUMENTS),
    (3, FOLDERS),
    (4, IDENTITY),
    (5, SENT_THROUGH),
    (6, CHORDS),
];

/// Times are microseconds since 1970.
const QUEUES_AND_TASKS: &str = "
CREATE TABLE queue (
    queue INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    visibility INTEGER NOT NULL,
    retention INTEGER NOT NULL,
    dead_letter TEXT,
    max_receives INTEGER,
    swept_at INTEGER NOT NULL DEFAULT 0
);
-- AUTOINCREMENT: a sequence number is never given twice, so an old receipt never meets a new message
CREATE TABLE message (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    queue INTEGER NOT NULL,
    visible_at INTEGER NOT NULL,
    sent_at INTEGER NOT NULL,
    receive_count INTEGER NOT NULL DEFAULT 0,
    receipt TEXT,
    message_id TEXT NOT NULL,
    group_id TEXT,
    dedup_id TEXT,
    attributes TEXT,
    body TEXT NOT NULL
);
CREATE INDEX message_due ON message (queue, visible_at);
CREATE INDEX message_grouped ON message (queue) WHERE group_id IS NOT NULL;
CREATE TABLE dedup (
    queue INTEGER NOT NULL,
    dedup_id TEXT NOT NULL,
    message_id TEXT NOT NULL,
    sent_at INTEGER NOT NULL,
    PRIMARY KEY (queue, dedup_id)
) WITHOUT ROWID;
CREATE TABLE task (
    key TEXT NOT NULL PRIMARY KEY,
    status TEXT NOT NULL,
    forgotten INTEGER NOT NULL DEFAULT 0,
    written_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    runs INTEGER NOT NULL,
    retries INTEGER NOT NULL,
    lease_until INTEGER,
    nonce TEXT NOT NULL,
    owner TEXT,
    result BLOB NOT NULL
);
CREATE INDEX task_expiry ON task (expires_at);
";

const DOCUMENTS: &str = "
CREATE TABLE document (
    key TEXT NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL,
    nonce TEXT NOT NULL,
    written_at INTEGER NOT NULL,
    body TEXT NOT NULL
);
";

const FOLDERS: &str = "
CREATE TABLE document_3 (
    key TEXT NOT NULL PRIMARY KEY,
    folder TEXT,
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    nonce TEXT NOT NULL,
    holder TEXT,
    number INTEGER NOT NULL,
    body BLOB NOT NULL,
    expires_at INTEGER
);
INSERT INTO document_3 SELECT key, NULL, key, version, nonce, NULL, 0, CAST(body AS BLOB), NULL FROM document;
DROP TABLE document;
ALTER TABLE document_3 RENAME TO document;
CREATE INDEX document_listed ON document (folder, name) WHERE folder IS NOT NULL;
CREATE INDEX document_expiry ON document (expires_at) WHERE expires_at IS NOT NULL;
";

/// Whose a task id is; nobody's in items of before.
const IDENTITY: &str = "
ALTER TABLE task ADD COLUMN task TEXT;
ALTER TABLE task ADD COLUMN origin TEXT;
";

/// The queue that a task's message came from; not known in items of before.
const SENT_THROUGH: &str = "
ALTER TABLE task ADD COLUMN queue TEXT;
";

/// A member whose `failed` is null is awaited; a chord whose `state` is null is open.
const CHORDS: &str = "
CREATE TABLE chord (
    key TEXT NOT NULL PRIMARY KEY,
    body BLOB NOT NULL,
    shape TEXT NOT NULL,
    state TEXT,
    lease_until INTEGER,
    nonce TEXT,
    taken_by TEXT,
    takes INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
);
CREATE INDEX chord_expiry ON chord (expires_at);
CREATE TABLE chord_member (
    chord TEXT NOT NULL,
    place INTEGER NOT NULL,
    task_id TEXT NOT NULL,
    failed INTEGER,
    PRIMARY KEY (chord, place)
) WITHOUT ROWID;
CREATE INDEX chord_awaits ON chord_member (chord) WHERE failed IS NULL;
";

/// Makes a new connection ready: settings, and the tables where they are missing or older.
pub(crate) fn set_up(connection: &mut Connection, path: &Path) -> Result<(), DatabaseError> {
    let failed = |source| DatabaseError::Open {
        path: path.to_owned(),
        source,
    };
    connection.busy_timeout(BUSY_TIMEOUT).map_err(failed)?;
    connection.set_prepared_statement_cache_capacity(STATEMENT_CACHE);
    // a plan must not look at bound values: with a partial index about, each new value would have
    // it made again
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)
        .map_err(failed)?;
    // looked at before anything is written, the change to WAL included; in one transaction, since
    // another process may be creating the tables at this moment
    let snapshot = connection.transaction().map_err(failed)?;
    check_owner(&snapshot, path)?;
    drop(snapshot);
    use_wal(connection).map_err(failed)?;
    connection
        .pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)
        .map_err(failed)?;
    connection
        .pragma_update(None, "cache_size", -CACHE_KIB)
        .map_err(failed)?;
    connection
        .pragma_update(None, "synchronous", "NORMAL")
        .map_err(failed)?;
    bring_up_to_date(connection, path)
}

/// The change to WAL needs the file alone for a moment, and does not wait for it by itself.
fn use_wal(connection: &Connection) -> rusqlite::Result<()> {
    let deadline = Instant::now() + BUSY_TIMEOUT;
    loop {
        match connection.pragma_update(None, "journal_mode", "WAL") {
            Err(error) if is_busy(&error) && Instant::now() < deadline => {
                std::thread::sleep(Duration::from_millis(5));
            }
            done => return done,
        }
    }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
    )
}

fn bring_up_to_date(connection: &mut Connection, path: &Path) -> Result<(), DatabaseError> {
    let failed = |source| DatabaseError::Open {
        path: path.to_owned(),
        source,
    };
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(failed)?;
    // another process may have been first
    let version = check_owner(&transaction, path)?;
    if version < VERSION {
        for (_, step) in STEPS.iter().filter(|(to, _)| *to > version) {
            transaction.execute_batch(step).map_err(failed)?;
        }
        transaction
            .pragma_update(None, "application_id", APPLICATION_ID)
            .map_err(failed)?;
        transaction
            .pragma_update(None, "user_version", VERSION)
            .map_err(failed)?;
    }
    transaction.commit().map_err(failed)
}

/// The file's version, 0 for an empty one; an error if the file is not ours or too new.
fn check_owner(connection: &Connection, path: &Path) -> Result<i64, DatabaseError> {
    let failed = |source| DatabaseError::Open {
        path: path.to_owned(),
        source,
    };
    let number = |sql: &str| {
        connection
            .query_row(sql, [], |row| row.get::<_, i64>(0))
            .map_err(failed)
    };

    let version = number("PRAGMA user_version")?;
    let ours = number("PRAGMA application_id")? == APPLICATION_ID;
    let empty = number("SELECT count(*) FROM sqlite_schema")? == 0;
    let fresh = empty && version == 0;
    if !ours && !fresh {
        return Err(DatabaseError::NotCeleriac(path.to_owned()));
    }
    if version > VERSION {
        return Err(DatabaseError::Newer {
            path: path.to_owned(),
            version,
            known: VERSION,
        });
    }
    Ok(version)
}
