//! Documents that several writers share.

use std::time::Duration;

use celeriac_core::documents::{Document, Expect, Key, Put, PutOutcome};
use celeriac_core::{ClaimOutcome, StoreErrorKind};
use celeriac_protocol::State;
use futures_util::future::join_all;

use crate::conformance::store_bench::{claim, new_id, only, put};
use crate::conformance::{StoreBench, StoreOptions};

fn new_key() -> Key {
    Key::new(new_id())
}

/// The text that stands there.
async fn body(bench: &StoreBench, key: &Key) -> Option<String> {
    let document = bench.document(key).await?;
    Some(String::from_utf8(document.body).expect("it is text"))
}

/// What nobody put is not there.
pub async fn an_unknown_document_is_none(bench: StoreBench) {
    assert_eq!(bench.document(&new_key()).await, None);
}

/// Whoever reads after a put sees it.
pub async fn a_put_is_seen_by_every_client(bench: StoreBench) {
    let key = new_key();
    let other = bench.open_documents(&StoreOptions::default()).await;
    let version = bench.written(put(&key, Expect::Absent, "{}")).await;
    let seen = bench.document(&key).await;
    assert_eq!(
        seen.as_ref().map(|document| document.version),
        Some(version)
    );
    let key = std::slice::from_ref(&key);
    let elsewhere = only(other.get(key).await);
    assert_eq!(elsewhere.expect("it is read"), seen);
}

/// Each put replaces the body, and its version was not there before.
pub async fn each_put_makes_another_version(bench: StoreBench) {
    let key = new_key();
    let mut expect = Expect::Absent;
    let mut versions = Vec::new();
    for round in 0..12 {
        let text = format!("{{\"round\": {round}}}");
        let version = bench.written(put(&key, expect, &text)).await;
        assert_eq!(body(&bench, &key).await, Some(text));
        assert!(!versions.contains(&version), "{version} after {versions:?}");
        versions.push(version);
        expect = Expect::Version(version);
    }
}

/// Whoever saw another version than the one that stands there writes nothing, and is shown what
/// does.
pub async fn a_put_over_another_version_shows_what_stands(bench: StoreBench) {
    let key = new_key();
    let first = bench.written(put(&key, Expect::Absent, "first")).await;
    let second = bench
        .written(put(&key, Expect::Version(first), "second"))
        .await;
    let stands = bench.document(&key).await;
    for expect in [
        Expect::Absent,
        Expect::Version(0),
        Expect::Version(first),
        Expect::Version(second + 1),
        Expect::Holder("nobody".to_owned()),
    ] {
        let outcome = bench.put(put(&key, expect.clone(), "refused")).await;
        assert_eq!(outcome, PutOutcome::Refused(stands.clone()), "{expect:?}");
        assert_eq!(bench.document(&key).await, stands);
    }
    bench
        .written(put(&key, Expect::Version(second), "third"))
        .await;
}

/// What was never there is no version, and has no holder.
pub async fn a_put_over_no_document_writes_nothing(bench: StoreBench) {
    let key = new_key();
    for expect in [Expect::Version(1), Expect::Holder("h".to_owned())] {
        let outcome = bench.put(put(&key, expect, "refused")).await;
        assert_eq!(outcome, PutOutcome::Refused(None));
        assert_eq!(bench.document(&key).await, None);
    }
}

/// A put whose answer was lost is tried again, and was done the first time.
pub async fn a_put_is_idempotent_by_its_nonce(bench: StoreBench) {
    let key = new_key();
    let mut expect = Expect::Absent;
    for round in 0..3 {
        let again = put(&key, expect, round.to_string());
        let version = bench.written(again.clone()).await;
        for _ in 0..3 {
            assert_eq!(bench.written(again.clone()).await, version);
        }
        assert_eq!(body(&bench, &key).await, Some(round.to_string()));
        expect = Expect::Version(version);
    }
}

/// What another wrote over our put is not written over when ours is tried again.
pub async fn a_put_tried_again_after_another_writes_nothing(bench: StoreBench) {
    let key = new_key();
    let ours = put(&key, Expect::Absent, "ours");
    let version = bench.written(ours.clone()).await;
    bench
        .written(put(&key, Expect::Version(version), "theirs"))
        .await;
    let again = bench.put(ours).await;
    assert!(matches!(again, PutOutcome::Refused(Some(_))), "{again:?}");
    assert_eq!(body(&bench, &key).await.as_deref(), Some("theirs"));
}

/// Two that start together: one makes the document.
pub async fn of_20_first_puts_at_once_one_is_done(bench: StoreBench) {
    one_of_20_is_done(&bench, &new_key(), Expect::Absent).await;
}

/// Two that saw the same version: one writes over it.
pub async fn of_20_puts_at_once_one_is_done(bench: StoreBench) {
    let key = new_key();
    let mut version = bench.written(put(&key, Expect::Absent, "before")).await;
    for _ in 0..3 {
        version = one_of_20_is_done(&bench, &key, Expect::Version(version)).await;
    }
}

