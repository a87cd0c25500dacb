//! Celery's own messages (tests/fixtures/wire/messages), and ours against them, value by value.
//! Ids, tags and origins differ from run to run; times are made equal by a clock that stands where
//! Celery's stood.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use celeriac_core::{Capabilities, Outgoing, SendOptions, TaskOptions};
use celeriac_producer::Message;
use celeriac_protocol::{
    Compression, Dict, Limits, Serializer, Signature, UtcTime, Value, WireForm,
};

use crate::memory_broker::MemoryBroker;
use crate::support::{Parts, ints, text};

/// A fixture's first message.
pub(crate) struct Golden {
    pub(crate) sqs: Dict,
    pub(crate) envelope: Dict,
    pub(crate) payload: Value,
}

impl Golden {
    pub(crate) fn load(name: &str) -> Self {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
            .join(format!("../../tests/fixtures/wire/messages/{name}.json"));
        let text = std::fs::read(path).unwrap();
        let file = dict(Serializer::Json.load(&text, &Limits::default()).unwrap());
        let Value::List(messages) = file["messages"].clone() else {
            panic!("messages is a list")
        };
        let message = dict(messages[0].clone());
        let sqs = dict(message["sqs"].clone());
        let Value::Str(body) = &sqs["MessageBody"] else {
            panic!("MessageBody is a text")
        };
        let envelope = read_envelope(body);
        Self {
            payload: read_payload(&envelope),
            sqs,
            envelope,
        }
    }

    pub(crate) fn headers(&self) -> Dict {
        dict(self.envelope["headers"].clone())
    }

    /// The time the header has, `offset` before.
    pub(crate) fn clock(&self, header: &str, offset: Duration) -> UtcTime {
        let Value::Str(iso) = &self.headers()[header] else {
            panic!("{header} is a time")
        };
        UtcTime(UtcTime::parse(iso).unwrap().0 - i64::try_from(offset.as_micros()).unwrap())
    }
}

pub(crate) fn dict(value: Value) -> Dict {
    let Value::Dict(dict) = value else {
        panic!("not an object: {value:?}")
    };
    dict
}

pub(crate) fn read_envelope(body: &str) -> Dict {
    let json = BASE64_STANDARD.decode(body).unwrap();
    dict(Serializer::Json.load(&json, &Limits::default()).unwrap())
}

pub(crate) fn read_payload(envelope: &Dict) -> Value {
    let (Value::Str(body), Value::Str(content_type)) =
        (&envelope["body"], &envelope["content-type"])
    else {
        panic!("texts")
    };
    let mut bytes = BASE64_STANDARD.decode(body).unwrap();
    if let Some(Value::Str(mime)) = dict(envelope["headers"].clone()).get("compression") {
        bytes = Compression::from_name(mime)
            .unwrap()
            .decompress(&bytes, &Limits::default())
            .unwrap();
    }
    Serializer::from_name(content_type)
        .unwrap()
        .load(&bytes, &Limits::default())
        .unwrap()
}

/// Celery's tasks of these names, known to the sender.
pub(crate) fn proj(parts: Parts) -> Parts {
    ["add", "echo", "mul"].iter().fold(parts, |parts, name| {
        parts.task(&format!("proj.{name}"), TaskOptions::default())
    })
}

pub(crate) struct Sent {
    pub(crate) message: Message,
    pub(crate) outgoing: Outgoing,
}

pub(crate) fn build(parts: Parts, signature: Signature, options: SendOptions) -> Sent {
    let now = parts.now;
    let client = parts.client(Arc::new(MemoryBroker::default()));
    let message = client.builder().message(signature, options).unwrap();
    let outgoing = message
        .parcel(WireForm::Celery, now)
        .pack(&Capabilities::sqs(&message.queue), now);
    Sent { message, outgoing }
}

pub(crate) fn add(options: SendOptions) -> (Signature, SendOptions) {
    (
        Signature {
            args: ints([2, 3]),
            ..Signature::new("proj.add")
        },
        options,
    )
}

/// Values that differ from run to run; both sides have them, of the same type.
pub(crate) const OF_THE_RUN: [&str; 6] = [
    "lang",
    "id",
    "root_id",
    "origin",
    "reply_to",
    "delivery_tag",
];

pub(crate) fn compare(part: &str, ours: &Value, golden: &Value) {
    let (mut ours, mut golden) = (dict(ours.clone()), dict(golden.clone()));
    if part == "properties" {
        golden.insert("correlation_id".to_owned(), ours["correlation_id"].clone());
    } else {
        let keys = |dict: &Dict| dict.keys().cloned().collect::<Vec<_>>();
        assert_eq!(keys(&ours), keys(&golden), "the order of headers");
    }
    for name in OF_THE_RUN {
        if let Some(value) = golden.shift_remove(name) {
            let own = ours
                .shift_remove(name)
                .unwrap_or_else(|| panic!("{part}.{name} is missing"));
            assert_eq!(
                std::mem::discriminant(&own),
                std::mem::discriminant(&value),
                "{part}.{name}"
            );
        }
    }
    for (name, value) in &golden {
        assert_eq!(ours.get(name), Some(value), "{part}.{name}");
    }
    assert_eq!(
        ours.len(),
        golden.len(),
        "{part}: {ours:?} against {golden:?}"
    );
}

pub(crate) fn assert_golden(golden: &Golden, sent: &Sent) {
    let envelope = read_envelope(&sent.outgoing.body);
    for part in ["headers", "properties"] {
        compare(part, &envelope[part], &golden.envelope[part]);
    }
    for part in ["content-type", "content-encoding"] {
        assert_eq!(envelope[part], golden.envelope[part], "{part}");
    }
    assert_eq!(read_payload(&envelope), golden.payload);
    assert_eq!(
        sent.outgoing.group_id.as_deref().map(text),
        golden.sqs.get("MessageGroupId").cloned()
    );
    assert_eq!(
        dict(envelope["properties"].clone())["correlation_id"],
        text(sent.message.task_id())
    );
}

/// One call with Celery's keywords, as Celery sends it.
pub(crate) fn check(name: &str, (signature, options): (Signature, SendOptions)) -> Sent {
    let golden = Golden::load(name);
    let sent = build(proj(Parts::default()), signature, options);
    assert_golden(&golden, &sent);
    sent
}

pub(crate) fn check_at(name: &str, header: &str, offset: Duration, options: SendOptions) -> Sent {
    let golden = Golden::load(name);
    let parts = Parts {
        now: golden.clock(header, offset),
        ..Parts::default()
    };
    let (signature, options) = add(options);
    let sent = build(proj(parts), signature, options);
    assert_golden(&golden, &sent);
    sent
}
