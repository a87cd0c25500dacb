//! [`SendOptions`] in the form of a signature's `options`: Celery's names, numbers for seconds.

use std::collections::BTreeMap;
use std::time::Duration;

use celeriac_protocol::{Compression, Dict, Serializer, Signature, UtcTime, Value};

use crate::{SendOptions, python};

/// Options that mean something only inside of a Python process.
const PYTHON_ONLY: &[&str] = &[
    "add_to_parent",
    "connection",
    "producer",
    "publisher",
    "result_cls",
    "retry",
    "retry_policy",
    "router",
    "task_type",
];

type Result<T> = std::result::Result<T, String>;

impl SendOptions {
    /// Reads a signature's options (Celery's names; numbers are seconds; `eta` and `expires` may be ISO texts). A null is
    /// an option not given. The error names the option.
    ///
    /// ```
    /// use celeriac_core::SendOptions;
    /// use celeriac_protocol::{Dict, Value};
    ///
    /// let options = Dict::from([
    ///     ("queue".to_owned(), Value::Str("mail".to_owned())),
    ///     ("countdown".to_owned(), Value::Float(1.5)),
    /// ]);
    /// let options = SendOptions::from_dict(&options).unwrap();
    /// assert_eq!(options.queue.as_deref(), Some("mail"));
    /// assert_eq!(options.countdown.unwrap().as_millis(), 1500);
    /// ```
    pub fn from_dict(options: &Dict) -> Result<Self> {
        let mut read = Self::default();
        for (name, value) in options {
            if *value != Value::Null && !PYTHON_ONLY.contains(&name.as_str()) {
                read.set(name, value)
                    .map_err(|reason| format!("option `{name}`: {reason}"))?;
            }
        }
        read.gather_stamps(options);
        Ok(read)
    }

    fn set(&mut self, name: &str, value: &Value) -> Result<()> {
        match name {
            "task_id" => self.task_id = Some(text(value)?),
            "countdown" => self.countdown = Some(seconds(value)?),
            "eta" => self.eta = Some(time(value)?),
            "expires" => match value {
                Value::Int(_) | Value::Float(_) => self.expires = Some(seconds(value)?),
                _ => self.expires_at = Some(time(value)?),
            },
            "queue" => self.queue = Some(queue(value)?),
            "routing_key" => self.routing_key = Some(text(value)?),
            "priority" => self.priority = Some(priority(value)?),
            "headers" => self.headers = dict(value)?,
            "time_limit" => self.time_limit = Some(seconds(value)?),
            "soft_time_limit" => self.soft_time_limit = Some(seconds(value)?),
            "ignore_result" => self.ignore_result = Some(boolean(value)?),
            "shadow" => self.shadow = Some(text(value)?),
            "serializer" => self.serializer = Some(serializer(value)?),
            "compression" => self.compression = Some(compression(value)?),
            _ => return self.set_workflow(name, value),
        }
        Ok(())
    }

    fn set_workflow(&mut self, name: &str, value: &Value) -> Result<()> {
        match name {
            "link" => self.link = signatures(value)?,
            "link_error" => self.link_error = signatures(value)?,
            "chain" => self.chain = Some(signatures(value)?),
            "chord" => self.chord = Some(Box::new(signature(value)?)),
            // `group` is what a Celery before 5.0 wrote
            "group_id" | "group" => self.group_id = Some(text(value)?),
            "group_index" => self.group_index = Some(integer(value)?),
            "root_id" => self.root_id = Some(text(value)?),
            "parent_id" => self.parent_id = Some(text(value)?),
            "replaced_task_nesting" => self.replaced_task_nesting = Some(integer(value)?),
            "reply_to" => self.reply_to = Some(text(value)?),
            "retries" => self.retries = Some(count(value)?),
            "argsrepr" => self.argsrepr = Some(text(value)?),
            "kwargsrepr" => self.kwargsrepr = Some(text(value)?),
            "MessageGroupId" => self.message_group_id = Some(text(value)?),
            "MessageDeduplicationId" => self.message_deduplication_id = Some(text(value)?),
            "message_attributes" => self.message_attributes = attributes(value)?,
            "stamped_headers" => self.stamps = stamp_names(value)?,
            other => {
                self.extra.insert(other.to_owned(), value.clone());
            }
        }
        Ok(())
    }