async fn one_of_20_is_done(bench: &StoreBench, key: &Key, expect: Expect) -> u64 {
    let mut clients = Vec::new();
    for _ in 0..4 {
        clients.push(bench.open_documents(&StoreOptions::default()).await);
    }
    let puts = (0..20).map(|writer| {
        let client = &clients[writer % clients.len()];
        client.put(vec![put(key, expect.clone(), writer.to_string())])
    });
    let outcomes = join_all(puts).await.into_iter().enumerate();
    let winners: Vec<(usize, u64)> = outcomes
        .filter_map(|(writer, outcome)| match only(outcome) {
            Ok(PutOutcome::Done { version }) => Some((writer, version)),
            Ok(PutOutcome::Refused(_)) => None,
            Err(error) => panic!("each put is answered: {error}"),
        })
        .collect();
    let [(writer, version)] = winners[..] else {
        panic!("{winners:?} were done");
    };
    let stands = bench.document(key).await.expect("it was put");
    assert_eq!(stands.version, version);
    assert_eq!(stands.body, writer.to_string().into_bytes());
    version
}

/// Whose a document is may write it whatever changed, and nobody else may by that name.
pub async fn a_holder_puts_over_its_own(bench: StoreBench) {
    let key = new_key();
    let of = |expect, holder: &str| Put {
        holder: Some(holder.to_owned()),
        ..put(&key, expect, holder)
    };
    let first = bench.written(of(Expect::Absent, "one")).await;
    let second = bench
        .written(of(Expect::Holder("one".to_owned()), "one"))
        .await;
    assert_ne!(first, second);
    let refused = bench.put(of(Expect::Holder("two".to_owned()), "two")).await;
    assert!(
        matches!(refused, PutOutcome::Refused(Some(_))),
        "{refused:?}"
    );
    bench.written(of(Expect::Version(second), "two")).await;
    let refused = bench.put(of(Expect::Holder("one".to_owned()), "one")).await;
    assert!(
        matches!(refused, PutOutcome::Refused(Some(_))),
        "{refused:?}"
    );
    bench
        .written(of(Expect::Holder("two".to_owned()), "two"))
        .await;
}

/// Holder, number, body and end.
pub async fn every_part_of_a_document_is_kept(bench: StoreBench) {
    let key = new_key();
    for (holder, number, ttl) in [
        (Some("größe 🌍"), i64::MAX, Some(Duration::from_hours(1))),
        (None, i64::MIN, None),
        (Some("h"), -1, Some(Duration::from_hours(24 * 365))),
        (None, 0, None),
    ] {
        let expect = match bench.document(&key).await {
            Some(stands) => Expect::Version(stands.version),
            None => Expect::Absent,
        };
        let wanted = Put {
            holder: holder.map(str::to_owned),
            number,
            ttl,
            ..put(&key, expect, "body")
        };
        let before = bench.documents.now();
        let version = bench.written(wanted.clone()).await;
        let stands = bench.document(&key).await.expect("it was put");
        let expires_at = stands.expires_at;
        assert_eq!(expires_at.is_some(), ttl.is_some());
        if let (Some(end), Some(ttl)) = (expires_at, ttl) {
            assert!(end >= before.after(ttl), "never early: {end:?}");
            assert!(
                end <= bench.documents.now().after(ttl + Duration::from_secs(2)),
                "{end:?}"
            );
        }
        let kept = Document {
            version,
            holder: wanted.holder,
            number,
            body: wanted.body,
            expires_at,
        };
        assert_eq!(stands, kept);
    }
}

/// A store does not look into a body.
pub async fn bodies_of_any_bytes_are_kept(bench: StoreBench) {
    let key = new_key();
    let bodies: [Vec<u8>; 5] = [
        Vec::new(),
        "{\"name\": \"größe 🌍 \\u0000\", \"quote\": \"it's\"}\n".into(),
        (0..=255).cycle().take(50 * 1024).collect(),
        vec![b'x'; 400_000],
        b"null".to_vec(),
    ];
    let mut expect = Expect::Absent;
    for body in bodies {
        let version = bench
            .written(Put::new(key.clone(), expect, body.clone()))
            .await;
        let stands = bench.document(&key).await.expect("it was put");
        assert!(stands.body == body, "a body of {} bytes", body.len());
        expect = Expect::Version(version);
    }
}

