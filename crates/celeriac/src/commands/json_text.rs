use celeriac_core::plain_text;
use celeriac_protocol::{Dict, Limits, Serializer, Value};

/// Positional arguments on a command line: a JSON list.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JsonList(pub Vec<Value>);

/// Keyword arguments on a command line: a JSON object.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JsonDict(pub Dict);

/// A value as JSON text that a terminal can show, in the form that Celery's payloads have (typed objects, NaN and big
/// integers included).
pub fn json_text(value: &Value) -> String {
    match Serializer::Json.dump(value) {
        Ok(bytes) => plain_text::json(&String::from_utf8_lossy(&bytes)).into_owned(),
        Err(error) => format!("(cannot be shown as JSON: {error})"),
    }
}

/// Reads a JSON list, as `--args` takes it.
pub(super) fn json_list(text: &str) -> Result<JsonList, String> {
    match json(text, "list", "'[1, \"two\"]'")? {
        Value::List(list) => Ok(JsonList(list)),
        other => Err(format!(
            "not a JSON list; for one argument: '[{}]'",
            json_text(&other)
        )),
    }
}

/// Reads a JSON object, as `--kwargs` takes it.
pub(super) fn json_dict(text: &str) -> Result<JsonDict, String> {
    match json(text, "object", "'{\"x\": 1}'")? {
        Value::Dict(dict) => Ok(JsonDict(dict)),
        other => Err(format!(
            "not a JSON object; for one argument: '{{\"name\": {}}}'",
            json_text(&other)
        )),
    }
}

fn json(text: &str, kind: &str, example: &str) -> Result<Value, String> {
    Serializer::Json
        .load(text.as_bytes(), &Limits::default())
        .map_err(|error| {
            format!("not a JSON {kind} ({error}); quote it for the shell, as in {example}")
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_objects_are_read_as_celery_reads_them() {
        assert_eq!(json_list("[1, NaN]").expect("a list").0.len(), 2);
        assert_eq!(
            json_dict(r#"{"x": null}"#).expect("an object").0["x"],
            Value::Null
        );
    }

    #[test]
    fn other_things_say_what_would_be_right() {
        assert!(json_list("3").expect_err("no list").contains("'[3]'"));
        assert!(
            json_dict("[3]")
                .expect_err("no object")
                .contains(r#"'{"name": [3]}'"#)
        );
        assert!(json_list("[1,").expect_err("no JSON").contains("quote it"));
    }
}
