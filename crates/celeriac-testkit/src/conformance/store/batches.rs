//! Many entries in one call.

use std::time::Duration;

use celeriac_core::{
    Claim, ClaimOutcome, Claimed, CompletionKind, CompletionOutcome, Lease, LeaseOutcome,
    StateUpdate,
};
use celeriac_protocol::{ResultMeta, State, Value};

use crate::conformance::StoreBench;
use crate::conformance::store_bench::{claim, completion, new_id, success};

/// 60 claims of fresh, leased and final tasks, mixed, are answered each for itself and in order.
pub async fn a_batch_of_60_claims_is_answered_in_order(bench: StoreBench) {
    let ids: Vec<String> = (0..60).map(|_| new_id()).collect();
    let known: Vec<&String> = ids
        .iter()
        .enumerate()
        .filter(|(n, _)| n % 3 != 0)
        .map(|(_, id)| id)
        .collect();
    let claims = known.iter().map(|id| claim(id)).collect();
    let given = bench.store.claim(claims).await;
    assert!(
        given.iter().all(|outcome| matches!(
            outcome,
            Ok(ClaimOutcome::Claimed(Claimed {
                attempt: 1,
                runs: 1
            }))
        )),
        "{given:?}"
    );
    let ended = ids
        .iter()
        .enumerate()
        .filter(|(n, _)| n % 3 == 1)
        .map(|(_, id)| id);
    let completions = ended
        .map(|id| completion(id, 1, CompletionKind::Final(success(id, id))))
        .collect();
    let stored = bench.store.complete(completions).await;
    assert!(
        stored.len() == 20
            && stored
                .iter()
                .all(|outcome| matches!(outcome, Ok(CompletionOutcome::Stored))),
        "{stored:?}"
    );

    let claims = ids.iter().enumerate().map(|(n, id)| Claim {
        likely_known: n % 2 == 0,
        ..claim(id)
    });
    let outcomes = bench.store.claim(claims.collect()).await;
    assert_eq!(outcomes.len(), 60);
    for (n, (id, outcome)) in ids.iter().zip(outcomes).enumerate() {
        match (n % 3, outcome.expect("the claim is answered")) {
            (0, ClaimOutcome::Claimed(Claimed { attempt, runs: 1 })) => {
                let likely_known = n % 2 == 0;
                assert_eq!(attempt > 1, likely_known, "entry {n}: {attempt}");
            }
            (2, ClaimOutcome::Leased { .. }) => {}
            (1, ClaimOutcome::Final(meta)) => assert_eq!(meta.result, Value::Str(id.clone())),
            (_, other) => panic!("entry {n}: {other:?}"),
        }
    }
}

/// The same id twice in one batch is one claim.
pub async fn one_id_twice_in_a_batch_is_claimed_once(bench: StoreBench) {
    let (twice, once) = (new_id(), new_id());
    let outcomes = bench
        .store
        .claim(vec![claim(&twice), claim(&once), claim(&twice)])
        .await;
    let outcomes: Vec<ClaimOutcome> = outcomes
        .into_iter()
        .map(|outcome| outcome.expect("the claim is answered"))
        .collect();
    assert_eq!(
        outcomes[1],
        ClaimOutcome::Claimed(Claimed {
            attempt: 1,
            runs: 1
        })
    );
    let given = [&outcomes[0], &outcomes[2]]
        .into_iter()
        .filter(|outcome| matches!(outcome, ClaimOutcome::Claimed(_)))
        .count();
    assert_eq!(given, 1, "{outcomes:?}");
}

