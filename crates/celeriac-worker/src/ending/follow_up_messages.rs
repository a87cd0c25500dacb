//! What follows a task: messages made of the signatures that its own message carries, under ids
//! that are the same every time.

use std::collections::BTreeSet;

use celeriac_core::{Failure, SendError, SendOptions};
use celeriac_producer::Message;
use celeriac_protocol::{Dict, Embed, Signature, Value};
use uuid::Uuid;

use crate::call::Call;
use crate::engine::Engine;
use crate::meta;

/// Callbacks of one message, and its error callbacks: each is sent at once.
pub(crate) const MOST_CALLBACKS: usize = 250;
/// Steps of its chain: each is given an end where one before it fails.
const MOST_STEPS: usize = 1_000;

/// Tasks that a message embeds, callbacks of callbacks included.
const MOST_EMBEDDED: usize = 2_000;
/// Bytes of the id and of the name of such a task: as many as DynamoDB takes for a key.
const LONGEST_TEXT: usize = 2_048;

/// Why a task is refused before it runs, if it is: what its message embeds could not follow it.
/// Running it and letting the rest of its workflow hang would be worse.
pub(crate) fn refusal(engine: &Engine, call: &Call, embed: &Embed) -> Option<Failure> {
    if let Some(reason) = too_many(embed).or_else(|| too_long(embed)) {
        return Some(meta::failure_text("builtins", "ValueError", reason));
    }
    let unsupported = unsupported(embed, call.envelope.headers.group.as_deref());
    if let Some(reason) = unsupported {
        return Some(meta::failure_text(
            "builtins",
            "NotImplementedError",
            reason,
        ));
    }
    let error = of_success(engine, call, embed, &Value::Null).err()?;
    let reason = format!("what follows the task could not be sent: {error}");
    Some(meta::failure_text(
        "kombu.exceptions",
        "OperationalError",
        reason,
    ))
}

/// One message must not make thousands, however deep they are embedded.
pub(crate) fn too_many(embed: &Embed) -> Option<String> {
    let lists = [
        ("callbacks", &embed.callbacks, MOST_CALLBACKS),
        ("errbacks", &embed.errbacks, MOST_CALLBACKS),
        ("chain", &embed.chain, MOST_STEPS),
    ];
    let longer = lists.into_iter().find_map(|(place, list, most)| {
        let count = list.as_ref().map_or(0, Vec::len);
        (count > most).then(|| {
            format!("`{place}` of this message has {count} tasks, over the limit of {most}")
        })
    });
    longer.or_else(|| {
        let count: usize = embedded(embed).map(Step::count).sum();
        (count > MOST_EMBEDDED).then(|| {
            format!("this message embeds {count} tasks, over the limit of {MOST_EMBEDDED}")
        })
    })
}

/// No result could be stored under such an id, and each name is kept with what waits.
fn too_long(embed: &Embed) -> Option<String> {
    let is_long = |step: &Step<'_>| step.longest_text() > LONGEST_TEXT;
    let length = embedded(embed).find(is_long)?.longest_text();
    Some(format!(
        "this message embeds a task whose id or name has {length} bytes, over the limit of {LONGEST_TEXT}"
    ))
}

/// The tasks that a message embeds, without those that they embed.
fn embedded(embed: &Embed) -> impl Iterator<Item = Step<'_>> {
    let lists = [&embed.callbacks, &embed.errbacks, &embed.chain];
    let all = lists.into_iter().flatten().flatten().chain(&embed.chord);
    all.map(Step::of)
}

