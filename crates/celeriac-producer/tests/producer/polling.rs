//! How often the store is asked while results are waited for. The clock is paused: intervals cost
//! no time.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use celeriac_core::{StoreError, StoreErrorKind};
use celeriac_producer::{Client, ResultError, join, join_all};
use celeriac_protocol::{ExceptionInfo, ResultMeta, State, Value};
use tokio::time::{Instant, sleep};

use crate::memory_broker::MemoryBroker;
use crate::memory_store::MemoryStore;
use crate::support::Parts;

const LONG: Duration = Duration::from_mins(10);

fn client() -> (Client, Arc<MemoryStore>) {
    let store = Arc::new(MemoryStore::default());
    let client = Parts {
        store: Some(store.clone()),
        ..Parts::default()
    }
    .client(Arc::new(MemoryBroker::default()));
    (client, store)
}

fn names(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("task-{n}")).collect()
}

/// Runs `work` while `count` results are waited for.
async fn waiting(client: &Client, count: usize, work: impl Future<Output = ()>) {
    let set = client.results::<i64>(names(count));
    tokio::select! {
        _ = set.join_all(LONG) => panic!("nothing is ready"),
        () = work => {}
    }
}

#[tokio::test(start_paused = true)]
async fn the_first_look_is_soon() {
    let (client, store) = client();
    store.success("a", Value::Int(3));
    let start = Instant::now();
    assert_eq!(client.result::<i64>("a").get(LONG).await.unwrap(), 3);
    assert!(
        start.elapsed() <= Duration::from_millis(7),
        "{:?}",
        start.elapsed()
    );
    assert_eq!(store.reads(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_ready_result_costs_one_read_at_once() {
    let (client, store) = client();
    let start = Instant::now();
    for id in names(100) {
        store.success(&id, Value::Int(3));
        assert_eq!(client.result::<i64>(&id).get(LONG).await.unwrap(), 3);
    }
    assert_eq!(start.elapsed(), Duration::ZERO, "no look waits for a tick");
    assert_eq!(store.reads(), 100);
}

#[tokio::test(start_paused = true)]
async fn a_ready_result_does_not_wait_for_those_that_are_not() {
    let (client, store) = client();
    waiting(&client, 1000, async {
        sleep(Duration::from_millis(1)).await; // their first looks
        *store.latency.lock().unwrap() = Duration::from_millis(10);
        store.success("there", Value::Int(3));
        for _ in 0..20 {
            let start = Instant::now();
            client.result::<i64>("there").get(LONG).await.unwrap();
            assert_eq!(start.elapsed(), Duration::from_millis(10), "one read");
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_gathers_during_a_read_goes_in_the_next_one() {
    let (client, store) = client();
    *store.latency.lock().unwrap() = Duration::from_millis(10);
    let ids = names(151);
    for id in &ids {
        store.success(id, Value::Int(3));
    }
    let start = Instant::now();
    let mut waits = tokio::task::JoinSet::new();
    for (after, id) in (0..).zip(ids) {
        let result = client.result::<i64>(id);
        waits.spawn(async move {
            sleep(Duration::from_millis(u64::from(after > 0))).await;
            result.get(LONG).await.unwrap()
        });
    }
    waits.join_all().await;
    // one, a full one beside it, and the rest after the first
    assert_eq!((store.reads(), store.ids_read()), (3, 151));
    assert_eq!(start.elapsed(), Duration::from_millis(20));
}

#[tokio::test(start_paused = true)]
async fn many_who_ask_for_one_result_never_stampede() {
    let (client, store) = client();
    waiting(&client, 1, async {
        for _ in 0..1000 {
            let result = client.result::<i64>("task-0");
            let _ = result.get(Duration::from_micros(100)).await;
        }
        // about 1 s of looks every 5 ms, whoever asks how often
        assert!(store.reads() <= 220, "{} reads", store.reads());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_join_of_what_is_there_follows_the_store() {
    let (client, store) = client();
    *store.latency.lock().unwrap() = Duration::from_millis(10);
    let ids = names(20_000);
    for id in &ids {
        store.success(id, Value::Int(3));
    }
    let start = Instant::now();
    client.results::<i64>(&ids).join(LONG).await.unwrap();
    assert!(
        start.elapsed() <= Duration::from_millis(520),
        "200 reads of 10 ms, four at once, took {:?}",
        start.elapsed()
    );
    assert!(store.reads() <= 201, "{} reads", store.reads());
    assert!(store.most_in_flight.load(Ordering::SeqCst) <= 5);
}

#[tokio::test(start_paused = true)]
async fn a_join_of_what_comes_follows_it() {
    for per_second in [2_000, 10_000, 20_000, 40_000] {
        let (client, store) = client();
        *store.latency.lock().unwrap() = Duration::from_millis(5);
        let put = async {
            for n in 0..200 {
                sleep(Duration::from_micros(100_000_000 / per_second)).await;
                for n in n * 100..n * 100 + 100 {
                    store.success(&format!("task-{n}"), Value::Int(n));
                }
            }
            Instant::now()
        };
        let set = client.results::<i64>(names(20_000));
        let (joined, all_there) = tokio::join!(set.join(LONG), put);
        joined.unwrap();
        let late = all_there.elapsed();
        let bound = if per_second < 10_000 { 1400 } else { 600 };
        assert!(
            late <= Duration::from_millis(bound),
            "{late:?} after the last at {per_second}/s"
        );
        let ids = store.ids_read();
        let seconds = 20_000 / per_second as usize + 1;
        // the first looks, one a second at each, and two for each that came
        assert!(
            ids <= 20_000 * (1 + seconds + 2),
            "{ids} looks at {per_second}/s"
        );
        assert!(store.most_in_flight.load(Ordering::SeqCst) <= 5);
    }
}

#[tokio::test(start_paused = true)]
async fn one_waiter_asks_less_and_less_often() {
    let (client, store) = client();
    waiting(&client, 1, async {
        sleep(Duration::from_secs(1)).await;
        let first_second = store.reads();
        assert!(
            (8..=14).contains(&first_second),
            "{first_second} reads in the first second"
        );
        sleep(Duration::from_mins(1)).await;
        let later = store.reads() - first_second;
        assert!((45..=65).contains(&later), "{later} reads in a minute");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_result_is_seen_soon_after_it_is_there() {
    let (client, store) = client();
    for (age, late) in [(20, 15), (100, 60), (1000, 500), (20_000, 1400)] {
        let id = format!("after-{age}");
        let wait = tokio::spawn({
            let result = client.result::<i64>(&id);
            async move { result.get(LONG).await }
        });
        sleep(Duration::from_millis(age)).await;
        store.success(&id, Value::Int(1));
        let there = Instant::now();
        wait.await.unwrap().unwrap();
        assert!(
            there.elapsed() <= Duration::from_millis(late),
            "{:?} late at {age} ms",
            there.elapsed()
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_thousand_waiters_share_reads_of_a_hundred() {
    let (client, store) = client();
    waiting(&client, 1000, async {
        sleep(Duration::from_millis(8)).await;
        assert_eq!(
            (store.reads(), store.ids_read()),
            (10, 1000),
            "the first look is at all of them, in full batches"
        );
        sleep(Duration::from_mins(1)).await;
        let (reads, ids) = (store.reads(), store.ids_read());
        // each about once a second: 10 full reads, and not one for each of them
        assert!(reads <= 60 * 20, "{reads} reads in a minute");
        assert!(ids >= 45 * 1000, "{ids} looks");
        assert!(ids / reads >= 50, "{reads} reads for {ids} looks");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_waiters_never_stampede() {
    let (client, store) = client();
    waiting(&client, 10_000, async {
        let mut most = 0;
        for _ in 0..100 {
            let before = store.reads();
            sleep(Duration::from_millis(100)).await;
            most = most.max(store.reads() - before);
        }
        assert!(most <= 110, "{most} reads within 100 ms");
        assert!(store.reads() <= 100 * 14, "{} reads in 10 s", store.reads());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_nothing_is_read() {
    let (client, store) = client();
    waiting(&client, 10, sleep(Duration::from_secs(1))).await;
    let reads = store.reads();
    assert!(reads > 0);
    sleep(Duration::from_secs(100)).await;
    assert_eq!(store.reads(), reads, "dropped waiters are not read for");
    store.success("later", Value::Int(1));
    client.result::<i64>("later").get(LONG).await.unwrap();
    assert_eq!(store.reads(), reads + 1, "and the next one is");
}

#[tokio::test(start_paused = true)]
async fn waiters_of_one_id_share_its_reads() {
    let (client, store) = client();
    let waits: Vec<_> = (0..50)
        .map(|_| {
            tokio::spawn({
                let result = client.result::<i64>("shared");
                async move { result.get(LONG).await }
            })
        })
        .collect();
    sleep(Duration::from_secs(1)).await;
    store.success("shared", Value::Int(9));
    for wait in waits {
        assert_eq!(wait.await.unwrap().unwrap(), 9);
    }
    assert_eq!(store.reads(), store.ids_read(), "one id in every read");
    assert!(store.reads() <= 16, "{} reads", store.reads());
}

#[tokio::test(start_paused = true)]
async fn a_dropped_waiter_leaves_the_others() {
    let (client, store) = client();
    let result = client.result::<i64>("a");
    let other = tokio::spawn({
        let result = result.clone();
        async move { result.get(LONG).await }
    });
    assert!(matches!(
        result.get(Duration::from_millis(100)).await,
        Err(ResultError::Timeout { .. })
    ));
    store.success("a", Value::Int(1));
    assert_eq!(other.await.unwrap().unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn join_gives_values_in_order_under_one_timeout() {
    let (client, store) = client();
    let results: Vec<_> = names(250)
        .iter()
        .map(|id| client.result::<i64>(id))
        .collect();
    let put = async {
        for n in (0..250).rev() {
            sleep(Duration::from_millis(4)).await;
            store.success(&format!("task-{n}"), Value::Int(n));
        }
    };
    let (values, ()) = tokio::join!(join(results.clone(), LONG), put);
    assert_eq!(values.unwrap(), (0..250).collect::<Vec<_>>());

    let start = Instant::now();
    let missing = [client.result::<i64>("none"), client.result("neither")];
    assert!(matches!(
        join(missing, Duration::from_secs(3)).await,
        Err(ResultError::Timeout { .. })
    ));
    assert_eq!(start.elapsed().as_secs(), 3);
}

#[tokio::test(start_paused = true)]
async fn join_ends_with_the_first_failure_and_join_all_does_not() {
    let (client, store) = client();
    store.success("good", Value::Int(1));
    store.failure(
        "bad",
        &ExceptionInfo::new("builtins", "ValueError", "boom"),
        None,
    );
    let results = || ["good", "never", "bad"].map(|id| client.result::<i64>(id));
    let start = Instant::now();
    let error = join(results(), LONG).await.unwrap_err();
    assert!(
        error.is("ValueError") && start.elapsed() < Duration::from_secs(1),
        "{error:?}"
    );

    let each = join_all(results(), Duration::from_secs(2)).await;
    assert!(
        matches!(
            each.as_slice(),
            [
                Ok(1),
                Err(ResultError::Timeout { .. }),
                Err(ResultError::Failed { .. })
            ]
        ),
        "{each:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_store_away_for_a_moment_is_asked_again() {
    let (client, store) = client();
    let away = || StoreErrorKind::Unavailable("throttled".to_owned());
    store
        .failures
        .lock()
        .unwrap()
        .extend([away(), away(), away()]);
    store.success("a", Value::Int(1));
    let start = Instant::now();
    assert_eq!(client.result::<i64>("a").get(LONG).await.unwrap(), 1);
    assert_eq!(store.reads(), 4);
    assert!(
        start.elapsed() >= Duration::from_millis(500),
        "backs off, {:?}",
        start.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn a_store_that_stays_away_is_the_error_at_the_timeout() {
    let (client, store) = client();
    store
        .failures
        .lock()
        .unwrap()
        .extend((0..100).map(|_| StoreErrorKind::Unavailable("throttled".to_owned())));
    let error = client
        .result::<i64>("a")
        .get(Duration::from_secs(3))
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "get of `a`: temporarily unavailable: throttled"
    );
    assert!(store.reads() <= 10, "{} reads", store.reads());
}

#[tokio::test(start_paused = true)]
async fn an_error_that_waiting_does_not_mend_ends_all_waits() {
    let (client, store) = client();
    store
        .failures
        .lock()
        .unwrap()
        .push_back(StoreErrorKind::TableNotFound);
    let start = Instant::now();
    let each = client.results::<i64>(["a", "b"]).join_all(LONG).await;
    for error in each {
        assert!(
            matches!(
                error,
                Err(ResultError::Store(StoreError {
                    kind: StoreErrorKind::TableNotFound,
                    ..
                }))
            ),
            "{error:?}"
        );
    }
    assert!(start.elapsed() < Duration::from_millis(20));
}

#[tokio::test(start_paused = true)]
async fn a_store_that_panics_does_not_leave_waiters_behind() {
    let (client, store) = client();
    store.panics.store(2, Ordering::SeqCst);
    store.success("a", Value::Int(1));
    assert_eq!(client.result::<i64>("a").get(LONG).await.unwrap(), 1);
    assert_eq!(store.reads(), 3);
}

#[test]
fn a_client_outlives_a_runtime() {
    let (client, store) = client();
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
    };
    let first = runtime();
    let lost = client.result::<i64>("a");
    let _ = first.block_on(lost.get(Duration::from_millis(20)));
    let wait = std::thread::spawn({
        let client = client.clone();
        move || runtime().block_on(client.result::<i64>("a").get(Duration::from_secs(20)))
    });
    first.block_on(async { sleep(Duration::from_millis(10)).await });
    drop(first);
    store.success("a", Value::Int(1));
    assert_eq!(wait.join().unwrap().unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_timeout_tells_the_state_last_seen() {
    let (client, store) = client();
    store.put(ResultMeta::new("a", State::Started, Value::Null));
    let error = client
        .result::<i64>("a")
        .get(Duration::from_secs(2))
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "task `a` is STARTED after 2.0s");
    let error = client
        .result::<i64>("unknown")
        .get(Duration::from_secs(2))
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "task `unknown` is PENDING after 2.0s");
}

#[tokio::test(start_paused = true)]
async fn a_result_is_looked_at_however_short_the_timeout() {
    let (client, store) = client();
    store.success("there", Value::Int(3));
    *store.latency.lock().unwrap() = Duration::from_millis(50);
    let short = Duration::from_millis(1);
    let there = || client.result::<i64>("there");
    assert_eq!(there().get(short).await.unwrap(), 3);
    assert_eq!(join([there(), there()], short).await.unwrap(), [3, 3]);

    *store.latency.lock().unwrap() = LONG;
    let error = there().get(short).await.unwrap_err();
    assert!(matches!(error, ResultError::Store(_)), "{error:?}");
}
