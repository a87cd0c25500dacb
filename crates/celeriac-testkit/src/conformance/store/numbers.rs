//! Numbers that several add to.

use std::time::Duration;

use celeriac_core::documents::{Advance, Advanced, Document, Expect, Key, Put};
use futures_util::future::join_all;

use crate::conformance::store_bench::{new_id, only, put};
use crate::conformance::{StoreBench, StoreOptions};

async fn number(bench: &StoreBench, number: i64) -> Key {
    let key = Key::new(new_id());
    let first = Put {
        number,
        ..put(&key, Expect::Absent, "kept")
    };
    bench.written(first).await;
    key
}

async fn advanced(bench: &StoreBench, advance: Advance) -> Advanced {
    only(bench.documents.advance(vec![advance]).await).expect("the advance is answered")
}

async fn stands(bench: &StoreBench, key: &Key) -> i64 {
    bench.document(key).await.expect("it is there").number
}

/// Up and down.
pub async fn a_number_is_advanced(bench: StoreBench) {
    let key = number(&bench, 5).await;
    assert_eq!(
        advanced(&bench, Advance::new(key.clone(), 3)).await,
        Advanced::From(5)
    );
    assert_eq!(
        advanced(&bench, Advance::new(key.clone(), -10)).await,
        Advanced::From(8)
    );
    assert_eq!(stands(&bench, &key).await, -2);
}

/// The bounds are of the number before, both included.
pub async fn a_number_out_of_bounds_is_left(bench: StoreBench) {
    let key = number(&bench, 5).await;
    for (from, to, within) in [(5, 5, true), (7, 9, false), (0, 5, false), (6, 6, true)] {
        let before = stands(&bench, &key).await;
        let advance = Advance {
            from,
            to,
            ..Advance::new(key.clone(), 1)
        };
        let wanted = if within {
            Advanced::From(before)
        } else {
            Advanced::Outside(before)
        };
        assert_eq!(advanced(&bench, advance).await, wanted, "{from}..={to}");
        assert_eq!(stands(&bench, &key).await, before + i64::from(within));
    }
    let most = number(&bench, i64::MAX).await;
    let over = advanced(&bench, Advance::new(most, 1)).await;
    assert_eq!(over, Advanced::Outside(i64::MAX), "no number is larger");
}

/// A number is made by a put.
pub async fn an_absent_number_is_told(bench: StoreBench) {
    let key = Key::new(new_id());
    assert_eq!(
        advanced(&bench, Advance::new(key.clone(), 1)).await,
        Advanced::Absent
    );
    assert_eq!(bench.document(&key).await, None);
    let short = Put {
        ttl: Some(Duration::from_secs(1)),
        ..put(&key, Expect::Absent, "")
    };
    bench.written(short).await;
    tokio::time::sleep(Duration::from_millis(2100)).await;
    assert_eq!(
        advanced(&bench, Advance::new(key, 1)).await,
        Advanced::Absent
    );
}

/// An advance whose answer was lost is tried again, and counts once.
pub async fn an_advance_is_idempotent_by_its_nonce(bench: StoreBench) {
    let key = number(&bench, 5).await;
    let again = Advance::new(key.clone(), 3);
    for _ in 0..3 {
        assert_eq!(advanced(&bench, again.clone()).await, Advanced::From(5));
    }
    assert_eq!(stands(&bench, &key).await, 8);
}

/// From four clients, two at a time each: every one is told another number.
pub async fn of_40_advances_at_once_all_count(bench: StoreBench) {
    let key = number(&bench, 0).await;
    let mut clients = Vec::new();
    for _ in 0..4 {
        clients.push(bench.open_documents(&StoreOptions::default()).await);
    }
    let all = clients.iter().map(|client| {
        let key = key.clone();
        async move {
            let mut seen = Vec::new();
            for _ in 0..5 {
                let two = (0..2).map(|_| Advance::new(key.clone(), 1)).collect();
                for outcome in client.advance(two).await {
                    match outcome {
                        Ok(Advanced::From(number)) => seen.push(number),
                        // many at once may be too many, and are asked again
                        Err(error) if error.is_retryable() => {}
                        other => panic!("{other:?}"),
                    }
                }
            }
            seen
        }
    });
    let mut seen: Vec<i64> = join_all(all).await.concat();
    seen.sort_unstable();
    let count = seen.len();
    seen.dedup();
    assert_eq!(seen.len(), count, "no number was given twice");
    assert!(count >= 30, "{count} of 40 were done");
    let stands = stands(&bench, &key).await;
    assert!(
        stands >= count as i64 && stands <= 40,
        "{stands} after {count}"
    );
}

/// All but the number and the version.
pub async fn an_advance_keeps_the_rest(bench: StoreBench) {
    let key = Key::new(new_id());
    let full = Put {
        holder: Some("me".to_owned()),
        number: 1,
        ttl: Some(Duration::from_hours(1)),
        ..put(&key, Expect::Absent, "body")
    };
    bench.written(full).await;
    let before = bench.document(&key).await.expect("it is there");
    advanced(&bench, Advance::new(key.clone(), 1)).await;
    let after = bench.document(&key).await.expect("it is there");
    assert_ne!(after.version, before.version);
    let wanted = Document {
        version: after.version,
        number: 2,
        ..before
    };
    assert_eq!(after, wanted);
}
