use celeriac_core::{CompletionKind, DeadLetter, Delivery, Failure, TaskIdentity};
use celeriac_protocol::{DecodeError, ResultMeta, State, Value, task_key};

use super::payload;
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

/// A message of which not even the headers can be read: to the dead-letter queue. Where it names a
/// task and an id all the same, FAILURE is shown to the caller until that task's own message comes.
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
    let of_task = error.task_id.as_deref().zip(error.task.as_deref());
    let known = of_task.filter(|(id, _)| bad_id(engine, id).is_none());
    let end = known.map(|(id, task)| {
        let end = meta::of_id(engine, id, State::Failure, Value::Null);
        let end = meta::with_failure(end, &failure);
        let identity = TaskIdentity {
            queue: Some(delivery.queue.clone()),
            ..TaskIdentity::named(task)
        };
        (identity, None, end)
    });
    store_and_dead_letter(engine, delivery, end, &failure).await
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
    let end = call.shows_errors().then(|| {
        let retries = (!call.counts_in_ledger()).then(|| call.try_number());
        (
            call.identity(),
            retries,
            failed_meta(engine, &call, &failure),
        )
    });
    store_and_dead_letter(engine, call.delivery, end, &failure).await
}

/// A task that nobody here can run. Once FAILURE is stored, and what waits for it has failed too, its
/// message is deleted, or goes to the dead-letter queue for this reason.
pub(crate) async fn fail(
    engine: &Engine,
    call: Call,
    failure: Failure,
    reason: Option<&str>,
) -> Executed {
    call.reply.raised(&failure);
    let mut end = failed_meta(engine, &call, &failure);
    ending::with_reason(&mut end, reason);
    end_unrun(engine, call, end, &failure, Ending::Failed, reason).await
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
    end_unrun(engine, call, end, &failure, Ending::Revoked, None).await
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
    end: ResultMeta,
    failure: &Failure,
    ending: Ending,
    reason: Option<&str>,
) -> Executed {
    if call.shows_errors() {
        let kind = CompletionKind::Final(end.clone());
        match Unclaimed::of(engine, &call, false, kind)
            .store(engine)
            .await
        {
            Recorded::Stored => {}
            Recorded::Conflict(other) => return ending::conflict(call.delivery, &other),
            Recorded::Stands(end) => {
                let embed = payload::embed(engine, &call).await;
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
    let embed = payload::embed(engine, &call).await;
    if !ending::after_failure(engine, &call, &embed, &end, false).await {
        return ending::owed(engine, &call);
    }
    let outcome = match reason {
        Some(reason) => ending::dead_letter(call.delivery, reason, failure),
        None => Outcome::Ack,
    };
    Executed::new(outcome, ending)
}

/// Shows the end if there is one, then to the dead-letter queue. What cannot be read never ends a
/// task for good.
async fn store_and_dead_letter(
    engine: &Engine,
    delivery: Delivery,
    end: Option<(TaskIdentity, Option<u32>, ResultMeta)>,
    failure: &Failure,
) -> Executed {
    if let Some((identity, retries, end)) = end {
        let unclaimed = Unclaimed {
            queue: &delivery.queue,
            receive_count: delivery.receive_count,
            identity,
            ran: false,
            takes_over: false,
            replaces: false,
            retries,
            end: CompletionKind::Unread(end),
        };
        match unclaimed.store(engine).await {
            Recorded::Stored | Recorded::Stands(_) | Recorded::Superseded => {}
            Recorded::Conflict(other) => return ending::conflict(delivery, &other),
            Recorded::Later(wait) => return Executed::not_run(Outcome::Defer(wait)),
            Recorded::Never(error) => tracing::warn!(
                message_id = delivery.message_id,
                "the message is unreadable, and its FAILURE could not be stored for the caller: {error}"
            ),
        }
    }
    let outcome = ending::dead_letter(delivery, "unreadable", failure);
    Executed::new(outcome, Ending::Failed)
}