    /// Stamps stand beside the other options, under their names.
    fn gather_stamps(&mut self, options: &Dict) {
        for (name, stamp) in &mut self.stamps {
            self.extra.shift_remove(name);
            *stamp = options
                .get(name)
                .or_else(|| self.headers.get(name))
                .cloned()
                .unwrap_or_default();
        }
    }

    /// Celery's form, for signatures inside of other messages.
    pub fn to_dict(&self) -> Dict {
        let mut dict = Dict::new();
        let mut put = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                dict.insert(name.to_owned(), value);
            }
        };
        put("task_id", string(self.task_id.as_ref()));
        put("countdown", number(self.countdown));
        put("eta", iso(self.eta));
        put(
            "expires",
            number(self.expires).or_else(|| iso(self.expires_at)),
        );
        put("queue", string(self.queue.as_ref()));
        put("routing_key", string(self.routing_key.as_ref()));
        put(
            "priority",
            self.priority.map(|priority| Value::Int(priority.into())),
        );
        put("headers", non_empty(&self.headers));
        put("time_limit", number(self.time_limit));
        put("soft_time_limit", number(self.soft_time_limit));
        put("ignore_result", self.ignore_result.map(Value::Bool));
        put("shadow", string(self.shadow.as_ref()));
        put(
            "serializer",
            self.serializer
                .map(|serializer| Value::Str(serializer_name(serializer).to_owned())),
        );
        put(
            "compression",
            self.compression
                .map(|compression| Value::Str(compression_name(compression).to_owned())),
        );
        put("link", list(&self.link));
        put("link_error", list(&self.link_error));
        put("chain", self.chain.as_deref().and_then(list));
        put("chord", self.chord.as_ref().map(|body| body.to_value()));
        put("group_id", string(self.group_id.as_ref()));
        put("group_index", self.group_index.map(Value::Int));
        put("root_id", string(self.root_id.as_ref()));
        put("parent_id", string(self.parent_id.as_ref()));
        put(
            "replaced_task_nesting",
            self.replaced_task_nesting.map(Value::Int),
        );
        put("reply_to", string(self.reply_to.as_ref()));
        put(
            "retries",
            self.retries.map(|retries| Value::Int(retries.into())),
        );
        put("argsrepr", string(self.argsrepr.as_ref()));
        put("kwargsrepr", string(self.kwargsrepr.as_ref()));
        put("MessageGroupId", string(self.message_group_id.as_ref()));
        put(
            "MessageDeduplicationId",
            string(self.message_deduplication_id.as_ref()),
        );
        put(
            "message_attributes",
            attribute_dict(&self.message_attributes),
        );
        if !self.stamps.is_empty() {
            let names = self.stamps.keys().cloned().map(Value::Str).collect();
            put("stamped_headers", Some(Value::List(names)));
        }
        for (name, value) in self.extra.iter().chain(&self.stamps) {
            put(name, Some(value.clone()));
        }
        dict
    }
}

fn expected(what: &str, value: &Value) -> String {
    format!("expected {what}, got {}", python::describe(value))
}

fn text(value: &Value) -> Result<String> {
    match value {
        Value::Str(text) | Value::Uuid(text) => Ok(text.clone()),
        other => Err(expected("str", other)),
    }
}

/// A name, or the object that kombu makes of a queue.
fn queue(value: &Value) -> Result<String> {
    match value {
        Value::Dict(queue) => queue
            .get("name")
            .ok_or_else(|| expected("a queue's name", value))
            .and_then(text),
        other => text(other),
    }
}

fn seconds(value: &Value) -> Result<Duration> {
    let seconds = match value {
        Value::Int(number) => *number as f64,
        Value::Float(number) => *number,
        other => return Err(expected("a number of seconds", other)),
    };
    // a countdown in the past is now, as in Celery
    Duration::try_from_secs_f64(seconds.max(0.0))
        .map_err(|_| expected("a number of seconds", value))
}

fn time(value: &Value) -> Result<UtcTime> {
    match value {
        Value::Str(text) | Value::DateTime(text) | Value::Date(text) => {
            UtcTime::parse(text).map_err(|error| error.to_string())
        }
        other => Err(expected("an ISO-8601 time", other)),
    }
}

fn integer(value: &Value) -> Result<i64> {
    match value {
        Value::Int(number) => Ok(*number),
        other => Err(expected("int", other)),
    }
}

