//! The messages that a worker makes of those at hand. Their bodies stay as they came as far as that
//! can be.

use std::collections::BTreeMap;

use celeriac_core::{Delivery, deduplication_id};
use celeriac_producer::Parcel;
use celeriac_protocol::{Envelope, UtcTime, Value, WireForm};

use crate::call::{Call, IN_PLACE};
use crate::engine::Engine;

/// Counts a message's forwards, so that two workers that forward to each other end it.
const FORWARDS: &str = "celeriac-forwards";
/// SQS: attributes of a message.
const MAX_ATTRIBUTES: usize = 10;

/// The same message, for its own queue, at another time.
pub(crate) fn delayed(delivery: &mut Delivery, at: UtcTime) -> Parcel {
    Parcel {
        queue: delivery.queue.clone(),
        body: std::mem::take(&mut delivery.body),
        at: Some(at),
        group: delivery.group_id.clone(),
        dedup_id: None, // only standard queues delay, and they take none
        attributes: delivery.attributes.clone(),
    }
}

/// A message made of the one at hand, with its group and attributes.
pub(crate) fn message(call: &Call, mut next: Envelope, queue: &str) -> Parcel {
    next.properties
        .origin
        .clone_from(&call.envelope.headers.origin);
    next.properties.delivery_tag = Some(celeriac_core::random::uuid4().to_string());
    Parcel {
        queue: queue.to_owned(),
        dedup_id: Some(dedup_id(call.id(), next.headers.retries, 0)),
        body: next.encode(form(&call.delivery.body)),
        group: call.delivery.group_id.clone(),
        attributes: call.delivery.attributes.clone(),
        at: None,
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
    deduplication_id(&format!("{task_id}:{retries}:{hop}"))
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
) -> Parcel {
    let from_fifo = engine.parts.broker.capabilities(&delivery.queue).fifo;
    let headers = &envelope.headers;
    let body = std::mem::take(&mut delivery.body);
    let body = if from_fifo {
        counted_in_ledger(envelope, &body)
    } else {
        body
    };
    let hop = forwards(delivery) + 1;
    Parcel {
        queue: queue.to_owned(),
        body,
        group: delivery.group_id.clone(),
        dedup_id: Some(dedup_id(&headers.id, headers.retries, hop)),
        attributes: delivery.attributes.clone(),
        at: None,
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

/// The message with its count of forwards.
pub(crate) fn counted(mut message: Parcel, forwards: u32) -> Parcel {
    let count = forwards.to_string();
    message.attributes.insert(FORWARDS.to_owned(), count);
    message
}

/// Whether there is room for the count. Without it two workers could forward for ever.
pub(crate) fn can_count(attributes: &BTreeMap<String, String>) -> bool {
    attributes.len() < MAX_ATTRIBUTES || attributes.contains_key(FORWARDS)
}
