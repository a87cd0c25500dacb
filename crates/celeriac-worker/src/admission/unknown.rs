use std::sync::Arc;

use celeriac_core::{Delivery, UnknownTask};
use celeriac_protocol::Envelope;

use super::unready;
use crate::call::Call;
use crate::engine::Engine;
use crate::executed::Executed;
use crate::{Outcome, log, meta, outgoing};

const MAX_FORWARDS: u32 = 10;
/// Why such a message is in the dead-letter queue, if it is.
const REASON: &str = "not-registered";

/// A task that is not registered here: by `unknown_task`.
pub(crate) async fn unknown(
    engine: &Engine,
    delivery: Delivery,
    envelope: Arc<Envelope>,
) -> Executed {
    let task = envelope.headers.task.clone();
    match &engine.parts.settings.unknown_task {
        UnknownTask::Release => {
            tracing::warn!("not registered here; its message is released");
            Executed::not_run(Outcome::Defer(
                engine.short_backoff(&delivery.queue, delivery.receive_count),
            ))
        }
        UnknownTask::Forward(queue) if may_forward(&delivery, queue) => {
            forward(engine, delivery, &envelope, queue).await
        }
        setting => {
            let reason = (*setting == UnknownTask::DeadLetter).then_some(REASON);
            let failure = meta::failure_text("celery.exceptions", "NotRegistered", task);
            log::not_registered(&envelope.headers, &failure);
            let mut call = Call::of_unknown(engine, delivery, envelope);
            call.ignore_result = false; // as in Celery: nobody ran it, so nobody else will say so
            unready::fail(engine, call, failure, reason).await
        }
    }
}

fn may_forward(delivery: &Delivery, queue: &str) -> bool {
    delivery.queue != queue
        && outgoing::can_count(&delivery.attributes)
        && outgoing::forwards(delivery) < MAX_FORWARDS
}

/// Sends the body unchanged, with its attributes, to `queue`.
async fn forward(
    engine: &Engine,
    mut delivery: Delivery,
    envelope: &Envelope,
    queue: &str,
) -> Executed {
    let count = outgoing::forwards(&delivery) + 1;
    let message = outgoing::forwarded(engine, &mut delivery, envelope, queue);
    let message = outgoing::counted(message, count);
    match engine.outbox.send(message).await {
        Ok(_) => {
            tracing::debug!(queue, "not registered here; its message is forwarded");
            Executed::not_run(Outcome::Ack)
        }
        Err(error) => {
            tracing::error!("not registered here, and its message could not be forwarded: {error}");
            Executed::not_run(Outcome::Defer(engine.backoff_of(&delivery)))
        }
    }
}
