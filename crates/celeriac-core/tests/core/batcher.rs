use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use celeriac_core::{Batch, Batcher, BatcherClosed, BatcherOptions};
use futures_util::future::join_all;
use tokio::time::Instant;

/// What a batch of texts does: takes a second, and remembers what came when. A text's first
/// character is its key if it is a letter; `!` panics, `?` gives too few outputs.
#[derive(Clone, Default)]
struct Texts {
    runs: Arc<Mutex<Vec<Run>>>,
}

#[derive(Clone)]
struct Run {
    items: Vec<String>,
    began: Instant,
    ended: Option<Instant>,
}

#[async_trait]
impl Batch for Texts {
    type Item = String;
    type Output = String;

    fn size(&self, item: &String) -> usize {
        item.len()
    }

    fn key(&self, item: &String) -> Option<u64> {
        item.chars()
            .next()
            .filter(|first| first.is_alphabetic())
            .map(u64::from)
    }

    async fn run(&self, batch: Vec<String>) -> Vec<String> {
        let at = {
            let mut runs = self.runs.lock().unwrap();
            runs.push(Run {
                items: batch.clone(),
                began: Instant::now(),
                ended: None,
            });
            runs.len() - 1
        };
        tokio::time::sleep(Duration::from_secs(1)).await;
        self.runs.lock().unwrap()[at].ended = Some(Instant::now());
        assert!(
            !batch.iter().any(|item| item.starts_with('!')),
            "as asked for"
        );
        let missing = usize::from(batch.iter().any(|item| item.starts_with('?')));
        batch
            .into_iter()
            .skip(missing)
            .map(|item| item + " done")
            .collect()
    }
}

impl Texts {
    fn runs(&self) -> Vec<Run> {
        self.runs.lock().unwrap().clone()
    }

    fn items(&self) -> Vec<Vec<String>> {
        self.runs().into_iter().map(|run| run.items).collect()
    }
}

fn one_at_a_time() -> BatcherOptions {
    BatcherOptions {
        max_in_flight: 1,
        ..BatcherOptions::default()
    }
}

fn start(options: BatcherOptions) -> (Texts, Batcher<Texts>) {
    let texts = Texts::default();
    (texts.clone(), Batcher::spawn(texts, options))
}

/// Submits each text in order, each from a task of its own.
async fn submit(
    batcher: &Batcher<Texts>,
    items: &[&str],
) -> Vec<tokio::task::JoinHandle<Result<String, BatcherClosed>>> {
    let mut handles = Vec::new();
    for item in items {
        let (batcher, item) = (batcher.clone(), (*item).to_owned());
        handles.push(tokio::spawn(async move { batcher.submit(item).await }));
        tokio::task::yield_now().await; // so that they are submitted in order
    }
    handles
}

async fn outcomes(
    handles: Vec<tokio::task::JoinHandle<Result<String, BatcherClosed>>>,
) -> Vec<Result<String, BatcherClosed>> {
    join_all(handles)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect()
}

fn numbered(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("{number}")).collect()
}

#[tokio::test(start_paused = true)]
async fn an_entry_that_finds_a_free_slot_goes_at_once() {
    let (texts, batcher) = start(one_at_a_time());
    let submitted = Instant::now();
    assert_eq!(batcher.submit("1".to_owned()).await.unwrap(), "1 done");
    assert_eq!(texts.runs()[0].began, submitted);
}

#[tokio::test(start_paused = true)]
async fn what_gathers_in_flight_goes_together_in_order() {
    let (texts, batcher) = start(one_at_a_time());
    let first = submit(&batcher, &["1"]).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    let rest = submit(&batcher, &["2", "3", "4"]).await;
    assert_eq!(outcomes(first).await, [Ok("1 done".to_owned())]);
    assert_eq!(
        outcomes(rest).await,
        ["2 done", "3 done", "4 done"].map(|text| Ok(text.to_owned()))
    );
    assert_eq!(texts.items(), [vec!["1"], vec!["2", "3", "4"]]);
    let runs = texts.runs();
    assert_eq!(
        Some(runs[1].began),
        runs[0].ended,
        "the next goes as soon as a slot is free"
    );
}

