use crate::{DecodeError, DecodeErrorKind, Dict, Value, part};

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
    pub fn new(task: impl Into<String>) -> Self {
        Self {
            task: task.into(),
            ..Self::default()
        }
    }

    /// Celery's object.
    pub fn to_value(&self) -> Value {
        self.clone().into_value()
    }

    /// Celery's object, without copying.
    pub fn into_value(self) -> Value {
        let mut entries = Dict::with_capacity(6 + self.extra.len());
        entries.insert("task".into(), Value::Str(self.task));
        entries.insert("args".into(), Value::List(self.args));
        entries.insert("kwargs".into(), Value::Dict(self.kwargs));
        entries.insert("options".into(), Value::Dict(self.options));
        entries.insert("subtask_type".into(), self.subtask_type.into());
        entries.insert("immutable".into(), Value::Bool(self.immutable));
        for (key, value) in self.extra {
            entries.entry(key).or_insert(value);
        }
        Value::Dict(entries)
    }

    /// Reads Celery's object; keys other than `task` may be absent.
    pub fn from_value(value: Value) -> Result<Self, DecodeError> {
        Ok(Self::read("signature", value)?)
    }

    /// Reads Celery's object, which is the `whole` of a message's part.
    pub(crate) fn read(whole: &'static str, value: Value) -> Result<Self, DecodeErrorKind> {
        let mut signature = Self::default();
        let mut task = None;
        for (key, value) in part::dict(whole, value)? {
            match key.as_str() {
                "task" => task = part::text("signature.task", value)?,
                "args" if value.is_null() => {}
                "args" => signature.args = part::list("signature.args", value)?,
                "kwargs" => signature.kwargs = part::dict_or_empty("signature.kwargs", value)?,
                "options" => signature.options = part::dict_or_empty("signature.options", value)?,
                "subtask_type" => {
                    signature.subtask_type = part::text("signature.subtask_type", value)?;
                }
                "immutable" => {
                    signature.immutable =
                        part::flag("signature.immutable", value)?.unwrap_or_default();
                }
                _ => {
                    signature.extra.insert(key, value);
                }
            }
        }
        signature.task = task.ok_or(DecodeErrorKind::Missing("signature.task"))?;
        Ok(signature)
    }
}
