use std::time::Duration;

use celeriac_core::Failure;
use celeriac_protocol::{Value, repr_args};

use crate::call::Call;

/// Longer results and messages are cut in the log.
const LONGEST: usize = 200;

pub(crate) fn received(call: &Call) {
    tracing::debug!(
        queue = call.delivery.queue,
        receives = call.delivery.receive_count,
        "Task {}[{}] received",
        call.task(),
        call.id()
    );
}

pub(crate) fn succeeded(call: &Call, took: Duration, result: &Value) {
    if tracing::enabled!(tracing::Level::INFO) {
        tracing::info!(
            "Task {}[{}] succeeded in {}s: {}",
            call.task(),
            call.id(),
            seconds(took),
            shown(result)
        );
    }
}

pub(crate) fn failed(call: &Call, failure: &Failure) {
    tracing::error!(
        "Task {}[{}] failed: {}",
        call.task(),
        call.id(),
        exception(failure)
    );
    if let Some(traceback) = &failure.traceback {
        tracing::debug!(id = call.id(), "{traceback}");
    }
}

pub(crate) fn retried(call: &Call, countdown: Duration, failure: Option<&Failure>) {
    let cause = failure
        .map(|failure| format!(": {}", exception(failure)))
        .unwrap_or_default();
    tracing::warn!(
        "Task {}[{}] retry {} in {}s{cause}",
        call.task(),
        call.id(),
        call.retries().saturating_add(1),
        seconds(countdown)
    );
}

/// Type and message.
pub(crate) fn exception(failure: &Failure) -> String {
    cut(format!(
        "{}: {}",
        failure.exception.exc_type,
        failure.exception.message()
    ))
}

fn seconds(duration: Duration) -> String {
    format!("{:.3}", duration.as_secs_f64())
}

/// As Python shows it.
fn shown(value: &Value) -> String {
    let tuple = repr_args(std::slice::from_ref(value));
    let text = tuple
        .strip_prefix('(')
        .and_then(|text| text.strip_suffix(",)"))
        .unwrap_or(&tuple);
    cut(text.to_owned())
}

fn cut(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(LONGEST) {
        text.truncate(end);
        text.push_str("...");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_shown_as_python_does_and_cut() {
        assert_eq!(shown(&Value::Int(3)), "3");
        assert_eq!(shown(&Value::Null), "None");
        let long = shown(&Value::Str("é".repeat(500)));
        assert!(
            long.ends_with("...") && long.chars().count() == LONGEST + 3,
            "{long}"
        );
    }
}
