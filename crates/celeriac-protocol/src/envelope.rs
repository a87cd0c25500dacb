use crate::{DecodeError, Dict, EncodeError, Headers, Limits, Payload, Properties, Serializer, Compression};

/// One Celery message as SQS carries it: headers, properties and the still serialized payload (SPEC 1.1).
#[derive(Clone, Debug, PartialEq)]
pub struct Envelope {
    /// The task's headers.
    pub headers: Headers,
    /// Delivery properties.
    pub properties: Properties,
    /// `content-type` as it came. Protocol 1 messages are turned into protocol 2 on reading.
    pub content_type: String,
    /// `content-encoding` as it came.
    pub content_encoding: String,
    /// The payload bytes: serialized, compressed if `headers.compression` says so, without base64.
    pub body: Vec<u8>,
    /// Envelope keys this version does not know.
    pub extra: Dict,
}

/// How an envelope is written into a message body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WireForm {
    /// Celery's own form: base64 outside and inside. Every Celery from 5.3 on reads it.
    #[default]
    Celery,
    /// Bare JSON outside; text payloads uncoded (`body_encoding: utf-8`), others in base64. About half the size.
    Compact,
}

impl Envelope {
    /// Reads a message body: base64 or bare JSON outside; base64, utf-8 or nothing inside.
    ///
    /// The error carries the task's id and name where they could be read.
    pub fn decode(_body: &str, _limits: &Limits) -> Result<Self, DecodeError> { todo!() }

    /// Decompresses and deserializes the payload.
    pub fn payload(&self, _limits: &Limits) -> Result<Payload, DecodeError> { todo!() }

    /// Puts a payload in: serializes, compresses, and sets `body`, the content type and encoding and
    /// `headers.compression`.
    pub fn set_payload(&mut self, _payload: &Payload, _serializer: Serializer, _compression: Option<Compression>) -> Result<(), EncodeError> { todo!() }

    /// A new envelope around a payload.
    pub fn new(_headers: Headers, _properties: Properties, _payload: &Payload, _serializer: Serializer, _compression: Option<Compression>) -> Result<Self, EncodeError> { todo!() }

    /// The text for a message body.
    pub fn encode(&self, _form: WireForm) -> String { todo!() }
}
