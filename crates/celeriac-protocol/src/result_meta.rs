use crate::{DecodeError, Dict, State, Value};

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
    pub fn new(_task_id: &str, _status: State, _result: Value) -> Self { todo!() }
    /// The object in Celery's key order.
    pub fn to_value(&self) -> Value { todo!() }
    /// Reads the object; only `status` is required.
    pub fn from_value(_value: Value) -> Result<Self, DecodeError> { todo!() }
}
