//! Rust values to wire values and back.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::collections::{BTreeMap, HashMap};

use celeriac_protocol::{
    Dict, Limits, PyBytes, PyDate, PyDateTime, PyDecimal, PyTime, PyUuid, Serializer, Value,
    from_value, to_value,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

fn json(text: &str) -> Value {
    Serializer::Json
        .load(text.as_bytes(), &Limits::default())
        .unwrap()
}

fn shown(value: &Value) -> String {
    String::from_utf8(Serializer::Json.dump(value).unwrap()).unwrap()
}

/// The JSON of a value that also comes back the same.
fn round<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(value: &T) -> String {
    let wire = to_value(value).unwrap();
    assert_eq!(&from_value::<T>(wire.clone()).unwrap(), value);
    shown(&wire)
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Order {
    id: u64,
    lines: Vec<Line>,
    note: Option<String>,
    #[serde(default)]
    tags: BTreeMap<String, i32>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Line {
    sku: String,
    amount: f32,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Event {
    Stopped,
    Moved(i32, i32),
    Named(String),
    Resized { width: u8 },
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Marker;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Meters(f64);

#[test]
fn plain_types_are_json() {
    assert_eq!(
        round(&(1_u8, -2_i64, true, 'x', "é".to_owned())),
        "[1,-2,true,\"x\",\"é\"]"
    );
    assert_eq!(
        round(&(Some(1), None::<i32>, (), Marker)),
        "[1,null,null,null]"
    );
    assert_eq!(round(&Meters(1.0)), "1.0");
    assert_eq!(round(&vec![0.1_f32]), "[0.1]");
    let order = Order {
        id: u64::MAX,
        lines: vec![Line {
            sku: "a".to_owned(),
            amount: 1.5,
        }],
        note: None,
        tags: BTreeMap::from([("x".to_owned(), 1)]),
    };
    assert_eq!(
        round(&order),
        r#"{"id":18446744073709551615,"lines":[{"sku":"a","amount":1.5}],"note":null,"tags":{"x":1}}"#
    );
}

#[test]
fn enums_are_texts_or_objects() {
    assert_eq!(round(&Event::Stopped), "\"Stopped\"");
    assert_eq!(round(&Event::Moved(1, 2)), "{\"Moved\":[1,2]}");
    assert_eq!(round(&Event::Named("a".to_owned())), "{\"Named\":\"a\"}");
    assert_eq!(
        round(&Event::Resized { width: 3 }),
        "{\"Resized\":{\"width\":3}}"
    );
}

#[test]
fn integers_have_any_size() {
    assert_eq!(
        round(&(i128::MIN, u128::MAX, i64::MIN)),
        format!("[{},{},{}]", i128::MIN, u128::MAX, i64::MIN)
    );
    let huge = "9".repeat(5000);
    let value = json(&huge);
    assert_eq!(shown(&value), huge);
    assert_eq!(to_value(&value).unwrap(), value);
    assert_eq!(from_value::<Value>(value.clone()).unwrap(), value);
    assert_eq!(from_value::<String>(value).unwrap(), huge);
}

#[test]
fn keys_are_turned_into_texts_and_back() {
    assert_eq!(round(&HashMap::from([(7_i64, 'a')])), "{\"7\":\"a\"}");
    assert_eq!(round(&HashMap::from([(true, 1)])), "{\"true\":1}");
    assert_eq!(round(&BTreeMap::from([(Some('k'), 1)])), "{\"k\":1}");
    let error = to_value(&HashMap::from([(vec![1], 1)])).unwrap_err();
    assert_eq!(error.to_string(), "a list cannot be the key of a dict");
}

#[test]
fn python_types_are_typed_objects() {
    let text = str::to_owned;
    assert_eq!(
        round(&PyDateTime(text("2027-01-02T03:04:05+00:00"))),
        r#"{"__type__":"datetime","__value__":"2027-01-02T03:04:05+00:00"}"#
    );
    assert_eq!(
        round(&PyDate(text("2027-01-02"))),
        r#"{"__type__":"date","__value__":"2027-01-02"}"#
    );
    assert_eq!(
        round(&PyTime(text("03:04:05"))),
        r#"{"__type__":"time","__value__":"03:04:05"}"#
    );
    assert_eq!(
        round(&PyDecimal(text("1.10"))),
        r#"{"__type__":"decimal","__value__":"1.10"}"#
    );
    let hex = "12345678123456781234567812345678";
    let uuid = to_value(&PyUuid(text("12345678-1234-5678-1234-567812345678"))).unwrap();
    assert_eq!(
        shown(&uuid),
        format!(r#"{{"__type__":"uuid","__value__":{{"hex":"{hex}"}}}}"#)
    );
    assert_eq!(from_value::<PyUuid>(uuid).unwrap().0, hex);
    assert_eq!(
        round(&PyBytes(b"hello".to_vec())),
        r#"{"__type__":"bytes","__value__":"hello"}"#
    );
    let base64 = r#"{"__type__":"base64","__value__":"//4="}"#;
    assert_eq!(round(&PyBytes(vec![0xff, 0xfe])), base64);
    let dates = to_value(&Some(vec![PyDate(text("2027-01-02"))])).unwrap();
    assert_eq!(dates, Value::List(vec![Value::Date(text("2027-01-02"))]));
}

#[test]
fn texts_that_python_would_refuse_are_refused() {
    let text = str::to_owned;
    assert_eq!(
        to_value(&PyDateTime(text("now"))).unwrap_err().to_string(),
        "`now` is not a datetime"
    );
    assert!(to_value(&PyDate(text("2027-02-30"))).is_err());
    assert!(to_value(&PyTime(text("25:00"))).is_err());
    assert!(to_value(&PyDecimal(text("1,5"))).is_err());
    assert!(to_value(&PyUuid(text("12"))).is_err());
    for value in [
        Value::DateTime(text("now")),
        Value::Date(text("")),
        Value::Uuid(text("x")),
        Value::Dict(Dict::from_iter([
            (text("__type__"), "decimal".into()),
            (text("__value__"), "1".into()),
        ])),
    ] {
        assert!(Serializer::Json.dump(&value).is_err(), "{value:?}");
    }
}

/// Celery 5.3 runs on Pythons whose `fromisoformat` knows no `Z` and no nanoseconds.
#[test]
fn times_are_written_for_old_pythons() {
    for (text, written) in [
        ("2027-01-02T03:04:05Z", "2027-01-02T03:04:05+00:00"),
        (
            "2027-01-02T03:04:05.123456789Z",
            "2027-01-02T03:04:05.123456+00:00",
        ),
        (
            "2027-01-02T03:04:05.5+02:00",
            "2027-01-02T03:04:05.500000+02:00",
        ),
        ("2027-01-02T03:04:05,123", "2027-01-02T03:04:05.123000"),
        ("2027-01-02T03:04:05.123", "2027-01-02T03:04:05.123"),
        ("2027-01-02", "2027-01-02"),
    ] {
        let value = to_value(&PyDateTime(text.to_owned())).unwrap();
        assert!(
            shown(&value).contains(&format!("\"{written}\"")),
            "{}",
            shown(&value)
        );
    }
}

#[derive(Deserialize)]
struct Holder {
    at: Value,
    #[serde(flatten)]
    rest: HashMap<String, Value>,
}

#[test]
fn typed_values_give_their_text() {
    let value = json(r#"{"__type__": "datetime", "__value__": "2027-01-02T03:04:05"}"#);
    assert_eq!(
        from_value::<String>(value.clone()).unwrap(),
        "2027-01-02T03:04:05"
    );
    assert_eq!(
        from_value::<PyDateTime>(value.clone()).unwrap().0,
        "2027-01-02T03:04:05"
    );
    assert_eq!(
        from_value::<PyDateTime>("2027-01-02".into()).unwrap().0,
        "2027-01-02"
    );
    let holder = Value::Dict(Dict::from_iter([
        ("at".to_owned(), value.clone()),
        ("other".to_owned(), Value::Int(1)),
    ]));
    let holder: Holder = from_value(holder).unwrap();
    assert_eq!(holder.at, value);
    assert_eq!(holder.rest["other"], Value::Int(1));
}

#[test]
fn values_pass_through_unchanged() {
    let value = json(
        r#"[null, true, 1, 1180591620717411303424, 1.5, "a", [{"k": {"__type__": "base64", "__value__": "//4="}}],
            {"__type__": "time", "__value__": "03:04:05"}, {"__type__": "date", "__value__": "2027-01-02"},
            {"__type__": "uuid", "__value__": {"hex": "12345678123456781234567812345678"}},
            {"__type__": "decimal", "__value__": "NaN"}]"#,
    );
    assert_eq!(to_value(&value).unwrap(), value);
    assert_eq!(from_value::<Value>(value.clone()).unwrap(), value);
    assert_eq!(
        from_value::<Vec<Value>>(value.clone()).unwrap(),
        value.as_list().unwrap()
    );
}

#[test]
fn other_formats_see_plain_values() {
    let value =
        json(r#"{"a": [1, 2.5, null, "x"], "d": {"__type__": "date", "__value__": "2027-01-02"}}"#);
    let text = serde_json::to_string(&value).unwrap();
    assert_eq!(text, r#"{"a":[1,2.5,null,"x"],"d":"2027-01-02"}"#);
    let read: Value =
        serde_json::from_str(r#"{"a": [1, 18446744073709551615, null, true, 1.5]}"#).unwrap();
    assert_eq!(
        shown(&read),
        r#"{"a":[1,18446744073709551615,null,true,1.5]}"#
    );
}

fn refusal<T: DeserializeOwned + std::fmt::Debug>(text: &str) -> String {
    from_value::<T>(json(text)).unwrap_err().to_string()
}

#[test]
fn what_does_not_fit_is_told_in_pythons_words() {
    assert_eq!(refusal::<i64>("\"x\""), "expected i64, got str 'x'");
    assert_eq!(refusal::<u8>("300"), "expected u8, got int 300");
    assert_eq!(refusal::<String>("null"), "expected a string, got None");
    assert_eq!(refusal::<bool>("1.5"), "expected a boolean, got float 1.5");
    assert_eq!(refusal::<Vec<u8>>("{}"), "expected a sequence, got dict");
    assert_eq!(
        refusal::<(i32, i32)>("[1]"),
        "expected a tuple of size 2, got 1 items"
    );
    assert_eq!(
        refusal::<(i32, i32)>("[1, 2, 3]"),
        "expected 2 items, got 3"
    );
    assert_eq!(refusal::<Order>(r#"{"lines": []}"#), "missing field `id`");
    let lines = r#"{"id": 1, "lines": [{"sku": "a", "amount": 1}, {"sku": 5, "amount": 1}]}"#;
    assert_eq!(
        refusal::<Order>(lines),
        "`lines.1.sku`: expected a string, got int 5"
    );
    assert_eq!(
        refusal::<Event>("\"Flew\""),
        "unknown variant `Flew`, expected one of `Stopped`, `Moved`, `Named`, `Resized`"
    );
    assert_eq!(
        refusal::<Event>("1"),
        "expected Event, one of Stopped, Moved, Named, Resized, got int"
    );
}

/// In Python a `bytes` is a sequence of numbers; here it is a `Vec<u8>`, an array of them, or
/// `PyBytes`.
#[test]
fn bytes_are_sequences_of_numbers() {
    let bytes = || Value::Bytes(vec![1, 2, 255, 4]);
    assert_eq!(from_value::<Vec<u8>>(bytes()).unwrap(), [1, 2, 255, 4]);
    assert_eq!(from_value::<[u8; 4]>(bytes()).unwrap(), [1, 2, 255, 4]);
    let rows = Value::List(vec![bytes(), Value::Bytes(Vec::new())]);
    assert_eq!(
        from_value::<Vec<Vec<u8>>>(rows).unwrap(),
        [vec![1, 2, 255, 4], vec![]]
    );
    assert_eq!(
        from_value::<Option<Vec<i64>>>(bytes()).unwrap(),
        Some(vec![1, 2, 255, 4])
    );
    assert_eq!(from_value::<PyBytes>(bytes()).unwrap().0, [1, 2, 255, 4]);
    from_value::<Vec<String>>(bytes()).unwrap_err();
    from_value::<[u8; 3]>(bytes()).unwrap_err();
}

/// Python's `2.0 == 2`; where something would be lost, nothing is converted.
#[test]
fn an_integer_takes_a_float_without_a_fraction() {
    assert_eq!(from_value::<u32>(Value::Float(2.0)).ok(), Some(2));
    assert_eq!(from_value::<i8>(Value::Float(-3.0)).ok(), Some(-3));
    assert_eq!(
        from_value::<Vec<Option<u64>>>(Value::List(vec![Value::Float(7.0), Value::Null])).ok(),
        Some(vec![Some(7), None])
    );
    for number in [2.5, f64::NAN, f64::INFINITY, 1e300, 9_007_199_254_740_994.0] {
        assert!(from_value::<i64>(Value::Float(number)).is_err(), "{number}");
    }
    assert!(from_value::<u8>(Value::Float(-1.0)).is_err());
    assert!(from_value::<u8>(Value::Float(256.0)).is_err());
    assert!(from_value::<String>(Value::Int(7)).is_err());
}
