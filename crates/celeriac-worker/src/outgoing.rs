//! The messages that a worker makes of those at hand. Their bodies stay as they came as far as that
//! can be.

use std::time::Duration;

use celeriac_core::{Delivery, Outgoing};
use celeriac_protocol::{Envelope, Value, WireForm};
use uuid::Uuid;

use crate::call::{Call, IN_PLACE};
use crate::engine::Engine;

/// Counts a message's forwards, so that two workers that forward to each other end it.
const FORWARDS: &str = "celeriac-forwards";
/// SQS: attributes of a message.
const MAX_ATTRIBUTES: usize = 10;

/// The same message, for its own queue, after a delay.
pub(crate) fn delayed(delivery: &mut Delivery, delay: Duration) -> Outgoing {
    Outgoing {
        body: std::mem::take(&mut delivery.body),
        delay,
        group_id: delivery.group_id.clone(),
        dedup_id: None, // a standard queue, which takes none
        attributes: delivery.attributes.clone(),
    }
}

/// A message made of the one at hand, with its group and attributes, for a queue that is `fifo` or
/// not.
pub(crate) fn message(call: &Call, mut next: Envelope, fifo: bool) -> Outgoing {
    next.properties
        .origin
        .clone_from(&call.envelope.headers.origin);
    next.properties.delivery_tag = Some(celeriac_core::random::uuid4().to_string());
    let group = call.delivery.group_id.clone();
    Outgoing {
        dedup_id: fifo.then(|| dedup_id(call.id(), next.headers.retries, 0)),
        body: next.encode(form(&call.delivery.body)),
        group_id: group.or_else(|| fifo.then(|| "default".to_owned())),
        attributes: call.delivery.attributes.clone(),
        ..Outgoing::default()
    }
}

/// The form the message came in, which its readers can read.
pub(crate) fn form(body: &str) -> WireForm {
    if body.trim_start().starts_with('{') {
        WireForm::Compact
    } else {
        WireForm::Celery
    }
}

/// `id:retries:hop`, where a hop is one from queue to queue; SQS takes 128 characters.
pub(crate) fn dedup_id(task_id: &str, retries: u32, hop: u32) -> String {
    let text = format!("{task_id}:{retries}:{hop}");
    let fits = text.len() <= 128 && text.bytes().all(|byte| byte.is_ascii_graphic());
    if fits {
        text
    } else {
        Uuid::new_v5(&Uuid::NAMESPACE_OID, text.as_bytes()).to_string()
    }
}

/// How often a message was forwarded.
pub(crate) fn forwards(delivery: &Delivery) -> u32 {
    delivery
        .attributes
        .get(FORWARDS)
        .and_then(|count| count.parse().ok())
        .unwrap_or(0)
}

/// The body with its attributes and group, for `queue`. It stays as it came, unless it leaves a
/// FIFO queue.
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

/// The message with its count of forwards, where there is room for one more attribute.
pub(crate) fn counted(mut message: Outgoing, forwards: u32) -> Outgoing {
    let attributes = &mut message.attributes;
    if attributes.len() < MAX_ATTRIBUTES || attributes.contains_key(FORWARDS) {
        attributes.insert(FORWARDS.to_owned(), forwards.to_string());
    }
    message
}
