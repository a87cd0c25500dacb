use base64_simd::STANDARD;

use crate::{
    Compression, DecodeError, DecodeErrorKind, Dict, EncodeError, Headers, Limits, Payload,
    Properties, Serializer, Value, envelope_reader, json_writer::JsonWriter, protocol_v1,
    repr_args, repr_kwargs,
};

/// One Celery message as SQS carries it: headers, properties and the still serialized payload (SPEC
/// 1.1).
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
    /// Bare JSON outside; text payloads uncoded (`body_encoding: utf-8`), others in base64. About
    /// half the size.
    Compact,
    /// Bare JSON outside, base64 inside: what EventBridge Scheduler can put the time into, and
    /// cannot touch the arguments of.
    Bare,
}

impl Envelope {
    /// Reads a message body: base64 or bare JSON outside; base64, utf-8 or nothing inside.
    ///
    /// The error carries the task's id and name where they could be read.
    pub fn decode(body: &str, limits: &Limits) -> Result<Self, DecodeError> {
        Self::decode_outer(body, limits)?.identified(limits)
    }

    /// [`Envelope::decode`] up to where protocol 1 differs, whose task and id are in the payload:
    /// reading that may take a thousand times as long. [`Envelope::identified`] goes on.
    pub fn decode_outer(body: &str, limits: &Limits) -> Result<Self, DecodeError> {
        envelope_reader::read(body, limits)
    }

    /// Whether its headers have a task and an id.
    pub fn is_identified(&self) -> bool {
        !self.headers.task.is_empty() && !self.headers.id.is_empty()
    }

    /// With a task and an id. Protocol 1 becomes protocol 2, if its payload takes no more than 1 MiB
    /// decompressed and 8 MiB in memory: nobody has taken responsibility for it yet.
    pub fn identified(mut self, limits: &Limits) -> Result<Self, DecodeError> {
        if self.headers.task.is_empty() {
            let limits = protocol_v1::limits(limits);
            self.upgrade_v1(&limits).map_err(|kind| self.error(kind))?;
        }
        if self.headers.id.is_empty() {
            return Err(self.error(DecodeErrorKind::Missing("headers.id")));
        }
        Ok(self)
    }

    /// Bytes of the payload once it is decompressed, as far as the limits allow. Nothing is kept, and
    /// the time is that of decompressing.
    pub fn decompressed_len(&self, limits: &Limits) -> usize {
        let compression = self.headers.compression.as_deref();
        match compression.and_then(Compression::from_name) {
            Some(compression) => compression.decompressed_len(&self.body, limits),
            None => self.body.len(),
        }
    }

    /// Decompresses and deserializes the payload.
    pub fn payload(&self, limits: &Limits) -> Result<Payload, DecodeError> {
        self.read_payload(limits).map_err(|kind| self.error(kind))
    }

    /// Puts a payload in: serializes, compresses, and sets `body`, the content type and encoding
    /// and `headers.compression`.
    pub fn set_payload(
        &mut self,
        payload: &Payload,
        serializer: Serializer,
        compression: Option<Compression>,
    ) -> Result<(), EncodeError> {
        let bytes = payload.dump(serializer)?;
        self.body = match compression {
            Some(compression) => compression.compress(&bytes)?,
            None => bytes,
        };
        serializer.content_type().clone_into(&mut self.content_type);
        serializer
            .content_encoding()
            .clone_into(&mut self.content_encoding);
        self.headers.compression = compression.map(|compression| compression.mime().to_owned());
        Ok(())
    }

    /// A new envelope around a payload.
    pub fn new(
        headers: Headers,
        properties: Properties,
        payload: &Payload,
        serializer: Serializer,
        compression: Option<Compression>,
    ) -> Result<Self, EncodeError> {
        let mut envelope = Self {
            headers,
            properties,
            content_type: String::new(),
            content_encoding: String::new(),
            body: Vec::new(),
            extra: Dict::new(),
        };
        envelope.set_payload(payload, serializer, compression)?;
        Ok(envelope)
    }

    /// The same message with another payload, serialized and compressed as this one is.
    pub fn with_payload(
        mut self,
        headers: Headers,
        payload: &Payload,
    ) -> Result<Self, EncodeError> {
        let serializer = Serializer::from_name(&self.content_type);
        let serializer = serializer.map_err(|error| EncodeError(error.to_string()))?;
        let compression = headers
            .compression
            .as_deref()
            .and_then(Compression::from_name);
        self.headers = headers;
        self.set_payload(payload, serializer, compression)?;
        Ok(self)
    }

