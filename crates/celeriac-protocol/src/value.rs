use indexmap::IndexMap;
use serde::{Serialize, de::DeserializeOwned};

use crate::{EncodeError, ValueError};

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

/// An integer of any size, in decimal digits with an optional minus.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BigInt(pub(crate) String);

/// The value of any serializable Rust value.
pub fn to_value<T: Serialize + ?Sized>(_value: &T) -> Result<Value, EncodeError> { todo!() }

/// A Rust value from a wire value; typed objects give their text to types that read strings.
pub fn from_value<T: DeserializeOwned>(_value: Value) -> Result<T, ValueError> { todo!() }
