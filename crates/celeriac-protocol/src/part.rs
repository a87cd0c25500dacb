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

/// A count; nothing is 0.
pub(crate) fn count(part: &'static str, value: Value) -> Result<u32> {
    let number = int(part, value)?.unwrap_or(0);
    u32::try_from(number)
        .map_err(|_| DecodeErrorKind::invalid(part, format!("{number} is out of range")))
}

/// A flag or nothing.
pub(crate) fn flag(part: &'static str, value: Value) -> Result<Option<bool>> {
    match value {
        Value::Null => Ok(None),
        Value::Bool(flag) => Ok(Some(flag)),
        other => wrong(part, "bool", &other),
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

/// A dict; nothing is an empty one.
pub(crate) fn dict_or_empty(part: &'static str, value: Value) -> Result<Dict> {
    match value {
        Value::Null => Ok(Dict::new()),
        other => dict(part, other),
    }
}

/// A list of texts or nothing.
pub(crate) fn texts(part: &'static str, value: Value) -> Result<Option<Vec<String>>> {
    if value.is_null() {
        return Ok(None);
    }
    let texts = list(part, value)?.into_iter().map(|item| match item {
        Value::Str(text) => Ok(text),
        other => wrong(part, "a list of str", &other),
    });
    texts.collect::<Result<_>>().map(Some)
}

/// `[hard, soft]` in seconds; absent, null and empty mean no limits.
pub(crate) fn timelimit(part: &'static str, value: Value) -> Result<(Option<f64>, Option<f64>)> {
    if value.is_null() {
        return Ok((None, None));
    }
    match list(part, value)?.as_slice() {
        [] => Ok((None, None)),
        [hard, soft] => Ok((seconds(part, hard)?, seconds(part, soft)?)),
        _ => Err(DecodeErrorKind::invalid(part, "expected `[hard, soft]`")),
    }
}

fn seconds(part: &'static str, value: &Value) -> Result<Option<f64>> {
    match value {
        Value::Null => Ok(None),
        Value::Int(_) | Value::Float(_) => {
            let seconds = value
                .as_f64()
                .filter(|seconds| seconds.is_finite() && *seconds >= 0.0);
            seconds
                .map(Some)
                .ok_or_else(|| DecodeErrorKind::invalid(part, "not a number of seconds"))
        }
        other => wrong(part, "a number of seconds", other),
    }
}

/// A list of signatures or nothing; a single one stands for a list of one.
pub(crate) fn signatures(part: &'static str, value: Value) -> Result<Option<Vec<Signature>>> {
    match value {
        Value::Null => Ok(None),
        Value::Dict(_) => signature(part, value).map(|one| one.map(|one| vec![one])),
        other => {
            let items = list(part, other)?.into_iter();
            let signatures = items.map(|item| Signature::read(part, item));
            signatures.collect::<Result<_>>().map(Some)
        }
    }
}

/// A signature or nothing.
pub(crate) fn signature(part: &'static str, value: Value) -> Result<Option<Signature>> {
    if value.is_null() {
        return Ok(None);
    }
    Signature::read(part, value).map(Some)
}
