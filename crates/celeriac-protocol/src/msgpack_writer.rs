use rmp::encode::{self, ValueWriteError};

use crate::{BigInt, EncodeError, Value, limits::Budget};

type Result<T> = std::result::Result<T, EncodeError>;

/// The msgpack bytes of one value, as Python's `packb(use_bin_type=True)` writes them.
///
/// Like kombu's msgpack this has no times, decimals and UUIDs.
pub(crate) fn write(value: &Value) -> Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(128);
    write_value(&mut bytes, value, &mut Budget::of_writer())?;
    Ok(bytes)
}

fn write_value(bytes: &mut Vec<u8>, value: &Value, budget: &mut Budget) -> Result<()> {
    budget.item()?;
    match value {
        // Writing bytes to a Vec cannot fail, and neither can these two.
        Value::Null => encode::write_nil(bytes).map_err(|error| EncodeError(error.to_string())),
        Value::Bool(flag) => {
            encode::write_bool(bytes, *flag).map_err(|error| EncodeError(error.to_string()))
        }
        Value::Int(number) => written(encode::write_sint(bytes, *number).map(drop)),
        Value::BigInt(number) => write_big_int(bytes, number),
        Value::Float(number) => written(encode::write_f64(bytes, *number)),
        Value::Str(text) => {
            length(text.len())?;
            budget.text(text.len())?;
            written(encode::write_str(bytes, text))
        }
        Value::Bytes(content) => {
            length(content.len())?;
            budget.text(content.len())?;
            written(encode::write_bin(bytes, content))
        }
        Value::List(items) => {
            budget.enter()?;
            budget.list()?;
            written(encode::write_array_len(bytes, length(items.len())?).map(drop))?;
            for item in items {
                write_value(bytes, item, budget)?;
            }
            budget.leave();
            Ok(())
        }
        Value::Dict(entries) => {
            budget.enter()?;
            budget.dict()?;
            written(encode::write_map_len(bytes, length(entries.len())?).map(drop))?;
            for (key, value) in entries {
                budget.item()?; // readers count keys as values, too
                budget.text(key.len())?;
                budget.key(key.len())?;
                written(encode::write_str(bytes, key))?;
                write_value(bytes, value, budget)?;
            }
            budget.leave();
            Ok(())
        }
        other => Err(EncodeError(format!(
            "msgpack has no {}: use the json serializer or a text",
            other.type_name()
        ))),
    }
}

fn write_big_int(bytes: &mut Vec<u8>, number: &BigInt) -> Result<()> {
    match number.as_str().parse() {
        Ok(number) => written(encode::write_uint(bytes, number).map(drop)),
        Err(_) => Err(EncodeError(format!(
            "msgpack has no integers over 64 bits, such as {number}"
        ))),
    }
}

fn written(result: std::result::Result<(), ValueWriteError>) -> Result<()> {
    result.map_err(|error| EncodeError(error.to_string()))
}

fn length(length: usize) -> Result<u32> {
    u32::try_from(length).map_err(|_| EncodeError("a value is over 4 GiB".to_owned()))
}
