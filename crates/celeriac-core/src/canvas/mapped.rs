//! One task for each item of a list: in one run (`map`, `starmap`), in a group of such runs
//! (`chunks`), or each as a task of its own (`then_each`).

use std::marker::PhantomData;

use celeriac_protocol::{Dict, Value};
use serde::Serialize;

use super::{Follows, Group, Ignores, Open, Takes, group};
use crate::chords::REPAIR;
use crate::{SendError, SendOptions, TaskSignature};

/// A task without its arguments, an `Args` of them: `add::task()`.
#[derive(Debug)]
pub struct Bare<Args>(PhantomData<fn(Args)>);

/// What takes the arguments `Args`, and has none yet.
#[diagnostic::on_unimplemented(
    message = "this is no task without arguments that takes `{Args}`",
    label = "does not take `{Args}`",
    note = "`x::task()` is the task without arguments; `TaskSignature::new(\"name\")` takes any"
)]
pub trait Maps<Args> {}

impl<Args> Maps<Args> for Bare<Args> {}
impl<Args> Maps<Args> for Open {}

/// Runs a task with each item, one after the other in one run: Celery's `map`. The result is the
/// list of the results. The task's retries, limits and callbacks do not count in it; it goes to
/// that task's queue. As a later step it ignores the result before it.
///
/// ```
/// use celeriac_core::TaskSignature;
/// use celeriac_core::canvas::map;
///
/// let square = TaskSignature::<i64>::new("tasks.square");
/// let squares = map(square, [1, 2, 3]);
/// assert_eq!(squares.task, "celery.map");
/// ```
pub fn map<T, In: Maps<(X,)>, X: Serialize>(
    task: TaskSignature<T, In>,
    items: impl IntoIterator<Item = X>,
) -> TaskSignature<Vec<T>, Ignores> {
    mapped("celery.map", task, items)
}

/// Runs a task with the arguments of each item, one after the other in one run: Celery's
/// `starmap`.
pub fn starmap<T, In: Maps<Args>, Args: Serialize>(
    task: TaskSignature<T, In>,
    items: impl IntoIterator<Item = Args>,
) -> TaskSignature<Vec<T>, Ignores> {
    mapped("celery.starmap", task, items)
}

/// A group of [`starmap`]s, each of `size` items at most: Celery's `chunks`. A `size` of 0 is told
/// when it is sent.
pub fn chunks<T, In: Maps<Args>, Args: Serialize>(
    task: TaskSignature<T, In>,
    items: impl IntoIterator<Item = Args>,
    size: usize,
) -> Group<Vec<T>, Open> {
    if size == 0 {
        return Group::of(Err(SendError::Invalid {
            task: task.task,
            reason: "the size of a chunk is 0".to_owned(),
        }));
    }
    let mut items = items.into_iter().peekable();
    let chunk = || {
        items.peek()?;
        let chunk: Vec<Args> = items.by_ref().take(size).collect();
        Some(starmap(task.clone(), chunk))
    };
    group(std::iter::from_fn(chunk))
}

/// A step that becomes a group of tasks, one for each item of the list before it; its result is the
/// list of their results. Celery has no word for it: there one writes a task that replaces itself.
/// Celeriac's workers alone know it.
///
/// ```
/// use celeriac_core::canvas::then_each;
/// use celeriac_core::{TaskSignature, chain};
///
/// let pages = TaskSignature::<Vec<String>>::new("tasks.pages");
/// let fetch = TaskSignature::<i64>::new("tasks.fetch");
/// let total = TaskSignature::<i64>::new("tasks.total");
/// let sizes = chain![pages, then_each(fetch), total];
/// # let _ = sizes;
/// ```
pub fn then_each<X, S: Follows<X>>(step: S) -> TaskSignature<Vec<S::Output>, Takes<Vec<X>>> {
    let each = TaskSignature::<Vec<S::Output>>::new("celeriac.each");
    match step.into_workflow() {
        Ok(step) => each.kwarg("task", step.into_value()),
        Err(error) => each.refused(&error),
    }
    .retyped()
}

/// `celery.map` and its like: the task stands in their arguments, and says where they go.
fn mapped<T, In, X: Serialize>(
    name: &str,
    task: TaskSignature<T, In>,
    items: impl IntoIterator<Item = X>,
) -> TaskSignature<Vec<T>, Ignores> {
    // where it goes; what else the task's options say is of its own runs
    let options = SendOptions {
        queue: task.options.queue.clone(),
        priority: task.options.priority,
        ..SendOptions::default()
    };
    let mut inner = task.to_signature();
    inner.options = Dict::new();
    let mut call = TaskSignature::<Vec<T>>::new(name)
        .kwarg("task", inner.into_value())
        .kwarg("it", items.into_iter().collect::<Vec<X>>());
    call.options = options;
    if let Some(error) = task.error {
        call.remember(error);
    } else if !(task.args.is_empty() && task.kwargs.is_empty()) {
        let reason = format!("`{}` gets all of its arguments from the items", task.task);
        call = call.refused(&SendError::Invalid {
            task: name.to_owned(),
            reason,
        });
    }
    call.immutable()
}

/// The task that these are for, whose route they take.
pub fn mapped_task<'a>(name: &str, kwargs: &'a Dict) -> Option<&'a str> {
    const MAPPED: [&str; 4] = ["celery.map", "celery.starmap", "celeriac.each", REPAIR];
    let maps = MAPPED.contains(&name);
    let inner = kwargs.get("task").filter(|_| maps)?;
    inner.get("task").and_then(Value::as_str)
}
