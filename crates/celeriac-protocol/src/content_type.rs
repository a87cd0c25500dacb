use crate::{DecodeError, EncodeError, Limits, Value};

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
    /// The serializer for Celery's option name (`json`, `msgpack`, `yaml`) or content type. Pickle is an error that
    /// says how to switch the producer.
    pub fn from_name(_name: &str) -> Result<Self, DecodeError> { todo!() }
    /// The `content-type`.
    pub fn content_type(self) -> &'static str { todo!() }
    /// The `content-encoding`: `utf-8` or `binary`.
    pub fn content_encoding(self) -> &'static str { todo!() }
    /// Serializes one value.
    pub fn dump(self, _value: &Value) -> Result<Vec<u8>, EncodeError> { todo!() }
    /// Reads one value, bounded by `limits`.
    pub fn load(self, _bytes: &[u8], _limits: &Limits) -> Result<Value, DecodeError> { todo!() }
}
