use std::path::PathBuf;

use rusqlite::Transaction;

use crate::{Database, DatabaseError};

/// What an operator wants to know of a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// The file; `None` for memory.
    pub path: Option<PathBuf>,
    /// SQLite's version.
    pub sqlite_version: String,
    /// The version of celeriac's tables.
    pub schema_version: i64,
    /// `wal` for a file that several processes may use at once.
    pub journal_mode: String,
    /// Bytes, without the write-ahead log.
    pub bytes: u64,
    /// What SQLite's own check complains of; empty for a sound file.
    pub damage: Vec<String>,
}

impl Database {
    /// Looks at the file as a whole; takes as long as reading it does.
    pub async fn diagnose(&self) -> Result<Diagnosis, DatabaseError> {
        let path = self.path().map(ToOwned::to_owned);
        self.read(move |transaction| diagnosis(path.clone(), transaction))
            .await
    }
}

fn diagnosis(path: Option<PathBuf>, transaction: &Transaction<'_>) -> rusqlite::Result<Diagnosis> {
    let number = |sql| transaction.query_row(sql, [], |row| row.get::<_, i64>(0));
    let pages = number("PRAGMA page_count")?.saturating_mul(number("PRAGMA page_size")?);
    Ok(Diagnosis {
        path,
        sqlite_version: rusqlite::version().to_owned(),
        schema_version: number("PRAGMA user_version")?,
        journal_mode: transaction.query_row("PRAGMA journal_mode", [], |row| row.get(0))?,
        bytes: u64::try_from(pages).unwrap_or(0),
        damage: damage(transaction)?,
    })
}

fn damage(transaction: &Transaction<'_>) -> rusqlite::Result<Vec<String>> {
    let mut check = transaction.prepare("PRAGMA integrity_check(10)")?;
    let lines = check.query_map([], |row| row.get::<_, String>(0))?;
    lines
        .filter(|line| !matches!(line, Ok(text) if text == "ok"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_new_file_is_sound_and_shared() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("celeriac.sqlite");
        let diagnosis = Database::open(&path)
            .expect("a database")
            .diagnose()
            .await
            .expect("a diagnosis");
        assert_eq!(
            (diagnosis.path, diagnosis.journal_mode.as_str()),
            (Some(path), "wal")
        );
        assert!(diagnosis.bytes > 0 && diagnosis.damage.is_empty());
    }
}
