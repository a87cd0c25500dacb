use std::fmt::{self, Display};

use serde::{
    Deserialize, Deserializer,
    de::{self, DeserializeOwned, IntoDeserializer, Unexpected, value::StringDeserializer},
    forward_to_deserialize_any,
};

use crate::{Dict, Value, ValueError, value_visitor};

type Result<T> = std::result::Result<T, Mismatch>;

/// A Rust value from a wire value; typed objects give their text to types that read strings.
pub fn from_value<T: DeserializeOwned>(value: Value) -> std::result::Result<T, ValueError> {
    T::deserialize(ValueDeserializer(value)).map_err(|mismatch| ValueError(mismatch.to_string()))
}

/// What does not fit, and where: `` `user.age`: expected i64, got str 'x' ``.
#[derive(Debug)]
pub(crate) struct Mismatch {
    /// Keys and positions from the inside out.
    path: Vec<String>,
    reason: String,
}

impl Mismatch {
    fn at(mut self, step: impl Display) -> Self {
        self.path.push(step.to_string());
        self
    }
}

impl Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            let path: Vec<&str> = self.path.iter().rev().map(String::as_str).collect();
            write!(f, "`{}`: ", path.join("."))?;
        }
        f.write_str(&self.reason)
    }
}

impl std::error::Error for Mismatch {}

impl de::Error for Mismatch {
    fn custom<T: Display>(message: T) -> Self {
        Self {
            path: Vec::new(),
            reason: message.to_string(),
        }
    }

    fn invalid_type(unexpected: Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::custom(format_args!(
            "expected {expected}, got {}",
            describe(&unexpected)
        ))
    }

    fn invalid_value(unexpected: Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::invalid_type(unexpected, expected)
    }

    fn invalid_length(length: usize, expected: &dyn de::Expected) -> Self {
        Self::custom(format_args!("expected {expected}, got {length} items"))
    }
}

/// What serde found, in the words of [`Value::describe`].
fn describe(found: &Unexpected<'_>) -> String {
    let value = match *found {
        Unexpected::Bool(flag) => Value::Bool(flag),
        Unexpected::Signed(number) => Value::Int(number),
        Unexpected::Float(number) => Value::Float(number),
        Unexpected::Str(text) => Value::Str(text.to_owned()),
        Unexpected::Bytes(_) => Value::Bytes(Vec::new()),
        Unexpected::Unit | Unexpected::Option => Value::Null,
        Unexpected::Seq => Value::List(Vec::new()),
        Unexpected::Map => Value::Dict(Dict::new()),
        Unexpected::Unsigned(number) => return format!("int {number}"),
        ref other => return other.to_string(),
    };
    value.describe()
}

/// Integers take a float without a fraction, as Python's `2.0 == 2` has it. Beyond 2^53 a float
/// may not be what was meant.
macro_rules! whole {
    ($($method:ident)+) => {
        $(fn $method<V: de::Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
            match self.0 {
                Value::Float(number) if number.fract() == 0.0 && number.abs() <= EXACT => {
                    visitor.visit_i64(number as i64)
                }
                other => Self(other).deserialize_any(visitor),
            }
        })+
    };
}

/// Up to here a float can hold every integer.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Serde's view of one wire value.
pub(crate) struct ValueDeserializer(pub(crate) Value);

impl<'de> Deserializer<'de> for ValueDeserializer {
    type Error = Mismatch;

    fn deserialize_any<V: de::Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(flag) => visitor.visit_bool(flag),
            Value::Int(number) => visitor.visit_i64(number),
            Value::BigInt(number) => {
                match (number.as_str().parse(), number.to_i128(), number.to_u128()) {
                    (Ok(number), _, _) => visitor.visit_u64(number),
                    (_, Some(number), _) => visitor.visit_i128(number),
                    (_, _, Some(number)) => visitor.visit_u128(number),
                    _ => visitor.visit_string(number.0),
                }
            }
            Value::Float(number) => visitor.visit_f64(number),
            Value::Bytes(bytes) => visitor.visit_byte_buf(bytes),
            Value::Str(text)
            | Value::DateTime(text)
            | Value::Date(text)
            | Value::Time(text)
            | Value::Decimal(text)
            | Value::Uuid(text) => visitor.visit_string(text),
            Value::List(items) => visit_list(items, visitor),
            Value::Dict(entries) => visit_dict(entries, visitor),
        }
    }

    /// Python's `bytes` are a sequence of numbers, too: a `Vec<u8>` takes them.
    fn deserialize_seq<V: de::Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.0 {
            bytes @ Value::Bytes(_) => visit_list(bytes.into_items().unwrap_or_default(), visitor),
            other => Self(other).deserialize_any(visitor),
        }
    }

    fn deserialize_tuple<V: de::Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_option<V: de::Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: de::Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value> {
        if name == value_visitor::NAME {
            return value_visitor::visit(self.0, visitor);
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: de::Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        match self.0 {
            Value::Str(variant) => visitor.visit_enum(variant.into_deserializer()),
            Value::Dict(mut entries) if entries.len() == 1 => match entries.pop() {
                Some((variant, content)) => visitor.visit_enum(Variant { variant, content }),
                None => Err(no_variant(name, variants, "dict")),
            },
            other => Err(no_variant(name, variants, other.type_name())),
        }
    }

    /// Whatever is skipped needs no look.
    fn deserialize_ignored_any<V: de::Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_unit()
    }

    whole! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
    }

    forward_to_deserialize_any! {
        bool f32 f64 char str string bytes byte_buf unit
        unit_struct tuple_struct map struct identifier
    }
}

