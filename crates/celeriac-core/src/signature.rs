use std::marker::PhantomData;

use celeriac_protocol::{Dict, EncodeError, Signature, Value};
use serde::Serialize;

use crate::SendOptions;

/// A task call, with the type it will return: what `add::s(1, 2)` gives. Options are `apply_async`'s.
///
/// A value that cannot be serialized is remembered and reported when the signature is sent.
#[derive(Clone, Debug)]
pub struct TaskSignature<T = Value> {
    /// The task's name.
    pub task: String,
    /// Positional arguments.
    pub args: Vec<Value>,
    /// Keyword arguments.
    pub kwargs: Dict,
    /// Options.
    pub options: SendOptions,
    /// Drops the arguments it would be applied with: Celery's `si`.
    pub immutable: bool,
    /// The first argument that could not be written.
    pub error: Option<EncodeError>,
    output: PhantomData<fn() -> T>,
}

impl<T> TaskSignature<T> {
    /// A call by name.
    pub fn new(task: impl Into<String>) -> Self {
        Self { task: task.into(), args: Vec::new(), kwargs: Dict::new(), options: SendOptions::default(), immutable: false, error: None, output: PhantomData }
    }
    /// Adds a positional argument.
    #[must_use]
    pub fn arg<A: Serialize>(self, _value: A) -> Self { todo!() }
    /// Sets a keyword argument.
    #[must_use]
    pub fn kwarg<A: Serialize>(self, _name: &str, _value: A) -> Self { todo!() }
    /// Celery's object, for callbacks and chains.
    pub fn to_signature(&self) -> Signature { todo!() }
    // One method for each option of SendOptions follows: countdown(Duration), eta(UtcTime), expires(Duration), queue(..),
    // task_id(..), header(name, value), priority(u8), time_limit(Duration), link(sig), link_error(sig), ...
}
