//! Serializers and compressions as settings.

use std::fmt;

use celeriac_protocol::{Compression, Serializer, Value};

use crate::setting_value::{SettingValue, expected};

impl SettingValue for Serializer {
    const KIND: &'static str = "`json`, `msgpack` or `yaml`";

    fn read(raw: Value) -> Result<Self, String> {
        match &raw {
            Value::Str(name) => Self::from_name(name).map_err(|_| {
                if name.contains("pickle") {
                    format!(
                        "pickle can run any code and is never read: use {}",
                        Self::KIND
                    )
                } else {
                    expected(Self::KIND, &raw)
                }
            }),
            other => Err(expected(Self::KIND, other)),
        }
    }

    fn raw(&self) -> Value {
        crate::send_option::OptionValue::write(self).unwrap_or_default()
    }

    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl SettingValue for Compression {
    const KIND: &'static str = "`gzip`, `bzip2`, `lzma`, `brotli` or `zstd`";

    fn read(raw: Value) -> Result<Self, String> {
        let known = match &raw {
            Value::Str(name) => Self::from_name(name),
            _ => None,
        };
        known.ok_or_else(|| expected(Self::KIND, &raw))
    }

    fn raw(&self) -> Value {
        crate::send_option::OptionValue::write(self).unwrap_or_default()
    }

    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}
