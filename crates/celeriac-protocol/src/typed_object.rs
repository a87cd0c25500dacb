//! Python's typed objects in JSON: exactly `{"__type__": t, "__value__": v}` (SPEC 8).

use base64_simd::STANDARD;

use crate::short_text::{is_not, shown};
use crate::{DecodeErrorKind, Dict, Value, lenient_base64, python_text};

const TYPE: &str = "__type__";
const VALUE: &str = "__value__";

/// Whether Python would read this object as a typed one.
pub(crate) fn is_typed(entries: &Dict) -> bool {
    entries.len() == 2 && entries.contains_key(TYPE) && entries.contains_key(VALUE)
}

/// The value of an object: itself, or what the typed object stands for.
pub(crate) fn resolve(mut entries: Dict) -> Result<Value, DecodeErrorKind> {
    if !is_typed(&entries) {
        return Ok(Value::Dict(entries));
    }
    let value = entries.swap_remove(VALUE).unwrap_or_default();
    match entries.swap_remove(TYPE) {
        Some(Value::Str(name)) => read(&name, value),
        other => Err(invalid(format!(
            "the type's name is a {}",
            other.unwrap_or_default().type_name()
        ))),
    }
}

fn read(name: &str, value: Value) -> Result<Value, DecodeErrorKind> {
    match name {
        "datetime" => checked(name, value, python_text::is_datetime).map(Value::DateTime),
        "date" => date(value).map(Value::Date),
        "time" => checked(name, value, python_text::is_time).map(Value::Time),
        "decimal" => decimal(value).map(Value::Decimal),
        "uuid" => uuid(value).map(Value::Uuid),
        "bytes" => text(name, value).map(|text| Value::Bytes(text.into_bytes())),
        "base64" => base64_bytes(name, value),
        _ => Err(invalid(format!("unsupported type `{}`", shown(name)))),
    }
}

fn text(name: &str, value: Value) -> Result<String, DecodeErrorKind> {
    match value {
        Value::Str(text) => Ok(text),
        other => Err(invalid(format!(
            "a {name} is a text, not {}",
            other.type_name()
        ))),
    }
}

fn checked(
    name: &str,
    value: Value,
    is_valid: fn(&str) -> bool,
) -> Result<String, DecodeErrorKind> {
    let text = text(name, value)?;
    if is_valid(&text) {
        Ok(text)
    } else {
        Err(invalid(is_not(&text, &format!("a {name}"))))
    }
}

/// Python reads a datetime here as well, and leaves the time out.
fn date(value: Value) -> Result<String, DecodeErrorKind> {
    let mut text = checked("date", value, python_text::is_datetime)?;
    text.truncate(python_text::date_length(&text));
    Ok(text)
}

fn decimal(value: Value) -> Result<String, DecodeErrorKind> {
    match value {
        Value::Int(number) => Ok(number.to_string()),
        Value::BigInt(number) => Ok(number.to_string()),
        other => checked("decimal", other, python_text::is_decimal),
    }
}

fn uuid(value: Value) -> Result<String, DecodeErrorKind> {
    match value {
        Value::Dict(mut entries) if entries.len() == 1 => match entries.swap_remove("hex") {
            Some(Value::Str(hex)) => {
                python_text::uuid_hex(&hex).ok_or_else(|| invalid(is_not(&hex, "a uuid")))
            }
            _ => Err(invalid("a uuid is an object with the key `hex`")),
        },
        other => Err(invalid(format!(
            "a uuid is an object with the key `hex`, not {}",
            other.type_name()
        ))),
    }
}

fn base64_bytes(name: &str, value: Value) -> Result<Value, DecodeErrorKind> {
    let text = text(name, value)?;
    lenient_base64::decode(&text)
        .map(Value::Bytes)
        .map_err(invalid)
}

fn invalid(reason: impl Into<String>) -> DecodeErrorKind {
    DecodeErrorKind::invalid(TYPE, reason)
}

/// How a typed value is written.
pub(crate) enum Typed<'a> {
    /// Type name and text.
    Text(&'static str, &'a str),
    /// Type name and text made for it.
    Made(&'static str, String),
    /// The hex digits of a `uuid`.
    Uuid(&'a str),
}

/// The typed object for a value; nothing for plain JSON values.
pub(crate) fn typed(value: &Value) -> Option<Typed<'_>> {
    Some(match value {
        Value::DateTime(text) => time(text, Typed::Text("datetime", text)),
        Value::Date(text) => Typed::Text("date", text),
        Value::Time(text) => time(text, Typed::Text("time", text)),
        Value::Decimal(text) => Typed::Text("decimal", text),
        Value::Uuid(hex) => Typed::Uuid(hex),
        Value::Bytes(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => Typed::Text("bytes", text),
            Err(_) => Typed::Made("base64", STANDARD.encode_to_string(bytes)),
        },
        _ => return None,
    })
}

/// Python before 3.11 reads no `Z`, and 3 or 6 fraction digits only; times of Rust's libraries have
/// the one and 9.
fn time<'a>(text: &str, typed: Typed<'a>) -> Typed<'a> {
    match python_text::portable_time(text) {
        Some(portable) => Typed::Made(typed.name(), portable),
        None => typed,
    }
}

impl Typed<'_> {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Text(name, _) | Self::Made(name, _) => name,
            Self::Uuid(_) => "uuid",
        }
    }

    /// Whether Python can make the object from this text.
    pub(crate) fn check(&self) -> Result<(), String> {
        let (is_valid, text) = match self {
            Self::Text(name, text) => (is_valid(name, text), *text),
            Self::Made(name, text) => (is_valid(name, text), text.as_str()),
            Self::Uuid(text) => (python_text::uuid_hex(text).is_some(), *text),
        };
        if is_valid {
            Ok(())
        } else {
            Err(is_not(text, &format!("a {}", self.name())))
        }
    }
}

fn is_valid(name: &str, text: &str) -> bool {
    match name {
        "datetime" => python_text::is_datetime(text),
        "date" => python_text::is_date(text),
        "time" => python_text::is_time(text),
        "decimal" => python_text::is_decimal(text),
        _ => true,
    }
}
