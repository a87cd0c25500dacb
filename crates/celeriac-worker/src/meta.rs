use celeriac_core::Failure;
use celeriac_protocol::{
    Dict, ExceptionInfo, Extended, Headers, Payload, ResultMeta, State, Value,
};

use crate::call::Call;
use crate::engine::Engine;

/// What readers see of `call` in this state (SPEC 2.4).
pub(crate) fn of_call(engine: &Engine, call: &Call, status: State, result: Value) -> ResultMeta {
    let mut meta = of_headers(engine, &call.envelope.headers, status, result);
    if let Some(extended) = &call.extended {
        meta.extended = Some(Extended {
            retries: Some(i64::from(call.retries())),
            ..extended.clone()
        });
        meta.extra = stamps(&call.envelope.headers);
    }
    meta
}

/// The same for a message of which no more than the headers is known.
pub(crate) fn of_headers(
    engine: &Engine,
    headers: &Headers,
    status: State,
    result: Value,
) -> ResultMeta {
    let mut meta = of_id(engine, &headers.id, status, result);
    meta.group_id.clone_from(&headers.group);
    meta.parent_id.clone_from(&headers.parent_id);
    meta
}

/// The same for a message of which no more than the id is known.
pub(crate) fn of_id(engine: &Engine, task_id: &str, status: State, result: Value) -> ResultMeta {
    let ready = status.is_ready();
    let mut meta = ResultMeta::new(task_id, status, result);
    if ready {
        meta.date_done = Some(engine.now().to_iso());
    }
    meta
}

/// The meta with a failure's exception and traceback.
pub(crate) fn with_failure(mut meta: ResultMeta, failure: &Failure) -> ResultMeta {
    meta.result = failure.exception.to_value();
    meta.traceback.clone_from(&failure.traceback);
    meta
}

/// `children`: result tuples of what this task sent, or null.
pub(crate) fn children(tuples: &[Value]) -> Value {
    if tuples.is_empty() {
        return Value::Null;
    }
    Value::List(tuples.to_vec())
}

/// The result tuple of a task.
pub(crate) fn task_tuple(id: &str) -> Value {
    let key = Value::List(vec![Value::Str(id.to_owned()), Value::Null]);
    Value::List(vec![key, Value::Null])
}

/// What an error callback of the newer kind gets of a task that failed: its request, its exception
/// and its traceback.
pub(crate) fn of_failed_task(
    id: &str,
    task: &str,
    root_id: Option<&str>,
    failure: &Failure,
) -> Vec<Value> {
    let text = |text: &str| Value::Str(text.to_owned());
    let request = Dict::from([
        ("id".to_owned(), text(id)),
        ("task".to_owned(), text(task)),
        ("root_id".to_owned(), root_id.map(text).unwrap_or_default()),
    ]);
    let traceback = failure.traceback.as_deref().map(text);
    vec![
        Value::Dict(request),
        failure.exception.to_value(),
        traceback.unwrap_or_default(),
    ]
}

/// Arguments that are certainly too large for any item: those of a compressed message can be.
const NOT_STORED: usize = 1 << 20;
/// Arguments that are not copied for the result: small ones may be many.
const NOT_COPIED: usize = 8 << 20;

/// What `result_extended` adds; `retries` comes with each state.
pub(crate) fn extended(
    engine: &Engine,
    headers: &Headers,
    queue: &str,
    payload: &Payload,
) -> Extended {
    let arguments = || payload.args.iter().chain(payload.kwargs.values());
    let keys: usize = payload.kwargs.keys().map(String::len).sum();
    let bytes: usize = keys + arguments().map(Value::least_bytes).sum::<usize>();
    let memory: usize = arguments().map(Value::memory).sum();
    let (args, kwargs) = if bytes > NOT_STORED || memory > NOT_COPIED {
        tracing::warn!(
            "the arguments are {bytes} bytes and take {memory} in memory, so they are left out of the result (`result_extended`)"
        );
        (Value::Null, Value::Null)
    } else {
        let (args, kwargs) = (payload.args.clone(), payload.kwargs.clone());
        (Value::List(args), Value::Dict(kwargs))
    };
    Extended {
        name: Some(headers.task.clone()),
        args,
        kwargs,
        worker: Some(engine.parts.node_name.clone()),
        retries: None,
        queue: Some(queue.to_owned()),
    }
}

fn stamps(headers: &Headers) -> Dict {
    let mut stamps = Dict::new();
    if let Some(names) = headers
        .stamped_headers
        .as_ref()
        .filter(|names| !names.is_empty())
    {
        stamps.insert(
            "stamped_headers".to_owned(),
            Value::List(names.iter().cloned().map(Value::Str).collect()),
        );
        stamps.extend(
            headers
                .stamps
                .iter()
                .map(|(name, value)| (name.clone(), value.clone())),
        );
    }
    stamps
}

/// A failure that the worker itself makes.
pub(crate) fn failure(exc_module: &str, exc_type: &str, args: Vec<Value>) -> Failure {
    let exception = ExceptionInfo {
        exc_type: exc_type.to_owned(),
        exc_message: args,
        exc_module: Some(exc_module.to_owned()),
    };
    Failure {
        exception,
        traceback: None,
    }
}

/// The same with one text.
pub(crate) fn failure_text(exc_module: &str, exc_type: &str, text: impl Into<String>) -> Failure {
    failure(exc_module, exc_type, vec![Value::Str(text.into())])
}

/// What a chord's body fails with.
pub(crate) fn chord_error(text: String) -> Failure {
    failure_text("celery.exceptions", "ChordError", text)
}