fn count(value: &Value) -> Result<u32> {
    u32::try_from(integer(value)?).map_err(|_| expected("a number of retries", value))
}

fn priority(value: &Value) -> Result<u8> {
    // Celery takes any number and clamps nothing; brokers know 0 to 9, and 255 on some
    u8::try_from(integer(value)?).map_err(|_| expected("a priority from 0 to 9", value))
}

fn boolean(value: &Value) -> Result<bool> {
    match value {
        Value::Bool(yes) => Ok(*yes),
        other => Err(expected("bool", other)),
    }
}

fn dict(value: &Value) -> Result<Dict> {
    match value {
        Value::Dict(dict) => Ok(dict.clone()),
        other => Err(expected("dict", other)),
    }
}

fn serializer(value: &Value) -> Result<Serializer> {
    Serializer::from_name(&text(value)?).map_err(|error| error.to_string())
}

fn compression(value: &Value) -> Result<Compression> {
    let name = text(value)?;
    Compression::from_name(&name)
        .ok_or_else(|| format!("`{name}` is none of `gzip`, `bzip2`, `lzma`, `brotli`, `zstd`"))
}

fn signature(value: &Value) -> Result<Signature> {
    Signature::from_value(value.clone()).map_err(|error| error.to_string())
}

fn signatures(value: &Value) -> Result<Vec<Signature>> {
    match value {
        Value::List(list) => list.iter().map(signature).collect(),
        one => Ok(vec![signature(one)?]),
    }
}

/// boto's form, `{"name": {"DataType": "String", "StringValue": "text"}}`, or plain texts.
fn attributes(value: &Value) -> Result<BTreeMap<String, String>> {
    let read = |(name, value): (&String, &Value)| {
        let value = match value {
            Value::Dict(attribute) => attribute.get("StringValue").unwrap_or(value),
            plain => plain,
        };
        text(value)
            .map(|text| (name.clone(), text))
            .map_err(|reason| format!("`{name}`: {reason}"))
    };
    dict(value)?.iter().map(read).collect()
}

fn stamp_names(value: &Value) -> Result<Dict> {
    match value {
        Value::List(names) => names
            .iter()
            .map(|name| Ok((text(name)?, Value::Null)))
            .collect(),
        other => Err(expected("a list of names", other)),
    }
}

fn string(text: Option<&String>) -> Option<Value> {
    text.cloned().map(Value::Str)
}

fn iso(time: Option<UtcTime>) -> Option<Value> {
    time.map(|time| Value::Str(time.to_iso()))
}

/// Whole seconds as `int`, as Python people write them.
fn number(duration: Option<Duration>) -> Option<Value> {
    duration.map(|duration| match i64::try_from(duration.as_secs()) {
        Ok(seconds) if duration.subsec_nanos() == 0 => Value::Int(seconds),
        _ => Value::Float(duration.as_secs_f64()),
    })
}

fn non_empty(dict: &Dict) -> Option<Value> {
    (!dict.is_empty()).then(|| Value::Dict(dict.clone()))
}

fn list(signatures: &[Signature]) -> Option<Value> {
    (!signatures.is_empty())
        .then(|| Value::List(signatures.iter().map(Signature::to_value).collect()))
}

fn attribute_dict(attributes: &BTreeMap<String, String>) -> Option<Value> {
    let boto = |text: &String| {
        Value::Dict(Dict::from([
            ("DataType".to_owned(), Value::Str("String".to_owned())),
            ("StringValue".to_owned(), Value::Str(text.clone())),
        ]))
    };
    (!attributes.is_empty()).then(|| {
        Value::Dict(
            attributes
                .iter()
                .map(|(name, text)| (name.clone(), boto(text)))
                .collect(),
        )
    })
}

fn serializer_name(serializer: Serializer) -> &'static str {
    match serializer {
        Serializer::Json => "json",
        Serializer::Msgpack => "msgpack",
        Serializer::Yaml => "yaml",
    }
}

fn compression_name(compression: Compression) -> &'static str {
    match compression {
        Compression::Gzip => "gzip",
        Compression::Bzip2 => "bzip2",
        Compression::Xz => "lzma",
        Compression::Brotli => "brotli",
        Compression::Zstd => "zstd",
    }
}
