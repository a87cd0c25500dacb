//! Pure functions against what Python's gave.
#![cfg(feature = "full")]
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use celeriac_protocol::{
    Dict, Limits, Serializer, Signature, Value, mangle, repr_args, repr_kwargs,
};

use crate::wire::{comparable, fixture, list, value};

fn load(json: &str) -> Result<Value, celeriac_protocol::DecodeError> {
    Serializer::Json.load(json.as_bytes(), &Limits::default())
}

#[test]
fn json_is_read_where_python_reads_it() {
    for row in list(&fixture("tables/json_codec"), "rows") {
        let Some(json) = row["json"].as_str().or(row["decode"].as_str()) else {
            continue; // what Python cannot write
        };
        let loaded = load(json);
        assert_eq!(
            loaded.is_err(),
            row["error"].is_string(),
            "{json}: {loaded:?}"
        );
        let Ok(first) = loaded else { continue };
        let text = String::from_utf8(Serializer::Json.dump(&first).unwrap()).unwrap();
        let second = comparable(load(&text).unwrap());
        let is_rewritten = text.contains("+00:00") && !json.contains("+00:00");
        assert!(
            is_rewritten || second == comparable(first),
            "{json}: {text}"
        );
    }
}

#[test]
fn typed_objects_have_their_type() {
    let typed = |name: &str, text: &str| {
        load(&format!(r#"{{"__type__": "{name}", "__value__": {text}}}"#)).unwrap()
    };
    let text = str::to_owned;
    assert_eq!(
        typed("datetime", "\"2027-01-02T03:04:05Z\""),
        Value::DateTime(text("2027-01-02T03:04:05Z"))
    );
    assert_eq!(
        typed("date", "\"2027-01-02\""),
        Value::Date(text("2027-01-02"))
    );
    assert_eq!(
        typed("time", "\"03:04:05.000006\""),
        Value::Time(text("03:04:05.000006"))
    );
    assert_eq!(typed("decimal", "\"1E+5\""), Value::Decimal(text("1E+5")));
    let hex = text("12345678123456781234567812345678");
    assert_eq!(
        typed("uuid", r#"{"hex": "12345678-1234-5678-1234-567812345678"}"#),
        Value::Uuid(hex)
    );
    assert_eq!(typed("bytes", "\"héllo\""), Value::Bytes("héllo".into()));
    assert_eq!(typed("base64", "\"//4=\""), Value::Bytes(vec![0xff, 0xfe]));
    let more = r#"{"__type__": "decimal", "__value__": "1.5", "extra": 1}"#;
    assert_eq!(load(more).unwrap().as_dict().unwrap().len(), 3);
}

#[test]
fn queue_names_are_mangled_as_kombu_does() {
    for row in list(&fixture("tables/queue_names"), "rows") {
        let (name, mangled) = (
            row["name"].as_str().unwrap(),
            row["sqs_name"].as_str().unwrap(),
        );
        assert_eq!(mangle(name), mangled);
    }
}

#[test]
fn signatures_are_read_and_written_in_order() {
    for row in list(&fixture("tables/signatures"), "rows") {
        let json = row["json"].to_string();
        let captured = value(&json);
        let signature = Signature::from_value(captured.clone()).unwrap();
        assert_eq!(signature.to_value(), captured, "{}", row["label"]);
        let keys = "task args kwargs options subtask_type immutable";
        let written = signature.to_value();
        let written: Vec<&str> = written
            .as_dict()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        assert_eq!(written.join(" "), keys);
    }
}

#[test]
fn signatures_may_leave_everything_but_the_task_out() {
    let signature = Signature::from_value(value(r#"{"task": "a", "chord_size": 3}"#)).unwrap();
    assert_eq!(signature.extra.get("chord_size"), Some(&Value::Int(3)));
    assert_eq!(
        Signature {
            extra: Dict::new(),
            ..signature
        },
        Signature::new("a")
    );
    let error = Signature::from_value(value(r#"{"args": []}"#)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`signature.task` is missing from the message"
    );
}

/// The arguments of a row of the table, where they have a counterpart here.
fn python_args(repr: &str) -> Option<Vec<Value>> {
    let repeated = |text: &str| Value::from(text.repeat(3000));
    Some(match repr {
        "()" => vec![],
        "(2, 3)" => vec![2.into(), 3.into()],
        "('a',)" => vec!["a".into()],
        "(\"it's\",)" => vec!["it's".into()],
        "({'b': 1, 'a': [1, 2]},)" => vec![value(r#"{"b": 1, "a": [1, 2]}"#)],
        "(None, True, 1.5, b'x', 'é')" => {
            vec![
                Value::Null,
                true.into(),
                1.5.into(),
                Value::Bytes(b"x".into()),
                "é".into(),
            ]
        }
        "([[[[[[[1]]]]]]],)" => vec![value("[[[[[[[1]]]]]]]")],
        "(nan,)" => vec![f64::NAN.into()],
        "({'k': {'k': {'k': {'k': 1}}}},)" => vec![value(r#"{"k": {"k": {"k": {"k": 1}}}}"#)],
        "('a\\nb\\\\',)" => vec!["a\nb\\".into()],
        _ if repr.starts_with("('xxx") => vec![repeated("x")],
        _ if repr.starts_with("(0, 1, 2") => (0..5000).map(Value::Int).collect(),
        _ if repr.starts_with("(datetime") => vec![
            Value::DateTime("2027-01-02T00:00:00".to_owned()),
            Value::Decimal("1.1".to_owned()),
            Value::Uuid("00000000000000000000000000000001".to_owned()),
        ],
        _ => return None,
    })
}

#[test]
fn arguments_are_shown_as_celery_shows_them() {
    let mut shown = 0;
    for row in list(&fixture("tables/saferepr"), "rows") {
        if let Some(args) = row["python_repr"].as_str().and_then(python_args) {
            assert_eq!(repr_args(&args), row["argsrepr"].as_str().unwrap());
            shown += 1;
        }
    }
    assert_eq!(shown, 13); // all but a set
    let kwargs = value(r#"{"x": 2, "y": {"z": "w"}}"#);
    assert_eq!(
        repr_kwargs(kwargs.as_dict().unwrap()),
        "{'x': 2, 'y': {'z': 'w'}}"
    );
}
