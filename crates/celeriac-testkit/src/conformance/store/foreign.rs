//! Items that Python's Celery wrote: its `PutItem` replaces the whole item and wipes what celeriac
//! keeps in it.

use celeriac_core::{Claim, ClaimOutcome, CompletionKind, CompletionOutcome, LeaseOutcome};
use celeriac_protocol::{ResultMeta, State, Value};

use crate::conformance::StoreBench;
use crate::conformance::store_bench::{claim, new_id, success};

fn meta(task_id: &str, status: State) -> ResultMeta {
    ResultMeta::new(task_id, status, Value::Str("from Python".into()))
}

/// Python's item is read, as attempt 0.
pub async fn an_item_of_python_is_read(bench: StoreBench) {
    let id = new_id();
    let theirs = success(&id, "from Python ü");
    if !bench.foreign_put(&id, &theirs).await {
        return;
    }
    let record = bench.get(&id).await.expect("there is an item");
    assert_eq!((record.meta, record.attempt), (theirs, 0));
}

/// A final state of Python's is never claimed over.
pub async fn a_final_state_of_python_stands(bench: StoreBench) {
    for status in [State::Success, State::Failure, State::Revoked] {
        let id = new_id();
        if !bench.foreign_put(&id, &meta(&id, status.clone())).await {
            return;
        }
        for likely_known in [false, true] {
            match bench
                .claim(Claim {
                    likely_known,
                    ..claim(&id)
                })
                .await
            {
                ClaimOutcome::Final(found) => assert_eq!(found.status, status),
                other => panic!("it is final, got {other:?}"),
            }
        }
    }
}

/// A state of Python's that is not final is claimed, and ends as ours.
pub async fn an_unfinished_item_of_python_is_claimed(bench: StoreBench) {
    for (status, likely_known) in [
        (State::Started, false),
        (State::Retry, true),
        (State::Custom("PROGRESS".into()), true),
    ] {
        let id = new_id();
        if !bench.foreign_put(&id, &meta(&id, status.clone())).await {
            return;
        }
        let claimed = bench
            .claimed(Claim {
                likely_known,
                ..claim(&id)
            })
            .await;
        assert_eq!(claimed.runs, 1);
        assert!(claimed.attempt >= 1);
        let other = bench.claim(claim(&id)).await;
        assert!(matches!(other, ClaimOutcome::Leased { .. }), "{other:?}");
        let kept = status == State::Retry;
        assert_eq!(
            bench.status(&id).await,
            if kept { State::Retry } else { State::Pending }
        );

        let stored = bench
            .complete(
                &id,
                claimed.attempt,
                CompletionKind::Final(success(&id, "ours")),
            )
            .await;
        assert_eq!(stored, CompletionOutcome::Stored);
        assert_eq!(
            bench.get(&id).await.expect("there is an item").meta.result,
            Value::Str("ours".into())
        );
    }
}

/// Python shows a state in the middle of our run: our end counts.
pub async fn our_end_counts_over_an_unfinished_state_of_python(bench: StoreBench) {
    let id = new_id();
    let claimed = bench.claimed(claim(&id)).await;
    if !bench.foreign_put(&id, &meta(&id, State::Retry)).await {
        return;
    }
    let stored = bench
        .complete(
            &id,
            claimed.attempt,
            CompletionKind::Final(success(&id, "ours")),
        )
        .await;
    assert_eq!(stored, CompletionOutcome::Stored);
    let record = bench.get(&id).await.expect("there is an item");
    assert_eq!(
        (record.meta.status, record.meta.result),
        (State::Success, Value::Str("ours".into()))
    );
    let again = bench.claim(claim(&id)).await;
    assert!(matches!(again, ClaimOutcome::Final(_)), "{again:?}");
}

/// Python ends the task in the middle of our run: that end stands, and our run is told.
pub async fn a_final_state_of_python_ends_our_run(bench: StoreBench) {
    let id = new_id();
    let claimed = bench.claimed(claim(&id)).await;
    if !bench.foreign_put(&id, &meta(&id, State::Revoked)).await {
        return;
    }
    let lease = std::time::Duration::from_secs(30);
    assert_eq!(
        bench.renew(&id, claimed.attempt, lease).await,
        LeaseOutcome::Lost
    );
    let shown = ResultMeta::new(&id, State::Started, Value::Null);
    assert_eq!(
        bench.update_state(&id, claimed.attempt, shown).await,
        LeaseOutcome::Lost
    );
    let dropped = bench
        .complete(
            &id,
            claimed.attempt,
            CompletionKind::Final(success(&id, "ours")),
        )
        .await;
    assert_eq!(dropped, CompletionOutcome::AlreadyFinal);
    assert_eq!(bench.status(&id).await, State::Revoked);
}

/// Python's write wipes our attempt: a run that begins after it is told apart from the one before.
pub async fn a_run_before_an_item_of_python_is_fenced_off(bench: StoreBench) {
    let id = new_id();
    let before = bench.claimed(claim(&id)).await;
    if !bench.foreign_put(&id, &meta(&id, State::Retry)).await {
        return;
    }
    let after = bench
        .claimed(Claim {
            retries: 1,
            ..claim(&id)
        })
        .await;
    assert!(
        after.attempt > before.attempt,
        "{after:?} is newer than {before:?}"
    );
    let late = bench
        .complete(
            &id,
            before.attempt,
            CompletionKind::Final(success(&id, "before")),
        )
        .await;
    assert_eq!(late, CompletionOutcome::Superseded);
    let stored = bench
        .complete(
            &id,
            after.attempt,
            CompletionKind::Final(success(&id, "after")),
        )
        .await;
    assert_eq!(stored, CompletionOutcome::Stored);
    assert_eq!(
        bench.get(&id).await.expect("there is an item").meta.result,
        Value::Str("after".into())
    );
}

/// A final result of Python's is forgotten like ours.
pub async fn a_result_of_python_is_forgotten(bench: StoreBench) {
    let id = new_id();
    if !bench.foreign_put(&id, &success(&id, "from Python")).await {
        return;
    }
    bench
        .store
        .forget(std::slice::from_ref(&id))
        .await
        .remove(0)
        .expect("it is forgotten");
    assert!(bench.get(&id).await.is_none());
    let again = bench.claim(claim(&id)).await;
    assert!(
        matches!(again, ClaimOutcome::Final(_)),
        "it stays final, got {again:?}"
    );
}
