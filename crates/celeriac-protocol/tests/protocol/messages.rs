//! Every message that real Celery sent is read, written again, and read as the same.
#![cfg(feature = "full")]
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use base64::{Engine as _, engine::general_purpose::STANDARD};
use celeriac_protocol::{DecodeErrorKind, Envelope, Limits, Payload, Serializer, Value, WireForm};

use crate::wire::{self, comparable, fixture, fixtures, holds, list, message_bodies, value};

fn decode(name: &str, body: &str) -> Envelope {
    Envelope::decode(body, &Limits::default()).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The messages of this name whose payload Python's default worker refuses as well.
fn is_refused(name: &str) -> bool {
    matches!(name, "serializer_pickle" | "json_type_lookalike")
}

#[test]
fn every_message_is_read() {
    let bodies = message_bodies();
    assert!(bodies.len() > 200, "{}", bodies.len());
    for (name, body) in bodies {
        let payload = decode(&name, &body).payload(&Limits::default());
        assert_eq!(payload.is_err(), is_refused(&name), "{name}: {payload:?}");
    }
}

#[test]
fn pickle_is_refused_with_a_hint_and_the_task() {
    let file = fixture("messages/serializer_pickle");
    let envelope = decode(
        "pickle",
        file["messages"][0]["sqs"]["MessageBody"].as_str().unwrap(),
    );
    let error = envelope.payload(&Limits::default()).unwrap_err();
    assert_eq!(error.kind, DecodeErrorKind::Pickle);
    assert_eq!(error.task.as_deref(), Some("proj.echo"));
    assert_eq!(error.task_id, Some(envelope.headers.id));
    assert!(error.kind.to_string().contains("task_serializer = 'json'"));
}

#[test]
fn what_is_written_is_read_as_the_same() {
    for (name, body) in message_bodies() {
        let first = decode(&name, &body);
        for form in [WireForm::Celery, WireForm::Compact, WireForm::Bare] {
            let mut second = decode(&name, &first.encode(form));
            let encoding = first.properties.body_encoding.clone();
            second.properties.body_encoding = encoding;
            assert_eq!(first, second, "{name} as {form:?}");
        }
    }
}

/// What Python sees: the envelope's JSON, key by key.
#[test]
fn python_sees_the_same_headers_and_properties() {
    for (name, file) in fixtures("messages") {
        for message in list(&file, "messages") {
            let body = message["sqs"]["MessageBody"].as_str().unwrap();
            if wire::is_cut(body) || name == "protocol_v1" {
                continue;
            }
            let written = STANDARD
                .decode(decode(&name, body).encode(WireForm::Celery))
                .unwrap();
            let written = value(std::str::from_utf8(&written).unwrap());
            let text = message["decoded"]["envelope_text"].as_str().unwrap();
            if text.ends_with("...") {
                continue;
            }
            let captured = value(text);
            for part in ["headers", "content-type", "content-encoding"] {
                assert_eq!(written.get(part), captured.get(part), "{name}: {part}");
            }
            let mut captured = captured
                .get("properties")
                .unwrap()
                .as_dict()
                .unwrap()
                .clone();
            captured.insert("body_encoding".to_owned(), "base64".into());
            assert_eq!(
                written.get("properties"),
                Some(&Value::Dict(captured)),
                "{name}"
            );
        }
    }
}

/// What Python's msgpack and PyYAML's `safe_dump` refuse.
fn is_refused_by(serializer: Serializer, value: &Value) -> bool {
    match serializer {
        Serializer::Json => false,
        Serializer::Yaml => holds(value, |value| {
            matches!(value, Value::Time(_) | Value::Decimal(_) | Value::Uuid(_))
        }),
        Serializer::Msgpack => holds(value, |value| match value {
            Value::BigInt(number) => number.as_str().parse::<u64>().is_err(),
            Value::Time(_) | Value::Decimal(_) | Value::Uuid(_) => true,
            other => matches!(other, Value::DateTime(_) | Value::Date(_)),
        }),
    }
}

#[test]
fn payloads_survive_every_serializer_that_can_hold_them() {
    let bodies = message_bodies().into_iter();
    for (name, body) in bodies.filter(|(name, _)| !is_refused(name)) {
        let payload = decode(&name, &body).payload(&Limits::default()).unwrap();
        let value = payload.to_value();
        for serializer in [Serializer::Json, Serializer::Msgpack, Serializer::Yaml] {
            let dumped = serializer.dump(&value);
            if is_refused_by(serializer, &value) {
                assert!(dumped.is_err(), "{name}: {serializer:?}");
                continue;
            }
            let read = serializer
                .load(&dumped.unwrap(), &Limits::default())
                .unwrap();
            assert_eq!(
                comparable(read.clone()),
                comparable(value.clone()),
                "{name}: {serializer:?}"
            );
            assert_eq!(
                Payload::from_value(read).unwrap().args.len(),
                payload.args.len()
            );
        }
    }
}

/// The captured payload texts are what was read out of the two layers of base64.
#[test]
fn payloads_are_the_captured_ones() {
    for (name, file) in fixtures("messages") {
        for message in list(&file, "messages") {
            let (Some(text), false) = (
                message["decoded"]["payload_text"].as_str(),
                is_refused(&name),
            ) else {
                continue;
            };
            let is_json = message["decoded"]["envelope"]["content-type"] == "application/json";
            let body = message["sqs"]["MessageBody"].as_str().unwrap();
            if !is_json || wire::is_cut(body) || name == "protocol_v1" {
                continue;
            }
            let payload = decode(&name, body).payload(&Limits::default()).unwrap();
            assert_eq!(
                comparable(payload.to_value()),
                comparable(value(text)),
                "{name}"
            );
        }
    }
}
