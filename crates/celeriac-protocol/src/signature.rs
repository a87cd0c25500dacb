use crate::{DecodeError, Dict, Value};

/// A task call that is not sent yet (SPEC 7.1).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Signature {
    /// The task's name.
    pub task: String,
    /// Positional arguments.
    pub args: Vec<Value>,
    /// Keyword arguments.
    pub kwargs: Dict,
    /// `apply_async` options in Celery's names.
    pub options: Dict,
    /// `chain`, `group`, `chord` or nothing.
    pub subtask_type: Option<String>,
    /// Drops the arguments it would be applied with.
    pub immutable: bool,
    /// Everything else, such as `chord_size`.
    pub extra: Dict,
}

impl Signature {
    /// A plain signature.
    pub fn new(_task: impl Into<String>) -> Self { todo!() }
    /// Celery's object.
    pub fn to_value(&self) -> Value { todo!() }
    /// Reads Celery's object; keys other than `task` may be absent.
    pub fn from_value(_value: Value) -> Result<Self, DecodeError> { todo!() }
}
