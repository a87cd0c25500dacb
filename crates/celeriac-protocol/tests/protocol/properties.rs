//! What is written is read as the same, whatever it is.
#![cfg(feature = "full")]
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use celeriac_protocol::{
    BigInt, Compression, DeliveryInfo, Dict, Embed, Envelope, ExceptionInfo, Headers, Limits,
    Payload, Properties, ResultCodec, ResultMeta, Serializer, Signature, State, UtcTime, Value,
    WireForm, from_value, mangle, repr_args, task_key, to_value,
};
use proptest::{collection::vec, option, prelude::*, sample::select};

use crate::wire::comparable;

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z_]{0,8}",
        "\\PC{0,12}",
        any::<String>(),
        select(TRICKY).prop_map(str::to_owned)
    ]
}

/// Texts that mean something else when they are not quoted.
const TRICKY: &[&str] = &[
    "",
    " ",
    "null",
    "~",
    "yes",
    "1",
    "1e3",
    "0o14",
    "012",
    "1:30",
    ".inf",
    "2027-01-02",
    "- a",
    "a: b",
    "#",
    "<<",
    "=",
    "!x",
    "&a",
    "*a",
    "[",
    "{}",
    "|",
    ">",
    "%",
    "@",
    "`",
    "\u{feff}",
    "\u{fffe}",
    "\u{ffff}",
    "\u{2028}",
    "\u{85}",
    "\0",
    "\u{7f}",
    "\"",
    "\\",
    "'",
    "\r\n",
    "\u{1f600}",
    "__type__",
    "NaN",
    "---",
    "...",
    "? ",
    ": ",
];

fn time() -> impl Strategy<Value = String> {
    (-62_135_596_800_000_000_i64..253_402_300_800_000_000)
        .prop_map(|micros| UtcTime(micros).to_iso())
}

/// Values that every serializer can hold.
fn scalar() -> BoxedStrategy<Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int),
        (u64::MAX / 2..).prop_map(Value::from),
        any::<f64>().prop_map(Value::Float),
        text().prop_map(Value::Str),
        vec(any::<u8>(), 0..12).prop_map(Value::Bytes),
    ]
    .boxed()
}

/// Values that JSON and YAML can hold.
fn timed() -> BoxedStrategy<Value> {
    prop_oneof![
        4 => scalar(),
        1 => time().prop_map(Value::DateTime),
        1 => time().prop_map(|time| Value::Date(time[..10].to_owned())),
        1 => "-?[1-9][0-9]{0,60}".prop_map(|digits| Value::from(digits.parse::<BigInt>().unwrap())),
    ]
    .boxed()
}

/// Values that only JSON can hold.
fn typed() -> BoxedStrategy<Value> {
    prop_oneof![
        4 => timed(),
        1 => time().prop_map(|time| Value::Time(time[11..].to_owned())),
        1 => "-?[0-9]{1,5}(\\.[0-9]{1,5})?(E[+-][0-9]{1,3})?".prop_map(Value::Decimal),
        1 => "[0-9a-f]{32}".prop_map(Value::Uuid),
    ]
    .boxed()
}

fn dict(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Dict> {
    vec((text(), value), 0..5).prop_map(|entries| {
        // Python has no way to say that this is not a typed object.
        entries
            .into_iter()
            .filter(|(key, _)| key != "__type__")
            .collect()
    })
}

fn nested(scalar: BoxedStrategy<Value>) -> impl Strategy<Value = Value> {
    scalar.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Value::List),
            dict(inner).prop_map(Value::Dict)
        ]
    })
}

fn signature() -> impl Strategy<Value = Signature> {
    let parts = (
        text(),
        vec(timed(), 0..3),
        dict(timed()),
        dict(timed()),
        option::of(text()),
        any::<bool>(),
    );
    parts.prop_map(
        |(task, args, kwargs, options, subtask_type, immutable)| Signature {
            task: format!("t{task}"),
            args,
            kwargs,
            options,
            subtask_type: subtask_type.filter(|kind: &String| !kind.is_empty()),
            immutable,
            extra: Dict::from_iter([("chord_size".to_owned(), Value::Int(2))]),
            raw: None,
        },
    )
}

