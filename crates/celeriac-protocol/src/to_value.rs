use serde::ser::{self, Serialize};

use crate::{BigInt, Dict, EncodeError, Value, limits::MAX_NESTING, python_float, python_type};

type Result<T> = std::result::Result<T, EncodeError>;

/// The value of any serializable Rust value.
///
/// Types that JSON lacks are reached through [`PyDateTime`](crate::PyDateTime) and its kin; byte
/// strings of serde become Python `bytes`.
pub fn to_value<T: Serialize + ?Sized>(value: &T) -> Result<Value> {
    value.serialize(ValueSerializer { depth: 0 })
}

impl ser::Error for EncodeError {
    fn custom<T: std::fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

#[derive(Clone, Copy)]
struct ValueSerializer {
    depth: usize,
}

impl ValueSerializer {
    fn nested(self) -> Result<Self> {
        if self.depth == MAX_NESTING {
            let problem = format!("the value is nested over {MAX_NESTING} levels");
            return Err(EncodeError(problem));
        }
        Ok(Self {
            depth: self.depth + 1,
        })
    }

    fn list(self, length: Option<usize>, variant: Option<&'static str>) -> Result<ListSerializer> {
        Ok(ListSerializer {
            // The length is only announced.
            items: Vec::with_capacity(length.unwrap_or(0).min(1024)),
            variant,
            nested: self.nested()?,
        })
    }

    fn dict(self, length: Option<usize>, variant: Option<&'static str>) -> Result<DictSerializer> {
        Ok(DictSerializer {
            entries: Dict::with_capacity(length.unwrap_or(0).min(1024)),
            key: None,
            variant,
            nested: self.nested()?,
        })
    }
}

impl ser::Serializer for ValueSerializer {
    type Ok = Value;
    type Error = EncodeError;
    type SerializeSeq = ListSerializer;
    type SerializeTuple = ListSerializer;
    type SerializeTupleStruct = ListSerializer;
    type SerializeTupleVariant = ListSerializer;
    type SerializeMap = DictSerializer;
    type SerializeStruct = DictSerializer;
    type SerializeStructVariant = DictSerializer;

    fn serialize_bool(self, flag: bool) -> Result<Value> {
        Ok(Value::Bool(flag))
    }

    fn serialize_i8(self, number: i8) -> Result<Value> {
        self.serialize_i64(number.into())
    }

    fn serialize_i16(self, number: i16) -> Result<Value> {
        self.serialize_i64(number.into())
    }

    fn serialize_i32(self, number: i32) -> Result<Value> {
        self.serialize_i64(number.into())
    }

    fn serialize_i64(self, number: i64) -> Result<Value> {
        Ok(Value::Int(number))
    }

    fn serialize_i128(self, number: i128) -> Result<Value> {
        Ok(number.into())
    }

    fn serialize_u8(self, number: u8) -> Result<Value> {
        self.serialize_i64(number.into())
    }

    fn serialize_u16(self, number: u16) -> Result<Value> {
        self.serialize_i64(number.into())
    }

    fn serialize_u32(self, number: u32) -> Result<Value> {
        self.serialize_i64(number.into())
    }

    fn serialize_u64(self, number: u64) -> Result<Value> {
        Ok(number.into())
    }

    fn serialize_u128(self, number: u128) -> Result<Value> {
        Ok(number.into())
    }

    /// Python sees the digits that Rust shows: `0.1`, not `0.10000000149011612`.
    fn serialize_f32(self, number: f32) -> Result<Value> {
        let shown = number.to_string().parse();
        Ok(Value::Float(shown.unwrap_or(f64::from(number))))
    }

    fn serialize_f64(self, number: f64) -> Result<Value> {
        Ok(Value::Float(number))
    }

    fn serialize_char(self, char: char) -> Result<Value> {
        Ok(Value::Str(char.to_string()))
    }