/// The parts of a canvas that this version cannot go on with. Celery looks at `chord` in members of
/// a group only.
fn unsupported(embed: &Embed, group: Option<&str>) -> Option<String> {
    let refuse = |what: &str, place: &str| {
        Some(format!(
            "{what} ({place} of this message) is not supported by this version of celeriac"
        ))
    };
    if embed.chord.is_some() && group.is_some_and(|group| !group.is_empty()) {
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
    // a chain that is a part of a chord: its last step has the body
    let mut steps = embed.chain.iter().flatten();
    if steps.any(|step| Step::of(step).body().is_some()) {
        return refuse("a chord", "`chain`");
    }
    None
}

/// Those of whom one message's failure tells, each once, and a thousand at most.
#[derive(Default)]
pub(crate) struct Told(BTreeSet<String>);

impl Told {
    /// Which of these are to be told: the last step of a chain, for which its caller waits, comes
    /// first.
    pub(crate) fn of(&mut self, waiting: impl Iterator<Item = Waiting>) -> Vec<Waiting> {
        let left = MOST_STEPS - self.0.len();
        let once = waiting.filter(|one| self.0.insert(one.id.clone()));
        let told: Vec<Waiting> = once.take(left).collect();
        if left > 0 && self.0.len() == MOST_STEPS {
            tracing::warn!(
                "more than {MOST_STEPS} tasks wait for this one; {MOST_STEPS} of them are failed with it"
            );
        }
        told
    }
}

/// The bodies that wait for this task, or for a later step of its chain.
pub(crate) fn chord_bodies(embed: &Embed) -> impl Iterator<Item = Signature> {
    let of_steps = embed.chain.iter().flatten();
    let of_steps = of_steps.filter_map(|step| Step::of(step).body());
    let of_steps = of_steps.map(|body| Signature::from_message(body.clone()));
    embed.chord.iter().cloned().chain(of_steps)
}

/// `chain`, `group` or `chord`; `None` for a plain task, and for what is no signature.
fn container(signature: &Signature) -> Option<String> {
    if signature.raw.is_some() {
        return container(&signature.clone().readable().ok()?);
    }
    Step::of(signature).container().map(str::to_owned)
}

/// A task that follows, ready to be sent.
pub(crate) struct Consequence {
    pub(crate) message: Message,
    /// The tasks to fail if this cannot be sent: its own, and those of later steps.
    pub(crate) waiting: Vec<Waiting>,
}

/// A task that has not been sent, and for which a caller may wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Waiting {
    pub(crate) id: String,
    /// The task's name.
    pub(crate) task: String,
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
    for (index, callback) in embed.callbacks.iter().flatten().enumerate() {
        let role = format!("callback-{index}");
        let callback = applied(readable(callback.clone())?, result);
        all.push(parent.make(engine, callback, &role, &[])?);
    }
    if let Some((next, later)) = embed.chain.as_ref().and_then(|steps| steps.split_last()) {
        let mut next = applied(readable(next.clone())?, result);
        let rest = later.iter().map(Signature::to_value).collect();
        next.options.insert("chain".to_owned(), Value::List(rest));
        all.push(parent.make(engine, next, "chain", later)?);
    }
    Ok(all)
}

/// The error callbacks, with the task's id (SPEC 7.4). One that cannot be made is logged and left
/// out.
pub(crate) fn of_failure(engine: &Engine, call: &Call, embed: &Embed) -> Vec<Consequence> {
    let errbacks = embed.errbacks.iter().flatten().cloned();
    Parent::of(call).errbacks(engine, errbacks, "the task")
}

/// The error callbacks of a chord's body whose header has failed, with the body's id, as in Celery:
/// all parts of the header draw the same.
pub(crate) fn of_failed_body(engine: &Engine, call: &Call, body: &Signature) -> Vec<Consequence> {
    let body = match readable(body.clone()) {
        Ok(body) => body,
        Err(error) => {
            tracing::error!("the body of the task's chord cannot be read: {error}");
            return Vec::new();
        }
    };
    let Some(id) = task_id(&body.options) else {
        return Vec::new();
    };
    let parent = Parent {
        id,
        ..Parent::of(call)
    };
    let errbacks = listed(body.options.get("link_error")).iter().cloned();
    let errbacks = errbacks.map(Signature::from_message);
    parent.errbacks(engine, errbacks, "the chord's body")
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
    let copies = following.filter(|signature| !signature.immutable).count();
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

fn readable(signature: Signature) -> Result<Signature, SendError> {
    let task = signature.task.clone();
    signature.readable().map_err(|error| SendError::Invalid {
        task,
        reason: error.to_string(),
    })
}

/// The task that others follow.
struct Parent<'a> {
    id: &'a str,
    root_id: Option<&'a str>,
}

