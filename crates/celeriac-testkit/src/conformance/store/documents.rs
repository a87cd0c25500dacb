//! Documents that several writers share.

use std::time::Duration;

use celeriac_core::{ClaimOutcome, Document, DocumentSave, SaveOutcome, StoreErrorKind};
use celeriac_protocol::State;
use futures_util::future::join_all;

use crate::conformance::store_bench::{claim, new_id, save};
use crate::conformance::{StoreBench, StoreOptions};

fn saved(version: u64) -> SaveOutcome {
    SaveOutcome::Saved { version }
}

fn document(version: u64, body: &str) -> Document {
    Document {
        version,
        body: body.to_owned(),
    }
}

/// What nobody saved is not there.
pub async fn an_unknown_document_is_none(bench: StoreBench) {
    assert_eq!(bench.load(&new_id()).await, None);
}

/// Version 0 means that there is none; the first one is 1, and every client sees it at once.
pub async fn a_first_save_makes_version_1(bench: StoreBench) {
    let key = new_id();
    let other = bench.open(&StoreOptions::default()).await;
    assert_eq!(bench.save(save(&key, 0, "{}")).await, saved(1));
    assert_eq!(bench.load(&key).await, Some(document(1, "{}")));
    let seen = other.load_document(&key).await.expect("it is loaded");
    assert_eq!(seen, Some(document(1, "{}")));
}

/// Each save replaces the body.
pub async fn each_save_raises_the_version(bench: StoreBench) {
    let key = new_id();
    for version in 0..12 {
        let body = format!("{{\"round\": {version}}}");
        let outcome = bench.save(save(&key, version, &body)).await;
        assert_eq!(outcome, saved(version + 1));
        assert_eq!(bench.load(&key).await, Some(document(version + 1, &body)));
    }
}

/// Whoever saw another version than the one that stands there writes nothing.
pub async fn a_save_over_another_version_changes_nothing(bench: StoreBench) {
    let key = new_id();
    bench.save(save(&key, 0, "first")).await;
    bench.save(save(&key, 1, "second")).await;
    for version in [0, 1, 3, 20, u64::MAX] {
        let outcome = bench.save(save(&key, version, "refused")).await;
        assert_eq!(outcome, SaveOutcome::Changed, "over version {version}");
        assert_eq!(bench.load(&key).await, Some(document(2, "second")));
    }
    assert_eq!(bench.save(save(&key, 2, "third")).await, saved(3));
}

/// A version that was never there is no first save.
pub async fn a_save_over_no_document_changes_nothing(bench: StoreBench) {
    let key = new_id();
    let outcome = bench.save(save(&key, 1, "refused")).await;
    assert_eq!(outcome, SaveOutcome::Changed);
    assert_eq!(bench.load(&key).await, None);
}

/// A save whose answer was lost is tried again, and was done the first time.
pub async fn a_save_is_idempotent_by_its_nonce(bench: StoreBench) {
    let key = new_id();
    for version in 0..3 {
        let again = save(&key, version, version.to_string());
        for _ in 0..3 {
            assert_eq!(bench.save(again.clone()).await, saved(version + 1));
        }
        let stands = bench.load(&key).await;
        assert_eq!(stands, Some(document(version + 1, &version.to_string())));
    }
}

/// What another wrote over our save is not written over when ours is tried again.
pub async fn a_save_tried_again_after_another_changes_nothing(bench: StoreBench) {
    let key = new_id();
    let first = save(&key, 0, "ours");
    assert_eq!(bench.save(first.clone()).await, saved(1));
    // even if the nonce was taken again
    let theirs = DocumentSave {
        nonce: first.nonce.clone(),
        ..save(&key, 1, "theirs")
    };
    assert_eq!(bench.save(theirs).await, saved(2));
    assert_eq!(bench.save(first).await, SaveOutcome::Changed);
    assert_eq!(bench.load(&key).await, Some(document(2, "theirs")));
}

/// Two beats that start together: one makes the document.
pub async fn of_20_first_saves_at_once_one_is_saved(bench: StoreBench) {
    one_of_20_is_saved(&bench, &new_id(), 0).await;
}

/// Two beats that saw the same lease lapse: one takes it.
pub async fn of_20_saves_at_once_one_is_saved(bench: StoreBench) {
    let key = new_id();
    bench.save(save(&key, 0, "before")).await;
    for version in 1..4 {
        one_of_20_is_saved(&bench, &key, version).await;
    }
}

