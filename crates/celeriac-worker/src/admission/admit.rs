//! Whether a delivery's task may run now: every question, in its order, and the file that answers
//! it. What ends a message here, and is not run:
//!
//! 1. its visibility ended while it waited in this worker (`worker/dispatcher.rs`, before all this);
//! 2. its envelope cannot be read (`unready.rs`);
//! 3. its task id is empty, or too long to be a key (`unready.rs`);
//! 4. its task is not registered (`unknown.rs`);
//! 5. beat's header cannot be read, or the schedule's guard is against this day (`scheduled.rs`);
//! 6. `eta` or `expires` is no time, `expires` has passed, or `eta` has not come (`timing.rs`);
//! 7. this process is draining (here);
//! 8. a Lambda function leaves it to a worker, or has no time for it (`spill.rs`);
//! 9. this process began to drain while it waited for a place (`beside_or_alone.rs`);
//! 10. code of an earlier run of it goes on in this process (`claim.rs`);
//! 11. the ledger's answer: another task's id, ended already, an older try, or leased by another
//!     (`claim.rs`);
//! 12. it must run alone, and was not alone within a lease's time (`beside_or_alone.rs`);
//! 13. the result store is away, its item cannot be read, or the claim was answered when its lease
//!     may have been over (`claim.rs`);
//! 14. it is poison (`poison.rs`), or this process began to drain while it was claimed (here);
//! 15. its payload cannot be read (`payload.rs`);
//! 16. what it embeds could not follow it (`ending/consequence.rs`);
//! 17. its arguments are wrong (`Arguments::bind` in `celeriac-core`).
//!
//! After that only a blocking task may still not start: where no thread is free before this process
//! drains (`run/mod.rs`).

use std::sync::Arc;

use celeriac_core::{ArgumentError, Arguments, Delivery, Failure};
use celeriac_protocol::{Envelope, Payload};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tracing::Span;

use super::claim::Refusal;
use super::scheduled::{self, Unfit};
use super::timing::{self, Timing};
use super::{beside_or_alone, errback, payload, poison, spill, unknown, unready};
use crate::call::Call;
use crate::ending::{self, Conclusion};
use crate::engine::Engine;
use crate::executed::Executed;
use crate::reply::Reply;
use crate::{Outcome, Shutdown, log, meta};

/// What is done about a delivery whose task is not run.
pub(crate) type Instead<'a> = BoxFuture<'a, Executed>;

/// Opens the span of all that is done about a delivery, and asks what needs no request to answer.
/// There is no span where the delivery does not even say which task it is of.
///
/// What is large is behind a pointer: a run's future holds it several times over, and is itself
/// moved when it is spawned.
pub(crate) async fn open(
    engine: &Engine,
    mut delivery: Delivery,
    reply: Reply,
) -> (Span, Result<Box<Call>, Instead<'_>>) {
    let envelope = match payload::envelope(engine, &mut delivery).await {
        Ok(envelope) => envelope,
        Err(error) => {
            let unreadable = async move { unready::unreadable(engine, delivery, &error).await };
            return (Span::none(), Err(Box::pin(unreadable)));
        }
    };
    if let Some(reason) = unready::bad_id(engine, &envelope.headers.id) {
        let no_id = at_once(unready::no_id(delivery, &reason));
        return (Span::none(), Err(no_id));
    }
    let span = log::span(&envelope.headers, &delivery.queue);
    let prepared = span.in_scope(|| prepare(engine, delivery, envelope, reply));
    (span, prepared)
}

fn prepare(
    engine: &Engine,
    delivery: Delivery,
    envelope: Arc<Envelope>,
    reply: Reply,
) -> Result<Box<Call>, Instead<'_>> {
    let Some(definition) = engine.parts.registry.find(&envelope.headers.task) else {
        return Err(Box::pin(unknown::unknown(engine, delivery, envelope)));
    };
    let mut call = Box::new(Call::new(
        engine,
        delivery,
        envelope,
        Arc::clone(definition),
    ));
    call.reply = reply;
    log::received(&call);
    match scheduled::apply(engine, &mut call) {
        Ok(()) => {}
        Err(Unfit::Guarded) => return Err(at_once(Executed::not_run(Outcome::Ack))),
        Err(Unfit::Malformed(reason)) => {
            return Err(Box::pin(unready::malformed(engine, *call, reason)));
        }
    }
    match Timing::of(&call.envelope.headers, engine.now()) {
        Timing::Due => {}
        Timing::Expired => return Err(Box::pin(unready::expire(engine, *call))),
        Timing::Early(early) => {
            let defer = async move { timing::defer(engine, &mut call, early).await };
            return Err(Box::pin(defer.map(Executed::not_run)));
        }
        Timing::Invalid(reason) => {
            return Err(Box::pin(unready::malformed(engine, *call, reason)));
        }
    }
    Ok(call)
}

