//! `celery.chord_unlock`: looks again and again whether a chord's header has ended, for backends, and
//! Celery workers, that do not count.

use std::sync::Arc;
use std::time::Duration;

use crate::meta::chord_error;
use celeriac_core::{Context, Failure, Ledger, TaskDefinition, TaskError, TaskOptions};
use celeriac_producer::canvas::ResultTree;
use celeriac_protocol::{Dict, ExceptionInfo, ResultMeta, Signature, State, Value, Workflow};

/// `result_chord_retry_interval`.
const INTERVAL: Duration = Duration::from_secs(1);

pub(super) fn definition(store: &Arc<dyn Ledger>) -> TaskDefinition {
    let store = Arc::clone(store);
    let run = move |ctx: Context, args: Vec<Value>, kwargs: Dict| {
        let store = Arc::clone(&store);
        async move { unlock(&ctx, &*store, args, kwargs).await }
    };
    let mut definition = TaskDefinition::dynamic("celery.chord_unlock", run);
    definition.options = TaskOptions {
        ignore_result: Some(true),
        ..TaskOptions::default()
    };
    definition.options.retry.max_retries = None;
    definition
}

async fn unlock(
    ctx: &Context,
    store: &dyn Ledger,
    args: Vec<Value>,
    kwargs: Dict,
) -> Result<Value, TaskError> {
    let [_, body, interval] = super::taken(args, &kwargs, ["group_id", "callback", "interval"]);
    let tuples = kwargs
        .get("result")
        .and_then(Value::as_list)
        .unwrap_or_default();
    let trees: Vec<ResultTree> = tuples.iter().filter_map(ResultTree::of_tuple).collect();
    let ids: Vec<String> = trees.iter().flat_map(ResultTree::ids).collect();
    let mut metas = Vec::with_capacity(ids.len());
    for record in store.get(&ids).await {
        metas.push(record?.map(|record| record.meta));
    }
    let ended =
        |meta: &Option<ResultMeta>| meta.as_ref().is_some_and(|meta| meta.status.is_ready());
    if !metas.iter().all(ended) {
        let interval = interval
            .as_f64()
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        return Err(ctx.retry().countdown(interval.unwrap_or(INTERVAL)).into());
    }
    let mut results = metas.into_iter().flatten();
    let values: Result<Vec<Value>, Failure> =
        trees.iter().map(|tree| value(tree, &mut results)).collect();
    let mut body = Workflow::from(Signature::from_message(body));
    match values {
        Ok(values) => body.of_mut().args.insert(0, Value::List(values)),
        Err(failure) => _ = fail_first(&mut body, &failure, ctx.queue()),
    }
    ctx.send(body).await?;
    Ok(Value::Null)
}

/// Puts a task that fails in the place of what would run first, under its id and with all that waits
/// for it: its error callbacks are sent, and what comes later ends with it. Whether there is one.
fn fail_first(workflow: &mut Workflow, failure: &Failure, queue: &str) -> bool {
    let each = |tasks: &mut [Workflow]| {
        let failed = tasks
            .iter_mut()
            .map(|task| fail_first(task, failure, queue));
        failed.fold(false, |any, one| any | one)
    };
    match workflow {
        Workflow::Task(signature) => {
            super::FAIL.clone_into(&mut signature.task);
            signature.args = vec![failure.exception.to_value()];
            signature.kwargs = Dict::new();
            signature.immutable = true;
            let queue = Value::Str(queue.to_owned()); // a worker of Celery's does not know the task
            signature.options.insert("queue".to_owned(), queue);
            true
        }
        Workflow::Chain(chain) => {
            let mut steps = chain.tasks.iter_mut();
            steps.any(|step| fail_first(step, failure, queue))
        }
        Workflow::Group(group) => each(&mut group.tasks),
        Workflow::Chord(chord) => {
            each(&mut chord.header.tasks) || fail_first(&mut chord.body, failure, queue)
        }
    }
}

/// What stands in a chord's body's place that cannot run: fails with this exception.
pub(super) async fn fail(_: Context, args: Vec<Value>, _: Dict) -> Result<Value, TaskError> {
    let exception = args.first().map(ExceptionInfo::from_value);
    let exception = exception.and_then(Result::ok);
    Err(TaskError::Failure(Failure {
        exception: exception.unwrap_or_else(|| chord_error("a member failed".to_owned()).exception),
        traceback: None,
    }))
}

/// The value of a header's branch; the failure of one fails the chord.
fn value(
    tree: &ResultTree,
    results: &mut impl Iterator<Item = ResultMeta>,
) -> Result<Value, Failure> {
    match tree {
        ResultTree::Group { members, .. } => {
            let members: Result<Vec<Value>, Failure> = members
                .iter()
                .map(|member| value(member, results))
                .collect();
            members.map(Value::List)
        }
        ResultTree::Task { id, .. } => match results.next() {
            Some(meta) if meta.status == State::Success => Ok(meta.result),
            meta => {
                let raised = meta.and_then(|meta| ExceptionInfo::from_value(&meta.result).ok());
                let raised = raised.map_or_else(|| "nothing".to_owned(), |raised| raised.repr());
                let text = format!("Dependency {id} raised {raised}");
                Err(chord_error(text))
            }
        },
    }
}
