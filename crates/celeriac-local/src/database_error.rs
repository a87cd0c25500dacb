use std::path::PathBuf;

use celeriac_core::{BrokerErrorKind, StoreErrorKind};
use rusqlite::ErrorCode;
use thiserror::Error;

/// A failure of the database itself.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DatabaseError {
    /// The file cannot be opened or set up.
    #[error("cannot open database `{}`", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        source: rusqlite::Error,
    },
    /// The file holds another program's tables.
    #[error("`{}` is a database of another program", .0.display())]
    NotCeleriac(PathBuf),
    /// The file was written by a newer celeriac.
    #[error("database `{}` has version {version}, this celeriac knows versions up to {known}", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// The file's version.
        version: i64,
        /// The newest version this build can use.
        known: i64,
    },
    /// Neither `sqlite:PATH` nor `sqlite::memory:`.
    #[error("`{0}` is not a database URL: `sqlite:PATH` or `sqlite::memory:` is")]
    Url(String),
    /// The file was deleted, or another put in its place, while it was open.
    #[error("`{}` was deleted or replaced while it was in use: restart this program", .0.display())]
    Gone(PathBuf),
    /// A statement failed.
    #[error("database: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// The thread of the connection has ended.
    #[error("the database is closed")]
    Closed,
}

impl DatabaseError {
    /// Whether the same call may go through later: another process holds the lock.
    pub fn is_retryable(&self) -> bool {
        matches!(
            self,
            Self::Sqlite(rusqlite::Error::SqliteFailure(failure, _))
                if matches!(failure.code, ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
        )
    }
}

impl From<DatabaseError> for BrokerErrorKind {
    fn from(error: DatabaseError) -> Self {
        if error.is_retryable() {
            Self::Unavailable(error.to_string())
        } else {
            Self::Other(error.to_string())
        }
    }
}

impl From<DatabaseError> for StoreErrorKind {
    fn from(error: DatabaseError) -> Self {
        if error.is_retryable() {
            Self::Unavailable(error.to_string())
        } else {
            Self::Other(error.to_string())
        }
    }
}
