//! Claims that are kept, lost and given back.

use std::time::Duration;

use celeriac_core::{
    Claim, ClaimOutcome, Claimed, CompletionKind, CompletionOutcome, LeaseOutcome,
};
use celeriac_protocol::State;

use crate::conformance::StoreBench;
use crate::conformance::store_bench::{claim, new_id, success};

const LONG: Duration = Duration::from_secs(30);

/// A renewed lease holds for as long as it was renewed.
pub async fn a_renewed_lease_holds(bench: StoreBench) {
    let id = new_id();
    let claimed = bench
        .claimed(Claim {
            lease: Duration::from_millis(800),
            ..claim(&id)
        })
        .await;
    assert_eq!(
        bench.renew(&id, claimed.attempt, LONG).await,
        LeaseOutcome::Held
    );
    tokio::time::sleep(Duration::from_secs(1)).await;
    let other = bench.claim(claim(&id)).await;
    assert!(matches!(other, ClaimOutcome::Leased { .. }), "{other:?}");
}

/// A renewal that was long under way does not shorten what a later one gave.
pub async fn a_renewal_does_not_shorten_a_lease(bench: StoreBench) {
    let id = new_id();
    let claimed = bench.claimed(claim(&id)).await;
    let short = Duration::from_millis(100);
    for lease in [LONG, short] {
        let renewed = bench.renew(&id, claimed.attempt, lease).await;
        assert_eq!(renewed, LeaseOutcome::Held, "{lease:?}");
    }
    tokio::time::sleep(short * 2).await;
    let other = bench.claim(claim(&id)).await;
    assert!(matches!(other, ClaimOutcome::Leased { .. }), "{other:?}");
}

/// A lease that ran out is renewed as long as nobody took the task.
pub async fn a_lapsed_lease_is_renewed_if_nobody_took_it(bench: StoreBench) {
    let id = new_id();
    let claimed = bench
        .claimed(Claim {
            lease: Duration::from_millis(100),
            ..claim(&id)
        })
        .await;
    tokio::time::sleep(Duration::from_millis(150)).await;
    assert_eq!(
        bench.renew(&id, claimed.attempt, LONG).await,
        LeaseOutcome::Held
    );
    let other = bench.claim(claim(&id)).await;
    assert!(matches!(other, ClaimOutcome::Leased { .. }), "{other:?}");
}

/// The loser of a lease is told, and changes nothing for the winner.
pub async fn a_lease_that_another_took_is_lost(bench: StoreBench) {
    let id = new_id();
    let old = bench
        .claimed(Claim {
            lease: Duration::from_millis(100),
            ..claim(&id)
        })
        .await;
    tokio::time::sleep(Duration::from_millis(150)).await;
    let new = bench.claimed(claim(&id)).await;
    assert_eq!(
        bench.renew(&id, old.attempt, LONG).await,
        LeaseOutcome::Lost
    );
    assert_eq!(
        bench.renew(&id, new.attempt, LONG).await,
        LeaseOutcome::Held
    );
}

/// Python's `forget` deletes an item whose task may be running: the claim is put back, and fences
/// others off as before.
pub async fn the_lease_of_an_item_that_is_gone_is_put_back(bench: StoreBench) {
    let id = new_id();
    assert_eq!(bench.renew(&id, 3, LONG).await, LeaseOutcome::Held);
    assert_eq!(bench.status(&id).await, State::Pending);
    let other = bench.claim(claim(&id)).await;
    assert!(matches!(other, ClaimOutcome::Leased { .. }), "{other:?}");
    let end = CompletionKind::Final(success(&id, "x"));
    let ended = bench.complete(&id, 3, end).await;
    assert_eq!(ended, CompletionOutcome::Stored);
}

