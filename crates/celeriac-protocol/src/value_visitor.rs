//! Reads a [`Value`] from any format of serde, and from a wire value without loss.

use std::fmt;

use serde::{Deserialize, Deserializer, de};

use crate::{
    BigInt, Dict, Value,
    from_value::{Mismatch, ValueDeserializer, VariantContent},
};

/// Asked for by `Value`, so that `from_value` can hand over what serde has no word for.
pub(crate) const NAME: &str = "$celeriac::Value";

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(NAME, ValueVisitor)
    }
}

/// Gives a wire value to the visitor of `Value`: scalars that serde lacks as variants of an enum.
pub(crate) fn visit<'de, V: de::Visitor<'de>>(
    value: Value,
    visitor: V,
) -> Result<V::Value, Mismatch> {
    let (kind, text) = match value {
        Value::DateTime(text) => (Kind::DateTime, text),
        Value::Date(text) => (Kind::Date, text),
        Value::Time(text) => (Kind::Time, text),
        Value::Decimal(text) => (Kind::Decimal, text),
        Value::Uuid(text) => (Kind::Uuid, text),
        Value::BigInt(number) => (Kind::BigInt, number.0),
        other => return ValueDeserializer(other).deserialize_any(visitor),
    };
    visitor.visit_enum(TypedScalar { kind, text })
}

#[derive(Clone, Copy, Deserialize)]
enum Kind {
    DateTime,
    Date,
    Time,
    Decimal,
    Uuid,
    BigInt,
}

struct TypedScalar {
    kind: Kind,
    text: String,
}

impl<'de> de::EnumAccess<'de> for TypedScalar {
    type Error = Mismatch;
    type Variant = VariantContent;

    fn variant_seed<V: de::DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, VariantContent), Mismatch> {
        let index = de::value::U32Deserializer::<Mismatch>::new(self.kind as u32);
        let variant = seed.deserialize(index)?;
        Ok((variant, VariantContent(Value::Str(self.text))))
    }
}

struct ValueVisitor;

impl<'de> de::Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<Value, D::Error> {
        inner.deserialize_any(self)
    }

    fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<Value, D::Error> {
        inner.deserialize_any(self)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(flag.into())
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_i128<E>(self, number: i128) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_u128<E>(self, number: u128) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Value, E> {
        Ok(Value::Bytes(bytes.to_owned()))
    }

    fn visit_byte_buf<E>(self, bytes: Vec<u8>) -> Result<Value, E> {
        Ok(Value::Bytes(bytes))
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Value::List(items))
    }

    fn visit_map<A: de::MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut entries = Dict::new();
        while let Some((key, value)) = access.next_entry()? {
            entries.insert(key, value);
        }
        Ok(Value::Dict(entries))
    }

    fn visit_enum<A: de::EnumAccess<'de>>(self, access: A) -> Result<Value, A::Error> {
        let (kind, content) = access.variant::<Kind>()?;
        let text: String = de::VariantAccess::newtype_variant(content)?;
        Ok(match kind {
            Kind::DateTime => Value::DateTime(text),
            Kind::Date => Value::Date(text),
            Kind::Time => Value::Time(text),
            Kind::Decimal => Value::Decimal(text),
            Kind::Uuid => Value::Uuid(text),
            Kind::BigInt => Value::BigInt(BigInt(text)),
        })
    }
}
