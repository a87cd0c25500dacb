use indexmap::IndexMap;

use crate::BigInt;

/// A JSON object in its order; the last of duplicate keys wins.
pub type Dict = IndexMap<String, Value>;

/// A value as Celery's payloads and results carry it: JSON, and Python's typed objects (SPEC 8).
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    /// `None`.
    #[default]
    Null,
    /// `bool`.
    Bool(bool),
    /// `int` within 64 bits.
    Int(i64),
    /// A larger `int`.
    BigInt(BigInt),
    /// `float`, NaN and the infinities included.
    Float(f64),
    /// `str`.
    Str(String),
    /// `bytes`.
    Bytes(Vec<u8>),
    /// `datetime`, in ISO form, offset kept.
    DateTime(String),
    /// `date`, `YYYY-MM-DD`.
    Date(String),
    /// `time`.
    Time(String),
    /// `Decimal`, in its text.
    Decimal(String),
    /// `UUID`, 32 hex digits.
    Uuid(String),
    /// `list` or `tuple`.
    List(Vec<Value>),
    /// `dict`.
    Dict(Dict),
}

impl Value {
    /// Whether this is `None`.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Python's truth: nothing, zero and what is empty are false.
    pub fn is_true(&self) -> bool {
        match self {
            Self::Null => false,
            Self::Bool(flag) => *flag,
            Self::Int(number) => *number != 0,
            Self::Float(number) => *number != 0.0,
            Self::Str(text) => !text.is_empty(),
            Self::Bytes(bytes) => !bytes.is_empty(),
            Self::List(items) => !items.is_empty(),
            Self::Dict(entries) => !entries.is_empty(),
            _ => true,
        }
    }

    /// What Python's `list(value)` gives: the items of a list, the characters of a text, the keys
    /// of a dict. `None` for what Python does not iterate over.
    pub fn into_items(self) -> Option<Vec<Self>> {
        match self {
            Self::List(items) => Some(items),
            Self::Str(text) => Some(text.chars().map(|c| Self::Str(c.into())).collect()),
            Self::Dict(entries) => Some(entries.into_keys().map(Self::Str).collect()),
            Self::Bytes(bytes) => Some(bytes.into_iter().map(|b| Self::Int(b.into())).collect()),
            _ => None,
        }
    }

    /// The text of a `str`.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Str(text) => Some(text),
            _ => None,
        }
    }

    /// The number of an `int` within 64 bits.
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(*number),
            _ => None,
        }
    }

    /// The number of a `float` or of an `int` within 64 bits.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Float(number) => Some(*number),
            Self::Int(number) => Some(*number as f64),
            _ => None,
        }
    }

    /// The items of a `list`.
    pub fn as_list(&self) -> Option<&[Value]> {
        match self {
            Self::List(items) => Some(items),
            _ => None,
        }
    }

    /// The entries of a `dict`.
    pub fn as_dict(&self) -> Option<&Dict> {
        match self {
            Self::Dict(entries) => Some(entries),
            _ => None,
        }
    }

    /// An entry of a `dict`; nothing for any other type.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.as_dict()?.get(key)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Bool(flag)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<i32> for Value {
    fn from(number: i32) -> Self {
        Self::Int(i64::from(number))
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Int(i64::from(number))
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::from(u128::from(number))
    }
}

impl From<i128> for Value {
    fn from(number: i128) -> Self {
        i64::try_from(number).map_or_else(|_| Self::BigInt(number.into()), Self::Int)
    }
}

impl From<u128> for Value {
    fn from(number: u128) -> Self {
        i64::try_from(number).map_or_else(|_| Self::BigInt(number.into()), Self::Int)
    }
}

impl From<BigInt> for Value {
    fn from(number: BigInt) -> Self {
        number
            .as_str()
            .parse()
            .map_or_else(|_| Self::BigInt(number), Self::Int)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Float(number)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Str(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Str(text)
    }
}

impl From<Dict> for Value {
    fn from(entries: Dict) -> Self {
        Self::Dict(entries)
    }
}

impl<T: Into<Value>> From<Vec<T>> for Value {
    fn from(items: Vec<T>) -> Self {
        Self::List(items.into_iter().map(Into::into).collect())
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(item: Option<T>) -> Self {
        item.map_or(Self::Null, Into::into)
    }
}