/// Renewals and states of held and lost tasks are answered each for itself.
pub async fn batches_of_renewals_and_states_are_answered_in_order(bench: StoreBench) {
    let ids: Vec<String> = (0..30).map(|_| new_id()).collect();
    let held = |n: usize| !n.is_multiple_of(3);
    let claims = ids.iter().map(|id| claim(id));
    assert!(
        bench
            .store
            .claim(claims.collect())
            .await
            .iter()
            .all(Result::is_ok)
    );

    let lost = ids.iter().enumerate().filter(|(n, _)| !held(*n));
    let ends = lost.map(|(_, id)| completion(id, 1, CompletionKind::Released));
    let ended = bench.store.complete(ends.collect()).await;
    assert!(ended.iter().all(Result::is_ok));

    let lease = Duration::from_secs(30);
    let leases = ids
        .iter()
        .map(|id| Lease {
            task_id: id.clone(),
            attempt: 1,
            lease,
        })
        .collect();
    let renewed = bench.store.renew(leases).await;
    let shown =
        |id: &String| ResultMeta::new(id, State::Custom("PROGRESS".into()), Value::Str(id.clone()));
    let states = ids
        .iter()
        .map(|id| StateUpdate {
            task_id: id.clone(),
            attempt: 1,
            meta: shown(id),
        })
        .collect();
    let updated = bench.store.update_state(states).await;
    for (n, (renewed, updated)) in renewed.into_iter().zip(updated).enumerate() {
        let expected = if held(n) {
            LeaseOutcome::Held
        } else {
            LeaseOutcome::Lost
        };
        assert_eq!(
            renewed.expect("the renewal is answered"),
            expected,
            "entry {n}"
        );
        assert_eq!(
            updated.expect("the update is answered"),
            expected,
            "entry {n}"
        );
    }
}

/// Many records are read in one call, in order, with `None` for unknown ones and one asked for
/// twice.
pub async fn many_records_are_read_in_order(bench: StoreBench) {
    let ids: Vec<String> = (0..110).map(|_| new_id()).collect();
    let known = ids
        .iter()
        .enumerate()
        .filter(|(n, _)| n % 2 == 0)
        .map(|(_, id)| id);
    let (claims, completions): (Vec<_>, Vec<_>) = known
        .map(|id| {
            (
                claim(id),
                completion(id, 1, CompletionKind::Final(success(id, id))),
            )
        })
        .unzip();
    assert!(bench.store.claim(claims).await.iter().all(Result::is_ok));
    assert!(
        bench
            .store
            .complete(completions)
            .await
            .iter()
            .all(Result::is_ok)
    );

    let asked: Vec<String> = ids.iter().chain([&ids[0]]).cloned().collect();
    let records = bench.store.get(&asked).await;
    assert_eq!(records.len(), 111);
    for (n, (id, record)) in asked.iter().zip(records).enumerate() {
        let record = record.expect("the record is read");
        let expected = (n % 2 == 0).then(|| Value::Str(id.clone()));
        assert_eq!(
            record.map(|record| record.meta.result),
            expected,
            "entry {n}"
        );
    }
}

/// Large results are read together, though one request may not answer them all.
pub async fn many_large_records_are_read(bench: StoreBench) {
    let ids: Vec<String> = (0..50).map(|_| new_id()).collect();
    let claims = ids.iter().map(|id| claim(id)).collect();
    assert!(bench.store.claim(claims).await.iter().all(Result::is_ok));
    let result = "x".repeat(380_000);
    let completions = ids
        .iter()
        .map(|id| completion(id, 1, CompletionKind::Final(success(id, &result))))
        .collect();
    assert!(
        bench
            .store
            .complete(completions)
            .await
            .iter()
            .all(Result::is_ok)
    );
    for record in bench.store.get(&ids).await {
        let record = record
            .expect("the record is read")
            .expect("there is an item");
        assert!(
            record.meta.result == Value::Str(result.clone()),
            "the result is whole"
        );
    }
}

/// Nothing in, nothing out.
pub async fn empty_batches_are_answered_with_nothing(bench: StoreBench) {
    assert!(bench.store.claim(vec![]).await.is_empty());
    assert!(bench.store.renew(vec![]).await.is_empty());
    assert!(bench.store.update_state(vec![]).await.is_empty());
    assert!(bench.store.complete(vec![]).await.is_empty());
    assert!(bench.store.get(&[]).await.is_empty());
    assert!(bench.store.forget(&[]).await.is_empty());
}
