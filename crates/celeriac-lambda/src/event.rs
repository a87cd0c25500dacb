use celeriac_protocol::{Dict, Limits, Serializer, Value};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::sqs_record::SqsRecord;

const USAGE: &str = "an event is a batch from SQS, `{\"task\": \"tasks.add\", \"args\": [1, 2]}`, a Celery message in bare JSON, \
                     or an EventBridge event whose `detail` is one of the last two";

/// What a function was invoked with.
#[derive(Debug)]
pub(crate) enum Event {
    /// Messages of one queue.
    Sqs(Vec<SqsRecord>),
    /// One task to be run now.
    Task(TaskEvent),
}

/// One task to be run now.
#[derive(Debug)]
pub(crate) struct TaskEvent {
    pub(crate) task: TaskForm,
    /// The id that EventBridge gave the event, the same however often it is delivered.
    pub(crate) event_id: Option<String>,
}

/// How a task is given.
#[derive(Debug)]
pub(crate) enum TaskForm {
    /// `task`, `args`, `kwargs`, `id`, `options`.
    Call(Dict),
    /// A whole Celery message.
    Message(String),
}

impl Event {
    pub(crate) fn read(event: &RawValue) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Batch {
            #[serde(rename = "Records")]
            records: Option<Vec<SqsRecord>>,
        }
        if event.get().starts_with('{')
            && let Some(records) = serde_json::from_str::<Batch>(event.get())
                .map_err(|error| format!("an SQS event that cannot be read: {error}"))?
                .records
        {
            return Ok(Self::Sqs(records));
        }
        let read = Serializer::Json.load(event.get().as_bytes(), &Limits::default());
        let value = read.map_err(|error| format!("an event that cannot be read: {error}"))?;
        let Value::Dict(mut dict) = value else {
            return Err(USAGE.to_owned());
        };
        if let (Some(_), Some(Value::Dict(detail))) = (dict.get("detail-type"), dict.get("detail"))
        {
            let detail = detail.clone();
            let event_id = match dict.shift_remove("id") {
                Some(Value::Str(id)) => Some(id),
                _ => None,
            };
            return task_form(detail, None).map(|task| Self::Task(TaskEvent { task, event_id }));
        }
        task_form(dict, Some(event.get())).map(|task| {
            Self::Task(TaskEvent {
                task,
                event_id: None,
            })
        })
    }
}

/// `text` is the same in JSON, if it is at hand.
fn task_form(dict: Dict, text: Option<&str>) -> Result<TaskForm, String> {
    if dict.contains_key("headers") && dict.contains_key("body") {
        return match text {
            Some(text) => Ok(TaskForm::Message(text.to_owned())),
            None => Serializer::Json
                .dump(&Value::Dict(dict))
                .map(|bytes| TaskForm::Message(String::from_utf8_lossy(&bytes).into_owned()))
                .map_err(|error| error.to_string()),
        };
    }
    if dict.contains_key("task") {
        return Ok(TaskForm::Call(dict));
    }
    Err(USAGE.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Event, String> {
        Event::read(&RawValue::from_string(text.to_owned()).expect("JSON"))
    }

    #[test]
    fn kinds_are_told_apart() {
        assert!(matches!(
            read(r#"{"Records": []}"#),
            Ok(Event::Sqs(records)) if records.is_empty()
        ));
        let Ok(Event::Task(direct)) = read(r#"{"task": "tasks.add", "args": [1, 2]}"#) else {
            panic!("a call");
        };
        assert!(matches!(direct.task, TaskForm::Call(_)) && direct.event_id.is_none());
        let event = r#"{"version": "0", "id": "e-1", "detail-type": "run", "source": "shop", "detail": {"task": "t"}}"#;
        let Ok(Event::Task(scheduled)) = read(event) else {
            panic!("an EventBridge event");
        };
        assert_eq!(scheduled.event_id.as_deref(), Some("e-1"));
        let message =
            r#"{"body": "[[], {}, {}]", "headers": {"task": "t", "id": "1"}, "properties": {}}"#;
        let Ok(Event::Task(message)) = read(message) else {
            panic!("a message");
        };
        assert!(matches!(message.task, TaskForm::Message(_)));
    }

    #[test]
    fn others_say_what_an_event_is() {
        for text in [
            "3",
            "\"ping\"",
            "{}",
            r#"{"detail-type": "x", "detail": {}}"#,
        ] {
            assert!(read(text).expect_err(text).contains("tasks.add"), "{text}");
        }
        let error = read(r#"{"Records": [{"body": 3}]}"#).expect_err("no text");
        assert!(error.contains("SQS event"), "{error}");
    }
}
