use std::collections::BTreeMap;
use std::time::Duration;

use celeriac_core::{SendError, SendOptions, TaskSignature};
use celeriac_protocol::{Compression, Serializer, UtcTime, Value};
use serde::Serialize;

use crate::{dict, text};

/// A value that cannot be written.
struct Broken;

impl Serialize for Broken {
    fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("broken on purpose"))
    }
}

fn call() -> TaskSignature<i64> {
    TaskSignature::new("tasks.add").arg(1).kwarg("y", 2)
}

#[test]
fn every_option_has_its_method() {
    let options = call()
        .task_id("id")
        .countdown(Duration::from_secs(1))
        .expires(Duration::from_secs(2))
        .queue("q")
        .routing_key("k")
        .priority(3)
        .header("h", 1)
        .time_limit(Duration::from_secs(3))
        .soft_time_limit(Duration::from_secs(4))
        .ignore_result(true)
        .shadow("s")
        .serializer(Serializer::Yaml)
        .compression(Compression::Gzip)
        .link(call())
        .link_error(call().immutable())
        .group("g", 5)
        .root_id("r")
        .parent_id("p")
        .reply_to("t")
        .retries(6)
        .argsrepr("a")
        .kwargsrepr("b")
        .stamp("st", "v")
        .message_group_id("mg")
        .message_deduplication_id("md")
        .message_attribute("ma", "v")
        .option("user_id", 7)
        .options
        .to_dict();
    let names: Vec<&str> = options.keys().map(String::as_str).collect();
    let expected = [
        "task_id",
        "countdown",
        "expires",
        "queue",
        "routing_key",
        "priority",
        "headers",
        "time_limit",
        "soft_time_limit",
        "ignore_result",
        "shadow",
        "serializer",
        "compression",
        "link",
        "link_error",
        "group_id",
        "group_index",
        "root_id",
        "parent_id",
        "reply_to",
        "retries",
        "argsrepr",
        "kwargsrepr",
        "MessageGroupId",
        "MessageDeduplicationId",
        "message_attributes",
        "stamped_headers",
        "user_id",
        "st",
    ];
    assert_eq!(names, expected);
}

#[test]
fn the_last_form_of_a_time_counts() {
    let call = call()
        .countdown(Duration::from_secs(1))
        .eta(UtcTime(5))
        .expires_at(UtcTime(6))
        .expires(Duration::from_secs(7));
    assert_eq!(
        (call.options.countdown, call.options.eta),
        (None, Some(UtcTime(5)))
    );
    assert_eq!(
        (call.options.expires, call.options.expires_at),
        (Some(Duration::from_secs(7)), None)
    );
}

#[test]
fn a_keyword_given_again_replaces() {
    assert_eq!(call().kwarg("y", "two").kwargs, dict([("y", text("two"))]));
}

#[test]
fn a_value_that_cannot_be_written_is_told_at_sending() {
    let call = call().arg(Broken).kwarg("z", 1);
    let Err(SendError::Encode { task, reason }) = call.into_parts() else {
        panic!("expected an error")
    };
    assert_eq!(
        (task.as_str(), reason.as_str()),
        ("tasks.add", "argument 1: broken on purpose")
    );
    let linked = self::call().link(self::call().kwarg("y", Broken));
    let Err(error) = linked.into_parts() else {
        panic!("expected an error")
    };
    assert_eq!(
        error.to_string(),
        "task `tasks.add` cannot be encoded: `tasks.add`: argument 'y': broken on purpose"
    );
    let bad_header = self::call().header("h", Broken);
    assert_eq!(
        bad_header.error.unwrap().to_string(),
        "header 'h': broken on purpose"
    );
}

#[test]
fn celerys_object_has_the_options_and_the_parts_have_them_apart() {
    let signature = call().queue("q").immutable().to_signature();
    assert_eq!(
        (signature.task.as_str(), signature.immutable),
        ("tasks.add", true)
    );
    assert_eq!(
        (signature.args, signature.kwargs),
        (vec![Value::Int(1)], dict([("y", Value::Int(2))]))
    );
    assert_eq!(signature.options, dict([("queue", text("q"))]));
    let (signature, options) = call().queue("q").into_parts().unwrap();
    assert!(signature.options.is_empty());
    assert_eq!(options.queue.as_deref(), Some("q"));
}

#[test]
fn many_options_at_once_go_on_top() {
    let many = SendOptions {
        queue: Some("b".to_owned()),
        message_attributes: BTreeMap::new(),
        ..SendOptions::default()
    };
    let call = call().queue("a").priority(1).options(many);
    assert_eq!(
        (call.options.queue.as_deref(), call.options.priority),
        (Some("b"), Some(1))
    );
}
