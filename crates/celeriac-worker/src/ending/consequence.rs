//! What follows a task: the chords that begin and the messages that are sent, made of the signatures
//! that its own message carries, under ids that are the same every time.

use celeriac_core::chords::NewChord;
use celeriac_core::{Failure, SendError, SendOptions};
use celeriac_producer::Message;
use celeriac_producer::canvas::{Applied, Ids, ResultTree};
use celeriac_protocol::{Embed, Serializer, Signature, Value, Workflow};
use uuid::Uuid;

use super::chord_part::ChordPart;
use super::embedded::{self, MOST_CALLBACKS, Step, listed, text};
use super::waiting::{Waiting, waiting};
use crate::call::{Call, GUARD};
use crate::engine::Engine;
use crate::meta;

/// What follows for one signature.
#[derive(Default)]
pub(crate) struct Consequence {
    /// Recorded before anything is sent.
    pub(crate) chords: Vec<NewChord>,
    pub(crate) sends: Vec<Sending>,
    /// Celery's result tuple of it.
    pub(crate) tuple: Option<Value>,
}

/// A message to be sent.
pub(crate) struct Sending {
    pub(crate) message: Message,
    /// The tasks to fail if it cannot be sent: its own, and those of later steps.
    pub(crate) waiting: Vec<Waiting>,
}

/// Why a task is refused before it runs, if it is: what its message embeds could not follow it.
/// Running it and letting the rest of its workflow hang would be worse.
pub(crate) fn refusal(engine: &Engine, call: &Call, embed: &Embed) -> Option<Failure> {
    if let Some(reason) = embedded::too_many(embed).or_else(|| embedded::too_long(embed)) {
        return Some(meta::failure_text("builtins", "ValueError", reason));
    }
    let error = of_success(engine, call, embed, &Value::Null).err()?;
    let reason = format!("what follows the task could not be sent: {error}");
    Some(meta::failure_text(
        "kombu.exceptions",
        "OperationalError",
        reason,
    ))
}

/// The callbacks and the next step of the chain, with the task's result (SPEC 7.3).
///
/// # Errors
/// What cannot be made a message.
pub(crate) fn of_success(
    engine: &Engine,
    call: &Call,
    embed: &Embed,
    result: &Value,
) -> Result<Vec<Consequence>, SendError> {
    check_copies(engine, call, embed, result)?;
    let (parent, mut all) = (Parent::of(call), Vec::new());
    let args = std::slice::from_ref(result);
    for (index, callback) in embed.callbacks.iter().flatten().enumerate() {
        let role = format!("callback-{index}");
        all.push(parent.make(engine, callback.clone(), args, None, &role)?);
    }
    if let Some((next, later)) = embed.chain.as_ref().and_then(|steps| steps.split_last()) {
        all.push(parent.make(engine, next.clone(), args, Some(later.to_vec()), "chain")?);
    }
    Ok(all)
}

/// The error callbacks of a task (SPEC 7.4): with its id, or, those of the newer kind that are
/// registered here, with its request, exception and traceback. One that cannot be made is logged and
/// left out.
pub(crate) fn of_failure(
    engine: &Engine,
    call: &Call,
    embed: &Embed,
    failure: &Failure,
) -> Vec<Consequence> {
    let errbacks = embed.errbacks.iter().flatten().cloned();
    Parent::of(call).errbacks(engine, errbacks, failure, None)
}

/// The error callbacks of a chord's body whose header has failed, with the body's id, as in Celery;
/// of a body that is a group those of each of its tasks. Celery links an error callback of a chord to
/// the bodies of the chords in its header, too, and it is to be called once: one of the same text has
/// the same id in both.
pub(crate) fn of_failed_body(
    engine: &Engine,
    call: &Call,
    group_id: &str,
    body: &Signature,
    failure: &Failure,
) -> Vec<Consequence> {
    let outer = ChordPart::of_options(&body.options);
    let outer = outer.map_or(group_id.to_owned(), |part| part.key.group_id);
    let of_one = (body.subtask_type.as_deref() != Some("group")).then_some(&*outer);
    let mut all = Vec::new();
    gather_errbacks(&body.to_value(), &[], &mut |id, task, errbacks| {
        let parent = Parent {
            id,
            task,
            ..Parent::of(call)
        };
        let errbacks = errbacks.iter().cloned().map(Signature::from_message);
        all.extend(parent.errbacks(engine, errbacks, failure, of_one));
    });
    all.truncate(MOST_CALLBACKS);
    all
}

