//! What follows an end: drawn from what is stored, and drawn again whenever an end is met, since
//! whoever stored it may have died before anything followed.

use std::time::Duration;

use celeriac_core::{CompletionKind, DeadLetter, Delivery, Failure, SendError, TaskIdentity};
use celeriac_protocol::{Embed, ExceptionInfo, ResultMeta, Signature, State, Value};
use futures_util::future::{BoxFuture, join_all};
use tokio::time::Instant;

use super::chord;
use super::chord_part::ChordPart;
use super::conflict::whose;
use super::consequence::{self, Consequence, Sending};
use super::embedded::{self, MOST_CALLBACKS};
use super::record::{Recorded, Unclaimed};
use super::waiting::{Told, Waiting, later_steps, waiting};
use crate::call::Call;
use crate::engine::Engine;
use crate::executed::{Ending, Executed};
use crate::{Outcome, log, meta, waits};

/// Tries of sending what follows a task, over about 3 s; the adapter has its own behind each.
const SEND_TRIES: u32 = 6;
/// Ends of those who wait that are stored at once, and messages that are sent at once: both travel
/// in batches.
const AT_ONCE: usize = 25;
/// Tries of storing the failure of a later step, over about 2 s.
const FAIL_TRIES: u32 = 5;
/// For so long all that wait for one task are tried again; after it each is tried once.
const TELLING: Duration = Duration::from_secs(10);
/// The key of a stored result under which stands why the task's message belongs in the dead-letter
/// queue. Python's readers pass over it.
pub(crate) const DEAD_LETTER_REASON: &str = "celeriac_letter";

/// For a message whose task has ended already. Sends the callbacks, the error callbacks and the
/// next step again, under the ids that they had before, where nothing is stored under those; only
/// then may the message be deleted, or go to the dead-letter queue if its end says so.
pub(crate) async fn already_ended(
    engine: &Engine,
    call: Call,
    embed: &Embed,
    end: &ResultMeta,
) -> Executed {
    if !follow(engine, &call, embed, end).await {
        return owed(engine, &call);
    }
    if let (Some(reason), Some(failure)) = (dead_letter_reason_of(end), failure_of(end)) {
        tracing::info!(
            "already finished as {}; moving the message to the dead-letter queue",
            end.status
        );
        let outcome = dead_letter(call.delivery, &reason, &failure);
        return Executed::new(outcome, Ending::NotRun);
    }
    tracing::info!("already finished as {}; message acknowledged", end.status);
    Executed::not_run(Outcome::Ack)
}

/// Whether all that follows this end is certain now.
async fn follow(engine: &Engine, call: &Call, embed: &Embed, end: &ResultMeta) -> bool {
    match end.status {
        State::Success => {
            // a forgotten result has no date, and its value is gone
            let sent = end.date_done.is_none() || {
                match consequence::of_success(engine, call, embed, &end.result) {
                    Ok(all) => send(engine, call, missing(engine, all).await).await,
                    Err(error) => {
                        tracing::error!("what follows this task cannot be sent: {error}");
                        true
                    }
                }
            };
            sent & arrive(engine, call, embed, false).await
        }
        State::Failure | State::Revoked => after_failure(engine, call, embed, end, true).await,
        _ => true,
    }
}

/// Marks this task in its chord, if it is a member of one; whether that, and what it causes, is
/// certain now.
pub(crate) async fn arrive(engine: &Engine, call: &Call, embed: &Embed, failed: bool) -> bool {
    match ChordPart::of_message(&call.envelope.headers, embed) {
        None => true,
        // its future is large, and most tasks are no members
        Some(part) => Box::pin(chord::arrive(engine, call, &part, call.id(), failed)).await,
    }
}

/// The message stays away for a while, since what its task still owes cannot be done now.
pub(crate) fn owed(engine: &Engine, call: &Call) -> Executed {
    Executed::not_run(Outcome::Defer(engine.backoff_of(&call.delivery)))
}

/// What a FAILURE or REVOKED causes: every later step of the chain ends so too, with its place in a
/// chord; the errbacks of a FAILURE are sent; its own chord is told.
pub(crate) async fn after_failure(
    engine: &Engine,
    call: &Call,
    embed: &Embed,
    end: &ResultMeta,
    again: bool,
) -> bool {
    let Some(failure) = failure_of(end) else {
        return true;
    };
    let steps = embed.chain.iter().flatten();
    let later = Told::default().of(steps.flat_map(waiting));
    let cause = Cause {
        id: call.id(),
        state: &end.status,
        failure: &failure,
    };
    let mut certain = end_all(engine, call, &later, cause).await;
    let mut errbacks = Vec::new();
    if end.status == State::Failure {
        errbacks = consequence::of_failure(engine, call, embed, &failure);
    }
    if let Some(reason) = embedded::too_many(embed) {
        tracing::error!("error callbacks not sent: {reason}");
        errbacks.clear();
    }
    if again {
        errbacks = missing(engine, errbacks).await;
    }
    certain &= send(engine, call, errbacks).await;
    certain & arrive(engine, call, embed, true).await
}