impl<'a> Parent<'a> {
    fn of(call: &'a Call) -> Self {
        Self {
            id: call.id(),
            root_id: call.envelope.headers.root_id.as_deref(),
        }
    }

    /// Error callbacks, with this task's id.
    fn errbacks(
        &self,
        engine: &Engine,
        errbacks: impl Iterator<Item = Signature>,
        whose: &str,
    ) -> Vec<Consequence> {
        let id = Value::Str(self.id.to_owned());
        let errbacks = errbacks.take(MOST_CALLBACKS).enumerate();
        let made = errbacks.filter_map(|(index, errback)| {
            let role = format!("errback-{index}");
            let made = readable(errback.by_name())
                .and_then(|errback| self.make(engine, applied(errback, &id), &role, &[]));
            made.inspect_err(|error| {
                tracing::error!("an errback of {whose} cannot be sent: {error}");
            })
            .ok()
        });
        made.collect()
    }

    /// A signature without an id gets one that is the same every time.
    fn make(
        &self,
        engine: &Engine,
        signature: Signature,
        role: &str,
        later: &[Signature],
    ) -> Result<Consequence, SendError> {
        let fixed = |role: &str| {
            let name = format!("{}:{role}", self.id);
            Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()).to_string()
        };
        let given = signature.options.get("MessageDeduplicationId").is_some();
        let root_id = self.root_id.filter(|id| !id.is_empty());
        let options = SendOptions {
            task_id: task_id(&signature.options).is_none().then(|| fixed(role)),
            // not the task's id: whoever chooses that of another task must not have its message
            // taken for a copy
            message_deduplication_id: (!given).then(|| fixed(&format!("{role}:sent"))),
            parent_id: Some(self.id.to_owned()),
            root_id: Some(root_id.unwrap_or(self.id).to_owned()),
            ..SendOptions::default()
        };
        let task = signature.task.clone();
        let message = engine.parts.client.follow_up(signature, options)?;
        check_queue(engine, &task, &message.queue)?;
        let own = Waiting {
            id: message.task_id().to_owned(),
            task,
        };
        let waiting = std::iter::once(own).chain(later.iter().flat_map(waiting));
        let waiting = waiting.collect();
        Ok(Consequence { message, waiting })
    }
}

/// Puts what a task is applied with in front of its own arguments.
fn applied(mut signature: Signature, argument: &Value) -> Signature {
    if !signature.immutable {
        signature.args.insert(0, argument.clone());
    }
    signature
}

fn task_id(options: &Dict) -> Option<&str> {
    options.get("task_id").and_then(text)
}

/// The tasks that a caller of this step waits for: itself, and all that comes after it alone. A
/// chord's is its body, a group's and a chain's are all of theirs. No more than are told.
pub(crate) fn waiting(step: &Signature) -> Vec<Waiting> {
    let mut all = Vec::new();
    Step::of(step).gather(&mut all);
    all
}

/// A signature as it stands in a message, borrowed: what it embeds may be large, and nested deep.
#[derive(Clone, Copy)]
struct Step<'a> {
    task: &'a str,
    options: Option<&'a Dict>,
    kwargs: Option<&'a Dict>,
    kind: Option<&'a str>,
}

impl<'a> Step<'a> {
    fn of(signature: &'a Signature) -> Self {
        match signature.raw.as_deref() {
            Some(raw) => Self::read(raw),
            None => Self {
                task: &signature.task,
                options: Some(&signature.options),
                kwargs: Some(&signature.kwargs),
                kind: signature.subtask_type.as_deref(),
            },
        }
    }

    /// What is no object embeds nothing.
    fn read(value: &'a Value) -> Self {
        let entry = |name: &str| match value {
            Value::Dict(entries) => entries.get(name),
            _ => None,
        };
        Self {
            task: entry("task").and_then(text).unwrap_or_default(),
            options: entry("options").and_then(dict),
            kwargs: entry("kwargs").and_then(dict),
            kind: entry("subtask_type").and_then(text),
        }
    }

