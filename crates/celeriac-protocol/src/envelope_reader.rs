use std::borrow::Cow;

use base64_simd::STANDARD;

use crate::short_text::is_not;
use crate::{
    DecodeError, DecodeErrorKind, DeliveryInfo, Dict, Envelope, Headers, Limits, Properties, Value,
    json_reader::JsonReader, lenient_base64, part,
};

type Result<T> = std::result::Result<T, DecodeErrorKind>;

/// Reads a message body; `headers.task` and `headers.id` may still be missing from it.
pub(crate) fn read(body: &str, limits: &Limits) -> std::result::Result<Envelope, DecodeError> {
    limits.check_body(body.len())?;
    let text = outer_text(body);
    let mut parts = Parts::default();
    let result = parts.read(&text, limits).and_then(|()| parts.take_body());
    match result {
        Ok(body) => Ok(parts.envelope(body)),
        Err(kind) => Err(parts.headers.error(kind)),
    }
}

/// Kombu's rule: base64 if it is exactly that and decodes to text, otherwise as it is (SPEC 1.1).
fn outer_text(body: &str) -> Cow<'_, str> {
    let decoded = STANDARD.decode_to_vec(body.trim_ascii());
    match decoded.map(String::from_utf8) {
        Ok(Ok(text)) => Cow::Owned(text),
        _ => Cow::Borrowed(body),
    }
}

/// What has been read of an envelope so far.
#[derive(Debug, Default)]
struct Parts<'a> {
    body: Option<Cow<'a, str>>,
    content_type: Option<String>,
    content_encoding: Option<String>,
    headers: Headers,
    properties: Option<Properties>,
    extra: Dict,
    /// The first part of a wrong type. Reading goes on after it to find id and task.
    problem: Option<DecodeErrorKind>,
}

impl<'a> Parts<'a> {
    fn read(&mut self, text: &'a str, limits: &Limits) -> Result<()> {
        let mut json = JsonReader::new(text, limits);
        if json.peek() != Some(b'{') {
            return Err(not_an_envelope("it is not a JSON object"));
        }
        json.entries(|json, key| self.entry(json, key))
            .and_then(|()| json.end())
            .map_err(as_envelope_error)?;
        self.problem.take().map_or(Ok(()), Err)
    }

    fn entry(&mut self, json: &mut JsonReader<'a>, key: Cow<'a, str>) -> Result<()> {
        match key.as_ref() {
            "body" if json.peek() == Some(b'"') => self.body = Some(json.string()?),
            "headers" if json.peek() == Some(b'{') => return self.headers(json),
            "properties" if json.peek() == Some(b'{') => return self.properties(json),
            _ => {
                let value = json.value()?;
                let result = self.other_entry(key, value);
                self.note(result);
            }
        }
        Ok(())
    }

    fn other_entry(&mut self, key: Cow<'a, str>, value: Value) -> Result<()> {
        match key.as_ref() {
            "body" => self.body = part::text("body", value)?.map(Cow::Owned),
            "content-type" => self.content_type = part::text("content-type", value)?,
            "content-encoding" if !value.is_true() => self.content_encoding = None,
            "content-encoding" => self.content_encoding = part::text("content-encoding", value)?,
            "headers" => drop(part::dict_or_empty("headers", value)?),
            "properties" => drop(part::dict("properties", value)?),
            _ => {
                self.extra.insert(key.into_owned(), value);
            }
        }
        Ok(())
    }

    fn headers(&mut self, json: &mut JsonReader<'a>) -> Result<()> {
        self.headers = Headers::default();
        json.entries(|json, key| {
            let value = json.value()?;
            let result = self.headers.set(&key, value);
            self.note(result);
            Ok(())
        })
    }

    fn properties(&mut self, json: &mut JsonReader<'a>) -> Result<()> {
        let mut properties = Properties::default();
        let read = json.entries(|json, key| {
            if key == "delivery_info" && json.peek() == Some(b'{') {
                properties.delivery_info = DeliveryInfo::read_json(json)?;
                return Ok(());
            }
            let value = json.value()?;
            let result = properties.set(&key, value);
            self.note(result);
            Ok(())
        });
        self.properties = Some(properties);
        read
    }

    fn note(&mut self, result: Result<()>) {
        if let (None, Err(problem)) = (&self.problem, result) {
            self.problem = Some(problem);
        }
    }

    /// The payload bytes, without their base64.
    fn take_body(&mut self) -> Result<Vec<u8>> {
        let Some(properties) = &self.properties else {
            return Err(self.without_properties());
        };
        let encoding = properties.body_encoding.as_deref().unwrap_or_default();
        let body = self.body.take().ok_or(DecodeErrorKind::Missing("body"))?;
        if self.content_type.is_none() {
            return Err(DecodeErrorKind::Missing("content-type"));
        }
        if encoding.is_empty() || encoding.eq_ignore_ascii_case("utf-8") {
            return Ok(body.into_owned().into_bytes());
        }
        if encoding != "base64" {
            let reason = is_not(encoding, "`base64` or `utf-8`");
            return Err(DecodeErrorKind::invalid("properties.body_encoding", reason));
        }
        lenient_base64::decode(&body).map_err(|reason| DecodeErrorKind::invalid("body", reason))
    }

    fn without_properties(&self) -> DecodeErrorKind {
        if self.extra.contains_key("TopicArn") || self.extra.contains_key("Message") {
            return not_an_envelope(
                "it is an SNS notification: turn on raw message delivery for the subscription",
            );
        }
        DecodeErrorKind::Missing("properties")
    }

    fn envelope(self, body: Vec<u8>) -> Envelope {
        Envelope {
            headers: self.headers,
            properties: self.properties.unwrap_or_default(),
            content_type: self.content_type.unwrap_or_default(),
            content_encoding: self.content_encoding.unwrap_or_default(),
            body,
            extra: self.extra,
        }
    }
}

fn not_an_envelope(reason: impl Into<String>) -> DecodeErrorKind {
    DecodeErrorKind::NotAnEnvelope(reason.into())
}

fn as_envelope_error(kind: DecodeErrorKind) -> DecodeErrorKind {
    match kind {
        DecodeErrorKind::Malformed { .. } => not_an_envelope(kind.to_string()),
        other => other,
    }
}
