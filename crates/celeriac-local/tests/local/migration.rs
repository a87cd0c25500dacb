//! Files that older versions have written.

use std::path::{Path, PathBuf};
use std::sync::Barrier;
use std::time::Duration;

use celeriac_core::documents::{Documents, Expect, Key, Put, PutOutcome};
use celeriac_core::{Broker, Ledger};
use celeriac_local::{Database, LocalBroker, LocalStore};
use celeriac_protocol::{State, Value};
use rusqlite::Connection;

/// What version 1 made and wrote: a queue with one message, and one finished task that is kept for
/// ever.
const VERSION_1: &str = include_str!("version_1.sql");

/// What version 2 added, with a document.
const VERSION_2: &str = r#"
CREATE TABLE document (
    key TEXT NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL,
    nonce TEXT NOT NULL,
    written_at INTEGER NOT NULL,
    body TEXT NOT NULL
);
INSERT INTO document VALUES ('b''celeriac-document-beat:shop:state''', 7, 'n', 1700000000000000, '{"größe": 1}');
PRAGMA user_version = 2;
"#;

const NEWEST: i64 = 6;

fn file_of_version_1(folder: &Path) -> PathBuf {
    let file = folder.join("celeriac.sqlite");
    let old = Connection::open(&file).expect("the file opens");
    old.execute_batch(VERSION_1).expect("its tables");
    file
}

fn version(file: &Path) -> i64 {
    let connection = Connection::open(file).expect("the file opens");
    let version = connection.query_row("PRAGMA user_version", [], |row| row.get(0));
    version.expect("it has a version")
}

#[tokio::test]
async fn a_file_of_version_1_keeps_all_and_takes_documents() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = file_of_version_1(folder.path());
    assert_eq!(version(&file), 1);

    let database = Database::open(&file).expect("it is brought up to date");
    assert_eq!(version(&file), NEWEST);
    let (broker, store) = (
        LocalBroker::new(database.clone()),
        LocalStore::new(database),
    );
    let record = Ledger::get(&store, &["finished".to_owned()])
        .await
        .remove(0);
    let record = record.expect("it is read").expect("it was kept");
    assert_eq!(record.meta.status, State::Success);
    assert_eq!(record.meta.result, Value::Str("größe".to_owned()));
    assert_eq!(record.identity, None, "nobody asked then whose it is");
    let received = broker.receive("tasks", 10, Duration::ZERO, Duration::from_secs(30));
    let received = received.await.expect("the queue is there");
    assert_eq!(received.len(), 1);
    assert_eq!(received[0].body, "kept");

    let put = Put::new(Key::listed("beat", "shop"), Expect::Absent, "{}");
    let outcome = store.put(vec![put]).await.remove(0);
    let outcome = outcome.expect("the put is answered");
    assert!(matches!(outcome, PutOutcome::Done { .. }), "{outcome:?}");
}

/// What version 2 wrote: a beat's state.
#[tokio::test]
async fn a_document_of_version_2_is_kept_and_can_be_written_over() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = file_of_version_1(folder.path());
    let old = Connection::open(&file).expect("the file opens");
    old.execute_batch(VERSION_2).expect("its tables");
    drop(old);

    let store = LocalStore::new(Database::open(&file).expect("it is brought up to date"));
    let key = Key::new("beat:shop:state");
    let found = Documents::get(&store, std::slice::from_ref(&key))
        .await
        .remove(0);
    let found = found.expect("it is read").expect("it was kept");
    assert_eq!(
        (found.version, found.body.as_slice()),
        (7, "{\"größe\": 1}".as_bytes())
    );
    let put = Put::new(key, Expect::Version(7), "{}");
    let outcome = store.put(vec![put]).await.remove(0);
    assert!(
        matches!(outcome, Ok(PutOutcome::Done { .. })),
        "{outcome:?}"
    );
}

/// A worker and a beat of a new release that start together on an old file both bring it up to
/// date.
#[test]
fn many_may_bring_one_file_up_to_date_at_once() {
    for _ in 0..20 {
        let folder = tempfile::tempdir().expect("a folder");
        let file = file_of_version_1(folder.path());
        let start = Barrier::new(4);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    start.wait();
                    Database::open(&file).expect("one brings it up to date, the others see that");
                });
            }
        });
        assert_eq!(version(&file), NEWEST);
    }
}
