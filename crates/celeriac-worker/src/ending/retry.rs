//! A task that is to be tried again: its next message, and RETRY in the ledger.
//!
//! Three things keep the next try from running before it is due: the delay of its message
//! (`Parcel` in `outbox.rs` of `celeriac-producer`), its `eta`, by which a message that is early is
//! sent on (`admission/timing.rs`), and the ledger, which gives no claim until then.

use std::time::Duration;

use celeriac_core::{Claim, ClaimOutcome, CompletionKind, Failure, RetryPolicy, RetryWith};
use celeriac_producer::Parcel;
use celeriac_protocol::{Envelope, Headers, State, UtcTime, Value, repr_args, repr_kwargs};

use super::conclusion::Conclusion;
use super::follow::owed;
use super::record::Recorded;
use crate::call::{Call, IN_PLACE, SENT_BY};
use crate::executed::{Ending, Executed};
use crate::{Outcome, log, meta, outgoing};

/// A countdown up to this needs no guard against a run that is too early.
const AT_ONCE: Duration = Duration::from_secs(1);

/// A wish to run again, with what it says over the task's policy.
pub(crate) struct Retry {
    pub(crate) countdown: Option<Duration>,
    pub(crate) max_retries: Option<u32>,
    pub(crate) cause: Option<Failure>,
    /// What the next try has instead of the message's own.
    pub(crate) with: Option<Box<RetryWith>>,
}

impl Retry {
    pub(crate) fn allowed(&self, call: &Call) -> bool {
        let policy = &call.options().retry;
        match self.max_retries {
            Some(max) => RetryPolicy {
                max_retries: Some(max),
                ..policy.clone()
            }
            .allows(call.retries()),
            None => policy.allows(call.retries()),
        }
    }

    /// What readers see when no retry is left (SPEC 3).
    pub(crate) fn exhausted(self, call: &Call) -> Failure {
        self.cause.unwrap_or_else(|| {
            let headers = &call.envelope.headers;
            let (args, kwargs) = (
                headers.argsrepr.as_deref().unwrap_or("()"),
                headers.kwargsrepr.as_deref().unwrap_or("{}"),
            );
            let text = format!(
                "Can't retry {}[{}] args:{args} kwargs:{kwargs}",
                headers.task, headers.id
            );
            meta::failure_text("celery.exceptions", "MaxRetriesExceededError", text)
        })
    }

    fn countdown(&self, call: &Call) -> Duration {
        self.countdown
            .unwrap_or_else(|| call.options().retry.countdown(call.retries()))
    }
}

/// The next try. On a standard queue it is a new message, sent before the present one is done with;
/// on FIFO, where that would change the order, the present message comes back, and the ledger
/// counts.
pub(crate) async fn retry(mut conclusion: Conclusion, retry: Retry) -> Executed {
    let countdown = retry.countdown(&conclusion.call);
    log::retried(&conclusion.call, countdown, retry.cause.as_ref());
    // what is changed needs a message of its own
    let in_place = conclusion.call.fifo
        && !conclusion.call.acked
        && conclusion.engine.ledger.is_some()
        && retry.with.is_none();
    if conclusion.held.lease.is_none() && (in_place || conclusion.call.shows_errors()) {
        let claimed = claim_late(&mut conclusion).await;
        if in_place && !claimed {
            return owed(&conclusion.engine, &conclusion.call);
        }
    }
    if in_place {
        again_in_place(conclusion, &retry, countdown).await
    } else {
        resend(conclusion, retry, countdown).await
    }
}

/// The ledger refuses every claim until the next try is due, whatever becomes of the message's
/// visibility.
async fn again_in_place(conclusion: Conclusion, retry: &Retry, countdown: Duration) -> Executed {
    let due = conclusion.engine.now().after(countdown);
    match record_retry(&conclusion, retry.cause.as_ref(), Some(due)).await {
        Recorded::Stored => Executed::new(Outcome::Defer(countdown), Ending::Retried),
        Recorded::Never(_) => owed(&conclusion.engine, &conclusion.call),
        other => Box::pin(conclusion.not_ours(other)).await,
    }
}

async fn resend(conclusion: Conclusion, retry: Retry, countdown: Duration) -> Executed {
    if !still_holds(&conclusion).await {
        return Executed::not_run(Outcome::Leave); // another attempt speaks for the task
    }
    let due = conclusion.engine.now().after(countdown);
    let message = match next_message(&conclusion, due, retry.with.as_deref()) {
        Ok(message) => message,
        Err(failure) => return Box::pin(conclusion.gave_up(failure)).await,
    };
    if let Err(error) = conclusion.engine.outbox.send(message).await {
        tracing::error!("the retry could not be sent: {error}");
        if error.is_retryable() && !conclusion.call.acked {
            let _ = conclusion.release().await; // runs again from this message
            return owed(&conclusion.engine, &conclusion.call);
        }
        let failure = retry.exhausted(&conclusion.call);
        return Box::pin(conclusion.gave_up(failure)).await;
    }
    // The outcome is ignored on purpose: the retry is sent, so this message must be deleted in any
    // case.
    let due = Some(due).filter(|_| countdown > AT_ONCE);
    let _ = record_retry(&conclusion, retry.cause.as_ref(), due).await;
    Executed::new(Outcome::Ack, Ending::Retried)
}

