//! The tasks that every Celery app has, and that a canvas of Python's may send.

mod chord_unlock;
mod each;
mod map;

use std::sync::Arc;

use celeriac_core::chords::REPAIR;
use celeriac_core::{Context, Ledger, Registry, TaskDefinition, TaskError};
use celeriac_protocol::{Dict, Signature, Value, Workflow};

/// The built-in task that fails with the exception it is given.
const FAIL: &str = "celeriac.fail";

/// The registry with the built-in tasks that it does not have of its own.
pub(crate) fn added_to(registry: &Arc<Registry>, store: Option<&Arc<dyn Ledger>>) -> Arc<Registry> {
    let mut all = Registry::clone(registry);
    let mut built_in = vec![
        map::map(registry),
        map::starmap(registry),
        TaskDefinition::dynamic("celeriac.each", each::each),
        TaskDefinition::dynamic(REPAIR, nothing),
        TaskDefinition::dynamic(FAIL, chord_unlock::fail),
        TaskDefinition::dynamic("celery.accumulate", accumulate),
        TaskDefinition::dynamic("celery.backend_cleanup", backend_cleanup),
        TaskDefinition::dynamic("celery.chain", chain),
        TaskDefinition::dynamic("celery.chord", chord),
        TaskDefinition::dynamic("celery.chunks", chunks),
        TaskDefinition::dynamic("celery.group", group),
    ];
    built_in.extend(store.map(chord_unlock::definition));
    for definition in built_in {
        let _ = all.add(definition); // the app's own counts
    }
    Arc::new(all)
}

/// The list of its arguments, or the one of this index: what a group comes to that replaces a task.
async fn accumulate(_: Context, args: Vec<Value>, kwargs: Dict) -> Result<Value, TaskError> {
    let Some(index) = kwargs.get("index").filter(|index| !index.is_null()) else {
        return Ok(Value::List(args));
    };
    let at = index.as_i64().and_then(|index| usize::try_from(index).ok());
    let one = at.and_then(|at| args.into_iter().nth(at));
    one.ok_or_else(|| TaskError::failure("IndexError", "tuple index out of range"))
}

/// What it does follows its end: see `ending/chord.rs`.
async fn nothing(_: Context, _: Vec<Value>, _: Dict) -> Result<Value, TaskError> {
    Ok(Value::Null)
}

/// Results end by their TTL.
async fn backend_cleanup(_: Context, _: Vec<Value>, _: Dict) -> Result<Value, TaskError> {
    Ok(Value::Null)
}

async fn chain(_: Context, _: Vec<Value>, _: Dict) -> Result<Value, TaskError> {
    Err(TaskError::failure(
        "NotImplementedError",
        "chain is not a real task",
    ))
}

/// Sends a chord; its result is where that of the body will be.
async fn chord(ctx: Context, args: Vec<Value>, kwargs: Dict) -> Result<Value, TaskError> {
    let [header, body] = taken(args, &kwargs, ["header", "body"]);
    let mut chord = Signature::new("celery.chord");
    chord.subtask_type = Some("chord".to_owned());
    chord.kwargs.insert("header".to_owned(), header);
    chord.kwargs.insert("body".to_owned(), body);
    if let Some(partial) = kwargs.get("partial_args") {
        chord.args = partial.clone().into_items().unwrap_or_default();
    }
    send(&ctx, chord).await
}

/// Sends a group of `celery.starmap`, `n` items each.
async fn chunks(ctx: Context, args: Vec<Value>, kwargs: Dict) -> Result<Value, TaskError> {
    let [task, it, n] = taken(args, &kwargs, ["task", "it", "n"]);
    let size = n
        .as_i64()
        .and_then(|n| usize::try_from(n).ok())
        .filter(|n| *n > 0);
    let size =
        size.ok_or_else(|| TaskError::failure("ValueError", "`n` is the size of a chunk"))?;
    let items = it.into_items().unwrap_or_default();
    let starmap = |items: &[Value]| {
        let mut starmap = Signature::new("celery.starmap");
        starmap.kwargs.insert("task".to_owned(), task.clone());
        starmap
            .kwargs
            .insert("it".to_owned(), Value::List(items.to_vec()));
        starmap.immutable = true;
        Workflow::Task(starmap)
    };
    let group = Workflow::group(items.chunks(size).map(starmap));
    send(&ctx, group.into_signature()).await
}

/// Sends the tasks of a group, as Celery before 4 had it done.
async fn group(ctx: Context, args: Vec<Value>, kwargs: Dict) -> Result<Value, TaskError> {
    let names = ["tasks", "result", "group_id", "partial_args"];
    let [tasks, result, group_id, partial] = taken(args, &kwargs, names);
    let tasks = tasks.into_items().unwrap_or_default().into_iter();
    let tasks = tasks.map(|task| Workflow::from(Signature::from_message(task)));
    let Workflow::Group(mut group) = Workflow::group(tasks) else {
        return Ok(result);
    };
    group.of.args = partial.into_items().unwrap_or_default();
    if !group_id.is_null() {
        group.of.options.insert("task_id".to_owned(), group_id);
    }
    send(&ctx, Workflow::Group(group).into_signature()).await?;
    Ok(result)
}

async fn send(ctx: &Context, signature: Signature) -> Result<Value, TaskError> {
    ctx.send(signature).await?;
    Ok(ctx.child_results().pop().unwrap_or_default())
}

/// Arguments by position or by name.
fn taken<const N: usize>(args: Vec<Value>, kwargs: &Dict, names: [&str; N]) -> [Value; N] {
    let mut args = args.into_iter();
    names.map(|name| {
        args.next()
            .or_else(|| kwargs.get(name).cloned())
            .unwrap_or_default()
    })
}
