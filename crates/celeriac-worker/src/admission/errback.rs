//! Error callbacks of the newer kind, `(request, exc, traceback)`. Celery's workers call them in their
//! own process, and send those that they do not know the id of the failed task alone.

use celeriac_core::Failure;
use celeriac_protocol::{DecodeError, ExceptionInfo, Payload, State, Value};

use super::payload;
use crate::call::Call;
use crate::engine::Engine;
use crate::meta;

/// Reads the payload of such a task.
pub(super) async fn read(engine: &Engine, call: &Call) -> Result<Payload, DecodeError> {
    let mut payload = payload::read(engine, call).await?;
    fill(engine, call, &mut payload).await;
    Ok(payload)
}

/// Puts what the task is to get in the place of an id. Where nothing is stored of the failed task, it
/// gets the id and nothing else of it.
async fn fill(engine: &Engine, call: &Call, payload: &mut Payload) {
    let params = call.definition.params;
    let given = payload.args.len() + payload.kwargs.len();
    let required = params.list.iter().filter(|param| param.required).count();
    let Some(Value::Str(id)) = payload.args.first() else {
        return;
    };
    if given + 2 < required {
        return;
    }
    let id = id.clone();
    let found = match &engine.ledger {
        Some(ledger) => ledger.records(std::slice::from_ref(&id)).await.pop(),
        None => None,
    };
    let record = found.and_then(Result::ok).flatten();
    let name = record.as_ref().and_then(|record| record.identity.as_ref());
    let name = name
        .map(|identity| identity.name.clone())
        .unwrap_or_default();
    let failed = record.map(|record| record.meta);
    let failed = failed.filter(|meta| matches!(meta.status, State::Failure | State::Revoked));
    let traceback = failed.as_ref().and_then(|meta| meta.traceback.clone());
    let exception = failed.and_then(|meta| ExceptionInfo::from_value(&meta.result).ok());
    let failure = Failure {
        exception: exception
            .unwrap_or_else(|| ExceptionInfo::new("builtins", "Exception", "not known")),
        traceback,
    };
    let root_id = call.envelope.headers.root_id.as_deref();
    let arguments = meta::of_failed_task(&id, &name, root_id, &failure);
    payload.args.splice(0..1, arguments);
}