/// A heartbeat that comes after the end does not bring the lease back.
pub async fn an_ended_claim_is_not_renewed(bench: StoreBench) {
    let id = new_id();
    let claimed = bench.claimed(claim(&id)).await;
    bench
        .complete(&id, claimed.attempt, CompletionKind::Released)
        .await;
    assert_eq!(
        bench.renew(&id, claimed.attempt, LONG).await,
        LeaseOutcome::Lost
    );
    bench.claimed(claim(&id)).await;

    let id = new_id();
    let claimed = bench.claimed(claim(&id)).await;
    bench
        .complete(
            &id,
            claimed.attempt,
            CompletionKind::Final(success(&id, "x")),
        )
        .await;
    assert_eq!(
        bench.renew(&id, claimed.attempt, LONG).await,
        LeaseOutcome::Lost
    );
    assert_eq!(bench.status(&id).await, State::Success);
}

/// A released task is free at once, and the run is not counted.
pub async fn a_released_task_that_is_known_is_free_at_once(bench: StoreBench) {
    let id = new_id();
    let first = bench.claimed(claim(&id)).await;
    bench
        .complete(&id, first.attempt, CompletionKind::Released)
        .await;
    assert_eq!(bench.status(&id).await, State::Pending);
    let second = bench
        .claimed(Claim {
            likely_known: true,
            ..claim(&id)
        })
        .await;
    assert_eq!(
        second,
        Claimed {
            attempt: 2,
            runs: 1
        }
    );
}

/// A run that ended without a state (Ignore, Reject) leaves the task free and is not counted as
/// lost.
pub async fn a_released_task_is_free_at_once(bench: StoreBench) {
    let id = new_id();
    let first = bench.claimed(claim(&id)).await;
    bench
        .complete(&id, first.attempt, CompletionKind::Released)
        .await;
    assert_eq!(bench.status(&id).await, State::Pending);
    assert_eq!(
        bench.claimed(claim(&id)).await,
        Claimed {
            attempt: 2,
            runs: 1
        }
    );
}

/// A run that was given up while its code goes on keeps the task until its lease ends, can go on
/// renewing, and is not counted as lost.
pub async fn a_detached_run_keeps_its_lease_and_does_not_count(bench: StoreBench) {
    let id = new_id();
    let first = bench.claimed(claim(&id)).await;
    let detached = |lease| CompletionKind::Detached { lease };
    let rest = Duration::from_secs(3);
    let outcome = bench.complete(&id, first.attempt, detached(rest)).await;
    assert_eq!(outcome, CompletionOutcome::Stored);
    let other = bench.claim(claim(&id)).await;
    assert!(matches!(other, ClaimOutcome::Leased { .. }), "{other:?}");
    assert_eq!(bench.status(&id).await, State::Pending);

    let renewed = bench.renew(&id, first.attempt, rest).await;
    assert_eq!(renewed, LeaseOutcome::Held);
    tokio::time::sleep(rest + Duration::from_millis(50)).await;
    assert_eq!(
        bench.claimed(claim(&id)).await,
        Claimed {
            attempt: 2,
            runs: 1
        }
    );
    let late = bench.complete(&id, first.attempt, detached(LONG)).await;
    assert_eq!(late, CompletionOutcome::Superseded);
}

/// Runs that were lost stay counted when a later one is given back.
pub async fn lost_runs_stay_counted(bench: StoreBench) {
    let id = new_id();
    bench
        .claimed(Claim {
            lease: Duration::from_millis(100),
            ..claim(&id)
        })
        .await;
    tokio::time::sleep(Duration::from_millis(150)).await;
    let second = bench.claimed(claim(&id)).await;
    assert_eq!(second.runs, 2);
    bench
        .complete(&id, second.attempt, CompletionKind::Released)
        .await;
    let third = bench.claimed(claim(&id)).await;
    assert_eq!(
        third,
        Claimed {
            attempt: 3,
            runs: 2
        }
    );
    bench
        .complete(&id, third.attempt, CompletionKind::Released)
        .await;
    assert_eq!(
        bench.claimed(claim(&id)).await,
        Claimed {
            attempt: 4,
            runs: 2
        }
    );
}
