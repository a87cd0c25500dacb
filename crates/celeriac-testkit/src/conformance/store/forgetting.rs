//! Results that are forgotten, and tasks that are not run again for it.

use celeriac_core::{ClaimOutcome, CompletionKind, CompletionOutcome};
use celeriac_protocol::State;

use crate::conformance::StoreBench;
use crate::conformance::store_bench::{claim, new_id, success};

/// A forgotten result is not read again, and its task not run again.
pub async fn a_forgotten_task_stays_final(bench: StoreBench) {
    let id = new_id();
    let claimed = bench.claimed(claim(&id)).await;
    bench
        .complete(
            &id,
            claimed.attempt,
            CompletionKind::Final(success(&id, "secret")),
        )
        .await;
    forget(&bench, &id).await;

    assert!(bench.get(&id).await.is_none(), "it is forgotten");
    let again = bench.claim(claim(&id)).await;
    assert!(
        matches!(again, ClaimOutcome::Final(_)),
        "it stays final, got {again:?}"
    );
    let completed = bench
        .complete(
            &id,
            claimed.attempt,
            CompletionKind::Final(success(&id, "again")),
        )
        .await;
    assert_eq!(completed, CompletionOutcome::AlreadyFinal);
    assert!(bench.get(&id).await.is_none(), "it stays forgotten");
}

/// Forgetting twice is success.
pub async fn forgetting_is_idempotent(bench: StoreBench) {
    let id = new_id();
    let claimed = bench.claimed(claim(&id)).await;
    bench
        .complete(
            &id,
            claimed.attempt,
            CompletionKind::Final(success(&id, "x")),
        )
        .await;
    forget(&bench, &id).await;
    forget(&bench, &id).await;
    assert!(bench.get(&id).await.is_none());
}

/// Forgetting what has not run yet loses no work.
pub async fn an_unknown_task_is_not_forgotten(bench: StoreBench) {
    let id = new_id();
    forget(&bench, &id).await;
    assert!(bench.get(&id).await.is_none());
    assert_eq!(bench.claimed(claim(&id)).await.attempt, 1);
}

/// Forgetting what runs does not stop it, nor take its result.
pub async fn a_running_task_is_not_forgotten(bench: StoreBench) {
    let id = new_id();
    let claimed = bench.claimed(claim(&id)).await;
    forget(&bench, &id).await;
    let completed = bench
        .complete(
            &id,
            claimed.attempt,
            CompletionKind::Final(success(&id, "done")),
        )
        .await;
    assert_eq!(completed, CompletionOutcome::Stored);
    assert_eq!(bench.status(&id).await, State::Success);
}

async fn forget(bench: &StoreBench, task_id: &str) {
    for forgotten in bench.store.forget(&[task_id.to_owned()]).await {
        forgotten.expect("it is forgotten");
    }
}
