use celeriac::Connection;
use celeriac::local::{Database, Diagnosis};

use crate::check::Check;

/// The file behind broker or results, where it is SQLite.
pub(crate) async fn checks(connection: &Connection) -> Vec<Check> {
    let mut checks = Vec::new();
    for url in connection.database_urls() {
        match look(&url).await {
            Ok(diagnosis) => checks.extend(sound(&diagnosis)),
            Err(error) => checks.push(Check::fail(
                format!("database `{url}`"),
                error,
                "stop what uses it, and move the file away or bring back a copy",
            )),
        }
    }
    checks
}

async fn look(url: &str) -> Result<Diagnosis, String> {
    let database = Database::from_url(url).map_err(|error| error.to_string())?;
    database.diagnose().await.map_err(|error| error.to_string())
}

fn sound(diagnosis: &Diagnosis) -> Vec<Check> {
    let Some(path) = &diagnosis.path else {
        let advice = "give it a file, `sqlite:PATH`, for more than one process";
        return vec![Check::warn(
            "database",
            "in memory: it ends with the process",
            advice,
        )];
    };
    let subject = format!("database `{}`", path.display());
    let facts = format!(
        "SQLite {}, tables of version {}, {} KiB",
        diagnosis.sqlite_version,
        diagnosis.schema_version,
        diagnosis.bytes / 1024
    );
    let mut checks = vec![Check::ok(&subject, facts)];
    checks.push(if diagnosis.journal_mode == "wal" {
        Check::ok(
            format!("{subject}, journal"),
            "write-ahead log: several processes may use it",
        )
    } else {
        let finding = format!(
            "journal mode is `{}`: processes wait for each other",
            diagnosis.journal_mode
        );
        Check::warn(
            format!("{subject}, journal"),
            finding,
            "put the file on a local disk: network file systems have no write-ahead log",
        )
    });
    checks.push(if diagnosis.damage.is_empty() {
        Check::ok(format!("{subject}, integrity"), "sound")
    } else {
        let advice = "stop what uses it, and bring back a copy (or `sqlite3 FILE .recover`)";
        Check::fail(
            format!("{subject}, integrity"),
            diagnosis.damage.join("; "),
            advice,
        )
    });
    checks
}
