use std::sync::Arc;

use celeriac_core::ScheduledRun;

use crate::call::Call;
use crate::engine::Engine;
use crate::outgoing;

/// Why a message that beat sent is not run.
pub(crate) enum Unfit {
    /// It is for a day on which its entry does not run. It has been logged.
    Guarded,
    /// Beat's header says nothing that can be followed: a text for people.
    Malformed(String),
}

/// Turns what beat says about a message into what Celery says itself, `eta` and `expires`, so that
/// from here on, and for whoever gets a copy of it (a hop of its delay, another queue, a retry), it
/// is a message like any other.
pub(crate) fn apply(engine: &Engine, call: &mut Call) -> Result<(), Unfit> {
    let Some(run) = ScheduledRun::of(&call.envelope.headers) else {
        return Ok(());
    };
    let mut run = run.map_err(Unfit::Malformed)?;
    run.zone().map_err(Unfit::Malformed)?;
    let unreplaced = run.scheduled_time.is_none();
    // Emulators of EventBridge Scheduler leave the keyword as it is. They fire on time, so the
    // message was sent at about the scheduled time. AWS replaces it always, so nothing there rests
    // on this.
    run.scheduled_time
        .get_or_insert_with(|| call.delivery.sent_at.unwrap_or_else(|| engine.now()));
    if let Some(reason) = run.refusal() {
        let entry = run.entry.as_deref().unwrap_or("without a name");
        tracing::info!(entry, "skipped by its schedule entry: {reason}");
        return Err(Unfit::Guarded);
    }
    write(call, &run, unreplaced);
    Ok(())
}

/// Into the message, and its body too if that changes: a copy of it has another time of sending.
fn write(call: &mut Call, run: &ScheduledRun, unreplaced: bool) {
    let headers = &call.envelope.headers;
    let eta = run.eta().filter(|_| headers.eta.is_none());
    let expires = run.expires().filter(|_| headers.expires.is_none());
    if eta.is_none() && expires.is_none() && !unreplaced {
        return;
    }
    let headers = &mut Arc::make_mut(&mut call.envelope).headers; // not shared before the run
    if let Some(eta) = eta {
        headers.eta = Some(eta.to_iso());
    }
    if let Some(expires) = expires {
        headers.expires = Some(expires.to_iso());
    }
    if unreplaced {
        headers
            .extra
            .insert(ScheduledRun::HEADER.to_owned(), run.to_value());
    }
    let form = outgoing::form(&call.delivery.body);
    call.delivery.body = call.envelope.encode(form);
}
