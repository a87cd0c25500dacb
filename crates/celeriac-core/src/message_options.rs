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
        let plain = given
            .iter()
            .filter_map(|(name, value)| Some((name.clone(), usable(name, value)?)));
        let options = SendOptions::from_dict(&plain.collect())?;
        let given = |name: &str| given.get(name).filter(|value| !value.is_null());
        let signatures = |name: &str, value: Option<&Value>| {
            let list = value.map(|value| Signature::list_from_message(value.clone()));
            list.transpose()
                .map_err(|error| format!("option `{name}`: {error}"))
        };
        let chord = given("chord").filter(|value| value.is_true());
        Ok(Self {
            priority: given("priority").and_then(Value::as_i64),
            eta: given("eta")
                .and_then(Value::as_str)
                .filter(|text| is_no_time(text))
                .map(str::to_owned),
            options: SendOptions {
                link: signatures("link", given("link"))?.unwrap_or_default(),
                link_error: signatures("link_error", given("link_error"))?.unwrap_or_default(),
                chain: signatures("chain", given("chain").filter(|value| value.is_true()))?,
                chord: chord.map(|value| Box::new(Signature::from_message(value.clone()))),
                ..options
            },
        })
    }
}

fn is_no_time(text: &str) -> bool {
    !text.is_empty() && UtcTime::parse(text).is_err()
}

/// The value in the type that the option has, if Celery does not pass over it.
fn usable(name: &str, value: &Value) -> Option<Value> {
    match name {
        _ if value.is_null() => None,
        "link" | "link_error" | "chain" | "chord" | "exchange" | "priority" => None,
        "eta" if !value.is_true() || value.as_str().is_some_and(is_no_time) => None,
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
