//! Results that an item cannot hold.

use celeriac_core::{
    Claim, ClaimOutcome, CompletionKind, CompletionOutcome, LeaseOutcome, StateUpdate, StoreError,
    StoreErrorKind,
};
use celeriac_protocol::{ResultMeta, State, Value};

use crate::conformance::StoreBench;
use crate::conformance::store_bench::{claim, completion, new_id, success};

const LIMIT: usize = 400 * 1024;

/// A result over 400 KB is refused with its size, and the claim can end in a FAILURE that says so.
pub async fn a_result_over_the_limit_is_refused(bench: StoreBench) {
    let id = new_id();
    let claimed = bench.claimed(claim(&id)).await;
    let large = success(&id, &"x".repeat(LIMIT));
    let refused = bench
        .try_complete(completion(
            &id,
            claimed.attempt,
            CompletionKind::Final(large),
        ))
        .await;
    assert_too_large(&refused);
    assert_eq!(bench.status(&id).await, State::Pending);
    let other = bench.claim(claim(&id)).await;
    assert!(
        matches!(other, ClaimOutcome::Leased { .. }),
        "the claim stands, got {other:?}"
    );

    let failure = ResultMeta::new(&id, State::Failure, Value::Null);
    let stored = bench
        .complete(&id, claimed.attempt, CompletionKind::Final(failure))
        .await;
    assert_eq!(stored, CompletionOutcome::Stored);
    assert_eq!(bench.status(&id).await, State::Failure);
}

/// A large result that fits is kept whole.
pub async fn a_large_result_is_kept(bench: StoreBench) {
    let id = new_id();
    let claimed = bench.claimed(claim(&id)).await;
    let large = success(&id, &"x".repeat(LIMIT - 2048));
    let stored = bench
        .complete(&id, claimed.attempt, CompletionKind::Final(large.clone()))
        .await;
    assert_eq!(stored, CompletionOutcome::Stored);
    assert!(
        bench.get(&id).await.expect("there is an item").meta == large,
        "the result is whole"
    );
}

/// In a batch one that is too large fails alone.
pub async fn a_result_over_the_limit_fails_alone(bench: StoreBench) {
    let mut batch = Vec::new();
    for size in [10, LIMIT, 20] {
        let id = new_id();
        let claimed = bench.claimed(claim(&id)).await;
        batch.push(completion(
            &id,
            claimed.attempt,
            CompletionKind::Final(success(&id, &"x".repeat(size))),
        ));
    }
    let outcomes = bench.store.complete(batch).await;
    assert!(
        matches!(outcomes[0], Ok(CompletionOutcome::Stored)),
        "{:?}",
        outcomes[0]
    );
    assert_too_large(&outcomes[1]);
    assert!(
        matches!(outcomes[2], Ok(CompletionOutcome::Stored)),
        "{:?}",
        outcomes[2]
    );
}

/// A state over the limit is refused and the one before stays.
pub async fn a_state_over_the_limit_is_refused(bench: StoreBench) {
    let id = new_id();
    let claimed = bench.claimed(claim(&id)).await;
    let progress = |size: usize| {
        ResultMeta::new(
            &id,
            State::Custom("PROGRESS".into()),
            Value::Str("x".repeat(size)),
        )
    };
    assert_eq!(
        bench.update_state(&id, claimed.attempt, progress(10)).await,
        LeaseOutcome::Held
    );
    let update = StateUpdate {
        task_id: id.clone(),
        attempt: claimed.attempt,
        meta: progress(LIMIT),
    };
    assert_too_large(&bench.store.update_state(vec![update]).await.remove(0));
    assert!(
        bench.get(&id).await.expect("there is an item").meta == progress(10),
        "the state before stays"
    );
}

/// A claim that shows too much is refused and takes nothing.
pub async fn a_claim_over_the_limit_is_refused(bench: StoreBench) {
    let id = new_id();
    let shown = ResultMeta::new(&id, State::Started, Value::Str("x".repeat(LIMIT)));
    assert_too_large(
        &bench
            .store
            .claim(vec![Claim {
                shown,
                ..claim(&id)
            }])
            .await
            .remove(0),
    );
    assert_eq!(bench.claimed(claim(&id)).await.attempt, 1);
}

fn assert_too_large<T: std::fmt::Debug>(answer: &Result<T, StoreError>) {
    match answer {
        Err(StoreError {
            kind: StoreErrorKind::TooLarge { actual, limit },
            ..
        }) => {
            assert!(*limit == LIMIT && *actual > LIMIT, "{actual} over {limit}");
        }
        other => panic!("it is too large, got {other:?}"),
    }
}
