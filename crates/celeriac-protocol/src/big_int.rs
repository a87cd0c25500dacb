use std::{fmt, str::FromStr};

use crate::ValueError;
use crate::short_text::is_not;

/// An integer of any size, in decimal digits with an optional minus.
///
/// Integers within 64 bits are [`Value::Int`](crate::Value::Int) wherever this crate reads them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BigInt(pub(crate) String);

impl BigInt {
    /// The decimal digits, with a leading minus for negative numbers.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The number, if it fits.
    pub fn to_i128(&self) -> Option<i128> {
        self.0.parse().ok()
    }

    /// The number, if it fits.
    pub fn to_u128(&self) -> Option<u128> {
        self.0.parse().ok()
    }
}

impl fmt::Display for BigInt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for BigInt {
    type Err = ValueError;

    /// Reads decimal digits with an optional sign; leading zeros and a plus are dropped.
    fn from_str(text: &str) -> Result<Self, ValueError> {
        let (minus, digits) = match text.strip_prefix('-') {
            Some(rest) => ("-", rest),
            None => ("", text.strip_prefix('+').unwrap_or(text)),
        };
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(ValueError(is_not(text, "a whole number")));
        }
        let digits = digits.trim_start_matches('0');
        if digits.is_empty() {
            return Ok(Self("0".to_owned()));
        }
        Ok(Self(format!("{minus}{digits}")))
    }
}

impl From<i128> for BigInt {
    fn from(number: i128) -> Self {
        Self(number.to_string())
    }
}

impl From<u128> for BigInt {
    fn from(number: u128) -> Self {
        Self(number.to_string())
    }
}
