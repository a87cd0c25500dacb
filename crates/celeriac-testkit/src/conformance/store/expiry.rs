//! Documents that end.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use celeriac_core::documents::{Expect, Key, Put, PutOutcome, Remove};

use crate::conformance::StoreBench;
use crate::conformance::store_bench::{new_id, only, put};

fn short(key: &Key, expect: Expect, holder: Option<&str>) -> Put {
    Put {
        ttl: Some(Duration::from_secs(1)),
        holder: holder.map(str::to_owned),
        ..put(key, expect, "short")
    }
}

/// Until a second has passed, whole seconds counted.
async fn until_it_ends() {
    tokio::time::sleep(Duration::from_millis(2100)).await;
}

async fn removed(bench: &StoreBench, key: &Key, expect: Expect) -> PutOutcome {
    let outcome = bench
        .documents
        .remove(vec![Remove::new(key.clone(), expect)])
        .await;
    only(outcome).expect("the removal is answered")
}

const DONE: PutOutcome = PutOutcome::Done { version: 0 };

/// To the second.
pub async fn a_document_ends_with_its_ttl(bench: StoreBench) {
    let key = Key::new(new_id());
    bench.written(short(&key, Expect::Absent, None)).await;
    assert!(bench.document(&key).await.is_some());
    until_it_ends().await;
    assert_eq!(bench.document(&key).await, None);
}

/// Where one has ended none stands.
pub async fn an_expired_document_gives_way(bench: StoreBench) {
    let key = Key::new(new_id());
    let first = bench.written(short(&key, Expect::Absent, None)).await;
    until_it_ends().await;
    let second = bench.written(put(&key, Expect::Absent, "new")).await;
    assert!(second > first);
    assert!(bench.document(&key).await.is_some());
}

/// What has ended is nobody's any more.
pub async fn an_expired_document_is_not_put_over_by_version_or_holder(bench: StoreBench) {
    let key = Key::new(new_id());
    let version = bench.written(short(&key, Expect::Absent, Some("me"))).await;
    until_it_ends().await;
    for expect in [Expect::Version(version), Expect::Holder("me".to_owned())] {
        let outcome = bench.put(put(&key, expect, "late")).await;
        assert_eq!(outcome, PutOutcome::Refused(None));
    }
    assert_eq!(bench.document(&key).await, None);
}

/// And may be removed again.
pub async fn a_removed_document_is_gone_at_once(bench: StoreBench) {
    let key = Key::new(new_id());
    let version = bench.written(put(&key, Expect::Absent, "here")).await;
    let removal = Remove::new(key.clone(), Expect::Version(version));
    for _ in 0..3 {
        let outcome = only(bench.documents.remove(vec![removal.clone()]).await);
        assert_eq!(outcome.expect("the removal is answered"), DONE);
        assert_eq!(bench.document(&key).await, None);
    }
    bench.written(put(&key, Expect::Absent, "again")).await;
    let late = only(bench.documents.remove(vec![removal]).await).expect("it is answered");
    assert!(
        matches!(late, PutOutcome::Refused(Some(_))),
        "of another version: {late:?}"
    );
}

/// What is absent is done.
pub async fn a_removal_needs_what_it_expects(bench: StoreBench) {
    let key = Key::new(new_id());
    assert_eq!(removed(&bench, &key, Expect::Version(1)).await, DONE);
    let held = Put {
        holder: Some("me".to_owned()),
        ..put(&key, Expect::Absent, "mine")
    };
    let version = bench.written(held).await;
    let stands = bench.document(&key).await;
    for expect in [
        Expect::Version(version + 1),
        Expect::Holder("you".to_owned()),
        Expect::Absent,
    ] {
        let outcome = removed(&bench, &key, expect).await;
        assert_eq!(outcome, PutOutcome::Refused(stands.clone()));
    }
    assert_eq!(
        removed(&bench, &key, Expect::Holder("me".to_owned())).await,
        DONE
    );
    assert_eq!(bench.document(&key).await, None);
}

/// Whoever saw a document that is gone does not take a later one for it.
pub async fn no_version_comes_back(bench: StoreBench) {
    let key = Key::new(new_id());
    let mut seen = Vec::new();
    for _ in 0..5 {
        let version = bench.written(put(&key, Expect::Absent, "one")).await;
        assert!(!seen.contains(&version), "{version} after {seen:?}");
        seen.push(version);
        assert_eq!(removed(&bench, &key, Expect::Version(version)).await, DONE);
    }
}

/// It goes by the service's clock where there is one.
pub async fn the_stores_time_is_about_now(bench: StoreBench) {
    bench.document(&Key::new(new_id())).await;
    let here = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let apart = bench.documents.now().0.abs_diff(here.as_micros() as i64);
    assert!(apart < 5_000_000, "{apart} µs apart");
}
