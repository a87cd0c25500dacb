//! Canvases as Celery 5.7 sends them: the same messages, in their order, with the same bodies. Ids are
//! compared by where they stand; what says nothing to a worker is left out (`SILENT`).

use std::path::PathBuf;
use std::sync::Arc;

use celeriac_producer::canvas::{Applied, ChordLayouts, Ids, Plan};
use celeriac_protocol::{Dict, Limits, Serializer, Signature, Value, Workflow};

use crate::golden::{dict, read_envelope, read_payload};
use crate::memory_broker::MemoryBroker;
use crate::support::{Parts, ints};

/// Celery writes where a task's result goes on another backend, ids that its worker sets again, and
/// how its own client builds a tree.
const SILENT: [&str; 5] = [
    "add_to_parent",
    "ignore_result",
    "parent_id",
    "reply_to",
    "root_id",
];

fn sig(name: &str, args: &[i64]) -> Signature {
    Signature {
        args: ints(args.iter().copied()),
        ..Signature::new(format!("proj.{name}"))
    }
}

fn task(name: &str, args: &[i64]) -> Workflow {
    Workflow::Task(sig(name, args))
}

/// What Celery sent, message by message.
fn celerys(name: &str) -> Vec<Value> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join(format!("../../tests/fixtures/wire/messages/{name}.json"));
    let text = std::fs::read(path).expect("the fixture");
    let file = dict(
        Serializer::Json
            .load(&text, &Limits::default())
            .expect("JSON"),
    );
    let messages = file["messages"].as_list().expect("a list").iter();
    let of = |message: &Value| {
        let body = message.get("sqs").and_then(|sqs| sqs.get("MessageBody"));
        let envelope = read_envelope(body.and_then(Value::as_str).expect("a text"));
        told(&dict(envelope["headers"].clone()), read_payload(&envelope))
    };
    messages.map(of).collect()
}

/// What we send, with chords as Celery keeps them.
fn ours(workflow: Workflow) -> Vec<Value> {
    let layouts = ChordLayouts {
        ours: &|_| false,
        celery: true,
        celery_always: false,
        unlock: false,
    };
    let client = Parts::default().client(Arc::new(MemoryBroker::default()));
    let plan = Plan::of(workflow, Applied::default(), &mut Ids::random(), layouts);
    let message = |signature: Signature| {
        let message = client.follow_up(signature, celeriac_core::SendOptions::default());
        let envelope = message.expect("a message").envelope;
        let form = celeriac_protocol::WireForm::Celery;
        let envelope = read_envelope(&envelope.encode(form));
        told(&dict(envelope["headers"].clone()), read_payload(&envelope))
    };
    plan.messages.into_iter().map(message).collect()
}

/// What a worker is told.
fn told(headers: &Dict, payload: Value) -> Value {
    let names = [
        "task",
        "id",
        "group",
        "group_index",
        "stamped_headers",
        "stamps",
    ];
    let mut told = Dict::new();
    for name in names {
        told.insert(
            name.to_owned(),
            headers.get(name).cloned().unwrap_or_default(),
        );
    }
    told.insert("payload".to_owned(), payload);
    Value::Dict(told)
}

/// With keys in order, without what is silent or null, and with ids by their first places.
fn plain(messages: Vec<Value>) -> Vec<String> {
    let mut ids = Vec::new();
    let each = messages.into_iter();
    each.map(|message| format!("{:?}", compared(message, &mut ids)))
        .collect()
}

fn compared(value: Value, ids: &mut Vec<String>) -> Value {
    match value {
        Value::Str(text) if is_id(&text) => {
            let place = ids.iter().position(|id| *id == text);
            let place = place.unwrap_or_else(|| {
                ids.push(text);
                ids.len() - 1
            });
            Value::Str(format!("id {place}"))
        }
        Value::List(items) => {
            Value::List(items.into_iter().map(|item| compared(item, ids)).collect())
        }
        Value::Dict(mut entries) => {
            entries.sort_keys();
            entries.retain(|name, value| !value.is_null() && !SILENT.contains(&name.as_str()));
            let each = entries.into_iter();
            Value::Dict(
                each.map(|(name, value)| (name, compared(value, ids)))
                    .collect(),
            )
        }
        other => other,
    }
}

fn is_id(text: &str) -> bool {
    text.len() == 36 && text.bytes().filter(|byte| *byte == b'-').count() == 4
}

#[test]
fn canvases_are_sent_as_celery_sends_them() {
    let add = |n: i64| task("add", &[n, n]);
    let xsum = || task("xsum", &[]);
    let table: Vec<(&str, Workflow)> = vec![
        (
            "chain_two",
            Workflow::chain([task("add", &[2, 3]), task("mul", &[10])]),
        ),
        ("group", Workflow::group((0..3).map(add))),
        ("chord", Workflow::chord((0..3).map(add), xsum())),
        ("chord_single", Workflow::chord([add(1)], xsum())),
        ("chord_empty_header", Workflow::chord([], xsum())),
        (
            "chain_group_upgrade",
            Workflow::group([add(1), add(2)]).then(xsum()),
        ),
        (
            "chord_header_chains",
            Workflow::chord(
                [Workflow::chain([add(1), task("mul", &[2])]), add(3)],
                xsum(),
            ),
        ),
    ];
    for (name, workflow) in table {
        let (ours, celerys) = (plain(ours(workflow)), plain(celerys(name)));
        assert_eq!(ours, celerys, "{name}");
    }
}