    fn serialize_str(self, text: &str) -> Result<Value> {
        Ok(Value::Str(text.to_owned()))
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Result<Value> {
        Ok(Value::Bytes(bytes.to_owned()))
    }

    fn serialize_none(self) -> Result<Value> {
        Ok(Value::Null)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Value> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<Value> {
        Ok(Value::Null)
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<Value> {
        Ok(Value::Null)
    }

    fn serialize_unit_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
    ) -> Result<Value> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<Value> {
        python_type::from_plain(name, value.serialize(self)?)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<Value> {
        Ok(tagged(Some(variant), value.serialize(self.nested()?)?))
    }

    fn serialize_seq(self, length: Option<usize>) -> Result<ListSerializer> {
        self.list(length, None)
    }

    fn serialize_tuple(self, length: usize) -> Result<ListSerializer> {
        self.list(Some(length), None)
    }

    fn serialize_tuple_struct(self, _name: &'static str, length: usize) -> Result<ListSerializer> {
        self.list(Some(length), None)
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<ListSerializer> {
        self.nested()?.list(Some(length), Some(variant))
    }

    fn serialize_map(self, length: Option<usize>) -> Result<DictSerializer> {
        self.dict(length, None)
    }

    fn serialize_struct(self, _name: &'static str, length: usize) -> Result<DictSerializer> {
        self.dict(Some(length), None)
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<DictSerializer> {
        self.nested()?.dict(Some(length), Some(variant))
    }
}

/// An enum's variant with data is an object with the variant's name as its only key.
fn tagged(variant: Option<&'static str>, value: Value) -> Value {
    match variant {
        Some(variant) => Value::Dict(Dict::from_iter([(variant.to_owned(), value)])),
        None => value,
    }
}

/// Dict keys are texts; others are turned into what Python's `json` makes of them.
pub(crate) fn key_text(key: Value) -> std::result::Result<String, &'static str> {
    Ok(match key {
        Value::Str(text) => text,
        Value::Null => "null".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Int(number) => number.to_string(),
        Value::BigInt(number) => number.to_string(),
        Value::Float(number) => python_float::json_key(number),
        other => return Err(other.type_name()),
    })
}

struct ListSerializer {
    items: Vec<Value>,
    variant: Option<&'static str>,
    nested: ValueSerializer,
}

impl ListSerializer {
    fn push<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.items.push(value.serialize(self.nested)?);
        Ok(())
    }

    fn finish(self) -> Value {
        tagged(self.variant, Value::List(self.items))
    }
}

/// The four traits of serde for what is a list here.
macro_rules! list_traits {
    ($($trait:ident $method:ident),*) => {$(
        impl ser::$trait for ListSerializer {
            type Ok = Value;
            type Error = EncodeError;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
                self.push(value)
            }

            fn end(self) -> Result<Value> {
                Ok(self.finish())
            }
        }
    )*};
}

list_traits!(
    SerializeSeq serialize_element,
    SerializeTuple serialize_element,
    SerializeTupleStruct serialize_field,
    SerializeTupleVariant serialize_field
);

struct DictSerializer {
    entries: Dict,
    key: Option<String>,
    variant: Option<&'static str>,
    nested: ValueSerializer,
}

impl DictSerializer {
    fn insert<T: Serialize + ?Sized>(&mut self, key: String, value: &T) -> Result<()> {
        self.entries.insert(key, value.serialize(self.nested)?);
        Ok(())
    }

    fn finish(self) -> Value {
        tagged(self.variant, Value::Dict(self.entries))
    }
}

impl ser::SerializeMap for DictSerializer {
    type Ok = Value;
    type Error = EncodeError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<()> {
        let key = key_text(key.serialize(self.nested)?)
            .map_err(|name| EncodeError(format!("a {name} cannot be the key of a dict")))?;
        self.key = Some(key);
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        let key = self.key.take();
        let key =
            key.ok_or_else(|| EncodeError("a dict's value came before its key".to_owned()))?;
        self.insert(key, value)
    }

    fn end(self) -> Result<Value> {
        Ok(self.finish())
    }
}

impl ser::SerializeStruct for DictSerializer {
    type Ok = Value;
    type Error = EncodeError;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<()> {
        self.insert(key.to_owned(), value)
    }

    fn end(self) -> Result<Value> {
        Ok(self.finish())
    }
}

impl ser::SerializeStructVariant for DictSerializer {
    type Ok = Value;
    type Error = EncodeError;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<()> {
        self.insert(key.to_owned(), value)
    }

    fn end(self) -> Result<Value> {
        Ok(self.finish())
    }
}

impl Serialize for Value {
    /// Real types for [`to_value`]; plain texts and numbers for other formats.
    fn serialize<S: ser::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(flag) => serializer.serialize_bool(*flag),
            Self::Int(number) => serializer.serialize_i64(*number),
            Self::BigInt(number) => number.serialize(serializer),
            Self::Float(number) => serializer.serialize_f64(*number),
            Self::Str(text) => serializer.serialize_str(text),
            Self::Bytes(bytes) => serializer.serialize_bytes(bytes),
            Self::DateTime(text) => {
                serializer.serialize_newtype_struct(python_type::DATE_TIME, text)
            }
            Self::Date(text) => serializer.serialize_newtype_struct(python_type::DATE, text),
            Self::Time(text) => serializer.serialize_newtype_struct(python_type::TIME, text),
            Self::Decimal(text) => serializer.serialize_newtype_struct(python_type::DECIMAL, text),
            Self::Uuid(hex) => serializer.serialize_newtype_struct(python_type::UUID, hex),
            Self::List(items) => serializer.collect_seq(items),
            Self::Dict(entries) => serializer.collect_map(entries),
        }
    }
}

impl Serialize for BigInt {
    /// A number where the format has one so large, else its digits as a text.
    fn serialize<S: ser::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        if let Some(number) = self.to_i128() {
            return serializer.serialize_i128(number);
        }
        if let Some(number) = self.to_u128() {
            return serializer.serialize_u128(number);
        }
        serializer.serialize_newtype_struct(python_type::BIG_INT, self.as_str())
    }
}
