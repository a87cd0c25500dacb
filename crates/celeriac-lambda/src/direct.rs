use celeriac_core::{Delivery, Receipt, SendOptions, deduplication_id};
use celeriac_producer::Parcel;
use celeriac_protocol::{
    Dict, Envelope, ExceptionInfo, Limits, ResultMeta, Signature, State, Value, WireForm,
};
use celeriac_worker::{Answer, Ending, Executed, Outcome};
use serde_json::json;
use serde_json::value::to_raw_value;

use crate::answer::{self, Answered, error};
use crate::environment::Environment;
use crate::event::{TaskEvent, TaskForm};
use crate::phases::Phases;

/// Runs one task now and answers with its result. An event of EventBridge's, to which nobody
/// listens, is answered with the task's id and state, and is an error only where the task failed.
pub(crate) async fn run(
    environment: &Environment,
    event: TaskEvent,
    request_id: &str,
    phases: Phases,
) -> Answered {
    let listens = event.event_id.is_none();
    let delivery =
        delivery(environment, event, request_id).map_err(|reason| error("InvalidEvent", reason))?;
    let (task_id, task) = known_task(environment, &delivery)?;
    let (body, queue) = (delivery.body.clone(), delivery.queue.clone());
    let (shutdown, _clock) = phases.start(environment.spill());
    let permit = tokio::select! {
        biased;
        permit = environment.room().permit(&body) => permit,
        () = shutdown.draining.cancelled() => {
            return Err(not_over(&task, &task_id, "other invocations took all of the function's time"));
        }
    };
    let (executed, answer) = environment.executor().answer(delivery, &shutdown).await;
    drop(permit);
    environment.publish(&[queue.clone()].into(), &[executed.ending]);
    let state = match answer {
        Some(Answer::Raised(failure)) if is_over(&executed) => {
            return Err(answer::failure(&failure));
        }
        Some(Answer::Returned(value)) if is_over(&executed) => {
            if listens {
                return answer::result(&value);
            }
            State::Success
        }
        Some(_) => return Err(not_over(&task, &task_id, "its end could not be stored")),
        None => goes_on(environment, &executed, &task, &task_id, body, &queue).await?,
    };
    if listens && !matches!(state, State::Pending | State::Retry) {
        return stored(environment, &task, &task_id).await;
    }
    if listens {
        return Err(not_over(&task, &task_id, "it goes on from its queue"));
    }
    let told = json!({"task_id": task_id, "status": state.to_string()});
    to_raw_value(&told).map_err(|cause| error("EncodeError", cause.to_string()))
}

/// The end is durable.
fn is_over(executed: &Executed) -> bool {
    matches!(executed.outcome, Outcome::Ack | Outcome::DeadLetter(_))
}

/// A task that did not come to an end in this run: where it stands. There is no message behind a
/// direct invocation, so what should come back is sent to the queue.
async fn goes_on(
    environment: &Environment,
    executed: &Executed,
    task: &str,
    task_id: &str,
    body: String,
    queue: &str,
) -> Result<State, lambda_runtime::Diagnostic> {
    match (&executed.outcome, executed.ending) {
        (Outcome::Ack, Ending::Retried) => Ok(State::Retry),
        (Outcome::Ack, _) => Ok(status(environment, task_id)
            .await?
            .unwrap_or(State::Pending)),
        (Outcome::Defer(_), Ending::Retried) => {
            send_on(environment, task, task_id, body, queue).await?;
            Ok(State::Retry)
        }
        (Outcome::Defer(_), _) if environment.executor().is_detached(task_id) => {
            Err(not_over(task, task_id, "the function's time is over"))
        }
        // before its `eta`: nothing stands under its id yet
        (Outcome::Defer(_), _) if status(environment, task_id).await?.is_none() => {
            send_on(environment, task, task_id, body, queue).await?;
            Ok(State::Pending)
        }
        (Outcome::Release, _) => Err(not_over(task, task_id, "the function's time is over")),
        (Outcome::DeadLetter(dead_letter), _) => match status(environment, task_id).await? {
            Some(state) if state.is_ready() => Ok(state),
            _ => Err(error("DecodeError", dead_letter.error.clone())),
        },
        _ => Err(not_over(
            task,
            task_id,
            "it runs elsewhere, or its state cannot be stored now",
        )),
    }
}

async fn send_on(
    environment: &Environment,
    task: &str,
    task_id: &str,
    body: String,
    queue: &str,
) -> Result<(), lambda_runtime::Diagnostic> {
    let parcel = Parcel {
        queue: queue.to_owned(),
        body,
        dedup_id: Some(deduplication_id(task_id)),
        ..Parcel::default()
    };
    let sent = environment.executor().outbox().send(parcel).await;
    sent.map(drop)
        .map_err(|cause| not_over(task, task_id, &cause.to_string()))
}

