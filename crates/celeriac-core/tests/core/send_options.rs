use std::time::Duration;

use celeriac_core::{MessageOptions, SendOptions};
use celeriac_protocol::{Compression, Dict, Serializer, Signature, UtcTime, Value};

use crate::{dict, text};

fn everything() -> SendOptions {
    SendOptions {
        task_id: Some("id".to_owned()),
        countdown: Some(Duration::from_millis(1_500)),
        expires: Some(Duration::from_secs(60)),
        queue: Some("mail".to_owned()),
        routing_key: Some("key".to_owned()),
        priority: Some(3),
        headers: dict([("x", Value::Int(1))]),
        time_limit: Some(Duration::from_secs(300)),
        soft_time_limit: Some(Duration::from_secs(240)),
        ignore_result: Some(true),
        shadow: Some("shown".to_owned()),
        serializer: Some(Serializer::Msgpack),
        compression: Some(Compression::Xz),
        link: vec![Signature {
            task: "next".to_owned(),
            ..Signature::default()
        }],
        link_error: vec![Signature {
            task: "oops".to_owned(),
            immutable: true,
            ..Signature::default()
        }],
        chain: Some(vec![Signature {
            task: "step".to_owned(),
            ..Signature::default()
        }]),
        chord: Some(Box::new(Signature {
            task: "body".to_owned(),
            ..Signature::default()
        })),
        group_id: Some("group".to_owned()),
        group_index: Some(2),
        root_id: Some("root".to_owned()),
        parent_id: Some("parent".to_owned()),
        replaced_task_nesting: Some(1),
        reply_to: Some("nobody".to_owned()),
        retries: Some(2),
        argsrepr: Some("(1,)".to_owned()),
        kwargsrepr: Some("{}".to_owned()),
        stamps: dict([("tenant", text("blue"))]),
        message_group_id: Some("tenant-1".to_owned()),
        message_deduplication_id: Some("dedup".to_owned()),
        message_attributes: [("kind".to_owned(), "mail".to_owned())].into(),
        extra: dict([("user_id", Value::Int(7))]),
        ..SendOptions::default()
    }
}

#[test]
fn celerys_form_and_back() {
    let options = everything();
    assert_eq!(SendOptions::from_dict(&options.to_dict()).unwrap(), options);
    let at = UtcTime(1_800_000_000_000_000);
    let options = SendOptions {
        eta: Some(at),
        expires_at: Some(at),
        ..SendOptions::default()
    };
    assert_eq!(SendOptions::from_dict(&options.to_dict()).unwrap(), options);
    assert!(SendOptions::default().to_dict().is_empty());
}

#[test]
fn numbers_are_seconds_and_whole_ones_stay_whole() {
    let written = everything().to_dict();
    assert_eq!(
        (&written["countdown"], &written["expires"]),
        (&Value::Float(1.5), &Value::Int(60))
    );
    let read = SendOptions::from_dict(&dict([
        ("countdown", Value::Int(-5)),
        ("time_limit", Value::Int(3)),
    ]))
    .unwrap();
    assert_eq!(
        (read.countdown, read.time_limit),
        (Some(Duration::ZERO), Some(Duration::from_secs(3)))
    );
}

#[test]
fn forms_that_python_writes_are_read() {
    let read = SendOptions::from_dict(&dict([
        (
            "eta",
            Value::DateTime("2027-01-02T03:04:05+00:00".to_owned()),
        ),
        ("expires", text("2027-01-02T03:04:05Z")),
        (
            "queue",
            Value::Dict(dict([
                ("name", text("mail")),
                ("durable", Value::Bool(true)),
            ])),
        ),
        ("link", Value::Dict(dict([("task", text("next"))]))),
        ("link_error", Value::Null),
        ("producer", text("python's own")),
        (
            "stamped_headers",
            Value::List(vec![text("tenant"), text("from_header")]),
        ),
        ("tenant", text("blue")),
        (
            "headers",
            Value::Dict(dict([("from_header", Value::Int(1))])),
        ),
        (
            "message_attributes",
            Value::Dict(dict([
                (
                    "a",
                    Value::Dict(dict([
                        ("DataType", text("String")),
                        ("StringValue", text("b")),
                    ])),
                ),
                ("c", text("d")),
            ])),
        ),
    ]))
    .unwrap();
    assert_eq!(read.eta, read.expires_at);
    assert_eq!(
        (read.queue.as_deref(), read.link[0].task.as_str()),
        (Some("mail"), "next")
    );
    assert_eq!(
        read.stamps,
        dict([("tenant", text("blue")), ("from_header", Value::Int(1))])
    );
    assert_eq!(
        read.message_attributes
            .into_iter()
            .collect::<Vec<_>>()
            .len(),
        2
    );
    assert_eq!(read.extra, Dict::new());
}

#[test]
fn wrong_options_are_named() {
    let error = |name, value| SendOptions::from_dict(&dict([(name, value)])).unwrap_err();
    assert_eq!(
        error("countdown", text("soon")),
        "option `countdown`: expected a number of seconds, got str 'soon'"
    );
    assert_eq!(
        error("priority", Value::Int(-1)),
        "option `priority`: expected a priority from 0 to 9, got int -1"
    );
    assert_eq!(
        error("queue", Value::Int(1)),
        "option `queue`: expected str, got int 1"
    );
    assert!(error("eta", text("tomorrow")).starts_with("option `eta`: "));
    assert!(error("serializer", text("pickle")).contains("pickle"));
    assert!(error("compression", text("rar")).contains("`rar`"));
    assert!(error("countdown", Value::Float(f64::INFINITY)).contains("`countdown`"));
}

#[test]
fn options_on_top_win() {
    let at = UtcTime(1);
    let over = SendOptions {
        eta: Some(at),
        queue: Some("urgent".to_owned()),
        headers: dict([("x", Value::Int(2)), ("y", Value::Int(3))]),
        ..SendOptions::default()
    };
    let both = everything().overlaid(over);
    assert_eq!(
        (both.queue.as_deref(), both.priority),
        (Some("urgent"), Some(3))
    );
    assert_eq!(
        (both.countdown, both.eta),
        (None, Some(at)),
        "one time, not two"
    );
    assert_eq!(both.expires, Some(Duration::from_secs(60)));
    assert_eq!(
        both.headers,
        dict([("x", Value::Int(2)), ("y", Value::Int(3))])
    );
    assert_eq!(everything().overlaid(SendOptions::default()), everything());
    assert_eq!(SendOptions::default().overlaid(everything()), everything());
}

/// Each takes some hundred bytes, of which a small message could ask for a hundred megabytes.
#[test]
fn options_of_a_message_have_so_many_signatures_and_no_more() {
    let of = |count| {
        let links = Value::List(vec![Value::Int(1); count]);
        MessageOptions::read(&Dict::from([("link".to_owned(), links)]))
    };
    assert_eq!(of(10_000).unwrap().options.link.len(), 10_000);
    let error = of(10_001).unwrap_err();
    assert!(
        error.contains("option `link`: number of signatures"),
        "{error}"
    );
}