/// The tasks of a body that are told of a failed header, each with its errbacks and those of what it
/// is in, each once.
fn gather_errbacks(body: &Value, outer: &[Value], each: &mut impl FnMut(&str, &str, &[Value])) {
    let options = body.get("options");
    let option = |name: &str| options.and_then(|options| options.get(name));
    let kwargs = |name: &str| body.get("kwargs").and_then(|kwargs| kwargs.get(name));
    let mut errbacks = listed(option("link_error")).to_vec();
    errbacks.extend(
        outer
            .iter()
            .filter(|one| !errbacks.contains(one))
            .cloned()
            .collect::<Vec<_>>(),
    );
    match body.get("subtask_type").and_then(text) {
        Some("group") => {
            for task in listed(kwargs("tasks")) {
                gather_errbacks(task, &errbacks, each);
            }
        }
        Some("chain") => {
            if let Some(first) = listed(kwargs("tasks")).first() {
                gather_errbacks(first, &errbacks, each);
            }
        }
        Some("chord") => {
            if let Some(body) = kwargs("body") {
                gather_errbacks(body, &errbacks, each);
            }
        }
        _ => {
            let task = body.get("task").and_then(text).unwrap_or_default();
            if let Some(id) = option("task_id").and_then(text) {
                each(id, task, &errbacks);
            }
        }
    }
}

/// The body of a chord whose members have all ended well, with their results.
///
/// # Errors
/// What cannot be made a message.
pub(crate) fn of_body(
    engine: &Engine,
    call: &Call,
    body: &Signature,
    (group_id, by): (&str, &str),
    results: Vec<Value>,
) -> Result<Consequence, SendError> {
    let parent = Parent {
        id: by,
        ..Parent::of(call)
    };
    let ids = Ids::of(format!("{group_id}:body"));
    let results = [Value::List(results)];
    parent.make_with(
        engine,
        body.clone(),
        Applied {
            args: &results,
            ..Applied::default()
        },
        ids,
    )
}

/// What a task adds to its chord, and the id of the member that it becomes.
///
/// # Errors
/// What cannot be made a message.
pub(crate) fn of_added(
    engine: &Engine,
    call: &Call,
    workflow: Workflow,
    part: &ChordPart,
    index: usize,
) -> Result<(String, Consequence), SendError> {
    let part = ChordPart {
        index: None,
        ..part.clone()
    };
    let ids = Ids::of(format!("{}:added-{index}", call.id()));
    let applied = Applied {
        end: part.options(),
        ..Applied::default()
    };
    let made = Parent::of(call).make_of(engine, workflow, applied, ids)?;
    let end = made.tuple.as_ref().and_then(ResultTree::of_tuple);
    let id = end.map(|tree| tree.id().to_owned()).unwrap_or_default();
    Ok((id, made))
}

/// Each message that follows has the result in it: a small one could ask for hundreds of large ones.
fn check_copies(
    engine: &Engine,
    call: &Call,
    embed: &Embed,
    result: &Value,
) -> Result<(), SendError> {
    let next = embed.chain.iter().filter_map(|steps| steps.last());
    let following = embed.callbacks.iter().flatten().chain(next);
    let copies: usize = following.map(|one| Step::of(one).receivers()).sum();
    if copies == 0 {
        return Ok(()); // most tasks: their result need not be looked through
    }
    let (each, limit) = (result.memory(), engine.limits.max_memory);
    if each.saturating_mul(copies) <= limit {
        return Ok(());
    }
    Err(SendError::Invalid {
        task: call.envelope.headers.task.clone(),
        reason: format!(
            "its result takes {each} bytes of memory, and {copies} messages with it take more than the \
             {limit} of `worker_message_memory`"
        ),
    })
}

fn check_queue(engine: &Engine, task: &str, queue: &str) -> Result<(), SendError> {
    let allowed = engine.parts.settings.worker_follow_up_queues.as_ref();
    if allowed.is_none_or(|allowed| allowed.iter().any(|one| one == queue)) {
        return Ok(());
    }
    Err(SendError::Invalid {
        task: task.to_owned(),
        reason: format!("its queue `{queue}` is not in `worker_follow_up_queues`"),
    })
}

/// The task that others follow.
#[derive(Clone, Copy)]
pub(super) struct Parent<'a> {
    pub(super) id: &'a str,
    pub(super) task: &'a str,
    pub(super) root_id: Option<&'a str>,
}

impl<'a> Parent<'a> {
    pub(super) fn of(call: &'a Call) -> Self {
        let headers = &call.envelope.headers;
        Self {
            id: call.id(),
            task: &headers.task,
            root_id: headers.root_id.as_deref(),
        }
    }

