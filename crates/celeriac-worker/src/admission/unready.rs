use celeriac_core::{DeadLetter, Delivery, Failure};
use celeriac_protocol::{DecodeError, Embed, Payload, ResultMeta, State, Value, task_key};

use crate::call::Call;
use crate::ending::{self, Recorded, Unclaimed};
use crate::engine::Engine;
use crate::executed::{Ending, Executed};
use crate::{Outcome, log, meta};

/// DynamoDB: bytes of a partition key.
const MAX_KEY: usize = 2048;

/// Why a task id cannot be a key of any result store, if so.
pub(crate) fn bad_id(engine: &Engine, task_id: &str) -> Option<String> {
    let prefix = &engine
        .parts
        .settings
        .result_backend_transport_options
        .global_keyprefix;
    if task_id.is_empty() {
        return Some("the task id is empty".to_owned());
    }
    // Python's repr makes four bytes of one at most: nearly every id needs no closer look
    if (prefix.len() + task_id.len()) * 4 < MAX_KEY / 2 {
        return None;
    }
    let length = task_key(prefix, task_id).len();
    (length > MAX_KEY).then(|| {
        format!(
            "the task id makes a result key of {length} bytes, over the limit of {MAX_KEY} bytes"
        )
    })
}

/// A message of which not even the headers can be read: to the dead-letter queue, and FAILURE for
/// the caller where an id could be read all the same.
pub(crate) async fn unreadable(
    engine: &Engine,
    delivery: Delivery,
    error: &DecodeError,
) -> Executed {
    tracing::error!(
        queue = delivery.queue,
        message_id = delivery.message_id,
        "unreadable message: {error}"
    );
    let failure = meta::failure_text("celeriac", "DecodeError", error.to_string());
    let known = error
        .task_id
        .as_deref()
        .filter(|id| bad_id(engine, id).is_none());
    let end = known.map(|id| {
        meta::with_failure(
            meta::of_id(engine, id, State::Failure, Value::Null),
            &failure,
        )
    });
    store_and_dead_letter(engine, delivery, end, None, &failure, "unreadable").await
}

/// A message whose id cannot be stored under: to the dead-letter queue, and nothing for the caller.
pub(crate) fn no_id(delivery: Delivery, reason: &str) -> Executed {
    tracing::error!(
        queue = delivery.queue,
        message_id = delivery.message_id,
        "unreadable message: {reason}"
    );
    let dead_letter = DeadLetter {
        error: reason.to_owned(),
        delivery,
        reason: "unreadable".to_owned(),
    };
    Executed::new(Outcome::DeadLetter(Box::new(dead_letter)), Ending::Failed)
}

/// A message whose headers are fine and the rest is not.
pub(crate) async fn malformed(engine: &Engine, call: Call, reason: String) -> Executed {
    let failure = meta::failure_text("celeriac", "DecodeError", reason);
    log::failed(&failure);
    call.reply.raised(&failure);
    let end = call
        .shows_errors()
        .then(|| failed_meta(engine, &call, &failure));
    let retries = (!call.counts_in_ledger()).then(|| call.retries());
    store_and_dead_letter(engine, call.delivery, end, retries, &failure, "unreadable").await
}

/// A task that fails before it runs: wrong arguments, or a canvas that this version cannot go on
/// with. Deleted once FAILURE is stored; what waits for it fails too.
pub(crate) async fn fail(engine: &Engine, call: Call, embed: Embed, failure: Failure) -> Executed {
    log::failed(&failure);
    call.reply.raised(&failure);
    let end = failed_meta(engine, &call, &failure);
    end_unrun(engine, call, embed, end, &failure, Ending::Failed).await
}

/// A task whose `expires` has passed: REVOKED.
pub(crate) async fn expire(engine: &Engine, call: Call) -> Executed {
    tracing::info!("revoked: expired");
    let failure = meta::failure_text("celery.exceptions", "TaskRevokedError", "expired");
    call.reply.raised(&failure);
    let end = meta::with_failure(
        meta::of_call(engine, &call, State::Revoked, Value::Null),
        &failure,
    );
    let embed = embed_of(engine, &call);
    end_unrun(engine, call, embed, end, &failure, Ending::Revoked).await
}

/// What follows a task in its workflow; none where the payload cannot be read.
pub(crate) fn embed_of(engine: &Engine, call: &Call) -> Embed {
    call.envelope
        .payload(&engine.limits)
        .map(|Payload { embed, .. }| embed)
        .unwrap_or_default()
}

fn failed_meta(engine: &Engine, call: &Call, failure: &Failure) -> ResultMeta {
    meta::with_failure(
        meta::of_call(engine, call, State::Failure, Value::Null),
        failure,
    )
}

async fn end_unrun(
    engine: &Engine,
    call: Call,
    embed: Embed,
    end: ResultMeta,
    failure: &Failure,
    ending: Ending,
) -> Executed {
    if call.shows_errors() {
        match Unclaimed::of(&call, end.clone()).store(engine).await {
            Recorded::Stored => {}
            Recorded::Stands(end) => {
                return Box::pin(ending::already_ended(engine, call, &embed, &end)).await;
            }
            Recorded::Superseded => return Executed::not_run(Outcome::Ack),
            Recorded::Later(wait) => return Executed::not_run(Outcome::Defer(wait)),
            Recorded::Never(error) => {
                let dead_letter = DeadLetter {
                    error: format!("{}; not stored: {error}", log::exception(failure)),
                    delivery: call.delivery,
                    reason: "unreadable".to_owned(),
                };
                return Executed::new(Outcome::DeadLetter(Box::new(dead_letter)), ending);
            }
        }
    }
    if !ending::after_failure(engine, &call, &embed, &end, false).await {
        return ending::owed(engine, &call);
    }
    Executed::new(Outcome::Ack, ending)
}

/// Stores the end if there is one, then to the dead-letter queue.
async fn store_and_dead_letter(
    engine: &Engine,
    delivery: Delivery,
    end: Option<ResultMeta>,
    retries: Option<u32>,
    failure: &Failure,
    reason: &str,
) -> Executed {
    if let Some(end) = end {
        let unclaimed = Unclaimed {
            queue: &delivery.queue,
            receive_count: delivery.receive_count,
            retries,
            end,
        };
        match unclaimed.store(engine).await {
            Recorded::Stored | Recorded::Stands(_) | Recorded::Superseded => {}
            Recorded::Later(wait) => return Executed::not_run(Outcome::Defer(wait)),
            Recorded::Never(error) => tracing::warn!(
                message_id = delivery.message_id,
                "the message is unreadable, and no result can say so to its caller: {error}"
            ),
        }
    }
    let outcome = ending::dead_letter(delivery, reason, failure);
    Executed::new(outcome, Ending::Failed)
}
