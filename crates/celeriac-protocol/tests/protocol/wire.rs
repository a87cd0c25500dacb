//! The golden fixtures.
#![cfg(feature = "full")]

use std::{fs, path::PathBuf};

use celeriac_protocol::{Limits, Serializer, Value};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/wire")
}

/// One fixture file. It is read as plain JSON: typed objects stay objects.
pub(crate) fn fixture(path: &str) -> serde_json::Value {
    let text = fs::read_to_string(folder().join(path).with_extension("json"))
        .unwrap_or_else(|error| panic!("{path}: {error}"));
    // serde_json has no NaN; no test looks at those places.
    let text = text
        .replace(": NaN", ": null")
        .replace(": Infinity", ": null")
        .replace("  NaN", " null")
        .replace("  Infinity", " null")
        .replace("  -Infinity", " null");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every fixture of a folder, by name.
pub(crate) fn fixtures(name: &str) -> Vec<(String, serde_json::Value)> {
    let mut names: Vec<String> = fs::read_dir(folder().join(name))
        .expect("the fixtures are in the repository")
        .map(|entry| entry.expect("a readable folder").path())
        .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
        .collect();
    names.sort();
    let read = |stem: String| (stem.clone(), fixture(&format!("{name}/{stem}")));
    names.into_iter().map(read).collect()
}

/// The list at a key; nothing for null.
pub(crate) fn list<'a>(json: &'a serde_json::Value, key: &str) -> &'a [serde_json::Value] {
    json[key].as_array().map_or(&[], Vec::as_slice)
}

/// Every captured message body that is whole: its fixture's name and the body.
pub(crate) fn message_bodies() -> Vec<(String, String)> {
    let mut bodies = Vec::new();
    for folder in ["messages", "results"] {
        for (name, file) in fixtures(folder) {
            for key in ["messages", "producer_messages", "worker_messages"] {
                let sent = list(&file, key).iter();
                let sent = sent.filter_map(|message| message["sqs"]["MessageBody"].as_str());
                bodies.extend(sent.map(|body| (name.clone(), body.to_owned())));
            }
        }
    }
    bodies.retain(|(_, body)| !is_cut(body));
    bodies
}

/// Every captured `result` attribute that is whole: its fixture's name and the bytes in base64.
pub(crate) fn result_attributes() -> Vec<(String, String)> {
    let mut attributes = Vec::new();
    for (name, file) in fixtures("results") {
        for key in ["producer_dynamodb_writes", "worker_dynamodb_writes"] {
            let writes = list(&file, key).iter();
            let writes = writes.filter_map(|write| write["item"]["result"]["B"].as_str());
            attributes.extend(writes.map(|bytes| (name.clone(), bytes.to_owned())));
        }
    }
    attributes.retain(|(_, bytes)| !is_cut(bytes));
    attributes
}

/// Whether bytes were left out when they were captured: `large_300k`, `large_800k`,
/// `success_large_300k`, `success_large_500k` and `pickle_failure`, which end in a remark.
pub(crate) fn is_cut(text: &str) -> bool {
    text.ends_with(')')
}

/// Whether this value or any inside of it is one of the wanted ones.
pub(crate) fn holds(value: &Value, is_wanted: fn(&Value) -> bool) -> bool {
    is_wanted(value)
        || match value {
            Value::List(items) => items.iter().any(|item| holds(item, is_wanted)),
            Value::Dict(entries) => entries.values().any(|item| holds(item, is_wanted)),
            _ => false,
        }
}

/// A value from JSON text.
pub(crate) fn value(json: &str) -> Value {
    Serializer::Json
        .load(json.as_bytes(), &Limits::default())
        .unwrap_or_else(|error| panic!("{json}: {error}"))
}

/// NaN is not equal to itself: the same value with a text for each NaN.
pub(crate) fn comparable(value: Value) -> Value {
    match value {
        Value::Float(number) if number.is_nan() => Value::Str("NaN".to_owned()),
        Value::List(items) => Value::List(items.into_iter().map(comparable).collect()),
        Value::Dict(entries) => {
            let entries = entries
                .into_iter()
                .map(|(key, value)| (key, comparable(value)));
            Value::Dict(entries.collect())
        }
        other => other,
    }
}
