use serde::Serialize;

use crate::{
    DecodeError, DecodeErrorKind, Dict, EncodeError, Serializer, State, Value,
    json_writer::{self, JsonWriter},
    part,
};

/// A stored result (SPEC 2.4).
#[derive(Clone, Debug, PartialEq)]
pub struct ResultMeta {
    /// The state.
    pub status: State,
    /// The return value, the exception object, or what `update_state` was given.
    pub result: Value,
    /// A traceback text.
    pub traceback: Option<String>,
    /// Result tuples of the tasks this one sent, or null.
    pub children: Value,
    /// ISO time, for final states.
    pub date_done: Option<String>,
    /// The group.
    pub group_id: Option<String>,
    /// The task that sent this one.
    pub parent_id: Option<String>,
    /// The task.
    pub task_id: Option<String>,
    /// With `result_extended`.
    pub extended: Option<Extended>,
    /// Stamps and keys this version does not know.
    pub extra: Dict,
}

/// What `result_extended` adds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Extended {
    /// Task name.
    pub name: Option<String>,
    /// Positional arguments.
    pub args: Value,
    /// Keyword arguments.
    pub kwargs: Value,
    /// The worker's node name.
    pub worker: Option<String>,
    /// Retries so far.
    pub retries: Option<i64>,
    /// The queue's routing key.
    pub queue: Option<String>,
}

impl ResultMeta {
    /// A result of this state, with no children, traceback or date.
    pub fn new(task_id: &str, status: State, result: Value) -> Self {
        Self {
            status,
            result,
            traceback: None,
            children: Value::Null,
            date_done: None,
            group_id: None,
            parent_id: None,
            task_id: Some(task_id.to_owned()),
            extended: None,
            extra: Dict::new(),
        }
    }

    /// The object in Celery's key order.
    pub fn to_value(&self) -> Value {
        let mut entries = Dict::with_capacity(16);
        self.give_to(&mut entries);
        Value::Dict(entries)
    }

    /// Serializes the object; to JSON, the usual one, without copying what is in it first.
    pub(crate) fn dump(&self, serializer: Serializer) -> Result<Vec<u8>, EncodeError> {
        if serializer != Serializer::Json {
            return serializer.dump(&self.to_value());
        }
        json_writer::write_object(|json| self.give_to(json)).map(String::into_bytes)
    }

    /// Bytes that it takes at least when it is serialized.
    pub fn least_bytes(&self) -> usize {
        let mut least = LeastBytes(0);
        self.give_to(&mut least);
        least.0
    }

    fn give_to(&self, entries: &mut impl Entries) {
        entries.text("status", Some(self.status.as_str()));
        entries.value("result", &self.result);
        entries.text("traceback", self.traceback.as_deref());
        entries.value("children", &self.children);
        entries.text("date_done", self.date_done.as_deref());
        entries.some_text("group_id", self.group_id.as_deref());
        entries.some_text("parent_id", self.parent_id.as_deref());
        if let Some(extended) = &self.extended {
            entries.text("name", extended.name.as_deref());
            entries.value("args", &extended.args);
            entries.value("kwargs", &extended.kwargs);
            entries.text("worker", extended.worker.as_deref());
            entries.value("retries", &extended.retries.into());
            entries.text("queue", extended.queue.as_deref());
        }
        for (key, value) in self.extra.iter().filter(|(key, _)| !is_known(key)) {
            entries.value(key, value);
        }
        entries.some_text("task_id", self.task_id.as_deref());
    }

    /// Reads the object; only `status` is required.
    pub fn from_value(value: Value) -> Result<Self, DecodeError> {
        let mut meta = Self::new("", State::Pending, Value::Null);
        meta.task_id = None;
        let read = meta.read(value);
        match read {
            Ok(()) => Ok(meta),
            Err(kind) => Err(DecodeError::from(kind).of_task(meta.task_id, None)),
        }
    }

    fn read(&mut self, value: Value) -> Result<(), DecodeErrorKind> {
        let mut status = None;
        let mut result = Ok(());
        for (key, value) in part::dict("result", value)? {
            let outcome = if key == "status" {
                part::text("status", value).map(|text| status = text)
            } else {
                self.set(key, value)
            };
            result = result.and(outcome);
        }
        result?;
        self.status = State::from(status.ok_or(DecodeErrorKind::Missing("status"))?.as_str());
        Ok(())
    }

    fn set(&mut self, key: String, value: Value) -> Result<(), DecodeErrorKind> {
        match key.as_str() {
            "result" => self.result = value,
            "traceback" => self.traceback = part::text("traceback", value)?,
            "children" => self.children = value,
            "date_done" => self.date_done = part::time("date_done", value)?,
            "group_id" => self.group_id = part::text("group_id", value)?,
            "parent_id" => self.parent_id = part::text("parent_id", value)?,
            "task_id" => self.task_id = part::text("task_id", value)?,
            "name" => self.extended().name = part::text("name", value)?,
            "args" => self.extended().args = value,
            "kwargs" => self.extended().kwargs = value,
            "worker" => self.extended().worker = part::text("worker", value)?,
            "retries" => self.extended().retries = part::int("retries", value)?,
            "queue" => self.extended().queue = part::text("queue", value)?,
            _ => {
                self.extra.insert(key, value);
            }
        }
        Ok(())
    }

    fn extended(&mut self) -> &mut Extended {
        self.extended.get_or_insert_default()
    }
}

/// Celery's object.
impl Serialize for ResultMeta {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_value().serialize(serializer)
    }
}

/// Takes the entries of the object one by one.
trait Entries {
    fn text(&mut self, key: &str, text: Option<&str>);
    fn value(&mut self, key: &str, value: &Value);

    fn some_text(&mut self, key: &str, text: Option<&str>) {
        if text.is_some() {
            self.text(key, text);
        }
    }
}

impl Entries for Dict {
    fn text(&mut self, key: &str, text: Option<&str>) {
        self.insert(key.to_owned(), text.map(str::to_owned).into());
    }

    fn value(&mut self, key: &str, value: &Value) {
        self.insert(key.to_owned(), value.clone());
    }
}

impl Entries for JsonWriter {
    fn text(&mut self, key: &str, text: Option<&str>) {
        self.text_entry(key, text);
    }

    fn value(&mut self, key: &str, value: &Value) {
        self.entry(key, value);
    }
}

/// The sum of [`Value::least_bytes`].
struct LeastBytes(usize);

impl Entries for LeastBytes {
    fn text(&mut self, key: &str, text: Option<&str>) {
        self.0 += key.len() + text.map_or(1, str::len);
    }

    fn value(&mut self, key: &str, value: &Value) {
        self.0 += key.len() + value.least_bytes();
    }
}

/// Whether an extra key would shadow a real one.
fn is_known(key: &str) -> bool {
    matches!(
        key,
        "status"
            | "result"
            | "traceback"
            | "children"
            | "date_done"
            | "group_id"
            | "parent_id"
            | "name"
            | "args"
            | "kwargs"
            | "worker"
            | "retries"
            | "queue"
            | "task_id"
    )
}
