//! Opening databases, and what is refused.

use std::time::Duration;

use celeriac_core::{Broker, BrokerErrorKind, Ledger, Outgoing, QueueAdmin as _, Receipt};
use celeriac_local::{Database, DatabaseError, LocalBroker, LocalStore};
use celeriac_protocol::{Compression, ResultCodec, Serializer};

fn message(body: &str) -> Outgoing {
    Outgoing {
        body: body.to_owned(),
        ..Outgoing::default()
    }
}

async fn bodies(broker: &LocalBroker, queue: &str) -> Vec<String> {
    let received = broker
        .receive(queue, 10, Duration::ZERO, Duration::from_secs(30))
        .await;
    received
        .expect("the receive succeeds")
        .into_iter()
        .map(|delivery| delivery.body)
        .collect()
}

#[tokio::test]
async fn what_was_sent_survives_closing_the_file() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let url = format!("sqlite:{}", folder.path().join("celeriac.sqlite").display());
    let broker = LocalBroker::new(Database::from_url(&url).expect("the file opens"));
    broker
        .send("tasks", vec![message("kept")])
        .await
        .remove(0)
        .expect("the message is sent");
    drop(broker);

    let broker = LocalBroker::new(Database::from_url(&url).expect("the file opens again"));
    assert_eq!(bodies(&broker, "tasks").await, ["kept"]);
}

#[tokio::test]
async fn memory_by_url_is_shared_and_other_memory_is_not() {
    let open =
        || LocalBroker::new(Database::from_url("sqlite::memory:").expect("a database in memory"));
    let (here, there) = (open(), open());
    let apart = LocalBroker::new(Database::memory().expect("a database in memory"));
    here.send("tasks", vec![message("shared")])
        .await
        .remove(0)
        .expect("the message is sent");
    assert!(bodies(&apart, "tasks").await.is_empty());
    assert_eq!(bodies(&there, "tasks").await, ["shared"]);
}

#[test]
fn urls_of_other_kinds_are_refused() {
    for url in ["", "sqlite:", "sqlite://", "sqs://", "celeriac.sqlite"] {
        let opened = Database::from_url(url);
        assert!(
            matches!(&opened, Err(DatabaseError::Url(refused)) if refused == url),
            "{url}: {opened:?}"
        );
    }
    assert!(matches!(
        Database::open("/no/such/folder/file.sqlite"),
        Err(DatabaseError::Open { .. })
    ));
}

#[test]
fn a_database_of_another_program_is_left_alone() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("theirs.sqlite");
    let theirs = rusqlite::Connection::open(&file).expect("the file opens");
    theirs
        .execute_batch("CREATE TABLE theirs (id INTEGER)")
        .expect("their table");
    drop(theirs);
    let before = std::fs::read(&file).expect("the file is read");

    assert!(matches!(
        Database::open(&file),
        Err(DatabaseError::NotCeleriac(_))
    ));
    assert!(
        std::fs::read(&file).expect("the file is read") == before,
        "nothing was written"
    );

    std::fs::write(
        &file,
        "no database at all, but long enough to have a header: ".repeat(20),
    )
    .expect("the file is written");
    assert!(matches!(
        Database::open(&file),
        Err(DatabaseError::Open { .. })
    ));
}

#[test]
fn a_database_of_a_newer_version_is_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("celeriac.sqlite");
    drop(Database::open(&file).expect("the file opens"));
    let newer = rusqlite::Connection::open(&file).expect("the file opens");
    newer
        .pragma_update(None, "user_version", 7)
        .expect("the version is set");
    assert!(matches!(
        Database::open(&file),
        Err(DatabaseError::Newer {
            version: 7,
            known: 6,
            ..
        })
    ));
}

#[tokio::test]
async fn a_prefix_keeps_queues_apart() {
    let database = Database::memory().expect("a database in memory");
    let shop = LocalBroker::new(database.clone()).with_queue_prefix("shop-");
    let all = LocalBroker::new(database);
    shop.send("tasks", vec![message("prefixed")])
        .await
        .remove(0)
        .expect("the message is sent");
    assert!(bodies(&all, "tasks").await.is_empty());
    assert_eq!(
        shop.list().await.expect("the queues are listed"),
        ["tasks", "tasks-dlq"]
    );
    assert_eq!(
        shop.stats("tasks")
            .await
            .expect("it is counted")
            .dead_letter_queue
            .as_deref(),
        Some("tasks-dlq")
    );
    assert_eq!(bodies(&all, "shop-tasks").await, ["prefixed"]);

    let longest =
        LocalBroker::new(Database::memory().expect("memory")).with_queue_prefix("p".repeat(78));
    let refused = longest
        .send("abc", vec![message("x")])
        .await
        .remove(0)
        .expect_err("81 characters");
    assert!(
        matches!(
            refused.kind,
            BrokerErrorKind::LimitExceeded {
                actual: 81,
                limit: 80,
                ..
            }
        ),
        "{refused}"
    );
}

#[tokio::test]
async fn a_receipt_of_nobody_is_refused() {
    let broker = LocalBroker::new(Database::memory().expect("a database in memory"));
    assert!(bodies(&broker, "tasks").await.is_empty());
    for receipt in ["", "1", "x-y", "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a"] {
        let refused = broker
            .ack("tasks", vec![Receipt(receipt.into())])
            .await
            .remove(0)
            .expect_err("no receipt");
        assert!(
            matches!(refused.kind, BrokerErrorKind::Invalid(_)),
            "{refused}"
        );
    }
}

#[tokio::test]
async fn results_may_be_of_another_serializer_and_compressed() {
    use celeriac_core::{Claim, Completion, CompletionKind};
    use celeriac_protocol::{ResultMeta, State, Value};

    let codec = ResultCodec {
        serializer: Serializer::Msgpack,
        compression: Some(Compression::Gzip),
    };
    let store =
        LocalStore::new(Database::memory().expect("a database in memory")).with_codec(codec);
    let claim = Claim {
        task_id: "id".into(),
        identity: celeriac_core::TaskIdentity::named("tasks.add"),
        retries: 0,
        owner: "test".into(),
        nonce: "a".into(),
        lease: Duration::from_secs(30),
        shown: ResultMeta::new("id", State::Pending, Value::Null),
        sent_by: None,
        isolate_at: None,
        to_run: true,
        takes_over: false,
        replaces: false,
        unanswered: Vec::new(),
        likely_known: false,
    };
    store
        .claim(vec![claim])
        .await
        .remove(0)
        .expect("the claim is answered");
    // far over 400 KB, and far under it when compressed
    let meta = ResultMeta::new("id", State::Success, Value::Str("ü".repeat(1_000_000)));
    let kind = CompletionKind::Final(meta.clone());
    let completion = Completion {
        task_id: "id".into(),
        attempt: 1,
        nonce: "b".into(),
        kind,
    };
    store
        .complete(vec![completion])
        .await
        .remove(0)
        .expect("the completion is answered");
    let record = store
        .get(&["id".to_owned()])
        .await
        .remove(0)
        .expect("it is read")
        .expect("there is an item");
    assert!(record.meta == meta, "the result is whole");
}

/// A worker and a client that start together in a new folder both create the file.
#[test]
fn many_may_create_one_file_at_once() {
    for _ in 0..100 {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("new.sqlite");
        let start = std::sync::Barrier::new(4);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    start.wait();
                    Database::open(&file).expect("the file is ours or empty");
                });
            }
        });
    }
}
