use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use base64_simd::STANDARD as BASE64;
use serde::de::{Error as _, IgnoredAny, MapAccess, Visitor};
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value as Json, json};

use super::super::text::Text;

/// An item's attributes by name.
pub type Item = BTreeMap<Arc<str>, Attribute>;

/// A value of DynamoDB's. What it holds is shared with its clones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attribute {
    /// A text.
    S(Arc<str>),
    /// A decimal number, as a text.
    N(Arc<str>),
    /// Bytes.
    B(Arc<[u8]>),
    /// Any other, as JSON.
    Other(Json),
}

impl Attribute {
    /// The text.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::S(text) => Some(text),
            _ => None,
        }
    }

    /// The whole part of the number.
    pub fn whole(&self) -> Option<i128> {
        match self {
            Self::N(text) => text.split('.').next()?.parse().ok(),
            _ => None,
        }
    }

    /// The bytes.
    pub fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::B(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The order of two values of one type; `None` for two types.
    pub(super) fn order(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::S(one), Self::S(two)) => Some(one.cmp(two)),
            (Self::N(one), Self::N(two)) => Some(order_numbers(one, two)),
            (Self::B(one), Self::B(two)) => Some(one.cmp(two)),
            _ => None,
        }
    }

    fn size(&self) -> usize {
        match self {
            Self::S(text) => text.len(),
            Self::N(digits) => digits.len() / 2 + 1,
            Self::B(bytes) => bytes.len(),
            Self::Other(json) => json.to_string().len(),
        }
    }
}

/// As DynamoDB writes it: `{"S": "text"}`.
impl Serialize for Attribute {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = match self {
            Self::Other(json) => return json.serialize(serializer),
            _ => serializer.serialize_map(Some(1))?,
        };
        match self {
            Self::S(text) => map.serialize_entry("S", text)?,
            Self::N(number) => map.serialize_entry("N", number)?,
            Self::B(bytes) => map.serialize_entry("B", &BASE64.encode_to_string(bytes))?,
            Self::Other(_) => {}
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Attribute {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(OneEntry)
    }
}

/// Reads a map of one entry: the type's letters, and the value.
struct OneEntry;

impl<'de> Visitor<'de> for OneEntry {
    type Value = Attribute;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value with its type")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Attribute, A::Error> {
        let kind: Text<'de> = map
            .next_key()?
            .ok_or_else(|| A::Error::custom("a value has a type"))?;
        let attribute = match &*kind {
            "S" => Attribute::S(map.next_value::<Text<'de>>()?.into()),
            "N" => Attribute::N(map.next_value::<Text<'de>>()?.into()),
            "B" => {
                let coded = map.next_value::<Text<'de>>()?;
                let bytes = BASE64.decode_to_vec(coded.as_bytes());
                let bytes = bytes.map_err(|e| A::Error::custom(format!("a binary value: {e}")))?;
                Attribute::B(bytes.into())
            }
            kind => Attribute::Other(json!({ kind: map.next_value::<Json>()? })),
        };
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(attribute)
    }
}

/// Bytes of an item, by DynamoDB's rules.
pub fn size(item: &Item) -> usize {
    item.iter()
        .map(|(name, value)| name.len() + value.size())
        .sum()
}

/// Decimals without exponents, as clients write them: exact, unlike floats.
fn order_numbers(one: &str, two: &str) -> Ordering {
    let (one, two) = (Decimal::read(one), Decimal::read(two));
    match (one.negative, two.negative) {
        (false, true) => Ordering::Greater,
        (true, false) => Ordering::Less,
        (false, false) => one.magnitude(&two),
        (true, true) => two.magnitude(&one),
    }
}

struct Decimal<'a> {
    negative: bool,
    whole: &'a str,
    fraction: &'a str,
}

impl<'a> Decimal<'a> {
    fn read(text: &'a str) -> Self {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let (whole, fraction) = (
            whole.trim_start_matches('0'),
            fraction.trim_end_matches('0'),
        );
        Self {
            negative: negative && !(whole.is_empty() && fraction.is_empty()),
            whole,
            fraction,
        }
    }

    fn magnitude(&self, other: &Self) -> Ordering {
        self.whole
            .len()
            .cmp(&other.whole.len())
            .then_with(|| self.whole.cmp(other.whole))
            .then_with(|| self.fraction.cmp(other.fraction))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_compared_by_their_value() {
        let less = [
            ("1.5", "1.50001"),
            ("9", "10"),
            ("-2", "1"),
            ("-2", "-1"),
            ("0", "0.1"),
        ];
        for (one, two) in less {
            assert_eq!(order_numbers(one, two), Ordering::Less, "{one} {two}");
            assert_eq!(order_numbers(two, one), Ordering::Greater, "{two} {one}");
        }
        for (one, two) in [("1.50", "1.5"), ("007", "7"), ("-0", "0"), ("+1", "1")] {
            assert_eq!(order_numbers(one, two), Ordering::Equal, "{one} {two}");
        }
    }

    #[test]
    fn values_are_read_and_written_as_dynamodb_writes_them() {
        for (json, attribute) in [
            (r#"{"S":"a\"b"}"#, Attribute::S("a\"b".into())),
            (r#"{"N":"1.50"}"#, Attribute::N("1.50".into())),
            (r#"{"B":"AAE="}"#, Attribute::B([0, 1].into())),
            (r#"{"BOOL":true}"#, Attribute::Other(json!({"BOOL": true}))),
        ] {
            let read: Attribute = serde_json::from_str(json).expect("a value");
            assert_eq!(read, attribute);
            assert_eq!(serde_json::to_string(&read).expect("plain"), json);
        }
        for json in ["{}", r#"{"S":1}"#, r#"{"B":"no base64"}"#, r#""a""#] {
            assert!(serde_json::from_str::<Attribute>(json).is_err(), "{json}");
        }
    }
}
