//! Python's `+` and `*`, as far as the suite's tasks use them.

use celeriac::prelude::*;

/// `x + y`.
pub(crate) fn add(x: &Value, y: &Value) -> TaskResult<Value> {
    match (x, y) {
        (Value::Int(x), Value::Int(y)) => Ok(Value::Int(x + y)),
        (Value::Str(x), Value::Str(y)) => Ok(Value::Str(format!("{x}{y}"))),
        (Value::List(x), Value::List(y)) => Ok(Value::List([x.as_slice(), y].concat())),
        (x, y) => match (x.as_f64(), y.as_f64()) {
            (Some(x), Some(y)) => Ok(Value::Float(x + y)),
            _ => Err(unsupported(x, y)),
        },
    }
}

/// `sum(items)`.
pub(crate) fn sum<'a>(items: impl IntoIterator<Item = &'a Value>) -> TaskResult<Value> {
    let mut total = Value::Int(0);
    for item in items {
        total = add(&total, item)?;
    }
    Ok(total)
}

/// The items of a list.
pub(crate) fn items(value: &Value) -> TaskResult<&[Value]> {
    value.as_list().ok_or_else(|| {
        let name = value.type_name();
        TaskError::failure("TypeError", format!("'{name}' object is not iterable"))
    })
}

fn unsupported(x: &Value, y: &Value) -> TaskError {
    let (x, y) = (x.type_name(), y.type_name());
    TaskError::failure(
        "TypeError",
        format!("unsupported operand type(s) for +: '{x}' and '{y}'"),
    )
}
