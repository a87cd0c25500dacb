//! What readers see while a task runs.

use std::time::Duration;

use celeriac_core::{Claim, CompletionKind, LeaseOutcome};
use celeriac_protocol::{Dict, ResultMeta, State, Value};

use crate::conformance::StoreBench;
use crate::conformance::store_bench::{claim, new_id, success};

fn progress(task_id: &str, percent: i64) -> ResultMeta {
    let result = Dict::from_iter([
        ("pct".to_owned(), Value::Int(percent)),
        ("where".to_owned(), Value::Str("Köln".into())),
    ]);
    ResultMeta::new(
        task_id,
        State::Custom("PROGRESS".into()),
        Value::Dict(result),
    )
}

/// Progress is read as it was written, and the claim stands.
pub async fn a_state_is_shown(bench: StoreBench) {
    let id = new_id();
    let claimed = bench.claimed(claim(&id)).await;
    for percent in [10, 50] {
        let shown = progress(&id, percent);
        assert_eq!(
            bench
                .update_state(&id, claimed.attempt, shown.clone())
                .await,
            LeaseOutcome::Held
        );
        let record = bench.get(&id).await.expect("there is an item");
        assert_eq!(record.meta.status, shown.status);
        assert_eq!(record.meta.result, shown.result);
    }
    bench
        .complete(
            &id,
            claimed.attempt,
            CompletionKind::Final(success(&id, "done")),
        )
        .await;
    assert_eq!(bench.status(&id).await, State::Success);
}

/// Progress of a run that lost its task is dropped.
pub async fn a_state_of_a_lost_run_is_refused(bench: StoreBench) {
    let id = new_id();
    let old = bench
        .claimed(Claim {
            lease: Duration::from_millis(100),
            ..claim(&id)
        })
        .await;
    tokio::time::sleep(Duration::from_millis(150)).await;
    bench.claimed(claim(&id)).await;
    assert_eq!(
        bench
            .update_state(&id, old.attempt, progress(&id, 10))
            .await,
        LeaseOutcome::Lost
    );
    assert_eq!(bench.status(&id).await, State::Pending);
}

/// Progress that comes after the end does not hide it.
pub async fn a_state_after_the_end_is_refused(bench: StoreBench) {
    let id = new_id();
    let claimed = bench.claimed(claim(&id)).await;
    bench
        .complete(
            &id,
            claimed.attempt,
            CompletionKind::Final(success(&id, "done")),
        )
        .await;
    assert_eq!(
        bench
            .update_state(&id, claimed.attempt, progress(&id, 99))
            .await,
        LeaseOutcome::Lost
    );
    assert_eq!(bench.status(&id).await, State::Success);

    let id = new_id();
    let claimed = bench.claimed(claim(&id)).await;
    let retry = CompletionKind::Retry {
        retries: 1,
        meta: ResultMeta::new(&id, State::Retry, Value::Null),
        due: None,
    };
    bench.complete(&id, claimed.attempt, retry).await;
    assert_eq!(
        bench
            .update_state(&id, claimed.attempt, progress(&id, 99))
            .await,
        LeaseOutcome::Lost
    );
    assert_eq!(bench.status(&id).await, State::Retry);
}

/// Where Python's `forget` has deleted the item of a running task, its next state puts it back.
pub async fn a_state_of_an_item_that_is_gone_is_shown(bench: StoreBench) {
    let id = new_id();
    let shown = bench.update_state(&id, 3, progress(&id, 10)).await;
    assert_eq!(shown, LeaseOutcome::Held);
    assert_eq!(bench.status(&id).await.as_str(), "PROGRESS");
    assert_eq!(
        bench.renew(&id, 3, Duration::from_mins(1)).await,
        LeaseOutcome::Held
    );
    assert_eq!(
        bench.renew(&id, 2, Duration::from_mins(1)).await,
        LeaseOutcome::Lost
    );
}

/// Every part of a result comes back: exception, traceback, children, date, group, parent.
pub async fn every_part_of_a_result_is_kept(bench: StoreBench) {
    let id = new_id();
    let claimed = bench.claimed(claim(&id)).await;
    let exception = Dict::from_iter([
        ("exc_type".to_owned(), Value::Str("ValueError".into())),
        (
            "exc_message".to_owned(),
            Value::List(vec![Value::Str("größer \"x\" 🌍".into())]),
        ),
        ("exc_module".to_owned(), Value::Str("builtins".into())),
    ]);
    let child = Value::List(vec![
        Value::List(vec![Value::Str(new_id()), Value::Null]),
        Value::Null,
    ]);
    let meta = ResultMeta {
        traceback: Some("Traceback (most recent call last):\n  …\n".into()),
        children: Value::List(vec![child]),
        date_done: Some("2027-01-02T03:04:05.000678+00:00".into()),
        group_id: Some(new_id()),
        parent_id: Some(new_id()),
        ..ResultMeta::new(&id, State::Failure, Value::Dict(exception))
    };
    bench
        .complete(&id, claimed.attempt, CompletionKind::Final(meta.clone()))
        .await;
    assert_eq!(bench.get(&id).await.expect("there is an item").meta, meta);
}
