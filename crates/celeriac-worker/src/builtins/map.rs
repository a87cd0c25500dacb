use std::sync::Arc;

use celeriac_core::{Arguments, Context, Registry, TaskDefinition, TaskError, TaskKind};
use celeriac_protocol::{Dict, Value};

use super::taken;

/// Runs a task with each item as its argument; the result is the list of theirs.
pub(super) fn map(registry: &Arc<Registry>) -> TaskDefinition {
    definition("celery.map", registry, |item| vec![item])
}

/// The same, with the items of each item as arguments.
pub(super) fn starmap(registry: &Arc<Registry>) -> TaskDefinition {
    definition("celery.starmap", registry, |item| {
        item.into_items().unwrap_or_default()
    })
}

fn definition(
    name: &str,
    registry: &Arc<Registry>,
    args_of: fn(Value) -> Vec<Value>,
) -> TaskDefinition {
    let registry = Arc::clone(registry);
    TaskDefinition::dynamic(name, move |ctx: Context, args: Vec<Value>, kwargs: Dict| {
        let registry = Arc::clone(&registry);
        async move {
            let [task, it] = taken(args, &kwargs, ["task", "it"]);
            let name = task.get("task").and_then(Value::as_str).unwrap_or_default();
            let task = registry.find(name).ok_or_else(|| not_registered(name))?;
            let mut results = Vec::new();
            for item in it.into_items().unwrap_or_default() {
                results.push(run(&ctx, task, args_of(item)).await?);
            }
            Ok(Value::List(results))
        }
    })
}

fn not_registered(name: &str) -> TaskError {
    let text = match name {
        "" => "`task` is no signature of a task",
        name => name,
    };
    TaskError::failure("NotRegistered", text)
}

/// One call, in this run.
async fn run(ctx: &Context, task: &TaskDefinition, args: Vec<Value>) -> Result<Value, TaskError> {
    let arguments = Arguments::bind(task.params, args, Dict::new())
        .map_err(|error| TaskError::failure("TypeError", error.to_string()))?;
    match &task.kind {
        TaskKind::Async(run) => run(ctx.clone(), arguments).await,
        TaskKind::Blocking(run) => {
            let (run, ctx) = (Arc::clone(run), ctx.clone());
            let done = tokio::task::spawn_blocking(move || run(ctx, arguments)).await;
            done.unwrap_or_else(|error| match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(error) => Err(error.into()),
            })
        }
    }
}