async fn one_of_20_is_saved(bench: &StoreBench, key: &str, version: u64) {
    let mut clients = Vec::new();
    for _ in 0..4 {
        clients.push(bench.open(&StoreOptions::default()).await);
    }
    let saves = (0..20).map(|writer| {
        let client = &clients[writer % clients.len()];
        client.save_document(save(key, version, writer.to_string()))
    });
    let outcomes = join_all(saves).await.into_iter().enumerate();
    let winners: Vec<usize> = outcomes
        .filter_map(
            |(writer, outcome)| match outcome.expect("each save is answered") {
                SaveOutcome::Saved { version: made } => {
                    assert_eq!(made, version + 1);
                    Some(writer)
                }
                SaveOutcome::Changed => None,
            },
        )
        .collect();
    assert_eq!(winners.len(), 1, "{winners:?} were saved");
    let stands = document(version + 1, &winners[0].to_string());
    assert_eq!(bench.load(key).await, Some(stands));
}

/// A store does not look into a body.
pub async fn bodies_of_any_text_are_kept(bench: StoreBench) {
    let key = new_id();
    let bodies = [
        String::new(),
        "{\"name\": \"größe 🌍 \\u0000\", \"quote\": \"it's\"}\n".to_owned(),
        "é".repeat(50 * 1024),
        "x".repeat(400_000),
        "null".to_owned(),
    ];
    for (version, body) in (0..).zip(&bodies) {
        let outcome = bench.save(save(&key, version, body)).await;
        assert_eq!(outcome, saved(version + 1));
        let stands = bench.load(&key).await.expect("it was saved");
        assert_eq!(stands.version, version + 1);
        assert!(stands.body == *body, "a body of {} bytes", body.len());
    }
}

/// Keys of any text, prefixes, and a task whose id is a document's key.
pub async fn documents_are_kept_apart(bench: StoreBench) {
    let unique = new_id();
    let keys: Vec<String> = [
        "",
        "it's",
        "\"quoted\"",
        "back\\slash",
        "größe 🌍",
        "a.b:c/d",
    ]
    .map(|text| format!("{text}{unique}"))
    .into();
    for key in &keys {
        assert_eq!(bench.save(save(key, 0, key)).await, saved(1));
    }
    let options = StoreOptions {
        prefix: "shop".to_owned(),
        ..StoreOptions::default()
    };
    let shop = bench.open(&options).await;
    assert_eq!(
        shop.load_document(&unique).await.expect("it is loaded"),
        None
    );
    let outcome = shop.save_document(save(&unique, 0, "shop")).await;
    assert_eq!(outcome.expect("the save is answered"), saved(1));

    assert_eq!(bench.status(&unique).await, State::Pending);
    let claimed = bench.claim(claim(&unique)).await;
    assert!(matches!(claimed, ClaimOutcome::Claimed(_)), "{claimed:?}");
    for key in &keys {
        assert_eq!(bench.load(key).await, Some(document(1, key)));
    }
}

/// What no item can hold is refused before it is written, and names the limit.
pub async fn a_document_over_the_limit_is_refused(bench: StoreBench) {
    let key = new_id();
    for version in 0..2 {
        let large = save(&key, version, "x".repeat(400 * 1024));
        let refused = bench.store.save_document(large).await;
        let error = refused.expect_err("over 400 KB");
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
        let before = (version > 0).then(|| document(1, "small"));
        assert_eq!(bench.load(&key).await, before);
        bench.save(save(&key, version, "small")).await;
    }
}

/// The TTL is of results.
pub async fn a_document_outlives_the_ttl(bench: StoreBench) {
    let options = StoreOptions {
        ttl: Some(Duration::from_secs(1)),
        ..StoreOptions::default()
    };
    let store = bench.open(&options).await;
    let key = new_id();
    let outcome = store.save_document(save(&key, 0, "kept")).await;
    assert_eq!(outcome.expect("the save is answered"), saved(1));
    tokio::time::sleep(Duration::from_millis(2100)).await;
    // some stores delete what is over when something is written
    bench.claim(claim(&new_id())).await;
    let stands = store.load_document(&key).await.expect("it is loaded");
    assert_eq!(stands, Some(document(1, "kept")));
    let outcome = store.save_document(save(&key, 1, "kept on")).await;
    assert_eq!(outcome.expect("the save is answered"), saved(2));
}
