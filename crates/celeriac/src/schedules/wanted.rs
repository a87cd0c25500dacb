use celeriac_beat::Entry;
use celeriac_beat::plan::{Delivery, EntrySchedules, Renderer};
use celeriac_core::{Capabilities, SendError, SendOptions};
use celeriac_producer::Client;
use celeriac_protocol::{Dict, Signature, WireForm};
use jiff::Timestamp;

use crate::{Connection, Error};

/// The schedules that the app's entries are in EventBridge Scheduler, entry by entry. Pure: no
/// request is made.
///
/// # Errors
/// For all entries that cannot be, at once.
pub(crate) fn wanted(
    connection: &Connection,
    now: Timestamp,
) -> Result<Vec<EntrySchedules>, Error> {
    let client = connection.client();
    let renderer = Renderer {
        timezone: connection.timetable().timezone(),
        route: &|call, options| route(&client, call, options),
        encode: &|call, options| encode(&client, call, options),
        now,
        delivery: Delivery {
            role: connection.settings().beat_scheduler_role.clone(),
            dead_letter_queue: connection.settings().beat_dead_letter_queue.clone(),
        },
    };
    let all = connection.beat_entries().iter().map(|entry| {
        let given = entry;
        let entry = with_task_options(connection, given);
        let mut of_entry = renderer.render(&entry)?;
        of_entry.notes.splice(0..0, connection.entry_notes(given));
        Ok(of_entry)
    });
    let (mut schedules, mut errors) = (Vec::new(), Vec::new());
    for rendered in all {
        match rendered {
            Ok(entry) => schedules.push(entry),
            Err(error) => errors.push(error),
        }
    }
    Error::of_entries(errors).map_or(Ok(schedules), Err)
}

/// What `#[task(...)]` says of the task counts under the entry's own options, as in a send.
fn with_task_options(connection: &Connection, entry: &Entry) -> Entry {
    match connection.registry().find(entry.task()) {
        Some(task) => entry.clone().under(task.options.send_options()),
        None => entry.clone(),
    }
}

/// The queue, and whether it is FIFO.
fn route(
    client: &Client,
    call: &Signature,
    options: &SendOptions,
) -> Result<(String, bool), SendError> {
    let call = Signature {
        args: Vec::new(), // what is passed does not say where it goes
        kwargs: Dict::new(),
        ..call.clone()
    };
    let message = client.message(call, options.clone())?;
    let fifo = Capabilities::sqs(&message.queue).fifo;
    Ok((message.queue, fifo))
}

/// The message's text, which must be the same at every call.
fn encode(client: &Client, call: Signature, options: SendOptions) -> Result<String, SendError> {
    let lapses = options.expires_at.is_some();
    let task = call.task.clone();
    let mut message = client.message(call, options)?;
    let headers = &message.envelope.headers;
    if headers.eta.is_some() || (headers.expires.is_some() && !lapses) {
        return Err(SendError::Invalid {
            task,
            reason: "its route in `task_routes` gives `countdown`, `eta` or `expires`, which a message that is written beforehand \
                     cannot have: give it in the entry's options"
                .to_owned(),
        });
    }
    let properties = &mut message.envelope.properties;
    properties.delivery_tag.clone_from(&properties.reply_to);
    properties.expiration = None; // counted from now, and SQS does not look at it
    Ok(message.envelope.encode(WireForm::Bare))
}