fn payload() -> impl Strategy<Value = Payload> {
    let signatures = || option::of(vec(signature(), 1..3));
    let embed = (
        signatures(),
        signatures(),
        signatures(),
        option::of(signature()),
    );
    let embed = embed.prop_map(|(callbacks, errbacks, chain, chord)| Embed {
        callbacks,
        errbacks,
        chain,
        chord,
        extra: Dict::new(),
    });
    (vec(nested(typed()), 0..4), dict(typed()), embed).prop_map(|(args, kwargs, embed)| Payload {
        args,
        kwargs,
        embed,
    })
}

fn headers() -> impl Strategy<Value = Headers> {
    let name = || text().prop_filter("required", |text| !text.is_empty());
    let ids = (
        name(),
        name(),
        option::of(text()),
        option::of(text()),
        option::of(text()),
    );
    let numbers = (
        option::of(any::<i64>()),
        any::<u32>(),
        option::of(0.0..1e9),
        option::of(any::<bool>()),
    );
    let stamps = (option::of(vec(text(), 0..3)), dict(typed()));
    let extra = vec(("x-[a-z]{1,6}", nested(typed())), 0..3);
    (ids, numbers, stamps, extra).prop_map(|(ids, numbers, (stamped_headers, stamps), extra)| {
        Headers {
            task: ids.0,
            id: ids.1,
            eta: ids.2,
            group: ids.3,
            root_id: ids.4,
            group_index: numbers.0,
            retries: numbers.1,
            timelimit: (numbers.2, numbers.2.map(f64::floor)),
            ignore_result: numbers.3,
            stamped_headers,
            stamps,
            extra: extra.into_iter().collect(),
            ..Headers::default()
        }
    })
}

fn properties() -> impl Strategy<Value = Properties> {
    let texts = (
        option::of(text()),
        option::of(text()),
        option::of(text()),
        option::of(text()),
    );
    (texts, option::of(any::<i64>()), dict(typed())).prop_map(|(texts, priority, mut extra)| {
        extra.retain(|key, _| key.starts_with('_'));
        Properties {
            correlation_id: texts.0,
            reply_to: texts.1,
            priority,
            delivery_info: DeliveryInfo {
                exchange: texts.2,
                routing_key: texts.3,
                extra: extra.clone(),
            },
            extra,
            ..Properties::default()
        }
    })
}

/// Values around the deepest that may be written.
fn deep(scalar: BoxedStrategy<Value>) -> impl Strategy<Value = Value> {
    let levels = prop_oneof![vec(any::<bool>(), 0..20), vec(any::<bool>(), 120..132)];
    (nested(scalar), levels).prop_map(|(value, levels)| {
        levels.into_iter().fold(value, |value, is_list| {
            if is_list {
                Value::List(vec![Value::Null, value])
            } else {
                Value::Dict(Dict::from_iter([("a".to_owned(), value)]))
            }
        })
    })
}

fn read_if_written(serializer: Serializer, value: Value) {
    if let Ok(bytes) = serializer.dump(&value) {
        let read = serializer.load(&bytes, &Limits::default());
        assert_eq!(comparable(read.unwrap()), comparable(value));
    }
}

fn same_through(serializer: Serializer, value: Value) {
    let bytes = serializer.dump(&value).unwrap();
    let read = serializer.load(&bytes, &Limits::default()).unwrap();
    assert_eq!(comparable(read), comparable(value));
}

