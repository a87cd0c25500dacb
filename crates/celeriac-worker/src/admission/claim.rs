use std::time::Duration;

use celeriac_core::{
    Claim, ClaimOutcome, Claimed, CompletionKind, DeadLetter, StoreError, StoreErrorKind,
    TaskIdentity,
};
use celeriac_protocol::{Dict, ResultMeta, State, Value};

use crate::batched_ledger::{BatchedLedger, Moment};
use crate::call::Call;
use crate::engine::Engine;
use crate::held::Held;
use crate::isolation::Place;
use crate::{Outcome, log, meta, waits};

/// Why a task is not run.
pub(crate) enum Refusal {
    /// The task has ended already; this is its stored end.
    Final(Box<ResultMeta>),
    /// The id is another task's.
    Conflict(TaskIdentity),
    /// This would be its last run before it counts as poison, for which the place must be alone.
    Isolate,
    /// What to do with its message instead.
    Other(Outcome),
}

/// Takes the task, if it is to be run here: beside others, or with nothing else.
pub(crate) async fn take(engine: &Engine, call: &mut Call, place: &Place) -> Result<Held, Refusal> {
    if engine.detached.has(call.id()) {
        // its lease may have lapsed while this process stood still; its thread has not ended
        let patience = waits::patience(call.delivery.receive_count);
        return Err(Refusal::Other(Outcome::Defer(engine.lease.max(patience))));
    }
    let Some(ledger) = engine.ledger.as_ref().filter(|_| call.uses_ledger) else {
        return Ok(Held {
            attempt: 1,
            nonce: String::new(),
            runs: 1,
            lease: None,
        });
    };
    let mut retries = call.try_number();
    loop {
        let since = ledger.moment();
        let claim = Claim {
            likely_known: call.likely_known(),
            sent_by: call.sent_by(),
            takes_over: call.takes_over(engine),
            replaces: call.replaces(),
            isolate_at: place.isolate_at(engine.parts.settings.task_max_lost_runs),
            ..ledger.wish(
                call.id(),
                call.identity(),
                retries,
                while_running(engine, call),
            )
        };
        let (answer, nonce) = ledger.claim(claim, since).await;
        match answer {
            Ok(ClaimOutcome::Claimed(claimed)) => {
                if retries != call.try_number() {
                    call.set_try(retries);
                    log::counted(call.retries());
                }
                if ledger.has_lapsed(since) {
                    return Err(Box::pin(let_go(ledger, call, &claimed)).await);
                }
                return Ok(hold(engine, ledger, call, &claimed, nonce, since));
            }
            // a FIFO retry is counted in the ledger only, the message still has its first header
            Ok(ClaimOutcome::Stale { retries: counted })
                if call.counts_in_ledger() && counted > retries =>
            {
                retries = counted;
            }
            Ok(ClaimOutcome::Final(meta)) => return Err(Refusal::Final(Box::new(meta))),
            Ok(ClaimOutcome::Conflict(other)) => return Err(Refusal::Conflict(other)),
            Ok(ClaimOutcome::Isolate) => return Err(Refusal::Isolate),
            Ok(refused) => return Err(Refusal::Other(refusal(engine, call, &refused))),
            Err(error) => return Err(Refusal::Other(unavailable(engine, call, &error))),
        }
    }
}

/// The claim's answer came so late that the lease may be over: gives the claim back.
async fn let_go(ledger: &BatchedLedger, call: &Call, claimed: &Claimed) -> Refusal {
    let released = Box::new(CompletionKind::Released); // this run does not count
    let _ = ledger.complete(call.id(), claimed.attempt, released).await;
    Refusal::Other(Outcome::Release)
}

fn hold(
    engine: &Engine,
    ledger: &BatchedLedger,
    call: &Call,
    claimed: &Claimed,
    nonce: String,
    since: Moment,
) -> Held {
    if claimed.runs > 1 {
        engine.incidents.takeover();
        let lost = claimed.runs - 1;
        tracing::warn!(lost, "taken over: an earlier run of it never ended");
    }
    log::claimed(claimed.attempt);
    ledger.hold(call.id(), claimed, nonce, since)
}

/// What readers see while it runs.
fn while_running(engine: &Engine, call: &Call) -> ResultMeta {
    if !call.track_started {
        return meta::of_call(engine, call, State::Pending, Value::Null);
    }
    let mut started = Dict::new();
    started.insert("pid".to_owned(), Value::Int(i64::from(std::process::id())));
    started.insert(
        "hostname".to_owned(),
        Value::Str(engine.parts.node_name.clone()),
    );
    meta::of_call(engine, call, State::Started, Value::Dict(started))
}

fn refusal(engine: &Engine, call: &Call, refused: &ClaimOutcome) -> Outcome {
    match refused {
        ClaimOutcome::Leased { until } => {
            tracing::debug!(
                "the task runs elsewhere; its message is deferred until the lease ends"
            );
            // whole seconds in SQS, and a lease that ended this very moment must not spin
            let left = until.since(engine.now()) + Duration::from_millis(100);
            let patience = waits::patience(call.delivery.receive_count);
            Outcome::Defer(left.max(patience))
        }
        refused => {
            tracing::debug!(
                ?refused,
                "the task is not to be run; its message is acknowledged"
            );
            Outcome::Ack
        }
    }
}

fn unavailable(engine: &Engine, call: &Call, error: &StoreError) -> Outcome {
    let never = match &error.kind {
        StoreErrorKind::Codec(reason) => Some(format!(
            "the task's item in the result store cannot be read: {reason}"
        )),
        // of its headers: the payload is not read yet
        StoreErrorKind::TooLarge { .. } => Some(format!(
            "the task's headers fit in no item of the result store: {}",
            error.kind
        )),
        _ => None,
    };
    if let Some(error) = never {
        tracing::error!("{error}");
        return Outcome::DeadLetter(Box::new(DeadLetter {
            delivery: call.delivery.clone(),
            reason: "unreadable".to_owned(),
            error,
        }));
    }
    engine.incidents.throttled();
    tracing::warn!("the task could not be claimed; its message will be redelivered: {error}");
    Outcome::Defer(engine.backoff_of(&call.delivery))
}
