use std::marker::PhantomData;

use celeriac_protocol::{Dict, EncodeError, Signature, Value, to_value};
use serde::Serialize;

use crate::canvas::{Bare, Full, Ignores, Open, Takes};
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
pub struct TaskSignature<T = Value, In = Open> {
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
    /// The first argument comes from the step before.
    is_partial: bool,
    types: PhantomData<fn(In) -> T>,
}

impl<T> TaskSignature<T, Open> {
    /// A call by name.
    pub fn new(task: impl Into<String>) -> Self {
        Self::named(task)
    }
}

impl TaskSignature {
    /// For the options of a canvas.
    pub(crate) fn of_canvas() -> Self {
        Self::named("")
    }
}

impl<T, In> TaskSignature<T, In> {
    fn named(task: impl Into<String>) -> Self {
        Self {
            task: task.into(),
            args: Vec::new(),
            kwargs: Dict::new(),
            options: SendOptions::default(),
            immutable: false,
            error: None,
            params: None,
            is_partial: false,
            types: PhantomData,
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
    pub fn immutable(mut self) -> TaskSignature<T, Ignores> {
        self.immutable = true;
        self.retyped()
    }

    /// The same, with a result of another type: for tasks by name.
    #[must_use]
    pub fn returns<U>(self) -> TaskSignature<U, In> {
        self.retyped()
    }

    pub(crate) fn retyped<U, Other>(self) -> TaskSignature<U, Other> {
        TaskSignature {
            task: self.task,
            args: self.args,
            kwargs: self.kwargs,
            options: self.options,
            immutable: self.immutable,
            error: self.error,
            params: self.params,
            is_partial: self.is_partial,
            types: PhantomData,
        }
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
        let given = self.args.len() + usize::from(self.is_partial);
        if self.error.is_some() || self.kwargs.is_empty() && given == params.list.len() {
            return Ok(()); // what `s` makes
        }
        let kwargs = self.kwargs.keys().map(|name| (name.clone(), Value::Null));
        let args = vec![Value::Null; given];
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

    /// The same, but what is wrong with it is told when it is sent.
    pub(crate) fn refused(mut self, error: &SendError) -> Self {
        self.remember(EncodeError(error.to_string()));
        self
    }

    /// Keeps the first error, to be reported when the signature is sent.
    pub(crate) fn remember(&mut self, error: EncodeError) {
        self.error.get_or_insert(error);
    }
}

impl<T> TaskSignature<T, Full> {
    /// A call of a `#[task]`, with the task's own options in it.
    pub fn of<K: Task<Output = T>>() -> Self {
        Self {
            options: K::options().send_options(),
            params: Some(K::params()),
            ..Self::named(K::name())
        }
    }

    /// The same without arguments, for what runs it with others.
    #[doc(hidden)]
    #[must_use]
    pub fn bare<Args>(self) -> TaskSignature<T, Bare<Args>> {
        self.retyped()
    }

    /// The same, as a step whose first argument comes from the step before.
    #[doc(hidden)]
    #[must_use]
    pub fn partial<First>(self) -> TaskSignature<T, Takes<First>> {
        Self {
            is_partial: true,
            ..self
        }
        .retyped()
    }
}

impl<T, In> Clone for TaskSignature<T, In> {
    fn clone(&self) -> Self {
        Self {
            task: self.task.clone(),
            args: self.args.clone(),
            kwargs: self.kwargs.clone(),
            options: self.options.clone(),
            immutable: self.immutable,
            error: self.error.clone(),
            params: self.params,
            is_partial: self.is_partial,
            types: PhantomData,
        }
    }
}
