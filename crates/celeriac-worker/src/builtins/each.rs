use celeriac_core::{Context, TaskError};
use celeriac_protocol::{Dict, Signature, Value, Workflow};

use super::taken;

/// Becomes a group of a step, once for each item of the list before it.
pub(super) async fn each(_: Context, args: Vec<Value>, kwargs: Dict) -> Result<Value, TaskError> {
    let [items, step] = taken(args, &kwargs, ["it", "task"]);
    let Value::List(items) = items else {
        let text = "what `celeriac.each` follows has to give a list";
        return Err(TaskError::failure("TypeError", text));
    };
    if items.is_empty() {
        return Ok(Value::List(items));
    }
    let step = Workflow::read(Signature::from_message(step))
        .map_err(|error| TaskError::failure("ValueError", error.to_string()))?;
    let tasks = items.into_iter().map(|item| with_first(step.clone(), item));
    Err(TaskError::Replace(Box::new(Workflow::group(tasks))))
}

fn with_first(mut step: Workflow, item: Value) -> Workflow {
    let of = step.of_mut();
    if !of.immutable {
        of.args.insert(0, item);
    }
    step
}
