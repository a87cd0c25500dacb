//! Envelopes made by hand: what Python accepts is accepted, what is not names its part, task and
//! id.
#![cfg(feature = "full")]
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use base64::{Engine as _, engine::general_purpose::STANDARD};
use celeriac_protocol::{
    Compression, DecodeError, DecodeErrorKind, Dict, Envelope, Headers, Limits, Payload,
    Properties, Serializer, UtcTime, Value, WireForm,
};

use crate::wire::{fixture, list, value};

fn decode(body: &str) -> Result<Envelope, DecodeError> {
    Envelope::decode(body, &Limits::default())
}

fn read(body: &str) -> Result<(Envelope, Payload), DecodeError> {
    let envelope = decode(body)?;
    let payload = envelope.payload(&Limits::default())?;
    Ok((envelope, payload))
}

/// A message with these headers and this payload, both JSON.
fn message(headers: &str, payload: impl AsRef<[u8]>) -> String {
    let body = STANDARD.encode(payload);
    format!(
        r#"{{"body": "{body}", "content-encoding": "utf-8", "content-type": "application/json",
            "headers": {headers}, "properties": {{"body_encoding": "base64"}}}}"#
    )
}

fn kind(headers: &str, payload: &str) -> DecodeErrorKind {
    read(&message(headers, payload)).unwrap_err().kind
}

#[test]
fn hand_made_messages_are_read_where_python_reads_them() {
    for row in list(&fixture("interop/worker_accepts"), "rows") {
        let case = row["case"].as_str().unwrap();
        let text = match row["envelope"].as_str() {
            // Cut at 500 characters when it was captured: the last brace.
            Some(text) if case == "compact_json" => format!("{text}}}"),
            Some(text) => text.to_owned(),
            None => row["envelope"].to_string(),
        };
        let body = if row["outer"] == "b64" {
            STANDARD.encode(text)
        } else {
            text
        };
        let result = read(&body);
        let is_accepted = row["status"] != "PENDING";
        match case {
            // Their reading is the worker's: it takes the time apart.
            "eta_garbage" => {
                assert!(UtcTime::parse(&result.unwrap().0.headers.eta.unwrap()).is_err());
            }
            _ => assert_eq!(result.is_ok(), is_accepted, "{case}: {result:?}"),
        }
    }
}

