use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use celeriac_protocol::{Dict, Value};

use crate::{
    Arguments, Context, MissingState, Params, RaisedError, StateMap, TaskError, TaskOptions,
};

/// What a task's run gives.
pub type RunFuture = Pin<Box<dyn Future<Output = Result<Value, TaskError>> + Send>>;

/// A task, as `#[task]` makes it from a function.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a task",
    label = "not a task",
    note = "put `#[task]` on its function"
)]
pub trait Task: Send + Sync + 'static {
    /// What it returns.
    type Output: Send + 'static;
    /// The name on the wire.
    fn name() -> String;
    /// Its parameters.
    fn params() -> &'static Params;
    /// Its options, as given in the attribute; what is not given comes from the settings.
    fn options() -> TaskOptions;
    /// How it runs.
    fn kind() -> TaskKind;
    /// Looks for each `State` that it takes.
    fn states() -> &'static [StateCheck] {
        &[]
    }
}

/// Whether an app has the state of one parameter.
pub type StateCheck = fn(&StateMap) -> Result<(), MissingState>;

/// How a task runs.
#[derive(Clone)]
pub enum TaskKind {
    /// On the async runtime. Wrong arguments come out as `TaskError::Failure` of type TypeError.
    Async(Arc<dyn Fn(Context, Arguments) -> RunFuture + Send + Sync>),
    /// On the bounded pool of blocking threads.
    Blocking(Arc<dyn Fn(Context, Arguments) -> Result<Value, TaskError> + Send + Sync>),
}

impl fmt::Debug for TaskKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Async(_) => "Async",
            Self::Blocking(_) => "Blocking",
        })
    }
}

/// A registered task.
#[derive(Clone, Debug)]
pub struct TaskDefinition {
    /// The name on the wire.
    pub name: String,
    /// Its parameters.
    pub params: &'static Params,
    /// Its options.
    pub options: TaskOptions,
    /// How it runs.
    pub kind: TaskKind,
    /// Looks for each `State` that it takes.
    pub states: &'static [StateCheck],
}

impl TaskDefinition {
    /// The definition of a `#[task]`.
    pub fn of<T: Task>() -> Self {
        Self {
            name: T::name(),
            params: T::params(),
            options: T::options(),
            kind: T::kind(),
            states: T::states(),
        }
    }

    /// A task that is made by hand: it takes whatever arguments there are.
    ///
    /// ```
    /// use celeriac_core::{Context, TaskDefinition};
    /// use celeriac_protocol::{Dict, Value};
    ///
    /// let first = |_: Context, args: Vec<Value>, _: Dict| async move {
    ///     Ok(args.into_iter().next().unwrap_or_default())
    /// };
    /// let definition = TaskDefinition::dynamic("tasks.first", first);
    /// assert_eq!(definition.name, "tasks.first");
    /// ```
    pub fn dynamic<F, R>(name: impl Into<String>, run: F) -> Self
    where
        F: Fn(Context, Vec<Value>, Dict) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Value, TaskError>> + Send + 'static,
    {
        static ANY: Params = Params {
            var_args: true,
            var_kwargs: true,
            ..Params::NONE
        };
        let run = move |context: Context, mut arguments: Arguments| -> RunFuture {
            // what is bound to a list and a dict is one
            let args = arguments.take(0).unwrap_or_default();
            let kwargs = arguments.take(1).unwrap_or_default();
            Box::pin(run(context, args, kwargs))
        };
        Self {
            name: name.into(),
            params: &ANY,
            options: TaskOptions::default(),
            kind: TaskKind::Async(Arc::new(run)),
            states: &[],
        }
    }

    /// Whether an error is retried by itself: `autoretry_for` and `dont_autoretry_for`, by its type
    /// and the types of what caused it.
    pub fn retries_automatically(&self, error: &RaisedError) -> bool {
        let TaskOptions {
            autoretry,
            autoretry_for,
            dont_autoretry_for,
            ..
        } = &self.options;
        *autoretry
            && (autoretry_for.is_empty() || autoretry_for.iter().any(|of| error.is(*of)))
            && !dont_autoretry_for.iter().any(|of| error.is(*of))
    }
}
