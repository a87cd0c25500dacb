//! A task's next try, and messages of earlier ones.

use std::time::Duration;

use celeriac_core::{
    Claim, ClaimOutcome, Claimed, Clock, CompletionKind, CompletionOutcome, LeaseOutcome,
    SystemClock,
};
use celeriac_protocol::{ResultMeta, State, Value};

use crate::conformance::StoreBench;
use crate::conformance::store_bench::{claim, new_id, success};

fn retry(task_id: &str, retries: u32) -> CompletionKind {
    let meta = ResultMeta::new(task_id, State::Retry, Value::Str(format!("try {retries}")));
    let due = None;
    CompletionKind::Retry { retries, meta, due }
}

/// After a retry readers see RETRY, the older message is stale, and the newer one runs for the
/// first time.
pub async fn a_retry_makes_older_messages_stale(bench: StoreBench) {
    let id = new_id();
    let first = bench.claimed(claim(&id)).await;
    assert_eq!(
        bench.complete(&id, first.attempt, retry(&id, 1)).await,
        CompletionOutcome::Stored
    );
    let record = bench.get(&id).await.expect("there is an item");
    assert_eq!(
        (record.meta.status, record.meta.result),
        (State::Retry, Value::Str("try 1".into()))
    );

    for likely_known in [false, true] {
        let older = bench
            .claim(Claim {
                likely_known,
                ..claim(&id)
            })
            .await;
        assert_eq!(older, ClaimOutcome::Stale { retries: 1 });
    }
    let newer = bench
        .claimed(Claim {
            retries: 1,
            likely_known: true,
            ..claim(&id)
        })
        .await;
    assert_eq!(
        newer,
        Claimed {
            attempt: 2,
            runs: 1
        }
    );
}

/// The RETRY that stands is kept while the next try runs, until it shows something else.
pub async fn a_claim_keeps_the_retry_that_stands(bench: StoreBench) {
    let id = new_id();
    let first = bench.claimed(claim(&id)).await;
    bench.complete(&id, first.attempt, retry(&id, 1)).await;
    let second = bench
        .claimed(Claim {
            retries: 1,
            ..claim(&id)
        })
        .await;
    let record = bench.get(&id).await.expect("there is an item");
    assert_eq!(
        (record.meta.status, record.meta.result),
        (State::Retry, Value::Str("try 1".into()))
    );
    assert_eq!(record.attempt, second.attempt);

    bench
        .complete(
            &id,
            second.attempt,
            CompletionKind::Final(success(&id, "done")),
        )
        .await;
    assert_eq!(bench.status(&id).await, State::Success);
}

/// With `track_started` STARTED is shown over RETRY.
pub async fn a_started_claim_is_shown_over_a_retry(bench: StoreBench) {
    let id = new_id();
    let first = bench.claimed(claim(&id)).await;
    bench.complete(&id, first.attempt, retry(&id, 1)).await;
    let mut started = Claim {
        retries: 1,
        ..claim(&id)
    };
    started.shown.status = State::Started;
    bench.claimed(started).await;
    assert_eq!(bench.status(&id).await, State::Started);
}

/// A newer message may come before the completion that announces it was stored: its own claim
/// raises `retries`.
pub async fn a_newer_claim_raises_retries_itself(bench: StoreBench) {
    let id = new_id();
    let first = bench.claimed(claim(&id)).await;
    bench
        .complete(&id, first.attempt, CompletionKind::Released)
        .await;
    assert_eq!(
        bench
            .claimed(Claim {
                retries: 2,
                ..claim(&id)
            })
            .await,
        Claimed {
            attempt: 2,
            runs: 1
        }
    );
    for retries in [0, 1] {
        assert_eq!(
            bench
                .claim(Claim {
                    retries,
                    ..claim(&id)
                })
                .await,
            ClaimOutcome::Stale { retries: 2 }
        );
    }
}

/// Tries go on: each raises `retries`, each begins with run 1, and the last one's state stays.
pub async fn many_retries_end_in_one_state(bench: StoreBench) {
    let id = new_id();
    for retries in 0..4 {
        let claimed = bench
            .claimed(Claim {
                retries,
                ..claim(&id)
            })
            .await;
        assert_eq!(
            claimed,
            Claimed {
                attempt: u64::from(retries) + 1,
                runs: 1
            }
        );
        bench
            .complete(&id, claimed.attempt, retry(&id, retries + 1))
            .await;
    }
    let last = bench
        .claimed(Claim {
            retries: 4,
            ..claim(&id)
        })
        .await;
    bench
        .complete(
            &id,
            last.attempt,
            CompletionKind::Final(success(&id, "at last")),
        )
        .await;
    let stale = bench
        .claim(Claim {
            retries: 2,
            ..claim(&id)
        })
        .await;
    assert!(matches!(stale, ClaimOutcome::Final(_)), "{stale:?}");
}

/// The next try cannot be claimed before it is due, by nobody, and nothing of the run that ended
/// changes that.
pub async fn a_retry_waits_until_it_is_due(bench: StoreBench) {
    let id = new_id();
    let first = claim(&id);
    let first_nonce = first.nonce.clone();
    let first = bench.claimed(first).await;
    let due = SystemClock.now().after(Duration::from_millis(1_500));
    let mut kind = retry(&id, 1);
    if let CompletionKind::Retry { due: place, .. } = &mut kind {
        *place = Some(due);
    }
    let ended = bench.complete(&id, first.attempt, kind).await;
    assert_eq!(ended, CompletionOutcome::Stored);
    assert_eq!(bench.status(&id).await, State::Retry);

    let late = bench
        .renew(&id, first.attempt, Duration::from_mins(1))
        .await;
    assert_eq!(
        late,
        LeaseOutcome::Lost,
        "a late heartbeat does not move it"
    );
    let next = || Claim {
        retries: 1,
        sent_by: Some(first_nonce.clone()),
        likely_known: true,
        ..claim(&id)
    };
    let ClaimOutcome::Leased { until } = bench.claim(next()).await else {
        panic!("it is not due yet");
    };
    assert!(until.0.abs_diff(due.0) < 10_000, "{until:?} {due:?}");
    tokio::time::sleep(Duration::from_millis(1_600)).await;
    let second = bench.claimed(next()).await;
    assert_eq!(second.runs, 1);
    assert!(second.attempt > first.attempt);
}

/// A newer try does not wait for the lease of the attempt that sent it, and for every other it
/// does.
pub async fn a_retry_passes_the_lease_of_its_sender_alone(bench: StoreBench) {
    let id = new_id();
    let first = claim(&id);
    let nonce = first.nonce.clone();
    let holder = bench.claimed(first).await;
    let sent_by = |sent_by| Claim {
        retries: 1,
        sent_by,
        likely_known: true,
        ..claim(&id)
    };
    for other in [None, Some("1".to_owned()), Some(String::new())] {
        let refused = bench.claim(sent_by(other)).await;
        assert!(
            matches!(refused, ClaimOutcome::Leased { .. }),
            "{refused:?}"
        );
    }
    let next = bench.claimed(sent_by(Some(nonce))).await;
    assert_eq!((next.attempt, next.runs), (holder.attempt + 1, 1));
}
