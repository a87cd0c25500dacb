use crate::{DecodeError, DecodeErrorKind, Dict, Value, part, repr::repr_args};

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
    pub fn new(exc_module: &str, exc_type: &str, message: impl Into<String>) -> Self {
        Self {
            exc_type: exc_type.to_owned(),
            exc_message: vec![Value::Str(message.into())],
            exc_module: Some(exc_module.to_owned()),
        }
    }

    /// The object for `result`.
    pub fn to_value(&self) -> Value {
        Value::Dict(Dict::from_iter([
            ("exc_type".to_owned(), Value::Str(self.exc_type.clone())),
            (
                "exc_message".to_owned(),
                Value::List(self.exc_message.clone()),
            ),
            ("exc_module".to_owned(), self.exc_module.clone().into()),
        ]))
    }

    /// Reads the object; a plain string for `exc_message` is accepted.
    pub fn from_value(value: &Value) -> Result<Self, DecodeError> {
        let Value::Dict(entries) = value else {
            let reason = format!("expected an exception object, got {}", value.type_name());
            return Err(DecodeErrorKind::invalid("result", reason).into());
        };
        let entry = |key: &str| entries.get(key).cloned().unwrap_or_default();
        let exc_type = part::text("exc_type", entry("exc_type"))?;
        Ok(Self {
            exc_type: exc_type.ok_or(DecodeErrorKind::Missing("exc_type"))?,
            exc_message: arguments(entry("exc_message")),
            exc_module: part::text("exc_module", entry("exc_module"))?,
        })
    }

    /// As Python shows the exception: `ValueError('boom')`.
    pub fn repr(&self) -> String {
        let args = crate::repr_args(&self.exc_message);
        let args = args
            .strip_suffix(",)")
            .map_or(args.clone(), |one| format!("{one})"));
        format!("{}{args}", self.exc_type)
    }

    /// The message as a person reads it: the single argument's text, or all arguments in Python's
    /// form.
    pub fn message(&self) -> String {
        match self.exc_message.as_slice() {
            [] => String::new(),
            [Value::Str(text)] => text.clone(),
            [single] => {
                let tuple = repr_args(std::slice::from_ref(single));
                let inner = tuple
                    .strip_prefix('(')
                    .and_then(|text| text.strip_suffix(",)"));
                inner.map_or(tuple.clone(), str::to_owned)
            }
            several => repr_args(several),
        }
    }
}

/// Like Celery's reader: a list is the arguments, anything else is the only one.
fn arguments(message: Value) -> Vec<Value> {
    match message {
        Value::Null => Vec::new(),
        Value::List(items) => items,
        single => vec![single],
    }
}
