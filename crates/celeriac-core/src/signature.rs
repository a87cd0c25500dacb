use std::marker::PhantomData;

use celeriac_protocol::{Dict, EncodeError, Signature, Value, to_value};
use serde::Serialize;

use crate::{ArgumentError, Arguments, Params, SendError, SendOptions, Task};

/// A task call, with the type it will return: what `add::s(1, 2)` gives. Options are
/// `apply_async`'s.
///
/// A value that cannot be serialized is remembered and reported when the signature is sent.
///
/// ```
/// use celeriac_core::TaskSignature;
/// use std::time::Duration;
///
/// let call: TaskSignature<i64> = TaskSignature::new("tasks.add")
///     .arg(1)
///     .kwarg("y", 2)
///     .queue("numbers")
///     .countdown(Duration::from_secs(10));
/// assert_eq!(call.options.queue.as_deref(), Some("numbers"));
/// ```
#[derive(Debug)]
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
    /// The parameters it is for, where the task is known here.
    params: Option<&'static Params>,
    output: PhantomData<fn() -> T>,
}

impl<T> TaskSignature<T> {
    /// A call by name.
    pub fn new(task: impl Into<String>) -> Self {
        Self {
            task: task.into(),
            args: Vec::new(),
            kwargs: Dict::new(),
            options: SendOptions::default(),
            immutable: false,
            error: None,
            params: None,
            output: PhantomData,
        }
    }

    /// Adds a positional argument.
    #[must_use]
    pub fn arg<A: Serialize>(mut self, value: A) -> Self {
        let place = self.args.len();
        if let Some(value) = self.encoded(&value, || format!("argument {place}")) {
            self.args.push(value);
        }
        self
    }

    /// Sets a keyword argument, over an earlier one of this name.
    #[must_use]
    pub fn kwarg<A: Serialize>(mut self, name: &str, value: A) -> Self {
        if let Some(value) = self.encoded(&value, || format!("argument '{name}'")) {
            self.kwargs.insert(name.to_owned(), value);
        }
        self
    }

    /// Drops the arguments it would be applied with, as a callback that wants no result.
    #[must_use]
    pub fn immutable(mut self) -> Self {
        self.immutable = true;
        self
    }

    /// Celery's object, for callbacks and chains.
    pub fn to_signature(&self) -> Signature {
        Signature {
            task: self.task.clone(),
            args: self.args.clone(),
            kwargs: self.kwargs.clone(),
            options: self.options.to_dict(),
            subtask_type: None,
            immutable: self.immutable,
            ..Signature::default()
        }
    }

    /// For senders: the call, its options apart (the signature's own are empty), or why it cannot
    /// be sent: arguments of a `#[task]` that it does not have, or lacks, are an error at the caller,
    /// as in Celery.
    pub fn into_parts(self) -> Result<(Signature, SendOptions), SendError> {
        if let Err(error) = self.check_arguments() {
            return Err(SendError::Invalid {
                task: self.task,
                reason: error.to_string(),
            });
        }
        if let Some(error) = self.error {
            return Err(SendError::Encode {
                task: self.task,
                reason: error.0,
            });
        }
        let signature = Signature {
            task: self.task,
            args: self.args,
            kwargs: self.kwargs,
            immutable: self.immutable,
            ..Signature::default()
        };
        Ok((signature, self.options))
    }

    /// Whether the arguments could be bound, whatever their types.
    fn check_arguments(&self) -> Result<(), ArgumentError> {
        let Some(params) = self.params else {
            return Ok(());
        };
        if self.error.is_some() || self.kwargs.is_empty() && self.args.len() == params.list.len() {
            return Ok(()); // what `s` makes
        }
        let kwargs = self.kwargs.keys().map(|name| (name.clone(), Value::Null));
        let args = vec![Value::Null; self.args.len()];
        Arguments::bind(params, args, kwargs.collect()).map(drop)
    }

    fn encoded<A: Serialize>(
        &mut self,
        value: &A,
        place: impl FnOnce() -> String,
    ) -> Option<Value> {
        match to_value(value) {
            Ok(value) => Some(value),
            Err(error) => {
                self.remember(EncodeError(format!("{}: {error}", place())));
                None
            }
        }
    }

    /// Keeps the first error, to be reported when the signature is sent.
    pub(crate) fn remember(&mut self, error: EncodeError) {
        self.error.get_or_insert(error);
    }
}

impl<T> TaskSignature<T> {
    /// A call of a `#[task]`, with the task's own options in it.
    pub fn of<K: Task<Output = T>>() -> Self {
        Self {
            options: K::options().send_options(),
            params: Some(K::params()),
            ..Self::new(K::name())
        }
    }
}

impl<T> Clone for TaskSignature<T> {
    fn clone(&self) -> Self {
        Self {
            task: self.task.clone(),
            args: self.args.clone(),
            kwargs: self.kwargs.clone(),
            options: self.options.clone(),
            immutable: self.immutable,
            error: self.error.clone(),
            params: self.params,
            output: PhantomData,
        }
    }
}