#[tokio::test(start_paused = true)]
async fn beside_the_partial_ones_only_a_full_batch_goes() {
    let (texts, batcher) = start(BatcherOptions {
        max_items: 3,
        max_partial: 1,
        ..BatcherOptions::default()
    });
    let began = Instant::now();
    let mut all = submit(&batcher, &["1"]).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    all.extend(submit(&batcher, &["2", "3"]).await);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(texts.items(), [vec!["1"]], "two are no full batch");
    all.extend(submit(&batcher, &["4", "5"]).await);
    assert!(outcomes(all).await.iter().all(Result::is_ok));
    assert_eq!(texts.items(), [vec!["1"], vec!["2", "3", "4"], vec!["5"]]);
    let starts: Vec<_> = texts.runs().iter().map(|run| run.began - began).collect();
    assert_eq!(
        starts,
        [0, 200, 1000].map(Duration::from_millis),
        "a full one at once, the rest in the first free slot"
    );
}

#[tokio::test(start_paused = true)]
async fn a_burst_on_an_idle_batcher_is_one_batch() {
    let (texts, batcher) = start(BatcherOptions::default());
    let items = numbered(10);
    let outputs = join_all(items.iter().map(|item| batcher.submit(item.clone()))).await;
    assert!(outputs.iter().all(Result::is_ok));
    assert_eq!(texts.items(), [items]);
}

#[tokio::test(start_paused = true)]
async fn batches_keep_to_their_limits() {
    let (texts, batcher) = start(BatcherOptions {
        max_items: 4,
        max_in_flight: 3,
        ..BatcherOptions::default()
    });
    let items = numbered(30);
    let outputs = join_all(items.iter().map(|item| batcher.submit(item.clone()))).await;
    assert!(outputs.iter().all(Result::is_ok));
    let runs = texts.runs();
    assert_eq!(runs.iter().map(|run| run.items.len()).sum::<usize>(), 30);
    assert!(runs.iter().all(|run| run.items.len() <= 4));
    let most = runs
        .iter()
        .map(|run| {
            runs.iter()
                .filter(|other| other.began <= run.began && other.ended > Some(run.began))
                .count()
        })
        .max();
    assert_eq!(most, Some(3), "as many at once as allowed, and no more");
    assert_eq!(runs.len(), 8, "full batches while there is more");
}