fn not_over(task: &str, task_id: &str, why: &str) -> lambda_runtime::Diagnostic {
    error(
        "NotReady",
        format!(
            "task {task}[{task_id}] has no result yet: {why}; its result can be read by its id"
        ),
    )
}

/// What an earlier run left: the same id was invoked before.
async fn stored(environment: &Environment, task: &str, task_id: &str) -> Answered {
    match meta(environment, task_id).await? {
        Some(meta) if meta.status == State::Success => answer::result(&meta.result),
        Some(meta) => Err(ExceptionInfo::from_value(&meta.result).map_or_else(
            |_| error(&meta.status.to_string(), format!("task {task}[{task_id}]")),
            |exception| answer::exception(&exception),
        )),
        None => Err(not_over(task, task_id, "nothing is stored")),
    }
}

async fn status(
    environment: &Environment,
    task_id: &str,
) -> Result<Option<State>, lambda_runtime::Diagnostic> {
    Ok(meta(environment, task_id).await?.map(|meta| meta.status))
}

async fn meta(
    environment: &Environment,
    task_id: &str,
) -> Result<Option<ResultMeta>, lambda_runtime::Diagnostic> {
    let Some(store) = &environment.executor().parts().store else {
        return Ok(None);
    };
    match store.get(&[task_id.to_owned()]).await.remove(0) {
        Ok(record) => Ok(record.map(|record| record.meta)),
        Err(cause) => Err(error("OperationalError", cause.to_string())),
    }
}

/// The id and name of a task that this app has.
fn known_task(
    environment: &Environment,
    delivery: &Delivery,
) -> Result<(String, String), lambda_runtime::Diagnostic> {
    let envelope = Envelope::decode(&delivery.body, &Limits::default())
        .map_err(|cause| error("InvalidEvent", cause.to_string()))?;
    let (id, task) = (envelope.headers.id, envelope.headers.task);
    if environment
        .executor()
        .parts()
        .registry
        .find(&task)
        .is_none()
    {
        return Err(error("NotRegistered", task));
    }
    Ok((id, task))
}

fn delivery(
    environment: &Environment,
    event: TaskEvent,
    request_id: &str,
) -> Result<Delivery, String> {
    let default_id = event.event_id.unwrap_or_else(|| request_id.to_owned());
    let (body, queue) = match event.task {
        TaskForm::Call(call) => call_message(environment, call, default_id)?,
        TaskForm::Message(body) => {
            let queue = queue_of(environment, &body)?;
            (body, queue)
        }
    };
    Ok(Delivery {
        queue,
        receipt: Receipt(String::new()),
        message_id: request_id.to_owned(),
        body,
        receive_count: 1,
        sent_at: None,
        group_id: None,
        dedup_id: None,
        attributes: std::collections::BTreeMap::new(),
    })
}

/// The message that a client would send, and its queue.
fn call_message(
    environment: &Environment,
    mut call: Dict,
    default_id: String,
) -> Result<(String, String), String> {
    let Some(Value::Str(task)) = call.shift_remove("task") else {
        return Err("`task` is not a text".to_owned());
    };
    let args = match call.shift_remove("args") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::List(args)) => args,
        Some(_) => return Err("`args` is not a list".to_owned()),
    };
    let mut dict = |name: &str| match call.shift_remove(name) {
        None | Some(Value::Null) => Ok(Dict::new()),
        Some(Value::Dict(dict)) => Ok(dict),
        Some(_) => Err(format!("`{name}` is not an object")),
    };
    let (kwargs, options) = (dict("kwargs")?, dict("options")?);
    let id = match call.shift_remove("id") {
        None | Some(Value::Null) => None,
        Some(Value::Str(id)) => Some(id),
        Some(_) => return Err("`id` is not a text".to_owned()),
    };
    if let Some(name) = call.keys().next() {
        return Err(format!(
            "`{name}` is not known: an event has `task`, `args`, `kwargs`, `id` and `options`"
        ));
    }
    let mut options = SendOptions::from_dict(&options)?;
    options.task_id = id.or(options.task_id).or(Some(default_id));
    let signature = Signature {
        args,
        kwargs,
        ..Signature::new(task)
    };
    let client = &environment.executor().parts().client;
    let message = client
        .message(signature, options)
        .map_err(|error| error.to_string())?;
    Ok((message.envelope.encode(WireForm::Compact), message.queue))
}

/// The queue that a message's task goes to.
fn queue_of(environment: &Environment, body: &str) -> Result<String, String> {
    let envelope = Envelope::decode(body, &Limits::default()).map_err(|error| error.to_string())?;
    if let Some(queue) = envelope.properties.delivery_info.routing_key {
        return Ok(queue);
    }
    let client = &environment.executor().parts().client;
    let message = client.message(
        Signature::new(envelope.headers.task),
        SendOptions::default(),
    );
    message
        .map(|message| message.queue)
        .map_err(|error| error.to_string())
}