proptest! {
    #[test]
    fn json(value in nested(typed())) {
        same_through(Serializer::Json, value);
    }

    #[test]
    fn msgpack(value in nested(scalar())) {
        same_through(Serializer::Msgpack, value);
    }

    #[test]
    fn yaml(value in nested(timed())) {
        same_through(Serializer::Yaml, value);
    }

    #[test]
    fn what_is_written_can_be_read(
        any in deep(scalar()),
        timed in deep(timed()),
        typed in deep(typed()),
        compression in option::of(select(&Compression::ALL[..])),
    ) {
        read_if_written(Serializer::Msgpack, any);
        read_if_written(Serializer::Yaml, timed);
        read_if_written(Serializer::Json, typed.clone());
        let codec = ResultCodec { serializer: Serializer::Json, compression };
        if let Ok(stored) = codec.encode(&ResultMeta::new("id", State::Success, typed.clone())) {
            prop_assert!(codec.decode(&stored, &Limits::default()).is_ok());
        }
        let headers = Headers {
            task: "a".to_owned(),
            id: "b".to_owned(),
            extra: Dict::from_iter([("x".to_owned(), typed.clone())]),
            ..Headers::default()
        };
        let payload = Payload { args: vec![typed], ..Payload::default() };
        for payload in [&payload, &Payload::default()] {
            let written = Envelope::new(headers.clone(), Properties::default(), payload, Serializer::Json, compression);
            let Ok(written) = written else { continue };
            let read = Envelope::decode(&written.encode(WireForm::Celery), &Limits::default()).unwrap();
            prop_assert!(read.payload(&Limits::default()).is_ok());
        }
    }

    /// Where Python's bare NaN does not occur, what is written is JSON to anyone.
    #[test]
    fn json_is_json(value in nested(typed())) {
        let text = String::from_utf8(Serializer::Json.dump(&value).unwrap()).unwrap();
        let strict = serde_json::from_str::<serde_json::Value>(&text);
        prop_assert!(strict.is_ok() || text.contains("NaN") || text.contains("Infinity"), "{text}");
    }

    #[test]
    fn serde(value in nested(typed())) {
        let copied = to_value(&value).unwrap();
        prop_assert_eq!(comparable(copied.clone()), comparable(value));
        let copied_again: Value = from_value(copied.clone()).unwrap();
        prop_assert_eq!(comparable(copied_again), comparable(copied));
    }

    #[test]
    fn results(
        result in nested(typed()),
        status in select(&["SUCCESS", "FAILURE", "PROGRESS"][..]),
        texts in (option::of(text()), option::of(text()), option::of(text())),
        compression in option::of(select(&Compression::ALL[..])),
    ) {
        let meta = ResultMeta {
            traceback: texts.0,
            group_id: texts.1,
            date_done: texts.2,
            ..ResultMeta::new("id", State::from(status), result)
        };
        let codec = ResultCodec { serializer: Serializer::Json, compression };
        let plain = ResultCodec { compression: None, ..codec };
        prop_assert_eq!(plain.encode(&meta).unwrap(), plain.encode_value(&meta.to_value()).unwrap());
        let read = codec.decode(&codec.encode(&meta).unwrap(), &Limits::default()).unwrap();
        prop_assert_eq!(comparable(read.to_value()), comparable(meta.to_value()));
    }

    #[test]
    fn compressions(bytes in vec(any::<u8>(), 0..2000), compression in select(&Compression::ALL[..])) {
        let compressed = compression.compress(&bytes).unwrap();
        prop_assert_eq!(compression.decompress(&compressed, &Limits::default()).unwrap(), bytes);
    }

    #[test]
    fn names_and_keys_are_made_of_anything(name in any::<String>(), args in vec(nested(typed()), 0..4)) {
        let mangled = mangle(&name);
        prop_assert_eq!(mangle(&mangled), mangled.clone());
        prop_assert_eq!(mangled.chars().count(), name.chars().count());
        prop_assert!(task_key(&name, &name).is_ascii());
        let shown = repr_args(&args);
        prop_assert!(shown.starts_with('(') && shown.chars().count() < 6000, "{}", shown.len());
        let info = ExceptionInfo { exc_type: name, exc_message: args, exc_module: None };
        let _ = info.message();
    }
}

proptest! {
    // Large inputs: fewer of them.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn envelopes(
        headers in headers(),
        properties in properties(),
        payload in payload(),
        compression in option::of(select(&Compression::ALL[..])),
        form in select(&[WireForm::Celery, WireForm::Compact, WireForm::Bare][..]),
    ) {
        let first = Envelope::new(headers, properties, &payload, Serializer::Json, compression).unwrap();
        let mut second = Envelope::decode(&first.encode(form), &Limits::default()).unwrap();
        let read = second.payload(&Limits::default()).unwrap();
        prop_assert_eq!(comparable(read.to_value()), comparable(payload.to_value()));
        second.properties.body_encoding = None;
        let shown = |envelope: &Envelope| envelope.encode(form);
        prop_assert_eq!(shown(&second), shown(&first)); // NaN in stamps is not equal to itself
    }
}
