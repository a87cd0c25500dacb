//! Options of Celery's `apply_async`, and of kombu's `publish` under it, that mean nothing here.

use celeriac::{Dict, Value};

use super::imported::Imported;

const RETRIED: &str = "a send that fails is tried again by itself";
const IN_PYTHON: &str = "it is for the Python process that sends";
const OF_AMQP: &str = "SQS has queues only";
const WRITTEN_ANEW: &str = "each message gets its own";

const NO_EQUIVALENT: [(&str, &str); 22] = [
    ("retry", RETRIED),
    ("retry_policy", RETRIED),
    ("timeout", RETRIED),
    ("confirm_timeout", RETRIED),
    ("add_to_parent", IN_PYTHON),
    ("connection", IN_PYTHON),
    ("event_dispatcher", IN_PYTHON),
    ("producer", IN_PYTHON),
    ("publisher", IN_PYTHON),
    ("result_cls", IN_PYTHON),
    ("router", IN_PYTHON),
    ("task_type", IN_PYTHON),
    (
        "route_name",
        "write option `queue` if it is not the task's own queue",
    ),
    ("declare", OF_AMQP),
    ("exchange_type", OF_AMQP),
    ("immediate", OF_AMQP),
    ("mandatory", OF_AMQP),
    ("body_encoding", WRITTEN_ANEW),
    ("content_encoding", WRITTEN_ANEW),
    ("content_type", "`serializer` says it"),
    ("delivery_info", WRITTEN_ANEW),
    ("delivery_tag", WRITTEN_ANEW),
];

/// Takes them out, with a note for each. A null is an option not given.
pub(super) fn without(name: &str, options: &mut Dict, imported: &mut Imported) {
    for (option, reason) in NO_EQUIVALENT {
        let given = options.shift_remove(option);
        if given.is_some_and(|value| value != Value::Null) {
            imported.note(name, format!("option `{option}` is left out: {reason}"));
        }
    }
}
