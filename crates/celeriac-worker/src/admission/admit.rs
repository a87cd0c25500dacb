//! Whether a delivery's task may run now: every question, in its order.

use std::sync::Arc;

use celeriac_core::{Arguments, Delivery};
use celeriac_protocol::{Embed, Envelope, ResultMeta};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tracing::Span;

use super::claim::Refusal;
use super::scheduled::{self, Unfit};
use super::timing::{self, Timing};
use super::{place, spill, unknown, unready};
use crate::call::Call;
use crate::engine::Engine;
use crate::executed::Executed;
use crate::held::Held;
use crate::isolation::Place;
use crate::reply::Reply;
use crate::{Outcome, Shutdown, ending, log, meta};

/// A delivery that can be claimed and run. What is large in it is behind a pointer: a run's future
/// holds it several times over, and is itself moved when it is spawned.
pub(crate) struct Prepared {
    pub(crate) call: Box<Call>,
    pub(crate) arguments: Arguments,
    pub(crate) embed: Box<Embed>,
}

/// What is done about a delivery whose task is not run.
pub(crate) type Instead<'a> = BoxFuture<'a, Executed>;

/// The span of all that is to be done about a delivery, with the first of it done: none where it
/// does not even say which task it is of.
pub(crate) fn open(
    engine: &Engine,
    delivery: Delivery,
    reply: Reply,
) -> (Span, Result<Prepared, Instead<'_>>) {
    let envelope = match Envelope::decode(&delivery.body, &engine.limits) {
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
    let span = log::span(&envelope.headers);
    let prepared = span.in_scope(|| prepare(engine, delivery, envelope, reply));
    (span, prepared)
}

fn prepare(
    engine: &Engine,
    delivery: Delivery,
    envelope: Envelope,
    reply: Reply,
) -> Result<Prepared, Instead<'_>> {
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
    match scheduled::settle(engine, &mut call) {
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
    bind(engine, call)
}

/// What needs no request.
fn at_once<'a>(executed: Executed) -> Instead<'a> {
    Box::pin(std::future::ready(executed))
}

fn bind(engine: &Engine, mut call: Box<Call>) -> Result<Prepared, Instead<'_>> {
    let payload = match call.envelope.payload(&engine.limits) {
        Ok(payload) => payload,
        Err(error) => {
            return Err(Box::pin(unready::malformed(
                engine,
                *call,
                error.to_string(),
            )));
        }
    };
    if engine.parts.settings.result_extended && call.shows_errors() {
        call.extended = Some(meta::extended(
            engine,
            &call.envelope.headers,
            &call.delivery.queue,
            &payload,
        ));
    }
    if let Some(reason) = ending::unsupported(&payload.embed) {
        let failure = meta::failure_text("builtins", "NotImplementedError", reason);
        return Err(Box::pin(unready::fail(
            engine,
            *call,
            payload.embed,
            failure,
        )));
    }
    match Arguments::bind(call.definition.params, payload.args, payload.kwargs) {
        Ok(arguments) => Ok(Prepared {
            call,
            arguments,
            embed: Box::new(payload.embed),
        }),
        Err(error) => {
            let failure = meta::failure_text("builtins", "TypeError", error.to_string());
            Err(Box::pin(unready::fail(
                engine,
                *call,
                payload.embed,
                failure,
            )))
        }
    }
}

/// Why a task does not run now, although all is well with its message.
pub(crate) enum NotAdmitted {
    /// It has ended already, so.
    Ended(Box<ResultMeta>),
    /// What is done instead.
    Other(Executed),
}

/// Is there time for it, and may this process have it?
pub(crate) async fn admit(
    engine: &Arc<Engine>,
    prepared: &mut Prepared,
    shutdown: &Shutdown,
) -> Result<(Held, Place), NotAdmitted> {
    let not_run = |outcome| NotAdmitted::Other(Executed::not_run(outcome));
    if shutdown.draining.is_cancelled() {
        return Err(not_run(Outcome::Release));
    }
    let call = &mut prepared.call;
    if let Some(deadline) = &shutdown.deadline
        && let Some(executed) = Box::pin(spill::before_run(engine, call, deadline)).await
    {
        return Err(NotAdmitted::Other(executed));
    }
    let taken = place::take(engine, call, shutdown).await;
    taken.map_err(|refusal| match refusal {
        Refusal::Final(end) => NotAdmitted::Ended(end),
        Refusal::Isolate => not_run(Outcome::Release),
        Refusal::Other(outcome) => not_run(outcome),
    })
}
