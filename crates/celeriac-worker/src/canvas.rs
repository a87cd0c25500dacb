use celeriac_core::{Failure, SendError, SendOptions};
use celeriac_protocol::{Dict, Embed, Signature, State, Value};
use uuid::Uuid;

use crate::call::Call;
use crate::engine::Engine;
use crate::final_state::{FinalState, Stored};
use crate::{log, meta, waits};

/// Tries of sending what follows a task, over about 3 s; the adapter has its own behind each.
const SEND_TRIES: u32 = 6;
/// Tries of storing the failure of a later step, over about 2 s.
const FAIL_TRIES: u32 = 5;

/// Why a task with this embed is refused before it runs, if it is: the parts of a canvas that this version cannot go on
/// with. Running it and letting the rest of its workflow hang would be worse.
pub(crate) fn unsupported(embed: &Embed) -> Option<String> {
    let refuse = |what: &str, place: &str| {
        Some(format!(
            "{what} ({place} of this message) is not supported by this version of celeriac"
        ))
    };
    if embed.chord.is_some() {
        return refuse("a chord", "`chord`");
    }
    let lists = [
        ("`callbacks`", &embed.callbacks),
        ("`errbacks`", &embed.errbacks),
        ("`chain`", &embed.chain),
    ];
    for (place, list) in lists {
        if let Some(kind) = list.iter().flatten().find_map(container) {
            return refuse(&format!("a {kind}"), place);
        }
    }
    None
}

/// `chain`, `group` or `chord`; `None` for a plain task.
fn container(signature: &Signature) -> Option<String> {
    let by_name = signature
        .task
        .strip_prefix("celery.")
        .filter(|kind| matches!(*kind, "chain" | "group" | "chord"));
    signature
        .subtask_type
        .clone()
        .or_else(|| by_name.map(str::to_owned))
}

/// Whether a success sends something.
pub(crate) fn has_successors(embed: &Embed) -> bool {
    embed
        .callbacks
        .iter()
        .chain(&embed.chain)
        .any(|list| !list.is_empty())
}

/// Sends the callbacks and the next step of the chain with the task's result (SPEC 7.3), before SUCCESS is stored. Their
/// ids are fixed, so that a second sending after a crash is the same task. Adds the ids to `children`.
pub(crate) async fn send_successors(
    engine: &Engine,
    call: &Call,
    embed: &Embed,
    result: &Value,
    children: &mut Vec<String>,
) -> Result<(), SendError> {
    for (index, callback) in embed.callbacks.iter().flatten().enumerate() {
        let role = format!("callback-{index}");
        children.push(send(engine, call, applied(callback.clone(), result), &role).await?);
    }
    let Some((next, later)) = embed.chain.as_ref().and_then(|steps| steps.split_last()) else {
        return Ok(());
    };
    let mut next = applied(next.clone(), result);
    if !later.is_empty() {
        let later = later.iter().map(Signature::to_value).collect();
        next.options.insert("chain".to_owned(), Value::List(later));
    }
    children.push(send(engine, call, next, "chain").await?);
    Ok(())
}

/// After FAILURE is stored (SPEC 7.4): every later step of the chain, and the body of a chord, fails too; the errbacks are
/// sent with the task's id.
pub(crate) async fn send_failure(engine: &Engine, call: &Call, embed: Embed, failure: &Failure) {
    for step in embed.chain.iter().flatten() {
        fail_step(engine, call, step, failure).await;
    }
    if let Some(body) = &embed.chord {
        let error = meta::failure_text(
            "celery.exceptions",
            "ChordError",
            format!(
                "Dependency {} raised {}",
                call.id(),
                log::exception(failure)
            ),
        );
        fail_step(engine, call, body, &error).await;
    }
    let id = Value::Str(call.id().to_owned());
    for (index, errback) in embed.errbacks.into_iter().flatten().enumerate() {
        if let Err(error) = send(
            engine,
            call,
            applied(errback, &id),
            &format!("errback-{index}"),
        )
        .await
        {
            tracing::error!(id = call.id(), "an errback was not sent: {error}");
        }
    }
}

/// Puts what a task is applied with in front of its own arguments.
fn applied(mut signature: Signature, argument: &Value) -> Signature {
    if !signature.immutable {
        signature.args.insert(0, argument.clone());
    }
    signature
}

