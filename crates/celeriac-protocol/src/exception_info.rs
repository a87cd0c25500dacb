use crate::{DecodeError, Value};

/// A Python exception as results carry it (SPEC 2.6).
#[derive(Clone, Debug, PartialEq)]
pub struct ExceptionInfo {
    /// The qualified class name, such as `ValueError`.
    pub exc_type: String,
    /// The constructor's arguments.
    pub exc_message: Vec<Value>,
    /// The module, such as `builtins`.
    pub exc_module: Option<String>,
}

impl ExceptionInfo {
    /// An exception with one text argument.
    pub fn new(_exc_module: &str, _exc_type: &str, _message: impl Into<String>) -> Self { todo!() }
    /// The object for `result`.
    pub fn to_value(&self) -> Value { todo!() }
    /// Reads the object; a plain string for `exc_message` is accepted.
    pub fn from_value(_value: &Value) -> Result<Self, DecodeError> { todo!() }
    /// The message as a person reads it: the single argument's text, or all arguments in Python's form.
    pub fn message(&self) -> String { todo!() }
}
