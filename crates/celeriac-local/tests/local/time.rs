//! What takes minutes or days, on a clock that the test moves.
#![expect(
    clippy::unchecked_time_subtraction,
    reason = "constants, the larger first"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use celeriac_core::{
    Broker, Claim, ClaimOutcome, Claimed, Clock, Completion, CompletionKind, Delivery, Lease,
    LeaseOutcome, Ledger, Outgoing, QueueAdmin as _, QueueSpec,
};
use celeriac_local::{Database, LocalBroker, LocalStore};
use celeriac_protocol::{ResultMeta, State, UtcTime, Value};

const DAY: Duration = Duration::from_hours(24);
const MINUTE: Duration = Duration::from_mins(1);

#[derive(Debug, Default)]
struct MovedClock {
    worked: AtomicU64,
    slept: AtomicU64,
}

impl Clock for MovedClock {
    fn now(&self) -> UtcTime {
        let slept = Duration::from_micros(self.slept.load(Ordering::SeqCst));
        UtcTime(1_800_000_000_000_000).after(self.running() + slept)
    }

    fn running(&self) -> Duration {
        Duration::from_micros(self.worked.load(Ordering::SeqCst))
    }
}

impl MovedClock {
    fn advance(&self, duration: Duration) {
        let micros = u64::try_from(duration.as_micros()).expect("less than centuries");
        self.worked.fetch_add(micros, Ordering::SeqCst);
    }

    /// The wall clock alone goes on.
    fn sleep(&self, duration: Duration) {
        let micros = u64::try_from(duration.as_micros()).expect("less than centuries");
        self.slept.fetch_add(micros, Ordering::SeqCst);
    }
}

fn machine() -> (Arc<MovedClock>, LocalBroker, LocalStore) {
    let clock = Arc::new(MovedClock::default());
    let database = Database::memory()
        .expect("a database in memory")
        .with_clock(Arc::clone(&clock) as Arc<dyn Clock>);
    (
        clock,
        LocalBroker::new(database.clone()),
        LocalStore::new(database),
    )
}

async fn send(broker: &LocalBroker, queue: &str, message: Outgoing) {
    broker
        .send(queue, vec![message])
        .await
        .remove(0)
        .expect("the message is sent");
}

async fn take(broker: &LocalBroker, queue: &str) -> Vec<Delivery> {
    broker
        .receive(queue, 10, Duration::ZERO, MINUTE)
        .await
        .expect("the receive succeeds")
}

fn message(body: &str) -> Outgoing {
    Outgoing {
        body: body.to_owned(),
        ..Outgoing::default()
    }
}

#[tokio::test]
async fn messages_are_kept_for_their_retention() {
    let (clock, broker, _) = machine();
    let spec = QueueSpec {
        retention: 2 * DAY,
        ..QueueSpec::new("tasks")
    };
    broker.declare(&spec).await.expect("the queue is declared");
    send(&broker, "tasks", message("old")).await;
    clock.advance(DAY + DAY / 2);
    send(&broker, "tasks", message("new")).await;
    clock.advance(DAY / 2 - MINUTE);
    assert_eq!(take(&broker, "tasks").await.len(), 2);

    clock.advance(2 * MINUTE);
    assert_eq!(
        broker.stats("tasks").await.expect("it is counted").visible,
        1
    );
    let left = take(&broker, "tasks").await;
    assert_eq!(
        left.iter()
            .map(|delivery| delivery.body.as_str())
            .collect::<Vec<_>>(),
        ["new"]
    );
}

#[tokio::test]
async fn a_delay_of_fifteen_minutes_is_honoured() {
    let (clock, broker, _) = machine();
    send(
        &broker,
        "tasks",
        Outgoing {
            delay: 15 * MINUTE,
            ..message("late")
        },
    )
    .await;
    clock.advance(15 * MINUTE - Duration::from_micros(1));
    assert!(take(&broker, "tasks").await.is_empty());
    clock.advance(Duration::from_micros(1));
    assert_eq!(take(&broker, "tasks").await.len(), 1);
}

#[tokio::test]
async fn a_deduplication_id_is_remembered_for_five_minutes() {
    let (clock, broker, _) = machine();
    let entry = |body: &str| Outgoing {
        group_id: Some("g".into()),
        dedup_id: Some("d".into()),
        ..message(body)
    };
    send(&broker, "tasks.fifo", entry("first")).await;
    clock.advance(5 * MINUTE - Duration::from_micros(1));
    send(&broker, "tasks.fifo", entry("dropped")).await;
    let received = take(&broker, "tasks.fifo").await;
    assert_eq!(received.len(), 1);
    broker
        .ack("tasks.fifo", vec![received[0].receipt.clone()])
        .await
        .remove(0)
        .expect("it is deleted");

    clock.advance(Duration::from_micros(1));
    send(&broker, "tasks.fifo", entry("second")).await;
    let received = take(&broker, "tasks.fifo").await;
    assert_eq!(
        received
            .iter()
            .map(|delivery| delivery.body.as_str())
            .collect::<Vec<_>>(),
        ["second"]
    );
}

fn claim(nonce: &str) -> Claim {
    Claim {
        task_id: "id".into(),
        identity: celeriac_core::TaskIdentity::named("tasks.add"),
        retries: 0,
        owner: "test".into(),
        nonce: nonce.into(),
        lease: MINUTE,
        shown: ResultMeta::new("id", State::Pending, Value::Null),
        sent_by: None,
        isolate_at: None,
        to_run: true,
        takes_over: false,
        replaces: false,
        unanswered: Vec::new(),
        likely_known: false,
    }
}

