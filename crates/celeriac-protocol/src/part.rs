//! Reads the typed parts of a message out of wire values; the errors name the part.

use crate::{DecodeErrorKind, Dict, Signature, Value};

type Result<T> = std::result::Result<T, DecodeErrorKind>;

fn wrong<T>(part: &'static str, expected: &str, value: &Value) -> Result<T> {
    let reason = format!("expected {expected}, got {}", value.type_name());
    Err(DecodeErrorKind::invalid(part, reason))
}

/// A text or nothing.
pub(crate) fn text(part: &'static str, value: Value) -> Result<Option<String>> {
    match value {
        Value::Null => Ok(None),
        Value::Str(text) => Ok(Some(text)),
        other => wrong(part, "str", &other),
    }
}

/// A task's name. Celery sends numbers and such, too; whoever receives them knows no such task.
pub(crate) fn name(part: &'static str, value: Value) -> Result<String> {
    match value {
        Value::Str(name) => Ok(name),
        Value::Null => Ok("None".to_owned()),
        Value::Bool(true) => Ok("True".to_owned()),
        Value::Bool(false) => Ok("False".to_owned()),
        Value::Int(number) => Ok(number.to_string()),
        Value::BigInt(number) => Ok(number.to_string()),
        Value::Float(number) => Ok(crate::python_float::repr(number)),
        other => wrong(part, "str", &other),
    }
}

/// A time's text or nothing: YAML and typed JSON have real times.
pub(crate) fn time(part: &'static str, value: Value) -> Result<Option<String>> {
    match value {
        Value::DateTime(text) | Value::Date(text) => Ok(Some(text)),
        other => text(part, other),
    }
}

/// An integer or nothing.
pub(crate) fn int(part: &'static str, value: Value) -> Result<Option<i64>> {
    match value {
        Value::Null => Ok(None),
        Value::Int(number) => Ok(Some(number)),
        other => wrong(part, "int", &other),
    }
}

/// A count: what is none, such as a text, is 0, as it is where Celery does not look at it.
pub(crate) fn count(value: &Value) -> u32 {
    match value {
        Value::Bool(flag) => u32::from(*flag),
        Value::Int(number) => u32::try_from((*number).max(0)).unwrap_or(u32::MAX),
        Value::Float(number) => *number as u32, // NaN is 0; what is out of range ends there
        _ => 0,
    }
}

/// A list.
pub(crate) fn list(part: &'static str, value: Value) -> Result<Vec<Value>> {
    match value {
        Value::List(items) => Ok(items),
        other => wrong(part, "list", &other),
    }
}

/// A dict.
pub(crate) fn dict(part: &'static str, value: Value) -> Result<Dict> {
    match value {
        Value::Dict(entries) => Ok(entries),
        other => wrong(part, "dict", &other),
    }
}

/// A dict; anything else that is false in Python is an empty one, such as PHP's `[]`.
pub(crate) fn dict_or_empty(part: &'static str, value: Value) -> Result<Dict> {
    match value {
        Value::Dict(entries) => Ok(entries),
        value if !value.is_true() => Ok(Dict::new()),
        other => dict(part, other),
    }
}

/// Positional arguments: a list, or what Python makes a list of.
pub(crate) fn args(part: &'static str, value: Value) -> Result<Vec<Value>> {
    match value {
        Value::List(items) => Ok(items),
        Value::Str(_) | Value::Dict(_) | Value::Bytes(_) => {
            Ok(value.into_items().unwrap_or_default())
        }
        other => wrong(part, "list", &other),
    }
}

/// The texts of a list; anything else has none.
pub(crate) fn texts(value: Value) -> Option<Vec<String>> {
    let Value::List(items) = value else {
        return None;
    };
    let text = |item| match item {
        Value::Str(text) => Some(text),
        _ => None,
    };
    Some(items.into_iter().filter_map(text).collect())
}

/// `[hard, soft]` in seconds. What is no number of seconds limits nothing.
pub(crate) fn timelimit(part: &'static str, value: Value) -> Result<(Option<f64>, Option<f64>)> {
    if !value.is_true() {
        return Ok((None, None));
    }
    let pair = value.into_items().map(<[Value; 2]>::try_from);
    match pair {
        Some(Ok([hard, soft])) => Ok((seconds(&hard), seconds(&soft))),
        _ => Err(DecodeErrorKind::invalid(part, "expected `[hard, soft]`")),
    }
}

fn seconds(value: &Value) -> Option<f64> {
    value
        .as_f64()
        .filter(|seconds| seconds.is_finite() && *seconds >= 0.0)
}

/// What is to be sent at an end, if anything is.
pub(crate) fn signatures(value: Value) -> Result<Option<Vec<Signature>>> {
    let given = Some(value).filter(Value::is_true);
    given.map(Signature::bounded_list).transpose()
}
