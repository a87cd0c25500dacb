use celeriac_protocol::{Dict, Limits, Serializer, Value};

use super::CommandError;

/// A value as JSON text, in the form that Celery's payloads have (typed objects, NaN and big integers included).
pub fn json_text(value: &Value) -> String {
    match Serializer::Json.dump(value) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) => format!("(cannot be shown as JSON: {error})"),
    }
}

/// Reads a JSON list, as `--args` takes it.
pub fn json_list(option: &str, text: &str) -> Result<Vec<Value>, CommandError> {
    match json(option, text, "list", "'[1, \"two\"]'")? {
        Value::List(list) => Ok(list),
        other => {
            Err(wrong_kind(option, "list", &other)
                .hint(format!("{option} '[{}]'", json_text(&other))))
        }
    }
}

/// Reads a JSON object, as `--kwargs` takes it.
pub fn json_dict(option: &str, text: &str) -> Result<Dict, CommandError> {
    match json(option, text, "object", "'{\"x\": 1}'")? {
        Value::Dict(dict) => Ok(dict),
        other => Err(wrong_kind(option, "object", &other)
            .hint(format!("{option} '{{\"name\": {}}}'", json_text(&other)))),
    }
}

fn json(option: &str, text: &str, kind: &str, example: &str) -> Result<Value, CommandError> {
    Serializer::Json
        .load(text.as_bytes(), &Limits::default())
        .map_err(|error| {
            CommandError::usage(format!("`{option}` is not a JSON {kind}: {error}"))
                .hint(format!("quote it for the shell, as in {option} {example}"))
        })
}

fn wrong_kind(option: &str, kind: &str, value: &Value) -> CommandError {
    CommandError::usage(format!(
        "`{option}` must be a JSON {kind}, not `{}`",
        json_text(value)
    ))
}
