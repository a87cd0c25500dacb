use crate::{DecodeError, DecodeErrorKind, EncodeError, Limits, Value, json_reader, json_writer};

/// A serializer of Celery (SPEC 1.6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Serializer {
    /// `application/json`, with Python's extensions (SPEC 8).
    #[default]
    Json,
    /// `application/x-msgpack`.
    Msgpack,
    /// `application/x-yaml`.
    Yaml,
}

impl Serializer {
    /// The serializer for Celery's option name (`json`, `msgpack`, `yaml`) or content type. Pickle
    /// is an error that says how to switch the producer.
    pub fn from_name(name: &str) -> Result<Self, DecodeError> {
        match name {
            "json" | "application/json" => Ok(Self::Json),
            "msgpack" | "application/x-msgpack" => Ok(Self::Msgpack),
            "yaml" | "application/x-yaml" => Ok(Self::Yaml),
            "pickle" | "application/x-python-serialize" => Err(DecodeErrorKind::Pickle.into()),
            other => Err(DecodeErrorKind::Unsupported(
                other.to_owned(),
                "it is none of json, msgpack and yaml",
            )
            .into()),
        }
    }

    /// The `content-type`.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Msgpack => "application/x-msgpack",
            Self::Yaml => "application/x-yaml",
        }
    }

    /// The `content-encoding`: `utf-8` or `binary`.
    pub fn content_encoding(self) -> &'static str {
        match self {
            Self::Json | Self::Yaml => "utf-8",
            Self::Msgpack => "binary",
        }
    }

    /// Serializes one value.
    pub fn dump(self, value: &Value) -> Result<Vec<u8>, EncodeError> {
        match self {
            Self::Json => json_writer::write(value).map(String::into_bytes),
            #[cfg(feature = "msgpack")]
            Self::Msgpack => crate::msgpack_writer::write(value),
            #[cfg(feature = "yaml")]
            Self::Yaml => crate::yaml_writer::write(value).map(String::into_bytes),
            #[allow(unreachable_patterns, reason = "reached without the feature")]
            other => Err(EncodeError(other.unsupported().to_string())),
        }
    }

    /// Reads one value, bounded by `limits`.
    pub fn load(self, bytes: &[u8], limits: &Limits) -> Result<Value, DecodeError> {
        let loaded = match self {
            Self::Json => json_reader::read(bytes, limits),
            #[cfg(feature = "msgpack")]
            Self::Msgpack => crate::msgpack_reader::read(bytes, limits),
            #[cfg(feature = "yaml")]
            Self::Yaml => crate::yaml_reader::read(bytes, limits),
            #[allow(unreachable_patterns, reason = "reached without the feature")]
            other => Err(other.unsupported()),
        };
        Ok(loaded?)
    }

    fn unsupported(self) -> DecodeErrorKind {
        let hint = match self {
            Self::Json => "json is always built in",
            Self::Msgpack => "turn on the feature `msgpack` of celeriac",
            Self::Yaml => "turn on the feature `yaml` of celeriac",
        };
        DecodeErrorKind::Unsupported(self.content_type().to_owned(), hint)
    }
}