#[tokio::test(start_paused = true)]
async fn bytes_count_and_a_giant_goes_alone() {
    let (texts, batcher) = start(BatcherOptions {
        max_bytes: 10,
        ..one_at_a_time()
    });
    let items = ["0", "11111", "22222", "3", "4444444444444444", "5"];
    let outputs = join_all(items.iter().map(|item| batcher.submit((*item).to_owned()))).await;
    assert!(outputs.iter().all(Result::is_ok));
    assert_eq!(
        texts.items(),
        [
            vec!["0", "11111"],
            vec!["22222", "3"],
            vec!["4444444444444444"],
            vec!["5"]
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn lingering_waits_for_company_but_not_for_more_than_a_batch() {
    let (texts, batcher) = start(BatcherOptions {
        linger: Duration::from_millis(20),
        max_items: 3,
        ..BatcherOptions::default()
    });
    let began = Instant::now();
    let first = submit(&batcher, &["1"]).await;
    tokio::time::sleep(Duration::from_millis(15)).await;
    let second = submit(&batcher, &["2"]).await;
    assert!(outcomes(first).await[0].is_ok() && outcomes(second).await[0].is_ok());
    assert_eq!(texts.items(), [["1", "2"]]);
    assert_eq!(
        texts.runs()[0].began,
        began + Duration::from_millis(20),
        "counted from the first"
    );

    let began = Instant::now();
    let full = submit(&batcher, &["3", "4", "5"]).await;
    assert!(outcomes(full).await.iter().all(Result::is_ok));
    assert_eq!(
        texts.runs()[1].began,
        began,
        "a full batch waits for nothing"
    );
}

#[tokio::test(start_paused = true)]
async fn lingering_entries_go_when_the_batcher_closes() {
    let (texts, batcher) = start(BatcherOptions {
        linger: Duration::from_secs(3_600),
        ..BatcherOptions::default()
    });
    let waiting = submit(&batcher, &["1"]).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(texts.items().is_empty());
    let closing = Instant::now();
    batcher.close().await;
    assert_eq!(Instant::now() - closing, Duration::from_secs(1));
    assert_eq!(outcomes(waiting).await, [Ok("1 done".to_owned())]);
}

#[tokio::test(start_paused = true)]
async fn close_drains_and_then_refuses() {
    let (texts, batcher) = start(BatcherOptions {
        max_items: 2,
        ..one_at_a_time()
    });
    let waiting = submit(&batcher, &["1", "2", "3", "4", "5"]).await;
    batcher.close().await;
    assert_eq!(texts.items().concat().len(), 5);
    assert!(outcomes(waiting).await.iter().all(Result::is_ok));
    assert_eq!(batcher.submit("6".to_owned()).await, Err(BatcherClosed));
    batcher.close().await; // twice is once
}

#[tokio::test(start_paused = true)]
async fn equal_keys_never_share_a_batch_nor_overtake() {
    let (texts, batcher) = start(BatcherOptions {
        max_in_flight: 4,
        ..BatcherOptions::default()
    });
    let items = ["a1", "b1", "a2", "c1", "a3", "b2", "1", "a4", "2"];
    let outputs = join_all(items.iter().map(|item| batcher.submit((*item).to_owned()))).await;
    assert!(outputs.iter().all(Result::is_ok));
    let runs = texts.runs();
    for key in ["a", "b", "c"] {
        let mine: Vec<_> = runs
            .iter()
            .filter(|run| run.items.iter().any(|item| item.starts_with(key)))
            .collect();
        assert!(mine.iter().all(|run| {
            run.items
                .iter()
                .filter(|item| item.starts_with(key))
                .count()
                == 1
        }));
        assert!(
            mine.windows(2)
                .all(|pair| pair[0].ended.unwrap() <= pair[1].began),
            "{key}: one at a time"
        );
    }
    let order: Vec<String> = texts
        .items()
        .concat()
        .into_iter()
        .filter(|item| item.starts_with('a'))
        .collect();
    assert_eq!(order, ["a1", "a2", "a3", "a4"]);
}

#[tokio::test(start_paused = true)]
async fn a_panic_or_a_wrong_count_ends_its_batch_alone() {
    let (_, batcher) = start(one_at_a_time());
    let bad = submit(&batcher, &["!", "!x"]).await;
    assert!(
        outcomes(bad)
            .await
            .iter()
            .all(|outcome| *outcome == Err(BatcherClosed))
    );
    assert_eq!(batcher.submit("?".to_owned()).await, Err(BatcherClosed));
    assert_eq!(batcher.submit("1".to_owned()).await.unwrap(), "1 done");
    // the key of a batch that panicked is free again
    assert_eq!(batcher.submit("a".to_owned()).await.unwrap(), "a done");
    batcher.close().await;
}

#[tokio::test(start_paused = true)]
async fn submitters_wait_for_room() {
    let (texts, batcher) = start(BatcherOptions {
        max_items: 1,
        buffer: 2,
        ..one_at_a_time()
    });
    let handles = submit(&batcher, &["1", "2", "3", "4", "5"]).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    // one in flight, two waiting; the others still wait for room and are refused by `close`
    batcher.close().await;
    let outcomes = outcomes(handles).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 3);
    assert_eq!(texts.items().concat(), ["1", "2", "3"]);
}

#[tokio::test(start_paused = true)]
async fn an_entry_goes_although_its_submitter_left() {
    let (texts, batcher) = start(one_at_a_time());
    let handles = submit(&batcher, &["1", "2"]).await;
    for handle in &handles {
        handle.abort();
    }
    drop(batcher);
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(texts.items().concat(), ["1", "2"]);
}

#[test]
fn a_runtime_that_ends_leaves_nobody_waiting() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let (_, batcher) = runtime.block_on(async { start(one_at_a_time()) });
    runtime.block_on(async {
        let _left = submit(&batcher, &["1", "2"]).await;
    });
    drop(runtime);
    let other = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    other.block_on(async {
        assert_eq!(batcher.submit("3".to_owned()).await, Err(BatcherClosed));
        batcher.close().await;
    });
}

/// Many threads, real time: everything submitted gets its own outcome.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_threads_lose_nothing() {
    struct Echo;

    #[async_trait]
    impl Batch for Echo {
        type Item = u64;
        type Output = u64;
        fn key(&self, item: &u64) -> Option<u64> {
            (!item.is_multiple_of(3)).then_some(*item % 17)
        }
        async fn run(&self, batch: Vec<u64>) -> Vec<u64> {
            tokio::task::yield_now().await;
            batch
        }
    }

    let batcher = Batcher::spawn(
        Echo,
        BatcherOptions {
            max_in_flight: 8,
            buffer: 64,
            ..BatcherOptions::default()
        },
    );
    let tasks = (0..8_u64).map(|task| {
        let batcher = batcher.clone();
        tokio::spawn(async move {
            for chunk in 0..50_u64 {
                let items: Vec<u64> = (0..40)
                    .map(|item| task * 1_000_000 + chunk * 1_000 + item)
                    .collect();
                let outputs = join_all(items.iter().map(|item| batcher.submit(*item))).await;
                assert!(
                    outputs
                        .iter()
                        .zip(&items)
                        .all(|(output, item)| output.as_ref() == Ok(item))
                );
            }
        })
    });
    assert!(join_all(tasks).await.iter().all(Result::is_ok));
    batcher.close().await;
}