async fn claimed(store: &LocalStore, nonce: &str) -> ClaimOutcome {
    let answer = store.claim(vec![claim(nonce)]).await.remove(0);
    answer.expect("the claim is answered")
}

#[tokio::test]
async fn after_its_machine_slept_a_holder_has_a_lease_of_time_to_renew() {
    let (clock, _, store) = machine();
    let lease = || Lease {
        task_id: "id".into(),
        attempt: 1,
        lease: MINUTE,
    };
    let first = claimed(&store, "a").await;
    assert!(matches!(first, ClaimOutcome::Claimed(_)), "{first:?}");
    clock.advance(MINUTE / 4);
    clock.sleep(70 * MINUTE);
    let other = claimed(&store, "b").await;
    let until = clock.now().after(MINUTE / 4 * 3); // what was left when it slept
    assert_eq!(other, ClaimOutcome::Leased { until });

    clock.advance(MINUTE / 2);
    let renewed = store.renew(vec![lease()]).await.remove(0);
    assert_eq!(renewed.expect("an answer"), LeaseOutcome::Held);
    clock.advance(MINUTE - Duration::from_secs(1));
    let other = claimed(&store, "c").await;
    assert!(matches!(other, ClaimOutcome::Leased { .. }), "{other:?}");

    // one who does not renew it has died
    clock.advance(Duration::from_secs(1));
    let other = claimed(&store, "d").await;
    assert!(matches!(other, ClaimOutcome::Claimed(_)), "{other:?}");
}

#[tokio::test]
async fn a_lease_that_was_over_before_the_machine_slept_is_taken_at_once() {
    let (clock, _, store) = machine();
    claimed(&store, "a").await;
    clock.advance(MINUTE);
    clock.sleep(70 * MINUTE);
    let other = claimed(&store, "b").await;
    assert!(matches!(other, ClaimOutcome::Claimed(_)), "{other:?}");
}

#[tokio::test]
async fn results_are_kept_for_four_days_after_their_last_write() {
    let (clock, _, store) = machine();
    store
        .claim(vec![claim("a")])
        .await
        .remove(0)
        .expect("the claim is answered");
    clock.advance(3 * DAY);
    let done = CompletionKind::Final(ResultMeta::new("id", State::Success, Value::Int(3)));
    let completion = Completion {
        task_id: "id".into(),
        attempt: 1,
        nonce: "b".into(),
        kind: done,
    };
    store
        .complete(vec![completion])
        .await
        .remove(0)
        .expect("the completion is answered");

    clock.advance(4 * DAY - MINUTE);
    let again = store
        .claim(vec![claim("c")])
        .await
        .remove(0)
        .expect("the claim is answered");
    assert!(matches!(again, ClaimOutcome::Final(_)), "{again:?}");
    clock.advance(MINUTE);
    assert!(
        store
            .get(&["id".to_owned()])
            .await
            .remove(0)
            .expect("it is read")
            .is_none()
    );
    let again = store
        .claim(vec![claim("d")])
        .await
        .remove(0)
        .expect("the claim is answered");
    assert_eq!(
        again,
        ClaimOutcome::Claimed(Claimed {
            attempt: 1,
            runs: 1
        })
    );
}

#[tokio::test]
async fn what_is_over_is_deleted_from_the_file() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("celeriac.sqlite");
    let clock = Arc::new(MovedClock::default());
    let database = Database::open(&file)
        .expect("the file opens")
        .with_clock(Arc::clone(&clock) as Arc<dyn Clock>);
    let (broker, store) = (
        LocalBroker::new(database.clone()),
        LocalStore::new(database),
    );

    send(&broker, "tasks", message("old")).await;
    let fifo = Outgoing {
        group_id: Some("g".into()),
        dedup_id: Some("d".into()),
        ..message("old")
    };
    send(&broker, "tasks.fifo", fifo).await;
    let claim = Claim {
        task_id: "old".into(),
        identity: celeriac_core::TaskIdentity::named("tasks.add"),
        retries: 0,
        owner: "test".into(),
        nonce: "n".into(),
        lease: MINUTE,
        shown: ResultMeta::new("old", State::Pending, Value::Null),
        sent_by: None,
        isolate_at: None,
        to_run: true,
        takes_over: false,
        replaces: false,
        unanswered: Vec::new(),
        likely_known: false,
    };
    store
        .claim(vec![claim.clone()])
        .await
        .remove(0)
        .expect("the claim is answered");
    clock.advance(5 * DAY);
    for queue in ["tasks", "tasks.fifo"] {
        assert!(take(&broker, queue).await.is_empty());
    }
    store
        .claim(vec![Claim {
            task_id: "new".into(),
            identity: celeriac_core::TaskIdentity::named("tasks.add"),
            ..claim
        }])
        .await
        .remove(0)
        .expect("the claim is answered");

    let connection = rusqlite::Connection::open(&file).expect("the file opens");
    let rows = |table: &str| {
        let sql = format!("SELECT count(*) FROM {table}");
        connection
            .query_row(&sql, [], |row| row.get::<_, i64>(0))
            .expect("the rows are counted")
    };
    assert_eq!((rows("message"), rows("dedup"), rows("task")), (0, 0, 1));
}
