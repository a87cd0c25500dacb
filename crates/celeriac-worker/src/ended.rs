//! A message whose task has ended already: a copy, or one whose worker died between the end and what follows it.

use celeriac_core::Failure;
use celeriac_protocol::{Embed, ExceptionInfo, ResultMeta, State};

use crate::call::Call;
use crate::conclude::dead_letter;
use crate::engine::Engine;
use crate::executed::{Ending, Executed};
use crate::{Outcome, canvas};

/// How the failure of a poison task begins.
pub(crate) const POISON: &str = "the task is poison";

/// Is done with, once what follows a failure is certain: it is sent again under the ids that it had before, and a message for the
/// dead-letter queue still goes there.
pub(crate) async fn again(engine: &Engine, call: Call, embed: Embed, end: ResultMeta) -> Executed {
    tracing::debug!(
        task = call.task(),
        id = call.id(),
        state = %end.status,
        "has ended already; not run"
    );
    let Some(failure) = failure_of(&end) else {
        return Executed::not_run(Outcome::Ack);
    };
    canvas::send_failure(engine, &call, embed, &failure).await;
    match letter_of(&call, &failure) {
        Some(reason) => Executed::new(dead_letter(call, reason, &failure), Ending::NotRun),
        None => Executed::not_run(Outcome::Ack),
    }
}

/// A stored FAILURE, as the run had it.
pub(crate) fn failure_of(end: &ResultMeta) -> Option<Failure> {
    let exception = (end.status == State::Failure)
        .then(|| ExceptionInfo::from_value(&end.result).ok())
        .flatten()?;
    Some(Failure {
        exception,
        traceback: end.traceback.clone(),
    })
}

/// Why a failure's message goes to the dead-letter queue, if it does.
fn letter_of(call: &Call, failure: &Failure) -> Option<&'static str> {
    let exception = &failure.exception;
    match (exception.exc_module.as_deref(), exception.exc_type.as_str()) {
        (Some("celery.exceptions"), "Reject") => Some("rejected"),
        (Some("billiard.exceptions"), "WorkerLostError")
            if exception.message().starts_with(POISON) =>
        {
            Some("poison")
        }
        _ => call.options().dead_letter.then_some("gave-up"),
    }
}
