use crate::{DecodeError, DecodeErrorKind, Dict, Value, json_writer::JsonWriter, part};

/// A task message's headers (SPEC 1.3).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Headers {
    /// The sender's language, `py` or `rust`.
    pub lang: Option<String>,
    /// The registered name. Required.
    pub task: String,
    /// The task id. Required.
    pub id: String,
    /// A display name.
    pub shadow: Option<String>,
    /// ISO-8601; parse with [`crate::UtcTime::parse`].
    pub eta: Option<String>,
    /// ISO-8601.
    pub expires: Option<String>,
    /// The group's id; also the chord's.
    pub group: Option<String>,
    /// Position in the group.
    pub group_index: Option<i64>,
    /// 0 on the first try.
    pub retries: u32,
    /// Seconds: hard, soft.
    pub timelimit: (Option<f64>, Option<f64>),
    /// First task of the workflow.
    pub root_id: Option<String>,
    /// The task that sent this one.
    pub parent_id: Option<String>,
    /// Informational text.
    pub argsrepr: Option<String>,
    /// Informational text.
    pub kwargsrepr: Option<String>,
    /// `gen<pid>@<host>` of the sender.
    pub origin: Option<String>,
    /// `None`: the receiver's own task setting applies.
    pub ignore_result: Option<bool>,
    /// Depth of `replace`.
    pub replaced_task_nesting: i64,
    /// Names of stamps.
    pub stamped_headers: Option<Vec<String>>,
    /// Stamps.
    pub stamps: Dict,
    /// MIME type of the compression, when compressed.
    pub compression: Option<String>,
    /// Custom headers, kept as they came; also informational ones that are not texts.
    pub extra: Dict,
}

impl Headers {
    /// A custom header.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.extra.get(name)
    }

    /// Takes headers as they came. Goes on after the first bad one, so that `id` and `task` are
    /// known to its error.
    pub(crate) fn set_all(&mut self, headers: Dict) -> Result<(), DecodeErrorKind> {
        let mut result = Ok(());
        for (name, value) in headers {
            result = result.and(self.set(&name, value));
        }
        result
    }

    /// An error about this message.
    pub(crate) fn error(&self, kind: DecodeErrorKind) -> DecodeError {
        let known = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        DecodeError::from(kind).of_task(known(&self.id), known(&self.task))
    }

    /// Takes one header as it came.
    pub(crate) fn set(&mut self, name: &str, value: Value) -> Result<(), DecodeErrorKind> {
        match name {
            "lang" => self.lang = self.text_or_kept(name, value),
            "task" => self.task = part::text("headers.task", value)?.unwrap_or_default(),
            "id" => self.id = part::text("headers.id", value)?.unwrap_or_default(),
            "shadow" => self.shadow = self.text_or_kept(name, value),
            "eta" => self.eta = part::time("headers.eta", value)?,
            "expires" => self.expires = part::time("headers.expires", value)?,
            "group" => self.group = self.text_or_kept(name, value),
            "group_index" => self.group_index = value.as_i64(),
            "retries" => self.retries = part::count(&value),
            "timelimit" => self.timelimit = part::timelimit("headers.timelimit", value)?,
            "root_id" => self.root_id = self.text_or_kept(name, value),
            "parent_id" => self.parent_id = self.text_or_kept(name, value),
            "argsrepr" => self.argsrepr = self.text_or_kept(name, value),
            "kwargsrepr" => self.kwargsrepr = self.text_or_kept(name, value),
            "origin" => self.origin = self.text_or_kept(name, value),
            "ignore_result" => {
                self.ignore_result = (!value.is_null()).then(|| value.is_true());
            }
            "replaced_task_nesting" => {
                self.replaced_task_nesting = value.as_i64().unwrap_or_default();
            }
            "stamped_headers" => self.stamped_headers = part::texts(value),
            "stamps" => self.stamps = part::dict("headers.stamps", value).unwrap_or_default(),
            "compression" => self.compression = self.text_or_kept(name, value),
            _ => {
                self.extra.insert(name.to_owned(), value);
            }
        }
        Ok(())
    }

    /// A text that nothing rests on before the task ends: of another type it is kept among the
    /// custom headers, and loses no message.
    fn text_or_kept(&mut self, name: &str, value: Value) -> Option<String> {
        match value {
            Value::Null => None,
            Value::Str(text) => Some(text),
            other => {
                self.extra.insert(name.to_owned(), other);
                None
            }
        }
    }

    /// Writes the object: every key, in Celery's order; `compression` only when set.
    pub(crate) fn write(&self, json: &mut JsonWriter) {
        json.object(|json| {
            json.text_entry("lang", self.lang.as_deref());
            json.text_entry("task", Some(&self.task));
            json.text_entry("id", Some(&self.id));
            json.text_entry("shadow", self.shadow.as_deref());
            json.text_entry("eta", self.eta.as_deref());
            json.text_entry("expires", self.expires.as_deref());
            json.text_entry("group", self.group.as_deref());
            json.entry("group_index", &self.group_index.into());
            json.entry("retries", &self.retries.into());
            json.entry("timelimit", &timelimit_value(self.timelimit));
            json.text_entry("root_id", self.root_id.as_deref());
            json.text_entry("parent_id", self.parent_id.as_deref());
            json.text_entry("argsrepr", self.argsrepr.as_deref());
            json.text_entry("kwargsrepr", self.kwargsrepr.as_deref());
            json.text_entry("origin", self.origin.as_deref());
            json.entry("ignore_result", &self.ignore_result.into());
            json.entry("replaced_task_nesting", &self.replaced_task_nesting.into());
            json.entry("stamped_headers", &self.stamped_headers.clone().into());
            json.key("stamps");
            json.dict(&self.stamps);
            if self.compression.is_some() {
                json.text_entry("compression", self.compression.as_deref());
            }
            for (key, value) in self.extra.iter().filter(|(key, _)| !is_known(key)) {
                json.entry(key, value);
            }
        });
    }
}

/// Whether a custom header of this name would shadow a real one.
fn is_known(key: &str) -> bool {
    matches!(
        key,
        "lang"
            | "task"
            | "id"
            | "shadow"
            | "eta"
            | "expires"
            | "group"
            | "group_index"
            | "retries"
            | "timelimit"
            | "root_id"
            | "parent_id"
            | "argsrepr"
            | "kwargsrepr"
            | "origin"
            | "ignore_result"
            | "replaced_task_nesting"
            | "stamped_headers"
            | "stamps"
            | "compression"
    )
}

fn timelimit_value((hard, soft): (Option<f64>, Option<f64>)) -> Value {
    Value::List(vec![seconds_value(hard), seconds_value(soft)])
}

/// Whole seconds are written as the `int` they were.
fn seconds_value(seconds: Option<f64>) -> Value {
    match seconds {
        Some(seconds) if seconds.fract() == 0.0 && seconds.abs() < 1e15 => {
            Value::Int(seconds as i64)
        }
        other => other.into(),
    }
}