    fn errbacks(
        &self,
        engine: &Engine,
        errbacks: impl Iterator<Item = Signature>,
        failure: &Failure,
        chord: Option<&str>,
    ) -> Vec<Consequence> {
        let errbacks = errbacks.take(MOST_CALLBACKS).enumerate();
        let made = errbacks.filter_map(|(index, errback)| {
            let errback = errback.by_name();
            let args = self.errback_arguments(engine, &errback, failure);
            let ids = Ids::of(match chord {
                Some(chord) => {
                    let text = Serializer::Json
                        .dump(&errback.to_value())
                        .unwrap_or_default();
                    format!("{chord}:errback-{}", String::from_utf8_lossy(&text))
                }
                None => format!("{}:errback-{index}", self.id),
            });
            let applied = Applied {
                args: &args,
                ..Applied::default()
            };
            let made = self.make_with(engine, errback, applied, ids);
            made.inspect_err(|error| {
                tracing::error!("an errback of `{}` cannot be sent: {error}", self.id);
            })
            .ok()
        });
        made.collect()
    }

    fn errback_arguments(
        &self,
        engine: &Engine,
        errback: &Signature,
        failure: &Failure,
    ) -> Vec<Value> {
        let id = Value::Str(self.id.to_owned());
        let known = engine.parts.registry.find(&errback.task);
        if known.is_none_or(|definition| !definition.params.is_new_style_errback()) {
            return vec![id];
        }
        meta::of_failed_task(self.id, self.task, self.root_id, failure)
    }

    /// What is sent of a signature that is applied with these arguments, and has these steps behind
    /// it.
    pub(super) fn make(
        &self,
        engine: &Engine,
        signature: Signature,
        args: &[Value],
        chain: Option<Vec<Signature>>,
        role: &str,
    ) -> Result<Consequence, SendError> {
        let applied = Applied {
            args,
            chain,
            ..Applied::default()
        };
        let ids = Ids::of(format!("{}:{role}", self.id));
        self.make_with(engine, signature, applied, ids)
    }

    pub(super) fn make_with(
        &self,
        engine: &Engine,
        signature: Signature,
        applied: Applied<'_>,
        ids: Ids,
    ) -> Result<Consequence, SendError> {
        let task = signature.task.clone();
        let workflow = Workflow::read(signature).map_err(|error| SendError::Invalid {
            task,
            reason: error.to_string(),
        })?;
        self.make_of(engine, workflow, applied, ids)
    }

    /// A signature without an id gets one that is the same every time.
    pub(super) fn make_of(
        &self,
        engine: &Engine,
        workflow: Workflow,
        applied: Applied<'_>,
        mut ids: Ids,
    ) -> Result<Consequence, SendError> {
        let seed = ids.seed().to_owned();
        let plan = engine.parts.client.plan(workflow, applied, &mut ids)?;
        let sends = plan.messages.into_iter().enumerate();
        let sends: Result<Vec<Sending>, SendError> = sends
            .map(|(index, signature)| self.sending(engine, signature, &seed, index))
            .collect();
        Ok(Consequence {
            chords: plan.chords,
            sends: sends?,
            tuple: plan.result.map(|tree| tree.to_tuple()),
        })
    }

    fn sending(
        &self,
        engine: &Engine,
        signature: Signature,
        seed: &str,
        index: usize,
    ) -> Result<Sending, SendError> {
        let waiting = waiting(&signature);
        let given = signature.options.get("MessageDeduplicationId").is_some();
        let root_id = self.root_id.filter(|id| !id.is_empty());
        let dedup_id = || match index {
            0 => fixed(&format!("{seed}:sent")),
            index => fixed(&format!("{seed}:sent.{index}")),
        };
        let options = SendOptions {
            // not the task's id: whoever chooses that of another task must not have its message
            // taken for a copy
            message_deduplication_id: (!given).then(dedup_id),
            parent_id: Some(self.id.to_owned()),
            root_id: Some(root_id.unwrap_or(self.id).to_owned()),
            ..SendOptions::default()
        };
        let task = signature.task.clone();
        let mut message = engine.parts.client.follow_up(signature, options)?;
        check_queue(engine, &task, &message.queue)?;
        let headers = &mut message.envelope.headers;
        if headers.ignore_result == Some(true) {
            headers.extra.insert(GUARD.to_owned(), Value::Bool(true));
        }
        Ok(Sending { message, waiting })
    }
}

/// The id of what is sent under this name.
fn fixed(name: &str) -> String {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_errback_of_a_group_is_one_of_each_task() {
        let task = |id: &str| {
            let mut signature = Signature::new("tasks.add");
            signature
                .options
                .insert("task_id".to_owned(), Value::Str(id.to_owned()));
            signature.append("link_error", Signature::new("tasks.alarm"));
            Workflow::Task(signature)
        };
        let body = Workflow::group([task("a"), task("b")]).into_value();
        let mut found = Vec::new();
        gather_errbacks(&body, &[], &mut |id, _, errbacks| {
            found.push((id.to_owned(), errbacks.len()));
        });
        assert_eq!(found, [("a".to_owned(), 1), ("b".to_owned(), 1)]);
    }
}
