//! The options of a signature that came in a message, as Celery's `apply_async` takes them there:
//! what it passes over is passed over. `tests/fixtures/wire/interop/celery_reads.jsonl` has what
//! Celery does with each option and each type.

use celeriac_protocol::{Dict, Signature, UtcTime, Value};

use crate::SendOptions;

/// Where a value is no text, there is none.
const TEXTS: &[&str] = &[
    "argsrepr",
    "correlation_id",
    "group",
    "group_id",
    "kwargsrepr",
    "origin",
    "parent_id",
    "reply_to",
    "root_id",
    "routing_key",
    "shadow",
    "task_id",
];

/// Options of a signature that came in a message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MessageOptions {
    /// All but those below.
    pub options: SendOptions,
    /// Any number: Celery hands it on, and SQS has no priorities.
    pub priority: Option<i64>,
    /// A text for `eta` that is no time: whoever receives the message refuses it.
    pub eta: Option<String>,
}

impl MessageOptions {
    /// Reads them. The error names the option; Celery cannot send such a task either.
    pub fn read(given: &Dict) -> Result<Self, String> {
        let (mut read, mut plain) = (Self::default(), Dict::with_capacity(given.len()));
        let (mut link, mut link_error, mut chain, mut chord) = (None, None, None, None);
        for (name, value) in given.iter().filter(|(_, value)| !value.is_null()) {
            match name.as_str() {
                "link" => link = Some(signatures(value)),
                "link_error" => link_error = Some(signatures(value)),
                "chain" if value.is_true() => chain = Some(signatures(value)),
                "chord" if value.is_true() => chord = Some(signature(value)),
                "priority" => read.priority = value.as_i64(),
                "eta" => read.set_eta(value, &mut plain),
                name => drop(usable(name, value).map(|value| plain.insert(name.to_owned(), value))),
            }
        }
        read.options = SendOptions {
            link: link.unwrap_or_default(),
            link_error: link_error.unwrap_or_default(),
            chain,
            chord: chord.map(Box::new),
            ..SendOptions::from_dict(&plain)?
        };
        Ok(read)
    }

    fn set_eta(&mut self, value: &Value, plain: &mut Dict) {
        match value {
            Value::Str(text) if !text.is_empty() && UtcTime::parse(text).is_err() => {
                self.eta = Some(text.clone());
            }
            value if value.is_true() => drop(plain.insert("eta".to_owned(), value.clone())),
            _ => {}
        }
    }
}

/// The value in the type that the option has, if Celery does not pass over it.
fn usable(name: &str, value: &Value) -> Option<Value> {
    match name {
        "link" | "link_error" | "chain" | "chord" | "exchange" => None,
        "ignore_result" => Some(Value::Bool(value.is_true())),
        "time_limit" | "soft_time_limit" => {
            value
                .as_f64()
                .filter(|seconds| (0.0..1e15).contains(seconds))?;
            Some(value.clone())
        }
        "retries" => {
            let retries = value.as_i64().and_then(|number| u32::try_from(number).ok());
            retries.map(Value::from)
        }
        "group_index" | "replaced_task_nesting" => value.as_i64().map(Value::Int),
        "expires" | "countdown" if *value == Value::Bool(true) => Some(Value::Int(1)),
        "expires" if *value == Value::Bool(false) => Some(Value::Int(0)),
        "countdown" | "queue" | "serializer" | "compression" | "headers" | "stamped_headers"
            if !value.is_true() =>
        {
            None
        }
        name if TEXTS.contains(&name) => match value {
            Value::Str(text) if !text.is_empty() => Some(value.clone()),
            Value::Uuid(_) => Some(value.clone()),
            _ => None,
        },
        _ => Some(value.clone()),
    }
}

/// One alone stands for a list of one.
fn signatures(value: &Value) -> Vec<Signature> {
    match value {
        Value::List(items) => items.iter().map(signature).collect(),
        one => vec![signature(one)],
    }
}

fn signature(value: &Value) -> Signature {
    Signature::from_message(value.clone())
}
