//! Who may run a task.

use std::time::Duration;

use celeriac_core::{Claim, ClaimOutcome, Claimed, Clock, SystemClock};

use crate::conformance::StoreBench;
use crate::conformance::store_bench::{claim, new_id};

/// The first claim of an unknown id is attempt 1, run 1.
pub async fn a_fresh_task_is_claimed(bench: StoreBench) {
    let id = new_id();
    assert_eq!(
        bench.claimed(claim(&id)).await,
        Claimed {
            attempt: 1,
            runs: 1
        }
    );
}

/// A second claim learns when the lease ends, and is given once it has: attempt 2, run 2.
pub async fn a_leased_task_is_refused_until_the_lease_ends(bench: StoreBench) {
    let id = new_id();
    let lease = Duration::from_secs(2);
    let before = SystemClock.now();
    bench
        .claimed(Claim {
            lease,
            ..claim(&id)
        })
        .await;
    let after = SystemClock.now();

    let ClaimOutcome::Leased { until } = bench.claim(claim(&id)).await else {
        panic!("another holds it")
    };
    let slack = Duration::from_millis(2);
    assert!(
        until.after(slack) >= before.after(lease) && until <= after.after(lease).after(slack),
        "{before:?} {until:?} {after:?}"
    );

    tokio::time::sleep(until.since(SystemClock.now()) + Duration::from_millis(10)).await;
    assert_eq!(
        bench.claimed(claim(&id)).await,
        Claimed {
            attempt: 2,
            runs: 2
        }
    );
}
