//! Calls, and the messages that Celery makes of the same calls.

use std::time::Duration;

use celeriac_core::{SendOptions, TaskOptions, TaskSignature};
use celeriac_protocol::{Compression, Dict, Serializer, Signature, Value, WireForm};

use crate::golden::{Golden, add, assert_golden, build, check, dict, proj};
use crate::support::{Parts, ints, keywords, text};

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
    parts.settings.task_compression = Some(Compression::Gzip);
    parts.settings.task_serializer = Serializer::Msgpack;
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
