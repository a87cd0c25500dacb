//! Where items are kept, under which keys, and for how long.

use std::time::{Duration, Instant};

use celeriac_core::{ClaimOutcome, CompletionKind};
use celeriac_protocol::{State, Value};

use crate::conformance::store_bench::{claim, completion, new_id, success};
use crate::conformance::{StoreBench, StoreOptions};

/// Declaring twice is success, and a declared store is in order.
pub async fn declaring_is_idempotent(bench: StoreBench) {
    let id = new_id();
    bench.claimed(claim(&id)).await;
    bench.store.declare().await.expect("it is declared");
    bench.store.check().await.expect("it is there");
    assert!(bench.get(&id).await.is_some(), "the items stay");
}

/// Every client sees what another wrote, at once.
pub async fn clients_see_each_other(bench: StoreBench) {
    let other = bench.open(&StoreOptions::default()).await;
    for n in 0..10 {
        let id = new_id();
        let claimed = bench.claimed(claim(&id)).await;
        let leased = other
            .claim(vec![claim(&id)])
            .await
            .remove(0)
            .expect("the claim is answered");
        assert!(matches!(leased, ClaimOutcome::Leased { .. }), "{leased:?}");
        bench
            .complete(
                &id,
                claimed.attempt,
                CompletionKind::Final(success(&id, &n.to_string())),
            )
            .await;
        let record = other
            .get(std::slice::from_ref(&id))
            .await
            .remove(0)
            .expect("the record is read");
        assert_eq!(
            record.expect("there is an item").meta.result,
            Value::Str(n.to_string())
        );
    }
}

/// One id under two prefixes is two tasks.
pub async fn prefixes_are_apart(bench: StoreBench) {
    let id = new_id();
    let with_prefix = |prefix: &str| StoreOptions {
        prefix: prefix.to_owned(),
        ttl: None,
    };
    let shop = bench.open(&with_prefix("shop")).await;
    let blog = bench.open(&with_prefix("blog_")).await;
    for (store, result) in [(&bench.store, "none"), (&shop, "shop"), (&blog, "blog")] {
        let given = store
            .claim(vec![claim(&id)])
            .await
            .remove(0)
            .expect("the claim is answered");
        let ClaimOutcome::Claimed(claimed) = given else {
            panic!("it is fresh under this prefix, got {given:?}")
        };
        let done = completion(
            &id,
            claimed.attempt,
            CompletionKind::Final(success(&id, result)),
        );
        store
            .complete(vec![done])
            .await
            .remove(0)
            .expect("the completion is answered");
    }
    let again = bench.open(&with_prefix("shop_")).await; // Celery adds the `_` itself
    for (store, result) in [(&bench.store, "none"), (&again, "shop"), (&blog, "blog")] {
        let record = store
            .get(std::slice::from_ref(&id))
            .await
            .remove(0)
            .expect("the record is read");
        assert_eq!(
            record.expect("there is an item").meta.result,
            Value::Str(result.to_owned())
        );
    }
}

/// An id may be any text.
pub async fn ids_of_any_text_are_kept_apart(bench: StoreBench) {
    let unique = new_id();
    let ids: Vec<String> = [
        "it's",
        "\"quoted\"",
        "back\\slash",
        "größe 🌍",
        "per%cent",
        "new\nline",
        "a.b:c/d",
    ]
    .map(|text| format!("{text} {unique}"))
    .into();
    for id in &ids {
        let claimed = bench.claimed(claim(id)).await;
        bench
            .complete(id, claimed.attempt, CompletionKind::Final(success(id, id)))
            .await;
    }
    for (id, record) in ids.iter().zip(bench.store.get(&ids).await) {
        let record = record
            .expect("the record is read")
            .expect("there is an item");
        assert_eq!(record.meta.result, Value::Str(id.clone()));
    }
}

/// After its TTL an item is gone for readers and claims, even if the store still has it.
pub async fn an_item_ends_with_its_ttl(bench: StoreBench) {
    let options = StoreOptions {
        ttl: Some(Duration::from_secs(2)),
        ..StoreOptions::default()
    };
    let store = bench.open(&options).await;
    let id = new_id();
    let started = Instant::now();
    let given = store
        .claim(vec![claim(&id)])
        .await
        .remove(0)
        .expect("the claim is answered");
    assert!(matches!(given, ClaimOutcome::Claimed(_)), "{given:?}");
    let done = completion(&id, 1, CompletionKind::Final(success(&id, "for a moment")));
    store
        .complete(vec![done])
        .await
        .remove(0)
        .expect("the completion is answered");
    assert_eq!(bench.status(&id).await, State::Success);

    while bench.get(&id).await.is_some() {
        assert!(
            started.elapsed() < Duration::from_secs(10),
            "the item is gone after its TTL"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    // whole seconds: what was written at the end of one is kept a little more than a second
    assert!(
        started.elapsed() > Duration::from_secs(1),
        "gone after {:?}",
        started.elapsed()
    );
    let again = bench.claimed(claim(&id)).await;
    assert_eq!(again.runs, 1, "it is a new task");
    bench
        .complete(
            &id,
            again.attempt,
            CompletionKind::Final(success(&id, "again")),
        )
        .await;
    assert_eq!(bench.status(&id).await, State::Success);
}

/// A lease that is renewed past the TTL keeps the item: a long run does not lose its claim.
pub async fn a_renewal_keeps_the_item(bench: StoreBench) {
    let options = StoreOptions {
        ttl: Some(Duration::from_secs(3)),
        ..StoreOptions::default()
    };
    let store = bench.open(&options).await;
    let id = new_id();
    store
        .claim(vec![claim(&id)])
        .await
        .remove(0)
        .expect("the claim is answered");
    for _ in 0..4 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let lease = celeriac_core::Lease {
            task_id: id.clone(),
            attempt: 1,
            lease: Duration::from_secs(30),
        };
        let renewed = store
            .renew(vec![lease])
            .await
            .remove(0)
            .expect("the renewal is answered");
        assert_eq!(renewed, celeriac_core::LeaseOutcome::Held);
    }
    let other = bench.claim(claim(&id)).await;
    assert!(matches!(other, ClaimOutcome::Leased { .. }), "{other:?}");
}
