//! Messages against Celery's own (tests/fixtures/wire/messages), value by value. Ids, tags and origins differ from run to
//! run; times are made equal by a clock that stands where Celery's stood.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use celeriac_core::{Capabilities, Outgoing, SendOptions, TaskOptions, TaskSignature};
use celeriac_producer::Message;
use celeriac_protocol::{
    Compression, Dict, Limits, Serializer, Signature, UtcTime, Value, WireForm,
};

use crate::memory_broker::MemoryBroker;
use crate::support::{Parts, ints, keywords, text};

/// A fixture's first message.
struct Golden {
    sqs: Dict,
    envelope: Dict,
    payload: Value,
}

impl Golden {
    fn load(name: &str) -> Self {
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

    fn headers(&self) -> Dict {
        dict(self.envelope["headers"].clone())
    }

    /// The time the header has, `offset` before.
    fn clock(&self, header: &str, offset: Duration) -> UtcTime {
        let Value::Str(iso) = &self.headers()[header] else {
            panic!("{header} is a time")
        };
        UtcTime(UtcTime::parse(iso).unwrap().0 - i64::try_from(offset.as_micros()).unwrap())
    }
}

fn dict(value: Value) -> Dict {
    let Value::Dict(dict) = value else {
        panic!("not an object: {value:?}")
    };
    dict
}

fn read_envelope(body: &str) -> Dict {
    let json = BASE64_STANDARD.decode(body).unwrap();
    dict(Serializer::Json.load(&json, &Limits::default()).unwrap())
}

fn read_payload(envelope: &Dict) -> Value {
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
fn proj(parts: Parts) -> Parts {
    ["add", "echo", "mul"].iter().fold(parts, |parts, name| {
        parts.task(&format!("proj.{name}"), TaskOptions::default())
    })
}

struct Sent {
    message: Message,
    outgoing: Outgoing,
}

fn build(parts: Parts, signature: Signature, options: SendOptions) -> Sent {
    let now = parts.now;
    let client = parts.client(Arc::new(MemoryBroker::default()));
    let message = client.builder().message(signature, options).unwrap();
    let outgoing = message.outgoing(WireForm::Celery, &Capabilities::sqs(&message.queue), now);
    Sent { message, outgoing }
}

fn add(options: SendOptions) -> (Signature, SendOptions) {
    (
        Signature {
            args: ints([2, 3]),
            ..Signature::new("proj.add")
        },
        options,
    )
}

/// Values that differ from run to run; both sides have them, of the same type.
const OF_THE_RUN: [&str; 6] = [
    "lang",
    "id",
    "root_id",
    "origin",
    "reply_to",
    "delivery_tag",
];

fn compare(part: &str, ours: &Value, golden: &Value) {
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

fn assert_golden(golden: &Golden, sent: &Sent) {
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
fn check(name: &str, (signature, options): (Signature, SendOptions)) -> Sent {
    let golden = Golden::load(name);
    let sent = build(proj(Parts::default()), signature, options);
    assert_golden(&golden, &sent);
    sent
}

#[test]
fn plain_and_keyword_arguments() {
    check("delay_positional", add(SendOptions::default()));
    let kwargs = Dict::from([
        ("x".to_owned(), Value::Int(2)),
        ("y".to_owned(), Value::Int(3)),
    ]);
    check(
        "delay_kwargs",
        (
            Signature {
                kwargs,
                ..Signature::new("proj.add")
            },
            SendOptions::default(),
        ),
    );
    check(
        "delay_mixed_noargs",
        (Signature::new("proj.echo"), SendOptions::default()),
    );
    let kwargs = Dict::from([("k".to_owned(), text("日本語"))]);
    let args = vec![text("héllo ✓ 😀 \u{2028}")];
    check(
        "unicode",
        (
            Signature {
                args,
                kwargs,
                ..Signature::new("proj.echo")
            },
            SendOptions::default(),
        ),
    );
}

#[test]
fn a_task_unknown_here_leaves_ignore_result_to_the_receiver() {
    let golden = Golden::load("send_task_by_name");
    let kwargs = Dict::from([("k".to_owned(), text("v"))]);
    let signature = Signature {
        args: ints([1]),
        kwargs,
        ..Signature::new("other.remote_task")
    };
    // Python shows the list that `send_task` was given; arguments are a tuple to us
    let options = SendOptions {
        argsrepr: Some("[1]".to_owned()),
        ..SendOptions::default()
    };
    let sent = build(Parts::default(), signature, options);
    assert_golden(&golden, &sent);
    assert_eq!(sent.message.envelope.headers.ignore_result, None);
}

#[test]
fn simple_options() {
    check("priority", add(keywords([("priority", Value::Int(7))])));
    check("shadow", add(keywords([("shadow", text("pretty-name"))])));
    check("reply_to", add(keywords([("reply_to", text("my-reply"))])));
    check(
        "retries_option",
        add(keywords([("retries", Value::Int(3))])),
    );
    check(
        "routing_key_option",
        add(keywords([("routing_key", text("some.key"))])),
    );
    check(
        "time_limits",
        add(keywords([
            ("time_limit", Value::Int(30)),
            ("soft_time_limit", Value::Int(20)),
        ])),
    );
    check(
        "ignore_result_option",
        add(keywords([("ignore_result", Value::Bool(true))])),
    );
    let headers = Dict::from([
        ("x-tenant".to_owned(), text("acme")),
        ("n".to_owned(), Value::Int(5)),
    ]);
    check(
        "headers_custom",
        add(keywords([("headers", Value::Dict(headers))])),
    );
    let sent = check("queue_option", add(keywords([("queue", text("high"))])));
    assert_eq!(sent.message.queue, "high");
    let sent = check(
        "queue_name_mangling",
        add(keywords([("queue", text("my.app:queue"))])),
    );
    assert_eq!(sent.message.queue, "my.app:queue");
}

#[test]
fn task_id() {
    let id = "11111111-1111-4111-8111-111111111111";
    let signature = Signature {
        args: ints([1, 2]),
        ..Signature::new("proj.add")
    };
    let sent = check(
        "task_id_custom",
        (signature, keywords([("task_id", text(id))])),
    );
    assert_eq!(
        (
            sent.message.task_id(),
            sent.message.envelope.headers.root_id.as_deref()
        ),
        (id, Some(id))
    );
}

#[test]
fn options_unknown_to_us_become_properties() {
    let extra = [
        ("user_id", text("u1")),
        ("app_id", text("svc")),
        ("message_id", text("m1")),
        ("expiration", Value::Int(30)),
    ];
    check("unknown_option", add(keywords(extra)));
}

#[test]
fn stamps() {
    let headers = Dict::from([("mystamp".to_owned(), text("v"))]);
    let names = Value::List(vec![text("mystamp")]);
    let options = keywords([
        ("stamped_headers", names),
        ("headers", Value::Dict(headers)),
        ("mystamp", text("v")),
    ]);
    check(
        "stamped_options",
        (
            Signature {
                args: ints([1, 2]),
                ..Signature::new("proj.add")
            },
            options,
        ),
    );
    let stamps = Dict::from([
        ("tenant".to_owned(), text("acme")),
        ("trace".to_owned(), Value::List(vec![text("a"), text("b")])),
    ]);
    let options = SendOptions {
        stamps,
        ..SendOptions::default()
    };
    check(
        "stamped",
        (
            Signature {
                args: ints([1, 2]),
                ..Signature::new("proj.add")
            },
            options,
        ),
    );
}

#[test]
fn callbacks() {
    let mul = || Signature {
        args: ints([10]),
        ..Signature::new("proj.mul")
    };
    check(
        "link",
        add(SendOptions {
            link: vec![mul()],
            ..SendOptions::default()
        }),
    );
    let echo = Signature {
        args: vec![text("done")],
        immutable: true,
        ..Signature::new("proj.echo")
    };
    let on_error = |args| Signature {
        args,
        ..Signature::new("proj.on_error")
    };
    let options = SendOptions {
        link: vec![mul(), echo],
        link_error: vec![on_error(vec![]), on_error(vec![text("extra")])],
        ..SendOptions::default()
    };
    check("link_many_and_error", add(options));
}

#[test]
fn a_chain_and_a_chord_part() {
    let golden = Golden::load("chord");
    let Value::List(payload) = &golden.payload else {
        panic!("a list")
    };
    let body = dict(payload[2].clone())["chord"].clone();
    let group = golden.headers()["group"].clone();
    let options = keywords([
        ("chord", body),
        ("group_id", group),
        ("group_index", Value::Int(0)),
    ]);
    check(
        "chord",
        (
            Signature {
                args: ints([0, 0]),
                ..Signature::new("proj.add")
            },
            options,
        ),
    );
    let golden = Golden::load("chain_two");
    let Value::List(payload) = &golden.payload else {
        panic!("a list")
    };
    check(
        "chain_two",
        add(keywords([(
            "chain",
            dict(payload[2].clone())["chain"].clone(),
        )])),
    );
}

fn check_at(name: &str, header: &str, offset: Duration, options: SendOptions) -> Sent {
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

#[test]
fn countdown_and_eta() {
    let seconds = Duration::from_secs;
    let sent = check_at(
        "countdown_short",
        "eta",
        seconds(10),
        keywords([("countdown", Value::Int(10))]),
    );
    assert_eq!(sent.outgoing.delay, seconds(10));
    let sent = check_at(
        "countdown_over_900",
        "eta",
        seconds(3600),
        keywords([("countdown", Value::Int(3600))]),
    );
    assert_eq!(
        sent.outgoing.delay,
        seconds(900),
        "the longest of SQS; the worker that gets it sends it on"
    );
    let sent = check_at(
        "eta_utc",
        "eta",
        Duration::from_millis(1500),
        keywords([("eta", text("2027-01-02T03:04:05.678901+00:00"))]),
    );
    assert_eq!(
        sent.outgoing.delay,
        seconds(2),
        "rounded up, so that it does not arrive early"
    );
    check(
        "eta_utc_no_micros",
        add(keywords([("eta", text("2027-01-02T03:04:05+00:00"))])),
    );
    let options = keywords([("countdown", Value::Int(5)), ("expires", Value::Int(10))]);
    check_at("eta_and_expires", "eta", seconds(5), options);
    let past = check(
        "eta_utc_no_micros",
        add(keywords([("eta", text("2027-01-02T03:04:05Z"))])),
    );
    assert_eq!(past.outgoing.delay, Duration::ZERO);
}

#[test]
fn expires() {
    check_at(
        "expires_int",
        "expires",
        Duration::from_mins(1),
        keywords([("expires", Value::Int(60))]),
    );
    check_at(
        "expires_float",
        "expires",
        Duration::from_millis(1500),
        keywords([("expires", Value::Float(1.5))]),
    );
}

#[test]
fn an_expiry_in_the_past_is_sent() {
    let (signature, options) = add(keywords([("expires", text("2020-01-01T00:00:00+00:00"))]));
    let sent = build(proj(Parts::default()), signature, options);
    assert_eq!(
        sent.message.envelope.headers.expires.as_deref(),
        Some("2020-01-01T00:00:00+00:00")
    );
    assert_eq!(sent.message.envelope.properties.expiration, Some(text("0")));
}

#[test]
fn a_tasks_own_options() {
    let golden = Golden::load("task_defaults");
    let options = TaskOptions {
        queue: Some("limited".to_owned()),
        priority: Some(5),
        expires: Some(Duration::from_mins(2)),
        time_limit: Some(Duration::from_mins(1)),
        soft_time_limit: Some(Duration::from_secs(50)),
        ..TaskOptions::default()
    };
    let parts = Parts {
        now: golden.clock("expires", Duration::from_mins(2)),
        ..Parts::default()
    }
    .task("proj.limited", options);
    let sent = build(
        parts,
        Signature::new("proj.limited"),
        SendOptions::default(),
    );
    assert_golden(&golden, &sent);

    let ignoring = TaskOptions {
        ignore_result: Some(true),
        ..TaskOptions::default()
    };
    let sent = build(
        Parts::default().task("proj.noresult", ignoring),
        Signature::new("proj.noresult"),
        SendOptions::default(),
    );
    assert_golden(&Golden::load("ignore_result_task"), &sent);
}

#[test]
fn native_delays() {
    let delay = |sent: &Sent| sent.outgoing.delay.as_secs();
    let sent = check(
        "delay_seconds_property",
        add(keywords([("delay_seconds", Value::Int(30))])),
    );
    assert_eq!(delay(&sent), 30);
    let sent = check(
        "DelaySeconds_property",
        add(keywords([("DelaySeconds", Value::Int(30))])),
    );
    assert_eq!(delay(&sent), 30);
    let sent = check(
        "delay_seconds_clamped",
        add(keywords([("delay_seconds", Value::Int(5000))])),
    );
    assert_eq!(delay(&sent), 900);
    for wrong in [Value::Int(-1), text("soon"), Value::List(vec![])] {
        let (signature, options) = add(keywords([("delay_seconds", wrong)]));
        assert_eq!(delay(&build(Parts::default(), signature, options)), 0);
    }
}

#[test]
fn fifo() {
    let sent = check(
        "fifo_default",
        add(keywords([("queue", text("orders.fifo"))])),
    );
    assert_eq!(
        sent.outgoing.dedup_id.as_deref(),
        Some(sent.message.task_id())
    );
    let ids = [
        ("queue", text("orders.fifo")),
        ("MessageGroupId", text("customer-1")),
        ("MessageDeduplicationId", text("dedup-1")),
    ];
    let sent = check("fifo_explicit", add(keywords(ids)));
    assert_eq!(sent.outgoing.dedup_id.as_deref(), Some("dedup-1"));
    let options = keywords([
        ("queue", text("orders.fifo")),
        ("countdown", Value::Int(30)),
    ]);
    let sent = check_at("fifo_countdown", "eta", Duration::from_secs(30), options);
    assert_eq!(
        sent.outgoing.delay,
        Duration::ZERO,
        "FIFO queues know no delay of one message"
    );
    let sent = check(
        "fair_queue_group",
        add(keywords([("MessageGroupId", text("tenant-1"))])),
    );
    assert_eq!(sent.outgoing.dedup_id, None, "standard queues refuse one");
}

#[test]
fn message_attributes_leave_the_body() {
    let golden = Golden::load("message_attributes");
    let options = keywords([(
        "message_attributes",
        golden.sqs["MessageAttributes"].clone(),
    )]);
    let sent = check("message_attributes", add(options));
    assert_eq!(
        sent.outgoing.attributes.get("tenant").map(String::as_str),
        Some("acme")
    );
}

#[test]
fn compressions_and_serializers() {
    let letters = || Signature {
        args: vec![text(&"a".repeat(200))],
        ..Signature::new("proj.echo")
    };
    for name in ["gzip", "bzip2", "lzma", "brotli", "zstd"] {
        check(
            &format!("compression_{name}"),
            (letters(), keywords([("compression", text(name))])),
        );
    }
    let args = vec![
        Value::Int(1),
        text("a"),
        Value::Bytes(b"raw".to_vec()),
        Value::List(vec![Value::Float(1.5), Value::Null]),
    ];
    check(
        "serializer_msgpack",
        (
            Signature {
                args,
                ..Signature::new("proj.echo")
            },
            keywords([("serializer", text("msgpack"))]),
        ),
    );

    let mut parts = proj(Parts::default());
    parts.settings.task_compression = Some("gzip".to_owned());
    parts.settings.task_serializer = "msgpack".to_owned();
    assert_golden(
        &Golden::load("compression_conf"),
        &build(parts, letters(), SendOptions::default()),
    );
}

#[test]
fn a_typed_call_is_the_same_message() {
    let (call, options) = TaskSignature::<i64>::new("proj.add")
        .arg(2)
        .arg(3)
        .into_parts()
        .unwrap();
    check("delay_positional", (call, options));
}

#[test]
fn the_compact_form_is_bare_json() {
    let (signature, options) = add(SendOptions::default());
    let sent = build(proj(Parts::default()), signature, options);
    let body = sent.message.envelope.encode(WireForm::Compact);
    assert!(
        body.starts_with('{') && body.len() * 4 < sent.outgoing.body.len() * 3,
        "{body}"
    );
}