    /// The text for a message body.
    pub fn encode(&self, form: WireForm) -> String {
        match form {
            WireForm::Celery => STANDARD.encode_to_string(self.to_json(None)),
            WireForm::Compact => self.to_json(self.plain_body()),
            WireForm::Bare => self.to_json(None),
        }
    }

    /// The payload as text, if a receiver may have it so.
    fn plain_body(&self) -> Option<&str> {
        if self.headers.compression.is_some() || self.content_encoding == "binary" {
            return None;
        }
        std::str::from_utf8(&self.body).ok()
    }

    fn to_json(&self, plain_body: Option<&str>) -> String {
        let mut json = JsonWriter::with_capacity(1024 + self.body.len() * 4 / 3);
        json.object(|json| {
            json.key("body");
            match plain_body {
                Some(text) => json.string(text),
                None => json.plain_string(&STANDARD.encode_to_string(&self.body)),
            }
            json.text_entry("content-encoding", Some(&self.content_encoding));
            json.text_entry("content-type", Some(&self.content_type));
            json.key("headers");
            self.headers.write(json);
            json.key("properties");
            let body_encoding = plain_body.map_or("base64", |_| "utf-8");
            self.properties.write(json, body_encoding);
            for (key, value) in self.extra.iter().filter(|(key, _)| !is_known(key)) {
                json.entry(key, value);
            }
        });
        json.finish_anyway()
    }

    fn read_payload(&self, limits: &Limits) -> Result<Payload, DecodeErrorKind> {
        let serializer = Serializer::from_name(&self.content_type).map_err(|error| error.kind)?;
        if serializer == Serializer::Json {
            return self.read_body(limits, |bytes| Payload::read_json(bytes, limits));
        }
        self.payload_value(limits).and_then(Payload::read)
    }

    fn payload_value(&self, limits: &Limits) -> Result<Value, DecodeErrorKind> {
        let serializer = Serializer::from_name(&self.content_type).map_err(|error| error.kind)?;
        let load = |bytes: &[u8]| serializer.load(bytes, limits).map_err(|error| error.kind);
        self.read_body(limits, load)
    }

    /// Reads the payload's bytes, decompressed. As in kombu, those that cannot be decompressed may
    /// be what the header does not say: not compressed.
    fn read_body<T>(
        &self,
        limits: &Limits,
        read: impl Fn(&[u8]) -> Result<T, DecodeErrorKind>,
    ) -> Result<T, DecodeErrorKind> {
        let Some(name) = self
            .headers
            .compression
            .as_deref()
            .filter(|name| !name.is_empty())
        else {
            return read(&self.body);
        };
        let decompressed = Compression::required(name).and_then(|compression| {
            let bytes = compression.decompress(&self.body, limits);
            bytes.map_err(|error| error.kind)
        });
        match decompressed {
            Ok(bytes) => read(&bytes),
            Err(kind) => read(&self.body).map_err(|_| kind),
        }
    }

    /// Turns a message without a `task` header into protocol 2, if it is protocol 1.
    fn upgrade_v1(&mut self, limits: &Limits) -> Result<(), DecodeErrorKind> {
        let payload = self.payload_value(limits)?;
        let Value::Dict(mut object) = payload else {
            return Err(DecodeErrorKind::Missing("headers.task"));
        };
        if !protocol_v1::is_v1(&object) {
            return Err(DecodeErrorKind::Missing("headers.task"));
        }
        let payload = protocol_v1::take_payload(&mut object);
        protocol_v1::take_headers(object, &mut self.headers)?;
        let payload = payload?;
        self.headers.argsrepr = Some(repr_args(&payload.args));
        self.headers.kwargsrepr = Some(repr_kwargs(&payload.kwargs));
        self.set_payload(&payload, Serializer::Json, None)
            .map_err(|error| DecodeErrorKind::invalid("payload", error.0))
    }

    fn error(&self, kind: DecodeErrorKind) -> DecodeError {
        self.headers.error(kind)
    }
}

fn is_known(key: &str) -> bool {
    matches!(
        key,
        "body" | "content-encoding" | "content-type" | "headers" | "properties"
    )
}
