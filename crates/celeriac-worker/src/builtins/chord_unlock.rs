//! `celery.chord_unlock`: looks again and again whether a chord's header has ended, for backends, and
//! Celery workers, that do not count.

use std::sync::Arc;
use std::time::Duration;

use celeriac_core::{Context, Ledger, TaskDefinition, TaskError, TaskOptions};
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
    let mut values = Vec::with_capacity(trees.len());
    for tree in &trees {
        values.push(value(tree, &mut results)?);
    }
    let mut body = Workflow::from(Signature::from_message(body));
    body.of_mut().args.insert(0, Value::List(values));
    ctx.send(body).await?;
    Ok(Value::Null)
}

/// The value of a header's branch; the failure of one fails the chord.
fn value(
    tree: &ResultTree,
    results: &mut impl Iterator<Item = ResultMeta>,
) -> Result<Value, TaskError> {
    match tree {
        ResultTree::Group { members, .. } => {
            let members: Result<Vec<Value>, TaskError> = members
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
                Err(TaskError::failure("ChordError", text))
            }
        },
    }
}
