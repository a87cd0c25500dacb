//! Which option wins, and which cannot be.

use std::sync::Arc;
use std::time::Duration;

use celeriac_core::{RouteTarget, SendError, SendOptions, TaskOptions, TaskSignature};
use celeriac_producer::Message;
use celeriac_protocol::{Dict, Signature, UtcTime, Value};

use crate::memory_broker::MemoryBroker;
use crate::support::{Parts, keywords, text};

fn message(parts: Parts, signature: Signature, options: SendOptions) -> Result<Message, SendError> {
    parts
        .client(Arc::new(MemoryBroker::default()))
        .builder()
        .message(signature, options)
}

fn routed() -> Parts {
    let mut parts = Parts::default();
    let options = Dict::from([
        ("priority".to_owned(), Value::Int(3)),
        ("shadow".to_owned(), text("routed")),
    ]);
    parts.settings.task_routes = vec![(
        "proj.*".to_owned(),
        RouteTarget {
            queue: Some("projq".to_owned()),
            options,
        },
    )];
    parts
}

#[test]
fn a_route_is_under_the_tasks_options_and_those_under_the_calls() {
    let plain = message(routed(), Signature::new("proj.add"), SendOptions::default()).unwrap();
    assert_eq!(
        (plain.queue.as_str(), plain.envelope.properties.priority),
        ("projq", Some(3))
    );
    assert_eq!(
        plain
            .envelope
            .properties
            .delivery_info
            .routing_key
            .as_deref(),
        Some("projq")
    );

    let task = TaskOptions {
        queue: Some("own".to_owned()),
        priority: Some(5),
        ..TaskOptions::default()
    };
    let task = || routed().task("proj.add", task.clone());
    let of_task = message(task(), Signature::new("proj.add"), SendOptions::default()).unwrap();
    assert_eq!(
        (of_task.queue.as_str(), of_task.envelope.properties.priority),
        ("own", Some(5))
    );
    assert_eq!(of_task.envelope.headers.shadow.as_deref(), Some("routed"));

    let options = Dict::from([
        ("queue".to_owned(), text("of-signature")),
        ("priority".to_owned(), Value::Int(7)),
    ]);
    let signature = || Signature {
        options: options.clone(),
        ..Signature::new("proj.add")
    };
    let of_signature = message(task(), signature(), SendOptions::default()).unwrap();
    assert_eq!(
        (
            of_signature.queue.as_str(),
            of_signature.envelope.properties.priority
        ),
        ("of-signature", Some(7))
    );

    let of_call = message(task(), signature(), keywords([("queue", text("of-call"))])).unwrap();
    assert_eq!(
        (of_call.queue.as_str(), of_call.envelope.properties.priority),
        ("of-call", Some(7))
    );
}

#[test]
fn nothing_said_goes_to_the_default_queue() {
    let sent = message(
        routed(),
        Signature::new("other.add"),
        SendOptions::default(),
    )
    .unwrap();
    assert_eq!(sent.queue, "celery");
}

#[test]
fn a_time_given_one_way_replaces_the_other() {
    let task = TaskOptions {
        expires: Some(Duration::from_secs(5)),
        ..TaskOptions::default()
    };
    let at = UtcTime::parse("2027-05-05T00:00:00Z").unwrap();
    let options = SendOptions {
        expires_at: Some(at),
        ..SendOptions::default()
    };
    let sent = message(
        Parts::default().task("t", task),
        Signature::new("t"),
        options,
    )
    .unwrap();
    assert_eq!(sent.envelope.headers.expires, Some(at.to_iso()));
}

/// The reason why a call is refused; it names the task.
fn refusal(signature: Signature, options: SendOptions) -> String {
    let error = message(Parts::default(), signature, options).unwrap_err();
    assert!(matches!(error, SendError::Invalid { .. }), "{error:?}");
    error.to_string()
}

#[test]
fn refusals_name_the_option() {
    let call = |options| refusal(Signature::new("t"), options);
    let both = SendOptions {
        countdown: Some(Duration::from_secs(1)),
        eta: Some(UtcTime(0)),
        ..SendOptions::default()
    };
    assert_eq!(
        call(both),
        "task `t`: options `countdown` and `eta` are both given: leave one out"
    );
    assert_eq!(
        call(keywords([("priority", Value::Int(10))])),
        "task `t`: option `priority` is 10: it goes from 0 to 9"
    );
    assert_eq!(
        call(keywords([("task_id", text(""))])),
        "task `t`: option `task_id` is empty"
    );
    for id in ["it's", "a\"b", "a\\b", "naïve", "a\nb", "\u{7f}"] {
        let reason = call(keywords([("task_id", text(id))]));
        assert!(
            reason.starts_with("task `t`: option `task_id` has the character"),
            "{reason}"
        );
    }
    assert!(call(keywords([("task_id", text(&"x".repeat(513)))])).contains("513 characters"));
    assert_eq!(
        call(keywords([("queue", text(""))])),
        "task `t`: option `queue` is empty"
    );
    assert!(call(keywords([("MessageGroupId", text(""))])).contains("`message_group_id` is empty"));
    let headers = Value::Dict(Dict::from([("retries".to_owned(), Value::Int(1))]));
    assert!(call(keywords([("headers", headers)])).contains("`retries` is Celery's own header"));
    assert!(call(keywords([("exchange", text("topics"))])).contains("option `exchange`"));
    let long = SendOptions {
        countdown: Some(Duration::MAX),
        ..SendOptions::default()
    };
    assert_eq!(
        call(long),
        "task `t`: option `countdown` is over a thousand years away: use a schedule"
    );
    let late = SendOptions {
        expires: Some(Duration::MAX),
        ..SendOptions::default()
    };
    assert_eq!(
        call(late),
        "task `t`: option `expires` is after the year 9999"
    );
    assert_eq!(
        refusal(Signature::new(""), SendOptions::default()),
        "task ``: the task's name is empty"
    );
    let group = Signature {
        subtask_type: Some("group".to_owned()),
        ..Signature::new("celery.group")
    };
    assert!(refusal(group, SendOptions::default()).contains("a group is not one task"));
    let options = Dict::from([("countdown".to_owned(), text("soon"))]);
    let reason = refusal(
        Signature {
            options,
            ..Signature::new("t")
        },
        SendOptions::default(),
    );
    assert!(reason.contains("option `countdown`"), "{reason}");
}

#[tokio::test]
async fn an_argument_that_cannot_be_written_is_an_encode_error() {
    struct Unwritable;
    impl serde::Serialize for Unwritable {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("no"))
        }
    }
    let broker = Arc::new(MemoryBroker::default());
    let client = Parts::default().client(broker.clone());
    let error = client
        .send(TaskSignature::<()>::new("t").arg(Unwritable))
        .await
        .unwrap_err();
    assert!(
        matches!(&error, SendError::Encode { task, .. } if task == "t"),
        "{error:?}"
    );
    assert_eq!(broker.count(), 0);
}
