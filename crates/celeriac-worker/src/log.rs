//! How a task is known in the log: the span of its run, and the lines that tell its life.
//!
//! What the worker says inside of the span names no task. Celery's own lines read on from the name:
//! `Task tasks.add[4f] succeeded in 0.010s: 3`. All others say what they are about ("the task",
//! "the retry"), since a log in JSON has the name in a field of its own.

use std::time::Duration;

use celeriac_core::{Failure, plain_text};
use celeriac_protocol::{Headers, Value, repr_args};
use tracing::Span;
use tracing::field::Empty;

use crate::call::Call;

/// The target of the span around each task's run, for filters and subscribers. It has the fields
/// `task`, `id`, `queue`, `retries` and, once the ledger gave it, `attempt`.
pub const TASK_SPAN: &str = "celeriac::task";
/// The target of the lines that tell a task's life. They say all in words; their fields (`state`,
/// `runtime` in seconds, `exception`) are for machines.
pub const LIFE: &str = "celeriac_worker::life";

/// Longer results and messages are cut in the log.
const LONGEST: usize = 200;

/// Modules that a reader of the log knows without their name.
const WELL_KNOWN: [&str; 6] = [
    "",
    "builtins",
    "billiard.exceptions",
    "celery.exceptions",
    "kombu.exceptions",
    "celeriac",
];

/// The span of one delivery of a task, around all that is done about it, the task's own code
/// included.
///
/// It is at `ERROR`, so that no filter shows a line and hides whose it is.
pub(crate) fn span(headers: &Headers, queue: &str) -> Span {
    tracing::error_span!(
        target: TASK_SPAN,
        "task",
        task = &*plain_text::cut(&headers.task, LONGEST),
        id = &*plain_text::cut(&headers.id, LONGEST),
        queue,
        retries = headers.retries,
        attempt = Empty,
    )
}

/// Notes the attempt in the span, which a claim tells.
pub(crate) fn claimed(attempt: u64) {
    Span::current().record("attempt", attempt);
}

/// Notes the retries that the ledger counted, over those of the message.
pub(crate) fn counted(retries: u32) {
    Span::current().record("retries", retries);
}

pub(crate) fn received(call: &Call) {
    tracing::debug!(receives = call.delivery.receive_count, "received");
}

pub(crate) fn succeeded(took: Duration, result: &Value) {
    if tracing::enabled!(tracing::Level::INFO) {
        tracing::info!(
            target: LIFE,
            state = "SUCCESS",
            runtime = took.as_secs_f64(),
            "succeeded in {}s: {}",
            seconds(took),
            repr(result)
        );
    }
}

pub(crate) fn failed(failure: &Failure) {
    tracing::error!(
        target: LIFE,
        state = "FAILURE",
        exception = failure.exception.exc_type,
        "failed: {}",
        raised(failure)
    );
    if let Some(traceback) = &failure.traceback {
        tracing::debug!("{traceback}");
    }
}

pub(crate) fn chord_failed(group_id: &str, failure: &Failure) {
    tracing::error!(
        chord = group_id,
        "the chord's body failed: {}",
        raised(failure)
    );
}

/// A call that nobody here can run: its message may be deleted, as in Celery, and with this it could
/// be sent again.
pub(crate) fn not_registered(headers: &Headers, failure: &Failure) {
    let shown = |repr: &Option<String>| {
        let repr = repr.as_deref().unwrap_or("not known");
        plain_text::cut(repr, 5 * LONGEST).into_owned()
    };
    let (args, kwargs) = (shown(&headers.argsrepr), shown(&headers.kwargsrepr));
    tracing::error!(
        target: LIFE,
        state = "FAILURE",
        exception = failure.exception.exc_type,
        args,
        kwargs,
        "failed: NotRegistered: no task of this name is registered here; args={args} kwargs={kwargs}"
    );
}

pub(crate) fn retried(call: &Call, countdown: Duration, failure: Option<&Failure>) {
    let cause = failure
        .map(|failure| format!(": {}", raised(failure)))
        .unwrap_or_default();
    let next = call.retries().saturating_add(1);
    tracing::warn!(
        target: LIFE,
        state = "RETRY",
        exception = failure.map(|failure| failure.exception.exc_type.as_str()),
        "retry {next} in {}s{cause}",
        seconds(countdown)
    );
}

/// Type with the module of the user's, message, where it was made, and what caused it.
fn raised(failure: &Failure) -> String {
    let module = failure.exception.exc_module.as_deref();
    let module = module.filter(|module| !WELL_KNOWN.contains(module));
    let module = module.map_or_else(String::new, |module| format!("{module}."));
    let (mut place, mut causes) = (None, String::new());
    for line in failure.traceback.iter().flat_map(|text| text.lines()) {
        if let Some(cause) = line.strip_prefix("  caused by: ") {
            causes.push_str("; caused by: ");
            causes.push_str(cause);
        }
        place = place.or_else(|| place_of(line));
    }
    let place = place.map_or_else(String::new, |place| format!(" (at {})", cut(&place)));
    format!("{module}{}{place}{}", exception(failure), cut(&causes))
}

/// In a line of a traceback: `src/mail.rs:36`.
fn place_of(line: &str) -> Option<String> {
    if let Some(place) = line.strip_prefix("panicked at ") {
        return Some(place.trim_end_matches(':').to_owned());
    }
    let (file, line) = line.strip_prefix("  File \"")?.split_once("\", line ")?;
    Some(format!("{file}:{line}"))
}

/// Type and message.
pub(crate) fn exception(failure: &Failure) -> String {
    cut(&format!(
        "{}: {}",
        failure.exception.exc_type,
        failure.exception.message()
    ))
}

fn seconds(duration: Duration) -> String {
    format!("{:.3}", duration.as_secs_f64())
}

/// As Python shows it.
fn repr(value: &Value) -> String {
    let tuple = repr_args(std::slice::from_ref(value));
    let text = tuple
        .strip_prefix('(')
        .and_then(|text| text.strip_suffix(",)"))
        .unwrap_or(&tuple);
    cut(text)
}

fn cut(text: &str) -> String {
    plain_text::cut(text, LONGEST).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_shown_as_python_does_and_cut() {
        assert_eq!(repr(&Value::Int(3)), "3");
        assert_eq!(repr(&Value::Null), "None");
        let long = repr(&Value::Str("é".repeat(500)));
        assert!(
            long.ends_with("...") && long.chars().count() == LONGEST + 3,
            "{long}"
        );
    }
}
