//! How a claim ends, and whose end counts.

use std::sync::Arc;
use std::time::Duration;

use celeriac_core::{Claim, ClaimOutcome, CompletionKind, CompletionOutcome, TaskIdentity};
use celeriac_protocol::{ResultMeta, State, Value};
use tokio::task::JoinSet;

use crate::conformance::StoreBench;
use crate::conformance::store_bench::{claim, completion, new_id, success};

/// A final state is stored, and read with the attempt that wrote it.
pub async fn a_final_state_is_stored(bench: StoreBench) {
    for status in [State::Success, State::Failure, State::Revoked] {
        let id = new_id();
        let claimed = bench.claimed(claim(&id)).await;
        let meta = ResultMeta::new(&id, status, Value::Int(3));
        let stored = bench
            .complete(&id, claimed.attempt, CompletionKind::Final(meta.clone()))
            .await;
        assert_eq!(stored, CompletionOutcome::Stored);
        let record = bench.get(&id).await.expect("there is an item");
        assert_eq!((record.meta, record.attempt), (meta, 1));
    }
}

/// What a message that cannot be read comes to is shown to readers, and says nothing of the task:
/// its own message is claimed and ends it.
pub async fn an_unread_end_is_passed_by_the_next_claim(bench: StoreBench) {
    let id = new_id();
    let failure = ResultMeta::new(&id, State::Failure, Value::Str("unreadable".to_owned()));
    let of_the_unreadable = || Claim {
        retries: 7,
        ..claim(&id)
    };
    for attempt in [1, 2] {
        let claimed = bench.claimed(of_the_unreadable()).await;
        assert_eq!((claimed.attempt, claimed.runs), (attempt, 1));
        let unread = CompletionKind::Unread(failure.clone());
        let stored = bench.complete(&id, claimed.attempt, unread).await;
        assert_eq!(stored, CompletionOutcome::Stored);
        let record = bench.get(&id).await.expect("there is an item");
        assert_eq!(record.meta, failure);
    }
    // not even whose the id is, or which try: what could not be read may have been another's
    let own = || Claim {
        identity: TaskIdentity::named("tasks.real"),
        likely_known: true,
        ..claim(&id)
    };
    let claimed = bench.claimed(own()).await;
    assert_eq!((claimed.attempt, claimed.runs), (3, 1));
    assert_eq!(bench.status(&id).await, State::Pending);
    let other = bench.claim(claim(&id)).await;
    assert_eq!(
        other,
        ClaimOutcome::Conflict(TaskIdentity::named("tasks.real"))
    );
    let end = CompletionKind::Final(success(&id, "done"));
    bench.complete(&id, claimed.attempt, end).await;
    assert_eq!(bench.status(&id).await, State::Success);
}

/// A completion whose answer was lost is answered again, whatever it was.
pub async fn a_completion_is_idempotent_by_its_nonce(bench: StoreBench) {
    let id = new_id();
    let retry = ResultMeta::new(&id, State::Retry, Value::Null);
    let kinds = [
        CompletionKind::Released,
        CompletionKind::Released,
        CompletionKind::Retry {
            retries: 1,
            meta: retry,
            due: None,
        },
        CompletionKind::Final(success(&id, "done")),
    ];
    for (number, kind) in kinds.into_iter().enumerate() {
        let retries = u32::from(number == 3);
        let claimed = bench
            .claimed(Claim {
                retries,
                ..claim(&id)
            })
            .await;
        assert_eq!(claimed.runs, 1, "the run before was counted once as ended");
        let completion = completion(&id, claimed.attempt, kind);
        for _ in 0..3 {
            let outcome = bench
                .try_complete(completion.clone())
                .await
                .expect("the completion is answered");
            assert_eq!(outcome, CompletionOutcome::Stored, "{completion:?}");
        }
    }
    assert_eq!(bench.status(&id).await, State::Success);
}

