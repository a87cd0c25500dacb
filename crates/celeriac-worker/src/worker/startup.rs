use celeriac_core::plain_text::counted;
use celeriac_core::{StoreErrorKind, UnknownTask};

use super::worker_error::WorkerError;
use super::worker_options::WorkerOptions;
use super::worker_queue::WorkerQueue;
use crate::Executor;

/// Looks whether the result table is there, and the queue of unknown tasks. Whether the queues are
/// there shows at the first receive, so that a worker needs no other right.
pub(crate) async fn prepare(executor: &Executor) -> Result<(), WorkerError> {
    let parts = &executor.engine().parts;
    look_for_forward_queue(executor).await?;
    let Some(store) = &parts.store else {
        return Ok(());
    };
    match store.check().await {
        Ok(()) => Ok(()),
        Err(error)
            if matches!(
                error.kind,
                StoreErrorKind::TableNotFound | StoreErrorKind::WrongKey(_)
            ) =>
        {
            Err(error.into())
        }
        Err(error) => {
            tracing::warn!("the result store could not be checked; starting anyway: {error}");
            Ok(())
        }
    }
}

/// A missing one would show at the first unknown task, which then comes back for ever. Without the
/// right to look it shows there.
async fn look_for_forward_queue(executor: &Executor) -> Result<(), WorkerError> {
    let parts = &executor.engine().parts;
    let UnknownTask::Forward(target) = &parts.settings.unknown_task else {
        return Ok(());
    };
    if parts.broker.capabilities(target).creates_missing_queues {
        return Ok(());
    }
    match parts.broker.stats(target).await {
        Err(error) if error.is_no_queue() => Err(WorkerError::ForwardQueue {
            queue: target.clone(),
        }),
        _ => Ok(()),
    }
}

/// Says what starts.
pub(crate) fn greet(executor: &Executor, queues: &[WorkerQueue], options: &WorkerOptions) {
    let engine = executor.engine();
    let names: Vec<String> = queues
        .iter()
        .map(|queue| {
            if queue.weight == 1 {
                queue.name.clone()
            } else {
                format!("{} (weight {})", queue.name, queue.weight)
            }
        })
        .collect();
    let order = if options.strict && queues.len() > 1 {
        ", strictly in this order"
    } else {
        ""
    };
    tracing::info!(
        "{} consuming from {}{order}: {} at once, {} registered, results {}",
        engine.parts.node_name,
        names.join(", "),
        counted(options.concurrency, "task"),
        counted(engine.parts.registry.iter().count(), "task"),
        if engine.parts.store.is_some() {
            "stored"
        } else {
            "not stored"
        },
    );
    if let UnknownTask::Forward(target) = &engine.parts.settings.unknown_task
        && queues.iter().any(|queue| &queue.name == target)
    {
        tracing::warn!(
            "`unknown_task` forwards to `{target}`, which this worker consumes itself: unknown tasks of that queue fail"
        );
    }
}
