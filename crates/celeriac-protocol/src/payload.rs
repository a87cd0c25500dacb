use crate::{DecodeError, Dict, Embed, Value};

/// `[args, kwargs, embed]` (SPEC 1.5).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Payload {
    /// Positional arguments.
    pub args: Vec<Value>,
    /// Keyword arguments.
    pub kwargs: Dict,
    /// Callbacks, errbacks, chain and chord.
    pub embed: Embed,
}

impl Payload {
    /// Reads the three elements.
    pub fn from_value(_value: Value) -> Result<Self, DecodeError> { todo!() }
    /// The three elements.
    pub fn to_value(&self) -> Value { todo!() }
}