/// Whoever lost the task changes nothing.
pub async fn a_completion_of_an_older_attempt_is_superseded(bench: StoreBench) {
    let id = new_id();
    let old = bench
        .claimed(Claim {
            lease: Duration::from_millis(100),
            ..claim(&id)
        })
        .await;
    tokio::time::sleep(Duration::from_millis(150)).await;
    let new = bench.claimed(claim(&id)).await;
    let retry = ResultMeta::new(&id, State::Retry, Value::Null);
    for kind in [
        CompletionKind::Final(success(&id, "old")),
        CompletionKind::Retry {
            retries: 1,
            meta: retry,
            due: None,
        },
        CompletionKind::Released,
        CompletionKind::Released,
    ] {
        assert_eq!(
            bench.complete(&id, old.attempt, kind).await,
            CompletionOutcome::Superseded
        );
    }
    let record = bench.get(&id).await.expect("there is an item");
    assert_eq!(
        (record.meta.status, record.attempt),
        (State::Pending, new.attempt)
    );
    let other = bench.claim(claim(&id)).await;
    assert!(
        matches!(other, ClaimOutcome::Leased { .. }),
        "the new lease stands, got {other:?}"
    );

    let stored = bench
        .complete(&id, new.attempt, CompletionKind::Final(success(&id, "new")))
        .await;
    assert_eq!(stored, CompletionOutcome::Stored);
    assert_eq!(
        bench.get(&id).await.expect("there is an item").meta.result,
        Value::Str("new".into())
    );
}

/// The lease may have run out: as long as nobody took the task, its end counts.
pub async fn a_late_completion_counts_if_nobody_took_the_task(bench: StoreBench) {
    let id = new_id();
    let claimed = bench
        .claimed(Claim {
            lease: Duration::from_millis(100),
            ..claim(&id)
        })
        .await;
    tokio::time::sleep(Duration::from_millis(150)).await;
    let stored = bench
        .complete(
            &id,
            claimed.attempt,
            CompletionKind::Final(success(&id, "late")),
        )
        .await;
    assert_eq!(stored, CompletionOutcome::Stored);
    assert_eq!(bench.status(&id).await, State::Success);
}

/// The first final state stays, whoever comes after.
pub async fn a_final_state_is_never_overwritten(bench: StoreBench) {
    let id = new_id();
    let old = bench
        .claimed(Claim {
            lease: Duration::from_millis(100),
            ..claim(&id)
        })
        .await;
    tokio::time::sleep(Duration::from_millis(150)).await;
    let new = bench.claimed(claim(&id)).await;
    bench
        .complete(
            &id,
            new.attempt,
            CompletionKind::Final(success(&id, "first")),
        )
        .await;

    let failure = ResultMeta::new(&id, State::Failure, Value::Null);
    for attempt in [old.attempt, new.attempt] {
        let retry = CompletionKind::Retry {
            retries: 1,
            meta: ResultMeta::new(&id, State::Retry, Value::Null),
            due: None,
        };
        for kind in [
            CompletionKind::Final(failure.clone()),
            retry,
            CompletionKind::Released,
            CompletionKind::Released,
        ] {
            assert_eq!(
                bench.complete(&id, attempt, kind).await,
                CompletionOutcome::AlreadyFinal
            );
        }
    }
    assert_eq!(
        bench.get(&id).await.expect("there is an item").meta.result,
        Value::Str("first".into())
    );
}

/// Of many ends of one claim at once, one is stored.
pub async fn of_20_completions_at_once_one_is_stored(bench: StoreBench) {
    let id = new_id();
    let claimed = bench.claimed(claim(&id)).await;
    let mut completions = JoinSet::new();
    for n in 0..20 {
        let store = Arc::clone(&bench.store);
        let completion = completion(
            &id,
            claimed.attempt,
            CompletionKind::Final(success(&id, &n.to_string())),
        );
        completions.spawn(async move {
            let outcome = store
                .complete(vec![completion])
                .await
                .remove(0)
                .expect("the completion is answered");
            (outcome == CompletionOutcome::Stored).then(|| n.to_string())
        });
    }
    let stored: Vec<String> = completions.join_all().await.into_iter().flatten().collect();
    let [winner] = &stored[..] else {
        panic!("one is stored, got {stored:?}")
    };
    assert_eq!(
        bench.get(&id).await.expect("there is an item").meta.result,
        Value::Str(winner.clone())
    );
}
