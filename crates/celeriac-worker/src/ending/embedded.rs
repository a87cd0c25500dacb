//! What a message embeds, looked at where it stands: it may be large, and nested deep.

use celeriac_protocol::{Dict, Embed, Signature, Value};

use super::chord_part::ChordPart;
use super::waiting::Waiting;

/// Callbacks of one message, and its error callbacks: each is sent at once.
pub(crate) const MOST_CALLBACKS: usize = 250;
/// Steps of its chain: each is given an end where one before it fails.
const MOST_STEPS: usize = 1_000;
/// Tasks that a message embeds, those in canvases and callbacks of callbacks included.
pub(crate) const MOST_EMBEDDED: usize = 10_000;
/// Bytes of the id and of the name of such a task: as many as DynamoDB takes for a key.
pub(super) const LONGEST_TEXT: usize = 2_048;

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
pub(super) fn too_long(embed: &Embed) -> Option<String> {
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

/// A signature as it stands in a message, borrowed: what it embeds may be large, and nested deep.
#[derive(Clone, Copy)]
pub(super) struct Step<'a> {
    task: &'a str,
    options: Option<&'a Dict>,
    kwargs: Option<&'a Dict>,
    kind: Option<&'a str>,
    immutable: bool,
}

impl<'a> Step<'a> {
    pub(super) fn of(signature: &'a Signature) -> Self {
        match signature.raw.as_deref() {
            Some(raw) => Self::read(raw),
            None => Self {
                task: &signature.task,
                options: Some(&signature.options),
                kwargs: Some(&signature.kwargs),
                kind: signature.subtask_type.as_deref(),
                immutable: signature.immutable,
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
            immutable: entry("immutable").is_some_and(Value::is_true),
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

    pub(super) fn gather(self, all: &mut Vec<Waiting>) {
        if all.len() >= MOST_EMBEDDED {
            return;
        }
        if let Some(parts) = self.parts() {
            for part in parts {
                Self::read(part).gather(all);
            }
            return self.gather_later(all);
        }
        let id = self.option("task_id").and_then(text);
        if let Some(id) = id.filter(|_| self.longest_text() <= LONGEST_TEXT) {
            all.push(Waiting {
                id: id.to_owned(),
                task: self.task.to_owned(),
                part: self.options.and_then(ChordPart::of_options),
                replaces: self
                    .option("replaced_task_nesting")
                    .is_some_and(Value::is_true),
                later: Vec::new(),
            });
        }
        self.gather_later(all);
    }

    /// Those that come after it alone.
    fn gather_later(self, all: &mut Vec<Waiting>) {
        for one in listed(self.option("chain")) {
            Self::read(one).gather(all);
        }
    }

    /// How many messages get the result that it follows.
    pub(super) fn receivers(self) -> usize {
        let kwargs = |name: &str| self.kwargs.and_then(|kwargs| kwargs.get(name));
        let first = match self.container() {
            None => return usize::from(!self.immutable),
            Some("chain") => listed(kwargs("tasks")).get(..1).unwrap_or_default(),
            Some("chord") => match kwargs("header") {
                Some(group @ Value::Dict(_)) => return Self::read(group).receivers(),
                header => listed(header),
            },
            Some(_) => listed(kwargs("tasks")),
        };
        first.iter().map(|one| Self::read(one).receivers()).sum()
    }

    /// How many tasks this one and all that it embeds are.
    fn count(self) -> usize {
        let lists = ["link", "link_error", "chain"];
        let lists = lists.iter().flat_map(|name| listed(self.option(name)));
        let parts = self.parts().unwrap_or_default();
        let header = self.kwargs.and_then(|kwargs| kwargs.get("header"));
        let embedded = lists.chain(self.option("chord")).chain(parts);
        let embedded = embedded.chain(listed(header));
        1 + embedded.map(|one| Self::read(one).count()).sum::<usize>()
    }
}

pub(super) fn text(value: &Value) -> Option<&str> {
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
pub(super) fn listed(value: Option<&Value>) -> &[Value] {
    match value {
        None | Some(Value::Null) => &[],
        Some(Value::List(items)) => items,
        Some(one) => std::slice::from_ref(one),
    }
}