/// Ends a chord's body that will not run, all that waits for it, and sends its errbacks.
pub(super) async fn fail_body(
    engine: &Engine,
    call: &Call,
    (group_id, by): (&str, &str),
    body: &Signature,
    error: &Failure,
) -> bool {
    let mut waiting = Told::default().of(waiting(body).into_iter());
    if let [first, later @ ..] = waiting.as_mut_slice() {
        first.later = later.iter().map(|one| one.id.clone()).collect();
    }
    let cause = Cause {
        id: by,
        state: &State::Failure,
        failure: error,
    };
    let certain = end_all(engine, call, &waiting, cause).await;
    let mut errbacks = consequence::of_failed_body(engine, call, group_id, body, error);
    errbacks.truncate(MOST_CALLBACKS);
    let errbacks = missing(engine, errbacks).await;
    certain & send(engine, call, errbacks).await
}

/// Those under whose ids nothing of theirs stands. Where that cannot be read, all: the ledger makes
/// one task of two messages.
async fn missing(engine: &Engine, all: Vec<Consequence>) -> Vec<Consequence> {
    let sends = all.iter().flat_map(|one| &one.sends);
    let tasks: Vec<&Waiting> = sends.filter_map(|send| send.waiting.first()).collect();
    let Some(ledger) = engine.ledger.as_ref().filter(|_| !tasks.is_empty()) else {
        return all;
    };
    let mut stands = ledger.stand(tasks.into_iter()).await.into_iter();
    let of_one = |one: Consequence| {
        let sends = one.sends.into_iter();
        let missing = sends.filter(|send| send.waiting.is_empty() || stands.next() != Some(true));
        Consequence {
            sends: missing.collect(),
            ..one
        }
    };
    all.into_iter().map(of_one).collect()
}

/// Begins their chords and sends their messages; whether each is sent, or never can be. For one that
/// never can be, whoever waits for it is told.
pub(crate) async fn send(engine: &Engine, call: &Call, all: Vec<Consequence>) -> bool {
    // nothing follows most tasks, and the future of sending takes 5 KiB
    all.is_empty() || Box::pin(send_each(engine, call, all)).await
}

async fn send_each(engine: &Engine, call: &Call, all: Vec<Consequence>) -> bool {
    let mut certain = true;
    for Consequence { chords, sends, .. } in all {
        match engine.parts.client.begin(chords).await {
            Ok(true) => {}
            // its body was sent, or failed: nothing is awaited any more
            Ok(false) => continue,
            Err(error) if error.is_retryable() => {
                tracing::warn!("a chord that follows this task is not begun yet: {error}");
                certain = false;
                continue;
            }
            Err(error) => {
                for sending in &sends {
                    certain &= never_sent(engine, call, &sending.waiting, &error).await;
                }
                continue;
            }
        }
        let mut sends = sends.into_iter().peekable();
        while sends.peek().is_some() {
            let some = sends.by_ref().take(AT_ONCE);
            let some = some.map(|sending| Box::pin(send_or_tell(engine, call, sending)));
            certain &= join_all(some).await.into_iter().all(|sent| sent);
        }
    }
    certain
}

async fn send_or_tell(engine: &Engine, call: &Call, sending: Sending) -> bool {
    match send_one(engine, &sending.message).await {
        Ok(()) => true,
        Err(error) if error.is_retryable() => {
            tracing::warn!("what follows this task is not sent yet: {error}");
            false
        }
        Err(error) => never_sent(engine, call, &sending.waiting, &error).await,
    }
}

/// Ends those who wait for what can never be sent; whether all have an end.
async fn never_sent(
    engine: &Engine,
    call: &Call,
    waiting: &[Waiting],
    error: &(dyn std::fmt::Display + Sync),
) -> bool {
    tracing::error!("what follows this task cannot be sent: {error}");
    let text = format!("it follows {}, and was not sent: {error}", call.id());
    let failure = meta::failure_text("kombu.exceptions", "OperationalError", text);
    let cause = Cause {
        id: call.id(),
        state: &State::Failure,
        failure: &failure,
    };
    end_all(engine, call, waiting, cause).await
}

