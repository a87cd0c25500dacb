//! Wrappers that give Python a real `datetime`, `Decimal` and so on in arguments and results.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::short_text::is_not;
use crate::{EncodeError, Value, ValueError, python_text};

// What the wrappers are called inside of serde; `to_value` and `from_value` know these names.
pub(crate) const DATE_TIME: &str = "$celeriac::DateTime";
pub(crate) const DATE: &str = "$celeriac::Date";
pub(crate) const TIME: &str = "$celeriac::Time";
pub(crate) const DECIMAL: &str = "$celeriac::Decimal";
pub(crate) const UUID: &str = "$celeriac::Uuid";
pub(crate) const BIG_INT: &str = "$celeriac::BigInt";

/// A `datetime.datetime`, in ISO form with or without an offset: `2027-01-02T03:04:05+00:00`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename = "$celeriac::DateTime")]
pub struct PyDateTime(pub String);

/// A `datetime.date`: `2027-01-02`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename = "$celeriac::Date")]
pub struct PyDate(pub String);

/// A `datetime.time`: `03:04:05.000006`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename = "$celeriac::Time")]
pub struct PyTime(pub String);

/// A `decimal.Decimal`: `1.10`, `1E+5`, `NaN`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename = "$celeriac::Decimal")]
pub struct PyDecimal(pub String);

/// A `uuid.UUID`, with or without dashes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename = "$celeriac::Uuid")]
pub struct PyUuid(pub String);

/// A `bytes`. (A plain `Vec<u8>` is a list of numbers to serde, and so to Python.)
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PyBytes(pub Vec<u8>);

impl Serialize for PyBytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for PyBytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_byte_buf(BytesVisitor).map(Self)
    }
}

struct BytesVisitor;

impl<'de> de::Visitor<'de> for BytesVisitor {
    type Value = Vec<u8>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("bytes")
    }

    fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
        Ok(bytes.to_owned())
    }

    fn visit_byte_buf<E: de::Error>(self, bytes: Vec<u8>) -> Result<Vec<u8>, E> {
        Ok(bytes)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Vec<u8>, E> {
        Ok(text.as_bytes().to_owned())
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut items: A) -> Result<Vec<u8>, A::Error> {
        let mut bytes = Vec::new();
        while let Some(byte) = items.next_element()? {
            bytes.push(byte);
        }
        Ok(bytes)
    }
}

/// The typed value for a wrapper's name and content; any other newtype is its content.
pub(crate) fn from_plain(name: &str, content: Value) -> Result<Value, EncodeError> {
    let Value::Str(text) = content else {
        return Ok(content);
    };
    let checked = |is_valid: bool, kind: &str, make: fn(String) -> Value, text: String| {
        if is_valid {
            Ok(make(text))
        } else {
            Err(EncodeError(is_not(&text, kind)))
        }
    };
    match name {
        DATE_TIME => checked(
            python_text::is_datetime(&text),
            "a datetime",
            Value::DateTime,
            text,
        ),
        DATE => checked(python_text::is_date(&text), "a date", Value::Date, text),
        TIME => checked(python_text::is_time(&text), "a time", Value::Time, text),
        DECIMAL => checked(
            python_text::is_decimal(&text),
            "a decimal",
            Value::Decimal,
            text,
        ),
        UUID => match python_text::uuid_hex(&text) {
            Some(hex) => Ok(Value::Uuid(hex)),
            None => Err(EncodeError(is_not(&text, "a uuid"))),
        },
        BIG_INT => text
            .parse()
            .map(Value::BigInt)
            .map_err(|ValueError(problem)| EncodeError(problem)),
        _ => Ok(Value::Str(text)),
    }
}
