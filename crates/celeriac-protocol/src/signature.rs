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
    /// In a message: what stood in the place of a signature whose parts are not of the types that
    /// Celery itself gives them. It is handed on as it came; [`readable`](Self::readable) makes of
    /// it what Celery does when its turn comes.
    pub raw: Option<Box<Value>>,
}

/// Signatures of one list: what would be sent, or ended, at the end of one task.
const MAX_SIGNATURES: usize = 10_000;

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
        if let Some(raw) = self.raw {
            return *raw;
        }
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
        Self::read(value)
    }

    /// A part of a message, whatever it is.
    pub fn from_message(value: Value) -> Self {
        let raw = (!is_plain(&value)).then(|| Box::new(value.clone()));
        Self {
            raw,
            ..Self::read(value).unwrap_or_default()
        }
    }

    /// A list of such parts; one alone stands for a list of one. Nobody looks at them before they are
    /// sent, so each is kept as it came where it is no signature.
    ///
    /// # Errors
    /// Over 10,000 of them.
    pub fn list_from_message(value: Value) -> Result<Vec<Self>, DecodeError> {
        Ok(Self::bounded_list(value)?)
    }

    pub(crate) fn bounded_list(value: Value) -> Result<Vec<Self>, DecodeErrorKind> {
        let items = match value {
            Value::List(items) => items,
            one => vec![one],
        };
        if items.len() > MAX_SIGNATURES {
            return Err(DecodeErrorKind::TooLarge {
                what: "number of signatures in a list",
                limit: MAX_SIGNATURES,
            });
        }
        Ok(items.into_iter().map(Self::from_message).collect())
    }

    /// This, or what Celery makes of one whose parts have other types.
    ///
    /// # Errors
    /// What Celery cannot send either.
    pub fn readable(self) -> Result<Self, DecodeError> {
        match self.raw {
            Some(raw) => Self::read(*raw),
            None => Ok(self),
        }
    }

    /// An errback, which may be no more than its task's name.
    #[must_use]
    pub fn by_name(self) -> Self {
        let named = |raw: &Value| part::name("signature", raw.clone()).ok();
        match self.raw.as_deref().and_then(named) {
            Some(task) => Self::new(task),
            None => self,
        }
    }

    fn read(value: Value) -> Result<Self, DecodeError> {
        Ok(Self::of_entries(part::dict("signature", value)?)?)
    }

    fn of_entries(entries: Dict) -> Result<Self, DecodeErrorKind> {
        let mut signature = Self::default();
        let mut task = None;
        for (key, value) in entries {
            match key.as_str() {
                "task" => task = Some(part::name("signature.task", value)?),
                "args" if value.is_null() => {}
                "args" => signature.args = part::args("signature.args", value)?,
                "kwargs" => signature.kwargs = part::dict_or_empty("signature.kwargs", value)?,
                "options" => signature.options = part::dict_or_empty("signature.options", value)?,
                "subtask_type" if !value.is_true() => {}
                "subtask_type" => {
                    signature.subtask_type = part::text("signature.subtask_type", value)?;
                }
                "immutable" => signature.immutable = value.is_true(),
                _ => {
                    signature.extra.insert(key, value);
                }
            }
        }
        signature.task = task.ok_or(DecodeErrorKind::Missing("signature.task"))?;
        Ok(signature)
    }
}

/// Whether it is an object with all its parts in the types that Celery gives them.
fn is_plain(value: &Value) -> bool {
    let Value::Dict(entries) = value else {
        return false;
    };
    let fits = |key: &str, value: &Value| match key {
        "task" => matches!(value, Value::Str(name) if !name.is_empty()),
        "args" => matches!(value, Value::List(_)),
        "kwargs" | "options" => matches!(value, Value::Dict(_)),
        "subtask_type" => value.is_null() || matches!(value, Value::Str(kind) if !kind.is_empty()),
        "immutable" => matches!(value, Value::Bool(_)),
        _ => true,
    };
    let parts = [
        "task",
        "args",
        "kwargs",
        "options",
        "subtask_type",
        "immutable",
    ];
    parts.iter().all(|part| entries.contains_key(*part))
        && entries.iter().all(|(key, value)| fits(key, value))
}