impl IntoDeserializer<'_, Mismatch> for Value {
    type Deserializer = ValueDeserializer;

    fn into_deserializer(self) -> ValueDeserializer {
        ValueDeserializer(self)
    }
}

fn no_variant(name: &str, variants: &[&str], got: &str) -> Mismatch {
    let reason = format!("expected {name}, one of {}, got {got}", variants.join(", "));
    de::Error::custom(reason)
}

fn visit_list<'de, V: de::Visitor<'de>>(items: Vec<Value>, visitor: V) -> Result<V::Value> {
    let mut items = Items {
        rest: items.into_iter(),
        position: 0,
    };
    let value = visitor.visit_seq(&mut items)?;
    match items.rest.len() {
        0 => Ok(value),
        rest => {
            let count = items.position;
            let reason = format!("expected {count} items, got {}", count + rest);
            Err(de::Error::custom(reason))
        }
    }
}

fn visit_dict<'de, V: de::Visitor<'de>>(entries: crate::Dict, visitor: V) -> Result<V::Value> {
    visitor.visit_map(Entries {
        rest: entries.into_iter(),
        value: None,
    })
}

struct Items {
    rest: std::vec::IntoIter<Value>,
    position: usize,
}

impl<'de> de::SeqAccess<'de> for Items {
    type Error = Mismatch;

    fn next_element_seed<T: de::DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>> {
        let Some(item) = self.rest.next() else {
            return Ok(None);
        };
        let position = self.position;
        self.position += 1;
        seed.deserialize(ValueDeserializer(item))
            .map(Some)
            .map_err(|mismatch| mismatch.at(position))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

struct Entries {
    rest: indexmap::map::IntoIter<String, Value>,
    value: Option<(String, Value)>,
}

impl<'de> de::MapAccess<'de> for Entries {
    type Error = Mismatch;

    fn next_key_seed<K: de::DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>> {
        let Some((key, value)) = self.rest.next() else {
            return Ok(None);
        };
        self.value = Some((key.clone(), value));
        seed.deserialize(KeyDeserializer(key)).map(Some)
    }

    fn next_value_seed<V: de::DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value> {
        let (key, value) = self.value.take().unwrap_or_default();
        seed.deserialize(ValueDeserializer(value))
            .map_err(|mismatch| mismatch.at(key))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

/// A dict's key: a text that numbers and flags can be read from, since JSON turned them into one.
struct KeyDeserializer(String);

macro_rules! numeric_keys {
    ($($method:ident $visit:ident),*) => {$(
        fn $method<V: de::Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
            match self.0.parse() {
                Ok(number) => visitor.$visit(number),
                Err(_) => visitor.visit_string(self.0),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for KeyDeserializer {
    type Error = Mismatch;

    fn deserialize_any<V: de::Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_string(self.0)
    }

    numeric_keys!(
        deserialize_bool visit_bool, deserialize_i8 visit_i8, deserialize_i16 visit_i16,
        deserialize_i32 visit_i32, deserialize_i64 visit_i64, deserialize_i128 visit_i128,
        deserialize_u8 visit_u8, deserialize_u16 visit_u16, deserialize_u32 visit_u32,
        deserialize_u64 visit_u64, deserialize_u128 visit_u128, deserialize_f32 visit_f32,
        deserialize_f64 visit_f64
    );

    fn deserialize_option<V: de::Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: de::Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: de::Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        let variant: StringDeserializer<Mismatch> = self.0.into_deserializer();
        visitor.visit_enum(variant)
    }

    forward_to_deserialize_any! {
        char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct
        identifier ignored_any
    }
}

/// An enum's variant with data.
struct Variant {
    variant: String,
    content: Value,
}

impl<'de> de::EnumAccess<'de> for Variant {
    type Error = Mismatch;
    type Variant = VariantContent;

    fn variant_seed<V: de::DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, VariantContent)> {
        let variant = seed.deserialize(KeyDeserializer(self.variant))?;
        Ok((variant, VariantContent(self.content)))
    }
}

pub(crate) struct VariantContent(pub(crate) Value);

impl<'de> de::VariantAccess<'de> for VariantContent {
    type Error = Mismatch;

    fn unit_variant(self) -> Result<()> {
        Deserialize::deserialize(ValueDeserializer(self.0))
    }

    fn newtype_variant_seed<T: de::DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value> {
        seed.deserialize(ValueDeserializer(self.0))
    }

    fn tuple_variant<V: de::Visitor<'de>>(self, _length: usize, visitor: V) -> Result<V::Value> {
        ValueDeserializer(self.0).deserialize_seq(visitor)
    }

    fn struct_variant<V: de::Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        ValueDeserializer(self.0).deserialize_map(visitor)
    }
}
