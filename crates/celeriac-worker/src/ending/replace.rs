//! A task that becomes another one (SPEC 7.6): under its id, with all that waits for it.

use celeriac_core::{CompletionKind, TaskError, replacing_try};
use celeriac_producer::canvas::{Applied, Ids};
use celeriac_protocol::{Dict, Signature, State, Value, Workflow};

use super::chord_part::ChordPart;
use super::conclusion::Conclusion;
use super::consequence::Parent;
use super::follow::{self, owed};
use super::record::Recorded;
use crate::call::SENT_BY;
use crate::executed::{Ending, Executed};
use crate::{Outcome, meta};

/// Sends what the task becomes, then ends the run without an end of the task. A crash between the two
/// runs the task again, which becomes the same.
pub(crate) async fn replace(conclusion: Conclusion, workflow: Workflow) -> Executed {
    if let Err(failure) = check(&workflow) {
        return match failure {
            TaskError::Failure(failure) => Box::pin(conclusion.gave_up(failure)).await,
            _ => owed(&conclusion.engine, &conclusion.call),
        };
    }
    let (engine, call, embed) = (&conclusion.engine, &conclusion.call, &conclusion.embed);
    let nesting = call
        .envelope
        .headers
        .replaced_task_nesting
        .saturating_add(1);
    let mut workflow = with_one_end(workflow);
    for callback in embed.callbacks.iter().flatten() {
        link_last(&mut workflow, callback.clone());
    }
    for errback in embed.errbacks.iter().flatten() {
        link_each_error(&mut workflow, errback);
    }
    workflow.for_each_task(&mut |task| nest(task, nesting));
    let chain = embed.chain.iter().flatten().cloned().map(|mut step| {
        if step.raw.is_none() {
            nest(&mut step, nesting);
        }
        step
    });
    let mut end = ChordPart::of_message(&call.envelope.headers, embed)
        .map_or_else(|| of_group(&conclusion), |part| part.options());
    end.insert("task_id".to_owned(), Value::Str(call.id().to_owned()));
    if conclusion.held.lease.is_some() {
        let headers = end.entry("headers".to_owned());
        if let Value::Dict(headers) = headers.or_insert_with(|| Value::Dict(Dict::new())) {
            let nonce = Value::Str(conclusion.held.nonce.clone());
            headers.insert(SENT_BY.to_owned(), nonce);
        }
    }
    let applied = Applied {
        chain: Some(chain.collect()).filter(|steps: &Vec<_>| !steps.is_empty()),
        end,
        ..Applied::default()
    };
    let ids = Ids::of(format!("{}:r{nesting}", call.id()));
    let made = Parent::of(call).make_of(engine, workflow, applied, ids);
    let mut made = match made {
        Ok(made) => made,
        Err(error) => {
            let text = format!("what replaces the task cannot be sent: {error}");
            let failure = meta::failure_text("kombu.exceptions", "OperationalError", text);
            return Box::pin(conclusion.gave_up(failure)).await;
        }
    };
    for sending in &mut made.sends {
        let headers = &mut sending.message.envelope.headers;
        // it stands in this task's place; that task becomes the last of them itself
        headers
            .parent_id
            .clone_from(&call.envelope.headers.parent_id);
        if headers.id == call.id() {
            // the id stays that of this sender's
            headers.origin.clone_from(&call.envelope.headers.origin);
        }
    }
    tracing::info!("replaced");
    if !follow::send(engine, call, vec![made]).await {
        let _ = conclusion.release().await;
        return owed(&conclusion.engine, &conclusion.call);
    }
    // The outcome is ignored on purpose: what replaces the task is sent, so this message must be
    // deleted in any case.
    let pending = meta::of_call(engine, call, State::Pending, Value::Null);
    let next = CompletionKind::Retry {
        retries: replacing_try(call.try_number()),
        meta: pending,
        due: None,
    };
    match conclusion.complete(next).await {
        Recorded::Superseded => Executed::not_run(Outcome::Leave),
        _ => Executed::new(Outcome::Ack, Ending::Retried),
    }
}

/// What Celery refuses.
fn check(workflow: &Workflow) -> Result<(), TaskError> {
    let refuse = |text: &str| {
        let failure = meta::failure_text("celery.exceptions", "ImproperlyConfigured", text);
        Err(TaskError::Failure(failure))
    };
    if workflow
        .of()
        .options
        .get("chord")
        .is_some_and(Value::is_true)
    {
        return refuse("A signature replacing a task must not be part of a chord");
    }
    match workflow {
        Workflow::Chain(chain) if chain.tasks.is_empty() => {
            refuse("Cannot replace with an empty chain")
        }
        _ => Ok(()),
    }
}

/// A group becomes a chord, whose body gives the list of its results under the task's id.
fn with_one_end(workflow: Workflow) -> Workflow {
    let accumulate = || {
        let mut accumulate = Signature::new("celery.accumulate");
        accumulate.kwargs.insert("index".to_owned(), Value::Int(0));
        Workflow::Task(accumulate)
    };
    match workflow {
        group @ Workflow::Group(_) => group.then(accumulate()),
        Workflow::Chain(mut chain) => {
            if let Some(last @ Workflow::Group(_)) = chain
                .tasks
                .pop_if(|last| matches!(last, Workflow::Group(_)))
            {
                chain.tasks.push(last.then(accumulate()));
            }
            Workflow::Chain(chain)
        }
        other => other,
    }
}

fn link_last(workflow: &mut Workflow, callback: Signature) {
    match workflow {
        Workflow::Chain(chain) => {
            if let Some(last) = chain.tasks.last_mut() {
                link_last(last, callback);
            }
        }
        other => other.link(callback),
    }
}

fn link_each_error(workflow: &mut Workflow, errback: &Signature) {
    match workflow {
        Workflow::Chain(chain) => {
            for task in &mut chain.tasks {
                link_each_error(task, errback);
            }
        }
        other => other.link_error(errback.clone()),
    }
}

fn nest(task: &mut Signature, nesting: i64) {
    let nesting = Value::Int(nesting);
    task.options
        .insert("replaced_task_nesting".to_owned(), nesting);
}

/// Its group, where that is no chord's.
fn of_group(conclusion: &Conclusion) -> Dict {
    let headers = &conclusion.call.envelope.headers;
    let mut options = Dict::new();
    if let Some(group) = &headers.group {
        options.insert("group_id".to_owned(), Value::Str(group.clone()));
        let index = headers.group_index.map(Value::Int).unwrap_or_default();
        options.insert("group_index".to_owned(), index);
    }
    options
}