/// Keys of any text and length, prefixes, and a task whose id is a document's key.
pub async fn documents_are_kept_apart(bench: StoreBench) {
    let unique = new_id();
    let long = "x".repeat(3000);
    let mut keys: Vec<Key> = [
        "",
        "it's",
        "\"quoted\"",
        "back\\slash",
        "größe 🌍",
        "a.b:c/d",
    ]
    .map(|text| Key::new(format!("{text}{unique}")))
    .into();
    keys.extend(["a", "b"].map(|end| Key::new(format!("{unique}{long}{end}"))));
    for key in &keys {
        bench.written(put(key, Expect::Absent, key.name())).await;
    }
    let options = StoreOptions {
        prefix: "shop".to_owned(),
        ..StoreOptions::default()
    };
    let shop = bench.open_documents(&options).await;
    let key = Key::new(&unique);
    let loaded = shop.get(std::slice::from_ref(&key)).await;
    assert_eq!(only(loaded).expect("it is read"), None);
    let outcome = only(shop.put(vec![put(&key, Expect::Absent, "shop")]).await);
    assert!(
        matches!(outcome, Ok(PutOutcome::Done { .. })),
        "{outcome:?}"
    );

    assert_eq!(bench.status(&unique).await, State::Pending);
    let claimed = bench.claim(claim(&unique)).await;
    assert!(matches!(claimed, ClaimOutcome::Claimed(_)), "{claimed:?}");
    for key in &keys {
        assert_eq!(body(&bench, key).await.as_deref(), Some(key.name()));
    }
}

/// What no item can hold is refused before it is written, and names the limit; its neighbours are
/// written.
pub async fn a_document_over_the_limit_is_refused(bench: StoreBench) {
    let (key, beside) = (new_key(), new_key());
    let mut expect = Expect::Absent;
    for _ in 0..2 {
        let before = bench.document(&key).await;
        let large = put(&key, expect.clone(), "x".repeat(400 * 1024));
        let small = put(&beside, Expect::Absent, "small");
        let mut outcomes = bench.documents.put(vec![large, small]).await;
        outcomes
            .pop()
            .expect("two entries")
            .expect("the small one is answered");
        let error = only(outcomes).expect_err("over 400 KB");
        assert!(
            matches!(
                error.kind,
                StoreErrorKind::TooLarge {
                    limit: 409_600,
                    actual: 409_601..
                }
            ),
            "{error}"
        );
        assert!(!error.is_retryable(), "{error}");
        assert_eq!(bench.document(&key).await, before);
        let version = bench.written(put(&key, expect, "small")).await;
        expect = Expect::Version(version);
    }
    assert_eq!(body(&bench, &beside).await.as_deref(), Some("small"));
}

/// That TTL is of results.
pub async fn a_document_outlives_the_ttl_of_results(bench: StoreBench) {
    let options = StoreOptions {
        ttl: Some(Duration::from_secs(1)),
        ..StoreOptions::default()
    };
    let store = bench.open_documents(&options).await;
    let key = new_key();
    let outcome = only(store.put(vec![put(&key, Expect::Absent, "kept")]).await);
    outcome.expect("the put is answered");
    tokio::time::sleep(Duration::from_millis(2100)).await;
    // some stores delete what is over when something is written
    bench.claim(claim(&new_id())).await;
    assert_eq!(body(&bench, &key).await.as_deref(), Some("kept"));
}

/// More than any store takes in one request.
pub async fn a_batch_of_130_is_answered_in_order(bench: StoreBench) {
    let keys: Vec<Key> = (0..130).map(|_| new_key()).collect();
    bench.written(put(&keys[7], Expect::Absent, "before")).await;
    let batch = keys
        .iter()
        .map(|key| put(key, Expect::Absent, key.name()))
        .collect();
    for (place, outcome) in bench.documents.put(batch).await.into_iter().enumerate() {
        let outcome = outcome.expect("each put is answered");
        let done = matches!(outcome, PutOutcome::Done { .. });
        assert_eq!(done, place != 7, "{place}: {outcome:?}");
    }
    let mut asked = keys.clone();
    asked.insert(50, new_key());
    let found = bench.documents.get(&asked).await;
    for (key, found) in asked.iter().zip(found) {
        let text = found.expect("it is read").map(|document| document.body);
        let wanted = match keys.iter().position(|one| one == key) {
            Some(7) => Some(b"before".to_vec()),
            Some(_) => Some(key.name().as_bytes().to_vec()),
            None => None,
        };
        assert_eq!(text, wanted);
    }
}

/// As if the one came after the other.
pub async fn a_key_twice_in_a_batch_is_put_once(bench: StoreBench) {
    let key = new_key();
    let batch = vec![
        put(&key, Expect::Absent, "one"),
        put(&key, Expect::Absent, "two"),
    ];
    let outcomes = bench.documents.put(batch).await;
    let [
        Ok(PutOutcome::Done { .. }),
        Ok(PutOutcome::Refused(Some(stands))),
    ] = &outcomes[..]
    else {
        panic!("{outcomes:?}");
    };
    assert_eq!(stands.body, b"one");
    assert_eq!(body(&bench, &key).await.as_deref(), Some("one"));
}
