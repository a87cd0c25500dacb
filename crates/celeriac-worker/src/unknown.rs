use celeriac_core::{Delivery, Outgoing, UnknownTask};
use celeriac_protocol::{Envelope, Value};

use crate::call::{Call, IN_PLACE};
use crate::ending::{dedup_id, form};
use crate::engine::Engine;
use crate::executed::Executed;
use crate::{Outcome, meta, unready};

/// Counts a message's forwards, so that two workers that forward to each other end it.
const FORWARDS: &str = "celeriac-forwards";
const MAX_FORWARDS: u32 = 10;
/// SQS: attributes of a message.
const MAX_ATTRIBUTES: usize = 10;

/// A task that is not registered here: by `unknown_task`.
pub(crate) async fn unknown(engine: &Engine, delivery: Delivery, envelope: Envelope) -> Executed {
    let task = envelope.headers.task.clone();
    match &engine.parts.settings.unknown_task {
        UnknownTask::Release => {
            tracing::warn!(
                task,
                id = envelope.headers.id,
                "task is not registered here; released"
            );
            Executed::not_run(Outcome::Defer(
                engine.short_backoff(&delivery.queue, delivery.receive_count),
            ))
        }
        UnknownTask::Forward(queue) if may_forward(&delivery, queue) => {
            forward(engine, delivery, &envelope, queue).await
        }
        UnknownTask::Forward(_) | UnknownTask::Fail => {
            let failure = meta::failure_text("celery.exceptions", "NotRegistered", task);
            let mut call = Call::of_unknown(engine, delivery, envelope);
            call.ignore_result = false; // as in Celery: nobody ran it, so nobody else will say so
            let embed = unready::embed_of(engine, &call);
            unready::fail(engine, call, embed, failure).await
        }
    }
}

fn may_forward(delivery: &Delivery, queue: &str) -> bool {
    delivery.queue != queue && forwards(delivery) < MAX_FORWARDS
}

fn forwards(delivery: &Delivery) -> u32 {
    delivery
        .attributes
        .get(FORWARDS)
        .and_then(|count| count.parse().ok())
        .unwrap_or(0)
}

/// Sends the body unchanged, with its attributes, to `queue`.
async fn forward(
    engine: &Engine,
    mut delivery: Delivery,
    envelope: &Envelope,
    queue: &str,
) -> Executed {
    let headers = &envelope.headers;
    let count = forwards(&delivery) + 1;
    let mut message = forwarded(engine, &mut delivery, envelope, queue);
    if message.attributes.len() < MAX_ATTRIBUTES || message.attributes.contains_key(FORWARDS) {
        message
            .attributes
            .insert(FORWARDS.to_owned(), count.to_string());
    }
    match engine.requests.send(queue, message).await {
        Ok(_) => {
            tracing::debug!(
                task = headers.task,
                id = headers.id,
                queue,
                "task is not registered here; forwarded"
            );
            Executed::not_run(Outcome::Ack)
        }
        Err(error) => {
            tracing::error!(
                task = headers.task,
                id = headers.id,
                "task is not registered here and was not forwarded: {error}"
            );
            Executed::not_run(Outcome::Defer(
                engine.backoff(&delivery.queue, delivery.receive_count),
            ))
        }
    }
}

/// The body with its attributes and group, for `queue`. It stays as it came, unless it leaves a FIFO queue.
pub(crate) fn forwarded(
    engine: &Engine,
    delivery: &mut Delivery,
    envelope: &Envelope,
    queue: &str,
) -> Outgoing {
    let fifo = engine.parts.broker.capabilities(queue).fifo;
    let from_fifo = engine.parts.broker.capabilities(&delivery.queue).fifo;
    let group = delivery.group_id.clone();
    let headers = &envelope.headers;
    let body = std::mem::take(&mut delivery.body);
    let body = if from_fifo {
        counted_in_ledger(envelope, &body)
    } else {
        body
    };
    Outgoing {
        body,
        group_id: group.or_else(|| fifo.then(|| "default".to_owned())),
        dedup_id: fifo.then(|| dedup_id(&headers.id, headers.retries, forwards(delivery) + 1)),
        attributes: delivery.attributes.clone(),
        ..Outgoing::default()
    }
}

/// A message that has been on a FIFO queue may have had retries that its header does not count.
fn counted_in_ledger(envelope: &Envelope, body: &str) -> String {
    let mut counted = envelope.clone();
    counted
        .headers
        .extra
        .insert(IN_PLACE.to_owned(), Value::Bool(true));
    counted.encode(form(body))
}