/// What needs no request.
fn at_once<'a>(executed: Executed) -> Instead<'a> {
    Box::pin(std::future::ready(executed))
}

/// Is there time for it, may this process have it, and may it run once more? What is done about its
/// message instead, if not.
pub(crate) async fn admit(
    engine: &Arc<Engine>,
    mut call: Box<Call>,
    shutdown: &Shutdown,
) -> Result<(Conclusion, Arguments), Executed> {
    if shutdown.draining.is_cancelled() {
        return Err(Executed::not_run(Outcome::Release));
    }
    if let Some(deadline) = &shutdown.deadline
        && let Some(executed) = Box::pin(spill::before_run(engine, &mut call, deadline)).await
    {
        return Err(executed);
    }
    let (held, place) = match beside_or_alone::take(engine, &mut call, shutdown).await {
        Ok(taken) => taken,
        Err(refusal) => return Err(Box::pin(refused(engine, call, refusal)).await),
    };
    let poison = poison::failure(engine, held.runs);
    let payload = match poison {
        Some(_) if poison::may_be_its_payload(engine, held.runs) => Ok(Payload::default()),
        _ if call.definition.params.is_new_style_errback() => {
            Box::pin(errback::read(engine, &call)).await
        }
        _ => payload::read(engine, &call).await,
    };
    let mut conclusion = Conclusion::new(Arc::clone(engine), call, held, place);
    if let Some(failure) = poison {
        conclusion.embed = Box::new(payload.unwrap_or_default().embed);
        return Err(Box::pin(conclusion.failed(failure, Some(poison::REASON))).await);
    }
    if shutdown.draining.is_cancelled() {
        return Err(Box::pin(conclusion.given_back()).await);
    }
    match payload {
        Ok(payload) => match bind(conclusion, payload) {
            Ok(bound) => Ok(bound),
            Err(instead) => Err(instead.await),
        },
        Err(error) => Err(Box::pin(conclusion.unread(error.to_string())).await),
    }
}

fn bind(
    mut conclusion: Conclusion,
    mut payload: Payload,
) -> Result<(Conclusion, Arguments), Instead<'static>> {
    let (engine, call) = (&conclusion.engine, &mut conclusion.call);
    if engine.parts.settings.result_extended && call.shows_errors() {
        let headers = &call.envelope.headers;
        let extended = meta::extended(engine, headers, &call.delivery.queue, &payload);
        call.extended = Some(extended);
    }
    let refusal = ending::refusal(engine, call, &payload.embed);
    conclusion.embed = Box::new(std::mem::take(&mut payload.embed));
    let call = &conclusion.call;
    let bound = match refusal {
        Some(failure) => Err(failure),
        None => Arguments::bind(call.definition.params, payload.args, payload.kwargs)
            .map_err(|error| wrong_arguments(&error)),
    };
    match bound {
        Ok(arguments) => Ok((conclusion, arguments)),
        Err(failure) => Err(Box::pin(conclusion.failed(failure, None))),
    }
}

fn wrong_arguments(error: &ArgumentError) -> Failure {
    Failure {
        traceback: Some(format!("TypeError: {error}")),
        ..meta::failure_text("builtins", "TypeError", error.to_string())
    }
}

/// What is done about a task that was not claimed.
async fn refused(engine: &Engine, call: Box<Call>, refusal: Refusal) -> Executed {
    match refusal {
        Refusal::Final(end) => {
            let embed = payload::embed(engine, &call).await;
            ending::already_ended(engine, *call, &embed, &end).await
        }
        Refusal::Conflict(other) => ending::conflict(call.delivery, &other),
        Refusal::Isolate => Executed::not_run(Outcome::Release),
        Refusal::Other(outcome) => Executed::not_run(outcome),
    }
}
