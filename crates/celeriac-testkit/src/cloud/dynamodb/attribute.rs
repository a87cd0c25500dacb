use std::cmp::Ordering;
use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value as Json, json};

/// An item's attributes by name.
pub type Item = BTreeMap<String, Attribute>;

/// A value of DynamoDB's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attribute {
    /// A text.
    S(String),
    /// A decimal number, as a text.
    N(String),
    /// Bytes.
    B(Vec<u8>),
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

/// Bytes of an item, by DynamoDB's rules.
pub fn size(item: &Item) -> usize {
    item.iter()
        .map(|(name, value)| name.len() + value.size())
        .sum()
}

pub(super) fn from_json(json: &Json) -> Result<Item, String> {
    let attributes = json.as_object().ok_or("an item is an object")?;
    let read = attributes
        .iter()
        .map(|(name, value)| Ok((name.clone(), value_from_json(value)?)));
    read.collect()
}

pub(super) fn value_from_json(json: &Json) -> Result<Attribute, String> {
    let text = |kind: &str| json[kind].as_str().map(str::to_owned);
    if let Some(text) = text("S") {
        return Ok(Attribute::S(text));
    }
    if let Some(number) = text("N") {
        return Ok(Attribute::N(number));
    }
    match text("B") {
        Some(coded) => BASE64
            .decode(coded)
            .map(Attribute::B)
            .map_err(|error| format!("a binary value: {error}")),
        None => Ok(Attribute::Other(json.clone())),
    }
}

pub(super) fn to_json(item: &Item) -> Json {
    let values = item.iter().map(|(name, value)| {
        let value = match value {
            Attribute::S(text) => json!({ "S": text }),
            Attribute::N(number) => json!({ "N": number }),
            Attribute::B(bytes) => json!({ "B": BASE64.encode(bytes) }),
            Attribute::Other(json) => json.clone(),
        };
        (name.clone(), value)
    });
    Json::Object(values.collect())
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
}