async fn send(
    engine: &Engine,
    call: &Call,
    signature: Signature,
    role: &str,
) -> Result<String, SendError> {
    let headers = &call.envelope.headers;
    let fixed_id = || {
        Uuid::new_v5(
            &Uuid::NAMESPACE_OID,
            format!("{}:{role}", headers.id).as_bytes(),
        )
        .to_string()
    };
    let options = SendOptions {
        task_id: task_id(&signature.options).is_none().then(fixed_id),
        parent_id: Some(headers.id.clone()),
        root_id: Some(
            headers
                .root_id
                .clone()
                .unwrap_or_else(|| headers.id.clone()),
        ),
        ..SendOptions::default()
    };
    for tries in 1..SEND_TRIES {
        match engine
            .sender
            .send_task(signature.clone(), options.clone())
            .await
        {
            Err(SendError::Broker(error)) if error.is_retryable() => {
                tracing::warn!(
                    id = headers.id,
                    tries,
                    "cannot send what follows a task, trying again: {error}"
                );
                tokio::time::sleep(waits::retry(tries)).await;
            }
            answer => return answer,
        }
    }
    engine.sender.send_task(signature, options).await
}

/// Everything that a caller may wait for in this step fails.
async fn fail_step(engine: &Engine, call: &Call, step: &Signature, failure: &Failure) {
    for task_id in result_ids(step) {
        fail_task(engine, call, &task_id, failure).await;
    }
}

async fn fail_task(engine: &Engine, call: &Call, task_id: &str, failure: &Failure) {
    for tries in 1..=FAIL_TRIES {
        let state = FinalState {
            queue: &call.delivery.queue,
            receive_count: call.delivery.receive_count,
            retries: None,
            meta: meta::with_failure(
                meta::of_id(engine, task_id, State::Failure, Value::Null),
                failure,
            ),
        };
        match state.store(engine).await {
            Stored::Yes | Stored::Final(_) | Stored::Other => return,
            Stored::Never(error) => {
                tracing::error!(
                    id = task_id,
                    "a later step of a failed chain keeps no state: {error}"
                );
                return;
            }
            // another member of the same group may just be doing the same
            Stored::Later(_) => tokio::time::sleep(waits::retry(tries)).await,
        }
    }
    tracing::error!(
        id = task_id,
        "a later step of a failed chain keeps no state: the store is not available"
    );
}

fn task_id(options: &Dict) -> Option<&str> {
    match options.get("task_id") {
        Some(Value::Str(id)) => Some(id),
        _ => None,
    }
}

/// The ids under which a caller waits for this step: a chord's is its body's, a group's and a chain's are those of their tasks.
fn result_ids(step: &Signature) -> Vec<String> {
    let inner = |value: &Value| {
        let signature = Signature::from_value(value.clone());
        signature.map_or_else(|_| Vec::new(), |signature| result_ids(&signature))
    };
    match container(step).as_deref() {
        None => task_id(&step.options)
            .map(str::to_owned)
            .into_iter()
            .collect(),
        Some("chord") => step.kwargs.get("body").map_or_else(Vec::new, inner),
        Some(_) => match step.kwargs.get("tasks") {
            Some(Value::List(tasks)) => tasks.iter().flat_map(inner).collect(),
            _ => Vec::new(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chords_and_groups_are_refused_by_name() {
        assert_eq!(unsupported(&Embed::default()), None);
        let plain = Signature::new("tasks.add");
        assert_eq!(
            unsupported(&Embed {
                chain: Some(vec![plain.clone()]),
                ..Embed::default()
            }),
            None
        );
        let chord = unsupported(&Embed {
            chord: Some(plain),
            ..Embed::default()
        });
        assert!(chord.expect("refused").starts_with("a chord"));
        let group = Signature {
            subtask_type: Some("group".to_owned()),
            ..Signature::new("celery.group")
        };
        let group = unsupported(&Embed {
            chain: Some(vec![group]),
            ..Embed::default()
        });
        assert!(group.expect("refused").starts_with("a group (`chain`"));
    }

    #[test]
    fn immutable_signatures_keep_their_arguments() {
        let mutable = applied(Signature::new("a"), &Value::Int(1));
        assert_eq!(mutable.args, [Value::Int(1)]);
        let immutable = applied(
            Signature {
                immutable: true,
                ..Signature::new("a")
            },
            &Value::Int(1),
        );
        assert!(immutable.args.is_empty());
    }

    #[test]
    fn a_caller_of_a_chord_waits_for_its_body() {
        let mut options = Dict::new();
        options.insert("task_id".to_owned(), Value::Str("body-id".to_owned()));
        let body = Signature {
            options,
            ..Signature::new("tasks.sum")
        }
        .to_value();
        let mut kwargs = Dict::new();
        kwargs.insert("body".to_owned(), body);
        let chord = Signature {
            subtask_type: Some("chord".to_owned()),
            kwargs,
            ..Signature::new("celery.chord")
        };
        assert_eq!(result_ids(&chord), ["body-id"]);
        let mut kwargs = Dict::new();
        kwargs.insert(
            "tasks".to_owned(),
            Value::List(vec![chord.to_value(), chord.to_value()]),
        );
        let group = Signature {
            subtask_type: Some("group".to_owned()),
            kwargs,
            ..Signature::new("celery.group")
        };
        assert_eq!(
            result_ids(&group),
            ["body-id", "body-id"],
            "of a group for each task"
        );
    }
}