    fn option(self, name: &str) -> Option<&'a Value> {
        self.options?.get(name)
    }

    /// Bytes of its id or its name.
    fn longest_text(self) -> usize {
        let id = self.option("task_id").and_then(text);
        id.map_or(0, str::len).max(self.task.len())
    }

    /// The body of the chord that this step is a part of.
    fn body(self) -> Option<&'a Value> {
        let in_group = self.option("group_id").is_some_and(Value::is_true);
        self.option("chord")
            .filter(|body| in_group && body.is_true())
    }

    /// `chain`, `group` or `chord`; `None` for a plain task.
    fn container(self) -> Option<&'a str> {
        let kind = |kind: &&str| matches!(*kind, "chain" | "group" | "chord");
        let by_name = self.task.strip_prefix("celery.").filter(kind);
        self.kind.filter(kind).or(by_name)
    }

    /// The parts of a chain, group or chord; `None` for a plain task.
    fn parts(self) -> Option<&'a [Value]> {
        let kwargs = |name: &str| self.kwargs.and_then(|kwargs| kwargs.get(name));
        Some(match self.container()? {
            "chord" => listed(kwargs("body")),
            _ => listed(kwargs("tasks")),
        })
    }

    fn gather(self, all: &mut Vec<Waiting>) {
        if all.len() >= MOST_STEPS {
            return;
        }
        if let Some(parts) = self.parts() {
            for part in parts {
                Self::read(part).gather(all);
            }
            return;
        }
        let id = self.option("task_id").and_then(text);
        if let Some(id) = id.filter(|_| self.longest_text() <= LONGEST_TEXT) {
            all.push(Waiting {
                id: id.to_owned(),
                task: self.task.to_owned(),
            });
        }
        let later = listed(self.option("chain")).iter().chain(self.body());
        for one in later {
            Self::read(one).gather(all);
        }
    }

    /// How many tasks this one and all that it embeds are.
    fn count(self) -> usize {
        let lists = ["link", "link_error", "chain"];
        let lists = lists.iter().flat_map(|name| listed(self.option(name)));
        let parts = self.parts().unwrap_or_default();
        let embedded = lists.chain(self.option("chord")).chain(parts);
        1 + embedded.map(|one| Self::read(one).count()).sum::<usize>()
    }
}

fn text(value: &Value) -> Option<&str> {
    match value {
        Value::Str(text) => Some(text),
        _ => None,
    }
}

fn dict(value: &Value) -> Option<&Dict> {
    match value {
        Value::Dict(entries) => Some(entries),
        _ => None,
    }
}

/// A list of signatures; one alone stands for a list of one.
fn listed(value: Option<&Value>) -> &[Value] {
    match value {
        None | Some(Value::Null) => &[],
        Some(Value::List(items)) => items,
        Some(one) => std::slice::from_ref(one),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chords_and_groups_are_refused_by_name() {
        assert_eq!(unsupported(&Embed::default(), None), None);
        let plain = Signature::new("tasks.add");
        assert_eq!(
            unsupported(
                &Embed {
                    chain: Some(vec![plain.clone()]),
                    ..Embed::default()
                },
                None
            ),
            None
        );
        let embed = Embed {
            chord: Some(plain),
            ..Embed::default()
        };
        assert_eq!(unsupported(&embed, None), None, "it is in no group");
        let chord = unsupported(&embed, Some("g"));
        assert!(chord.expect("refused").starts_with("a chord"));
        let group = Signature {
            subtask_type: Some("group".to_owned()),
            ..Signature::new("celery.group")
        };
        let group = unsupported(
            &Embed {
                chain: Some(vec![group]),
                ..Embed::default()
            },
            None,
        );
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

    fn ids(step: &Signature) -> Vec<String> {
        waiting(step).into_iter().map(|one| one.id).collect()
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
        assert_eq!(ids(&chord), ["body-id"]);
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
            ids(&group),
            ["body-id", "body-id"],
            "of a group for each task"
        );
    }
}