#[test]
fn errors_carry_task_and_id() {
    let headers = r#"{"task": "t", "id": "i"}"#;
    let bodies = [
        message(headers, "{nope"),
        message(headers, "[1]"),
        message(headers, "[null, null, {}]"),
        message(r#"{"eta": [1], "task": "t", "id": "i"}"#, "[[], {}, {}]"),
        message(headers, "[[], {}, {}]").replace("base64", "rot13"),
        message(headers, "[[], {}, {}]").replace("\"content-type\"", "\"x\""),
        message(headers, "[[], {}, {}]")
            .replace("application/json", "application/x-python-serialize"),
        message(headers, "[[], {}, {}]").replace("\"properties\"", "\"x\""),
        format!(r#"{{"headers": {headers}, "properties": {{"#),
    ];
    for body in bodies {
        let error = read(&body).unwrap_err();
        assert_eq!(error.task_id.as_deref(), Some("i"), "{error}");
        assert_eq!(error.task.as_deref(), Some("t"), "{error}");
    }
}

#[test]
fn missing_parts_are_named() {
    let payload = "[[], {}, {}]";
    assert_eq!(
        kind(r#"{"task": "t"}"#, payload),
        DecodeErrorKind::Missing("headers.id")
    );
    assert_eq!(
        kind(r#"{"task": "t", "id": ""}"#, payload),
        DecodeErrorKind::Missing("headers.id")
    );
    assert_eq!(
        kind(r#"{"id": "i"}"#, payload),
        DecodeErrorKind::Missing("headers.task")
    );
    assert_eq!(
        kind("{}", r#"{"a": 1}"#),
        DecodeErrorKind::Missing("headers.task")
    );
    assert_eq!(
        read("{}").unwrap_err().kind,
        DecodeErrorKind::Missing("properties")
    );
    let error = decode(r#"{"properties": {}, "headers": {"task": "t"}}"#).unwrap_err();
    assert_eq!(
        (error.kind, error.task),
        (DecodeErrorKind::Missing("body"), Some("t".to_owned()))
    );
}

#[test]
fn wrong_types_are_named() {
    for (header, part) in [
        (r#""timelimit": [1]"#, "headers.timelimit"),
        (r#""eta": 1700000000.5"#, "headers.eta"),
        (r#""id": 5"#, "headers.id"),
    ] {
        let error = kind(
            &format!(r#"{{"task": "t", "id": "i", {header}}}"#),
            "[[], {}, {}]",
        );
        let DecodeErrorKind::Invalid { part: named, .. } = error else {
            panic!("{header}: {error}")
        };
        assert_eq!(named, part);
    }
    for (payload, part) in [
        ("[null, {}, {}]", "args"),
        ("[[], null, {}]", "kwargs"),
        ("[[], {}, 1]", "embed"),
        ("[[], {}]", "payload"),
        ("[[], {}, {}, {}]", "payload"),
        ("5", "payload"),
    ] {
        let error = kind(r#"{"task": "t", "id": "i"}"#, payload);
        let DecodeErrorKind::Invalid { part: named, .. } = error else {
            panic!("{payload}: {error}")
        };
        assert_eq!(named, part);
    }
}

/// Celery runs a message with these, so a sender's mistake in them loses none.
#[test]
fn headers_of_other_types_count_for_what_python_makes_of_them() {
    for (header, retries) in [
        ("true", 1),
        ("-1", 0),
        ("1.5", 1),
        ("99999999999", u32::MAX),
        (r#""1""#, 0),
    ] {
        let headers = format!(r#"{{"task": "t", "id": "i", "retries": {header}}}"#);
        let (envelope, _) = read(&message(&headers, "[[], {}, {}]")).unwrap();
        assert_eq!(envelope.headers.retries, retries, "{header}");
    }
    let headers = r#"{"task": "t", "id": "i", "timelimit": ["5", -1], "group_index": "0",
        "ignore_result": "no", "stamps": [], "stamped_headers": [1, "a"], "root_id": {}}"#;
    let Headers {
        timelimit,
        group_index,
        ignore_result,
        stamps,
        stamped_headers,
        root_id,
        ..
    } = read(&message(headers, "[[], {}, {}]")).unwrap().0.headers;
    assert_eq!(
        (timelimit, group_index, root_id),
        ((None, None), None, None)
    );
    assert_eq!((ignore_result, stamps.len()), (Some(true), 0));
    assert_eq!(stamped_headers, Some(vec!["a".to_owned()]));
}

#[test]
fn what_is_no_signature_is_handed_on_as_it_came() {
    let embed = r#"{"callbacks": [1, {"task": "c", "args": "ab", "immutable": 1}, {"args": []}]}"#;
    let (_, payload) = read(&message(
        r#"{"task": "t", "id": "i"}"#,
        format!("[[], {{}}, {embed}]"),
    ))
    .unwrap();
    assert_eq!(
        payload.embed.to_value().get("callbacks"),
        value(embed).get("callbacks")
    );
    let callbacks = payload.embed.callbacks.unwrap();
    let [one, two, three] = <[_; 3]>::try_from(callbacks).unwrap();
    assert!(one.clone().readable().is_err() && three.readable().is_err());
    assert_eq!(one.by_name().task, "1");
    let two = two.readable().unwrap();
    assert_eq!((two.task.as_str(), two.immutable), ("c", true));
    assert_eq!(two.args, ["a".into(), "b".into()]);
}

/// Nothing rests on them, so a sender's mistake in them loses no message.
#[test]
fn informational_headers_may_be_anything() {
    let headers = r#"{"task": "t", "id": "i", "lang": 1, "shadow": [], "argsrepr": [1, 2], "kwargsrepr": {}, "origin": 5}"#;
    let (envelope, _) = read(&message(headers, "[[], {}, {}]")).unwrap();
    assert_eq!(envelope.headers.argsrepr, None);
    assert_eq!(envelope.headers.get("argsrepr"), Some(&value("[1, 2]")));
    assert_eq!(envelope.headers.extra.len(), 5);
    let again = decode(&envelope.encode(WireForm::Celery)).unwrap();
    assert!(
        again.headers.extra.is_empty(),
        "they are written as Celery's own"
    );
}

/// Python's texts can hold half a character, as `json.dumps("\ud83d")` writes it.
#[test]
fn lone_surrogates_lose_no_message() {
    for (escaped, text) in [
        (r"\ud83d", "\u{fffd}"),
        (r"a\ude00b", "a\u{fffd}b"),
        (r"\ud83dx", "\u{fffd}x"),
        (r"\ud83d\n", "\u{fffd}\n"),
        (r"\ud83d\u0041", "\u{fffd}A"),
        (r"\ud83d\ud83d\ude00", "\u{fffd}\u{1f600}"),
        (r"\ude00\ud83d", "\u{fffd}\u{fffd}"),
    ] {
        let body = message(
            r#"{"task": "t", "id": "i"}"#,
            format!(r#"[["{escaped}"], {{}}, {{}}]"#),
        );
        assert_eq!(read(&body).unwrap().1.args, [text.into()], "{escaped}");
    }
    let cut = message(r#"{"task": "t", "id": "i"}"#, r#"[["\ud83d\u00"], {}, {}]"#);
    assert!(read(&cut).is_err());
}

#[test]
fn what_is_not_an_envelope_says_so() {
    for body in [
        "",
        "  ",
        "hello",
        "5",
        "[]",
        "bm90IGpzb24=",
        "{",
        "{} x",
        "\u{feff}{}",
    ] {
        let error = decode(body).unwrap_err();
        assert!(
            matches!(error.kind, DecodeErrorKind::NotAnEnvelope(_)),
            "{body}: {error}"
        );
    }
    let error = decode(r#"{"Type": "Notification", "Message": "{}"}"#).unwrap_err();
    assert!(
        error.to_string().contains("raw message delivery"),
        "{error}"
    );
}

#[test]
fn size_is_looked_at_first() {
    let limits = Limits {
        max_body: 10,
        ..Limits::default()
    };
    let error = Envelope::decode("not an envelope at all", &limits).unwrap_err();
    assert_eq!(
        error.kind,
        DecodeErrorKind::TooLarge {
            what: "body",
            limit: 10
        }
    );
}

#[test]
fn unknown_keys_survive_at_every_level() {
    let headers = r#"{"task": "t", "id": "i", "traceparent": "00-abc", "x": {"y": [1]}}"#;
    let embed = r#"{"callbacks": [{"task": "a", "chord_size": 2, "z": 1}], "later": {"a": null}}"#;
    let body = message(headers, format!("[[], {{}}, {embed}]")).replace(
        r#""properties": {"#,
        r#""new": [1], "properties": {"MessageGroupId": "g", "priority": "high",
            "delivery_info": {"routing_key": "celery", "redelivered": false}, "#,
    );
    let (first, payload) = read(&body).unwrap();
    assert_eq!(first.headers.get("traceparent"), Some(&"00-abc".into()));
    assert_eq!(first.properties.extra["MessageGroupId"], "g".into());
    assert_eq!(first.properties.extra["priority"], "high".into());
    assert_eq!(
        first.properties.delivery_info.extra["redelivered"],
        false.into()
    );
    assert_eq!(first.extra["new"], value("[1]"));
    assert_eq!(payload.embed.extra["later"], value(r#"{"a": null}"#));
    assert_eq!(
        payload.embed.callbacks.as_ref().unwrap()[0].extra["z"],
        1.into()
    );
    let mut second = first.clone();
    second
        .set_payload(&payload, Serializer::Msgpack, Some(Compression::Zstd))
        .unwrap();
    let (second, same) = read(&second.encode(WireForm::Compact)).unwrap();
    assert_eq!(same, payload);
    assert_eq!(
        (&second.properties, &second.extra),
        (&first.properties, &first.extra)
    );
    assert_eq!(second.headers.extra, first.headers.extra);
}

#[test]
fn extra_headers_do_not_shadow_real_ones() {
    let headers = Headers {
        task: "t".to_owned(),
        id: "i".to_owned(),
        extra: Dict::from_iter([("task".to_owned(), "other".into())]),
        ..Headers::default()
    };
    let envelope = Envelope::new(
        headers,
        Properties::default(),
        &Payload::default(),
        Serializer::Json,
        None,
    );
    let text = envelope.unwrap().encode(WireForm::Compact);
    assert_eq!(decode(&text).unwrap().headers.task, "t");
}

#[test]
fn every_form_is_read() {
    let payload = Payload {
        args: vec!["é".into(), Value::Bytes(vec![0xff])],
        ..Payload::default()
    };
    let headers = Headers {
        task: "t".to_owned(),
        id: "i".to_owned(),
        ..Headers::default()
    };
    for serializer in [Serializer::Json, Serializer::Msgpack, Serializer::Yaml] {
        for compression in [None].into_iter().chain(Compression::ALL.map(Some)) {
            for form in [WireForm::Celery, WireForm::Compact] {
                let envelope = Envelope::new(
                    headers.clone(),
                    Properties::default(),
                    &payload,
                    serializer,
                    compression,
                )
                .unwrap();
                let (read, same) = read(&envelope.encode(form)).unwrap();
                assert_eq!(same, payload);
                let is_plain = form == WireForm::Compact
                    && compression.is_none()
                    && serializer != Serializer::Msgpack;
                let encoding = if is_plain { "utf-8" } else { "base64" };
                assert_eq!(read.properties.body_encoding.as_deref(), Some(encoding));
                assert_eq!(read.content_type, serializer.content_type());
            }
        }
    }
}

#[test]
fn compact_is_about_half() {
    let payload = Payload {
        args: vec!["x".repeat(300_000).into()],
        ..Payload::default()
    };
    let headers = Headers {
        task: "t".to_owned(),
        id: "i".to_owned(),
        ..Headers::default()
    };
    let envelope = Envelope::new(
        headers,
        Properties::default(),
        &payload,
        Serializer::Json,
        None,
    )
    .unwrap();
    let (long, short) = (
        envelope.encode(WireForm::Celery).len(),
        envelope.encode(WireForm::Compact).len(),
    );
    assert!(short * 17 / 10 < long, "{short} {long}");
}

#[test]
fn headers_are_written_in_celerys_order() {
    let headers = Headers {
        task: "t".to_owned(),
        id: "i".to_owned(),
        ..Headers::default()
    };
    let envelope = Envelope::new(
        headers,
        Properties::default(),
        &Payload::default(),
        Serializer::Json,
        None,
    );
    let text = envelope.unwrap().encode(WireForm::Compact);
    let start = text.find("\"headers\"").unwrap();
    insta::assert_snapshot!(&text[start..], @r#""headers":{"lang":null,"task":"t","id":"i","shadow":null,"eta":null,"expires":null,"group":null,"group_index":null,"retries":0,"timelimit":[null,null],"root_id":null,"parent_id":null,"argsrepr":null,"kwargsrepr":null,"origin":null,"ignore_result":null,"replaced_task_nesting":0,"stamped_headers":null,"stamps":{}},"properties":{"delivery_info":{},"body_encoding":"utf-8"}}"#);
}

#[test]
fn protocol_1_becomes_protocol_2() {
    let object = r#"{"task": "w.add", "id": "i", "args": [2, 3], "kwargs": {"a": 1}, "group": "old", "taskset": "g",
        "group_index": 1, "retries": 2, "eta": "2026-11-22T05:17:16+00:00", "expires": null, "utc": true,
        "callbacks": [{"task": "c"}], "errbacks": {"task": "e"}, "timelimit": [60, 30.5], "chord": {"task": "b"},
        "custom": 1}"#;
    let (envelope, payload) = read(&message("{}", object)).unwrap();
    let headers = &envelope.headers;
    assert_eq!(
        (headers.task.as_str(), headers.id.as_str(), headers.retries),
        ("w.add", "i", 2)
    );
    assert_eq!(
        (headers.group.as_deref(), headers.group_index),
        (Some("g"), Some(1))
    );
    assert_eq!(headers.eta.as_deref(), Some("2026-11-22T05:17:16+00:00"));
    assert_eq!(headers.timelimit, (Some(60.0), Some(30.5)));
    assert_eq!(headers.argsrepr.as_deref(), Some("(2, 3)"));
    assert_eq!(headers.get("custom"), Some(&1.into()));
    assert_eq!(payload.args, [2.into(), 3.into()]);
    assert_eq!(payload.kwargs["a"], 1.into());
    assert_eq!(payload.embed.callbacks.unwrap()[0].task, "c");
    assert_eq!(payload.embed.errbacks.unwrap()[0].task, "e");
    assert_eq!(payload.embed.chord.unwrap().task, "b");
    let again = decode(&envelope.encode(WireForm::Celery)).unwrap();
    assert_eq!(again.headers, envelope.headers);
}

/// Its task and id are in the payload, so that it is read before it is known whose it is.
#[test]
fn protocol_1_is_read_up_to_a_size() {
    let object = |args: &str| format!(r#"{{"task": "t", "id": "i", "args": [{args}]}}"#);
    let plain = object(&format!("\"{}\"", "a".repeat(256 * 1024)));
    assert!(read(&message("{}", &plain)).is_ok(), "all that SQS took");

    let ones = object(&vec!["1"; 300_000].join(","));
    let error = read(&message("{}", &ones)).unwrap_err();
    let memory = DecodeErrorKind::TooLarge {
        what: "memory of the values",
        limit: 8 << 20,
    };
    assert_eq!(error.kind, memory);

    let spaces = format!("{}{}", object("1"), " ".repeat(1 << 20));
    let compressed = Compression::Gzip.compress(spaces.as_bytes()).unwrap();
    let headers = r#"{"compression": "application/x-gzip"}"#;
    let error = decode(&message(headers, &compressed)).unwrap_err();
    assert!(
        matches!(error.kind, DecodeErrorKind::TooLarge { limit, .. } if limit == 1 << 20),
        "{error}"
    );
}

#[test]
fn protocol_1_without_arguments_or_id_is_refused() {
    let error = read(&message("{}", r#"{"task": "t", "args": []}"#)).unwrap_err();
    assert_eq!(error.kind, DecodeErrorKind::Missing("headers.id"));
    assert_eq!(error.task.as_deref(), Some("t"));
    let error = read(&message("{}", r#"{"task": "t", "id": "i", "args": null}"#)).unwrap_err();
    assert!(matches!(
        error.kind,
        DecodeErrorKind::Invalid { part: "args", .. }
    ));
    assert_eq!(
        (error.task.as_deref(), error.task_id.as_deref()),
        (Some("t"), Some("i"))
    );
}

#[test]
fn unsupported_names_are_named() {
    let headers = r#"{"task": "t", "id": "i", "compression": "application/x-snappy"}"#;
    let error = read(&message(headers, "not what it says")).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("`application/x-snappy` is not supported"),
        "{error}"
    );
    read(&message(headers, "[[], {}, {}]")).expect("kombu takes it for what it is, too");
    let body = message(r#"{"task": "t", "id": "i"}"#, "[[], {}, {}]")
        .replace("application/json", "text/plain");
    assert!(
        read(&body)
            .unwrap_err()
            .to_string()
            .contains("`text/plain` is not supported")
    );
}
