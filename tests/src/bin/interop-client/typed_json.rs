//! Celery's typed JSON, by the codecs that messages and results go through.

use celeriac::Value;
use celeriac_protocol::{
    Envelope, Headers, Limits, Payload, Properties, ResultCodec, ResultMeta, Serializer, State,
};

/// Reads `[args, kwargs, embed]`.
pub(crate) fn read(text: String) -> anyhow::Result<Payload> {
    let empty = Payload::default();
    let mut envelope = Envelope::new(
        Headers::default(),
        Properties::default(),
        &empty,
        Serializer::Json,
        None,
    )?;
    envelope.body = text.into_bytes();
    Ok(envelope.payload(&Limits::default())?)
}

/// Reads one value.
pub(crate) fn read_value(text: &str) -> anyhow::Result<Value> {
    Ok(Serializer::Json.load(text.as_bytes(), &Limits::default())?)
}

/// Writes a value: the `result` of a stored result that holds it.
pub(crate) fn write(value: Value) -> anyhow::Result<String> {
    let meta = ResultMeta::new("id", State::Success, value);
    let text = String::from_utf8(ResultCodec::default().encode(&meta)?)?;
    Ok(text)
}