async fn send_one(engine: &Engine, message: &celeriac_producer::Message) -> Result<(), SendError> {
    for tries in 1..SEND_TRIES {
        match engine.parts.client.send_message(message).await {
            Err(error) if error.is_retryable() => {
                tracing::warn!(
                    tries,
                    "what follows this task could not be sent; retrying: {error}"
                );
                tokio::time::sleep(waits::retry(tries)).await;
            }
            answer => return answer.map(drop),
        }
    }
    engine.parts.client.send_message(message).await.map(drop)
}

/// Why tasks that wait end without a run.
#[derive(Clone, Copy)]
struct Cause<'a> {
    /// The task that keeps them from running: their parent, to whoever looks at their workflow.
    id: &'a str,
    state: &'a State,
    failure: &'a Failure,
}

/// Stores this end for each of them, a batch at a time, and tells their chords; whether all have one.
/// Boxed: a chord's body that fails may be a member of another.
fn end_all<'a>(
    engine: &'a Engine,
    call: &'a Call,
    waiting: &'a [Waiting],
    cause: Cause<'a>,
) -> BoxFuture<'a, bool> {
    Box::pin(async move {
        let (mut certain, until) = (true, Instant::now() + TELLING);
        for some in waiting.chunks(AT_ONCE) {
            let each = some.iter();
            let ends = each.map(|one| end_waiting(engine, call, one, cause, until));
            certain &= join_all(ends).await.into_iter().all(|ended| ended);
        }
        let of_chords = waiting
            .iter()
            .filter_map(|one| Some((one, one.part.as_ref()?)));
        for (one, part) in of_chords {
            certain &= chord::arrive(engine, call, part, &one.id, true).await;
        }
        certain
    })
}

/// Stores an end for a task that will not run; whether it, or another end, stands. Where the id is
/// another task's, nothing is changed, and nothing more can be done.
async fn end_waiting(
    engine: &Engine,
    call: &Call,
    one: &Waiting,
    cause: Cause<'_>,
    until: Instant,
) -> bool {
    let Waiting {
        id,
        task,
        part,
        replaces,
        later,
    } = one;
    for tries in 1..=FAIL_TRIES {
        let mut end = meta::of_id(engine, id, cause.state.clone(), Value::Null);
        end.parent_id = Some(cause.id.to_owned());
        end.group_id = part.as_ref().map(|part| part.key.group_id.clone());
        end.extra
            .extend(later_steps(later.iter().map(|id| vec![id.clone()])));
        let unclaimed = Unclaimed {
            queue: &call.delivery.queue,
            receive_count: call.delivery.receive_count,
            identity: TaskIdentity::told(task, &call.envelope.headers, &call.delivery.queue),
            ran: false,
            takes_over: false,
            replaces: *replaces,
            retries: None,
            end: CompletionKind::Final(meta::with_failure(end, cause.failure)),
        };
        match unclaimed.store(engine).await {
            Recorded::Stored | Recorded::Stands(_) | Recorded::Superseded => return true,
            Recorded::Conflict(other) => {
                tracing::warn!(
                    step = id,
                    "the failure of a later step was not stored: {}",
                    whose(&other)
                );
                return true;
            }
            Recorded::Never(error) => {
                tracing::error!(
                    step = id,
                    "the failure of a later step cannot be stored: {error}"
                );
                return true;
            }
            Recorded::Later(_) if Instant::now() > until => break,
            // another member of the same group may just be doing the same
            Recorded::Later(_) => tokio::time::sleep(waits::retry(tries)).await,
        }
    }
    tracing::error!(
        step = id,
        "the failure of a later step is not stored yet: it is leased, or the result store is unavailable"
    );
    false
}

/// A stored FAILURE, as the run had it.
fn failure_of(end: &ResultMeta) -> Option<Failure> {
    let exception = ExceptionInfo::from_value(&end.result).ok()?;
    Some(Failure {
        exception,
        traceback: end.traceback.clone(),
    })
}

/// Why a failure's message goes to the dead-letter queue, if it does.
fn dead_letter_reason_of(end: &ResultMeta) -> Option<String> {
    match end.extra.get(DEAD_LETTER_REASON) {
        Some(Value::Str(reason)) => Some(reason.clone()),
        _ => None,
    }
}

/// The outcome that moves a message to the dead-letter queue.
pub(crate) fn dead_letter(delivery: Delivery, reason: &str, failure: &Failure) -> Outcome {
    let message_id = &delivery.message_id;
    tracing::warn!(
        message_id,
        reason,
        "moving the message to the dead-letter queue"
    );
    Outcome::DeadLetter(Box::new(DeadLetter {
        error: log::exception(failure),
        delivery,
        reason: reason.to_owned(),
    }))
}