/// A run that was taken over while it stood still must not send: renewing tells. A store that is
/// away is no reason to wait.
async fn still_holds(conclusion: &Conclusion) -> bool {
    let (Some(ledger), Some(_)) = (&conclusion.engine.ledger, &conclusion.held.lease) else {
        return true;
    };
    ledger
        .still_holds(conclusion.call.id(), conclusion.held.attempt)
        .await
}

/// Ends the claim with RETRY shown; without one, does nothing. Until `due` every claim is refused,
/// whichever message asks: the next try's, this one where it is the next try itself (FIFO), and
/// that of a second retry, which a stalled run may send after it has lost its lease.
async fn record_retry(
    conclusion: &Conclusion,
    cause: Option<&Failure>,
    due: Option<UtcTime>,
) -> Recorded {
    let call = &conclusion.call;
    let mut status = meta::of_call(&conclusion.engine, call, State::Retry, Value::Null);
    if let Some(cause) = cause {
        status = meta::with_failure(status, cause);
    }
    let mut children = conclusion.children.clone();
    children.push(meta::task_tuple(call.id())); // as Celery: it was sent from inside the task
    status.children = meta::children(&children);
    let retries = call.try_number().saturating_add(1);
    let kind = |meta| CompletionKind::Retry { retries, meta, due };
    match conclusion.complete(kind(status)).await {
        Recorded::Never(error) => {
            tracing::warn!("the cause of the retry could not be stored: {error}");
            let headers = &call.envelope.headers;
            let bare = meta::of_headers(&conclusion.engine, headers, State::Retry, Value::Null);
            conclusion.complete(kind(bare)).await
        }
        recorded => recorded,
    }
}

/// Claims a task that ran without the ledger, to count or show its retry. Whether that went
/// through.
async fn claim_late(conclusion: &mut Conclusion) -> bool {
    let Some(ledger) = &conclusion.engine.ledger else {
        return false;
    };
    let since = ledger.moment();
    let (engine, call) = (&conclusion.engine, &conclusion.call);
    let pending = meta::of_call(engine, call, State::Pending, Value::Null);
    let claim = Claim {
        likely_known: true,
        sent_by: call.sent_by(),
        replaces: call.replaces(),
        ..ledger.wish(call.id(), call.identity(), call.try_number(), pending)
    };
    let (answer, nonce) = ledger.claim(claim, since).await;
    match answer {
        Ok(ClaimOutcome::Claimed(claimed)) => {
            conclusion.held = ledger.hold(call.id(), &claimed, nonce, since);
            true
        }
        Ok(_) => false,
        Err(error) => {
            tracing::warn!("the state RETRY could not be stored: {error}");
            false
        }
    }
}

/// The message of the next try: everything is kept but `retries`, `eta` and the parent, which is
/// the task itself (SPEC 3).
///
/// # Errors
/// Where the payload is to be changed, and cannot be read or written.
fn next_message(
    conclusion: &Conclusion,
    due: UtcTime,
    with: Option<&RetryWith>,
) -> Result<Parcel, Failure> {
    let call = &conclusion.call;
    let mut next = Envelope::clone(&call.envelope);
    next.headers.retries = call.retries().saturating_add(1);
    next.headers.eta = Some(due.to_iso());
    next.headers.parent_id = Some(call.id().to_owned());
    next.headers.extra.shift_remove(IN_PLACE); // this message counts itself
    if conclusion.held.lease.is_some() {
        next.headers.extra.insert(
            SENT_BY.to_owned(),
            Value::Str(conclusion.held.nonce.clone()),
        );
    }
    next.properties
        .delivery_info
        .routing_key
        .get_or_insert_with(|| call.delivery.queue.clone());
    conclusion.carry_checkpoint(&mut next);
    let mut queue = &call.delivery.queue;
    if let Some(with) = with {
        if let Some(other) = &with.queue {
            next.properties.delivery_info.routing_key = Some(other.clone());
            queue = other;
        }
        next.headers.extra.extend(with.headers.clone());
        if let Some(expires) = with.expires {
            next.headers.expires = Some(conclusion.engine.now().after(expires).to_iso());
        }
        if with.args.is_some() || with.kwargs.is_some() {
            next = with_arguments(conclusion, next, with)?;
        }
    }
    Ok(Parcel {
        at: Some(due),
        ..outgoing::message(call, next, queue)
    })
}

/// The message with other arguments, in the serialization that it had.
fn with_arguments(
    conclusion: &Conclusion,
    next: Envelope,
    with: &RetryWith,
) -> Result<Envelope, Failure> {
    let wrong = |error: String| meta::failure_text("kombu.exceptions", "EncodeError", error);
    let payload = next.payload(&conclusion.engine.limits);
    let mut payload = payload.map_err(|error| wrong(error.to_string()))?;
    payload.args = with.args.clone().unwrap_or(payload.args);
    payload.kwargs = with.kwargs.clone().unwrap_or(payload.kwargs);
    let headers = Headers {
        argsrepr: Some(repr_args(&payload.args)),
        kwargsrepr: Some(repr_kwargs(&payload.kwargs)),
        ..next.headers.clone()
    };
    next.with_payload(headers, &payload)
        .map_err(|error| wrong(error.to_string()))
}
