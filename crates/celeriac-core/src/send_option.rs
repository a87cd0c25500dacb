//! The values of options: as a signature's `options` have them, and one over another.

use std::collections::BTreeMap;
use std::time::Duration;

use celeriac_protocol::{Compression, Dict, Serializer, Signature, UtcTime, Value};

type Result<T> = std::result::Result<T, String>;

/// A value in Celery's form.
pub(crate) trait OptionValue: Sized {
    /// The value, unless it is of another type.
    fn read(value: &Value) -> Result<Self>;
    /// As Celery has it; `None` for what is not given.
    fn write(&self) -> Option<Value>;
}

/// A value that may be given in several places.
pub(crate) trait Overlay {
    /// This one, with what only `under` has.
    #[must_use]
    fn over(self, under: Self) -> Self;
}

impl<T: OptionValue> OptionValue for Option<T> {
    fn read(value: &Value) -> Result<Self> {
        T::read(value).map(Some)
    }
    fn write(&self) -> Option<Value> {
        self.as_ref().and_then(T::write)
    }
}

impl<T> Overlay for Option<T> {
    fn over(self, under: Self) -> Self {
        self.or(under)
    }
}

impl OptionValue for String {
    fn read(value: &Value) -> Result<Self> {
        match value {
            Value::Str(text) | Value::Uuid(text) => Ok(text.clone()),
            other => Err(expected("str", other)),
        }
    }
    fn write(&self) -> Option<Value> {
        Some(Value::Str(self.clone()))
    }
}

/// Seconds.
impl OptionValue for Duration {
    fn read(value: &Value) -> Result<Self> {
        let wrong = || expected("a number of seconds", value);
        let seconds = value.as_f64().ok_or_else(wrong)?;
        // a countdown in the past is now, as in Celery
        Self::try_from_secs_f64(seconds.max(0.0)).map_err(|_| wrong())
    }
    /// Whole seconds as `int`, as Python people write them.
    fn write(&self) -> Option<Value> {
        Some(match i64::try_from(self.as_secs()) {
            Ok(seconds) if self.subsec_nanos() == 0 => Value::Int(seconds),
            _ => Value::Float(self.as_secs_f64()),
        })
    }
}

impl OptionValue for UtcTime {
    fn read(value: &Value) -> Result<Self> {
        match value {
            Value::Str(text) | Value::DateTime(text) | Value::Date(text) => {
                Self::parse(text).map_err(|error| error.to_string())
            }
            other => Err(expected("an ISO-8601 time", other)),
        }
    }
    fn write(&self) -> Option<Value> {
        Some(Value::Str(self.to_iso()))
    }
}

impl OptionValue for bool {
    fn read(value: &Value) -> Result<Self> {
        match value {
            Value::Bool(yes) => Ok(*yes),
            other => Err(expected("bool", other)),
        }
    }
    fn write(&self) -> Option<Value> {
        Some(Value::Bool(*self))
    }
}

impl OptionValue for i64 {
    fn read(value: &Value) -> Result<Self> {
        value.as_i64().ok_or_else(|| expected("int", value))
    }
    fn write(&self) -> Option<Value> {
        Some(Value::Int(*self))
    }
}

/// A number of retries.
impl OptionValue for u32 {
    fn read(value: &Value) -> Result<Self> {
        Self::try_from(i64::read(value)?).map_err(|_| expected("a number of retries", value))
    }
    fn write(&self) -> Option<Value> {
        i64::from(*self).write()
    }
}

/// A priority. Celery takes any number and clamps nothing; brokers know 0 to 9, and 255 on some.
impl OptionValue for u8 {
    fn read(value: &Value) -> Result<Self> {
        Self::try_from(i64::read(value)?).map_err(|_| expected("a priority from 0 to 9", value))
    }
    fn write(&self) -> Option<Value> {
        i64::from(*self).write()
    }
}

impl OptionValue for Serializer {
    fn read(value: &Value) -> Result<Self> {
        Self::from_name(&String::read(value)?).map_err(|error| error.to_string())
    }
    fn write(&self) -> Option<Value> {
        let name = match self {
            Self::Json => "json",
            Self::Msgpack => "msgpack",
            Self::Yaml => "yaml",
        };
        Some(Value::Str(name.to_owned()))
    }
}

impl OptionValue for Compression {
    fn read(value: &Value) -> Result<Self> {
        let name = String::read(value)?;
        Self::from_name(&name)
            .ok_or_else(|| format!("`{name}` is none of `gzip`, `bzip2`, `lzma`, `brotli`, `zstd`"))
    }
    fn write(&self) -> Option<Value> {
        let name = match self {
            Self::Gzip => "gzip",
            Self::Bzip2 => "bzip2",
            Self::Xz => "lzma",
            Self::Brotli => "brotli",
            Self::Zstd => "zstd",
        };
        Some(Value::Str(name.to_owned()))
    }
}

impl OptionValue for Box<Signature> {
    fn read(value: &Value) -> Result<Self> {
        signature(value).map(Self::new)
    }
    fn write(&self) -> Option<Value> {
        Some(self.to_value())
    }
}

/// One alone stands for a list of one.
impl OptionValue for Vec<Signature> {
    fn read(value: &Value) -> Result<Self> {
        match value {
            Value::List(list) => list.iter().map(signature).collect(),
            one => Ok(vec![signature(one)?]),
        }
    }
    fn write(&self) -> Option<Value> {
        let list = || Value::List(self.iter().map(Signature::to_value).collect());
        (!self.is_empty()).then(list)
    }
}

/// Callbacks replace callbacks.
impl Overlay for Vec<Signature> {
    fn over(self, under: Self) -> Self {
        if self.is_empty() { under } else { self }
    }
}

impl OptionValue for Dict {
    fn read(value: &Value) -> Result<Self> {
        match value {
            Value::Dict(dict) => Ok(dict.clone()),
            other => Err(expected("dict", other)),
        }
    }
    fn write(&self) -> Option<Value> {
        (!self.is_empty()).then(|| Value::Dict(self.clone()))
    }
}

/// By name.
impl Overlay for Dict {
    fn over(self, mut under: Self) -> Self {
        under.extend(self);
        under
    }
}

/// SQS message attributes in boto's form,
/// `{"name": {"DataType": "String", "StringValue": "text"}}`; plain texts are read too.
impl OptionValue for BTreeMap<String, String> {
    fn read(value: &Value) -> Result<Self> {
        let read = |(name, value): (String, Value)| {
            let text = value.get("StringValue").unwrap_or(&value);
            match String::read(text) {
                Ok(text) => Ok((name, text)),
                Err(reason) => Err(format!("`{name}`: {reason}")),
            }
        };
        Dict::read(value)?.into_iter().map(read).collect()
    }
    fn write(&self) -> Option<Value> {
        let boto = |(name, text): (&String, &String)| {
            let attribute = Dict::from([
                ("DataType".to_owned(), Value::Str("String".to_owned())),
                ("StringValue".to_owned(), Value::Str(text.clone())),
            ]);
            (name.clone(), Value::Dict(attribute))
        };
        (!self.is_empty()).then(|| Value::Dict(self.iter().map(boto).collect()))
    }
}

/// By name.
impl Overlay for BTreeMap<String, String> {
    fn over(self, mut under: Self) -> Self {
        under.extend(self);
        under
    }
}

fn signature(value: &Value) -> Result<Signature> {
    Signature::from_value(value.clone()).map_err(|error| error.to_string())
}

pub(crate) fn expected(what: &str, value: &Value) -> String {
    format!("expected {what}, got {}", value.describe())
}
