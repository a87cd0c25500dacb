//! Tasks that take and give values.

use celeriac::prelude::*;
use celeriac_protocol::BigInt;

#[task(name = "w.add")]
pub(crate) async fn add(x: i64, y: i64) -> TaskResult<i64> {
    Ok(x + y)
}

#[task(name = "w.defaults")]
pub(crate) async fn defaults(
    x: i64,
    #[default(10)] y: i64,
    z: Option<Value>,
) -> TaskResult<(i64, i64, Option<Value>)> {
    Ok((x, y, z))
}

#[task(name = "w.identity")]
pub(crate) async fn identity(value: Value) -> TaskResult<Value> {
    Ok(value)
}

#[task(name = "w.noop")]
pub(crate) async fn noop() -> TaskResult {
    Ok(())
}

/// One value of each kind: `VALUES` of `celery_app.py`.
#[task(name = "w.values")]
pub(crate) async fn values(kind: String) -> TaskResult<Value> {
    scalar(&kind)
        .or_else(|| text(&kind))
        .or_else(|| typed(&kind))
        .or_else(|| container(&kind))
        .ok_or_else(|| TaskError::failure("KeyError", kind))
}

fn scalar(kind: &str) -> Option<Value> {
    Some(match kind {
        "none" => Value::Null,
        "true" => Value::Bool(true),
        "zero" => Value::Int(0),
        "int" => Value::Int(42),
        "negative" => Value::Int(-7),
        "i64_max" => Value::Int(i64::MAX),
        "big_int" => Value::from(1_i128 << 70),
        "big_negative" => Value::from(format!("-1{}", "0".repeat(40)).parse::<BigInt>().ok()?),
        "float" => Value::Float(1.5),
        "tiny" => Value::Float(5e-324),
        "large_float" => Value::Float(1e300),
        "minus_zero" => Value::Float(-0.0),
        "infinity" => Value::Float(f64::INFINITY),
        "minus_infinity" => Value::Float(f64::NEG_INFINITY),
        "nan" => Value::Float(f64::NAN),
        _ => return None,
    })
}

fn text(kind: &str) -> Option<Value> {
    let text = match kind {
        "text" => "plain".to_owned(),
        "empty_text" => String::new(),
        "unicode" => "héllo ✓ 日本 🦀".to_owned(),
        "controls" => "\0\u{1f}\"\\/\u{2028}\u{d7ff}".to_owned(),
        "long_text" => "x".repeat(200_000),
        "too_large" => "x".repeat(500_000),
        _ => return None,
    };
    Some(Value::Str(text))
}

fn typed(kind: &str) -> Option<Value> {
    Some(match kind {
        "bytes" => Value::Bytes(b"raw bytes".to_vec()),
        "bytes_not_utf8" => Value::Bytes(vec![0xff, 0, 0xfe]),
        "datetime" => Value::DateTime("2027-01-02T03:04:05.678901+00:00".to_owned()),
        "datetime_naive" => Value::DateTime("2027-01-02T03:04:05".to_owned()),
        "datetime_offset" => Value::DateTime("2027-01-02T03:04:00+05:30".to_owned()),
        "date" => date(),
        "time" => Value::Time("03:04:05.678901".to_owned()),
        "decimal" => Value::Decimal("1.10".to_owned()),
        "decimal_exponent" => Value::Decimal("1E+5".to_owned()),
        "uuid" => Value::Uuid("12345678123456781234567812345678".to_owned()),
        _ => return None,
    })
}

fn container(kind: &str) -> Option<Value> {
    Some(match kind {
        "list" => Value::List(vec![
            Value::Int(1),
            Value::from("two"),
            Value::Float(3.0),
            Value::Null,
            Value::Bool(true),
            Value::List(vec![]),
        ]),
        "dict" => dict([
            ("a", Value::Int(1)),
            (
                "b",
                Value::List(vec![
                    Value::Int(1),
                    Value::Int(2),
                    dict([("c", Value::Null)]),
                ]),
            ),
            ("", dict([])),
        ]),
        "nested_typed" => dict([
            (
                "when",
                Value::List(vec![
                    date(),
                    dict([("price", Value::Decimal("0.1".to_owned()))]),
                ]),
            ),
            ("id", Value::Uuid(format!("{:032x}", 1))),
        ]),
        _ => return None,
    })
}

fn date() -> Value {
    Value::Date("2027-01-02".to_owned())
}

fn dict<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::Dict(
        entries
            .map(|(key, value)| (key.to_owned(), value))
            .into_iter()
            .collect(),
    )
}
