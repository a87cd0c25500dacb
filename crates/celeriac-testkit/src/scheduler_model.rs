//! What requests to EventBridge Scheduler may hold, by the API model that AWS ships with botocore:
//! emulators take anything.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::LazyLock;

use hyper::Uri;
use regex::Regex;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::uri_template::{query, uri_parts};

const MODEL: &str = include_str!("../../../tests/fixtures/scheduler/model.json");

/// The model of EventBridge Scheduler's requests.
#[derive(Debug, Deserialize)]
pub struct SchedulerModel {
    operations: BTreeMap<String, Operation>,
    shapes: BTreeMap<String, Shape>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Operation {
    method: String,
    request_uri: String,
    input: String,
}

#[derive(Debug, Deserialize)]
struct Shape {
    r#type: String,
    #[serde(default)]
    members: BTreeMap<String, Member>,
    #[serde(default)]
    required: Vec<String>,
    member: Option<Member>,
    key: Option<Member>,
    value: Option<Member>,
    r#enum: Option<Vec<String>>,
    pattern: Option<String>,
    min: Option<i64>,
    max: Option<i64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Member {
    shape: String,
    location: Option<String>,
    location_name: Option<String>,
}

/// A request that the model allows.
#[derive(Clone, Debug, PartialEq)]
pub struct SchedulerRequest {
    /// AWS's name of it: `CreateSchedule`, ...
    pub operation: String,
    /// Its input by the model's names, whether it was in the path, the query or the body.
    pub input: Value,
}

/// What of a request the model does not allow, all of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchedulerRefusal {
    /// The operation, or the method and path of what is none.
    pub operation: String,
    /// Each with where it is: `Target.RoleArn is missing`.
    pub problems: Vec<String>,
}

impl fmt::Display for SchedulerRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.operation, self.problems.join("; "))
    }
}

impl SchedulerModel {
    /// The model in `tests/fixtures/scheduler`.
    ///
    /// # Panics
    /// If it cannot be read.
    pub fn shared() -> &'static Self {
        static SHARED: LazyLock<SchedulerModel> =
            LazyLock::new(|| serde_json::from_str(MODEL).expect("the fixture is the model"));
        &SHARED
    }

    /// The operation's name, if there is one of this method and path.
    pub fn operation(&self, method: &str, path: &str) -> Option<&str> {
        let is_it = |operation: &Operation| {
            operation.method == method && uri_parts(&operation.request_uri, path).is_some()
        };
        self.operations
            .iter()
            .find(|(_, operation)| is_it(operation))
            .map(|(name, _)| name.as_str())
    }

    /// Reads a request as the service would, and checks every member of it.
    pub fn check(
        &self,
        method: &str,
        uri: &Uri,
        body: &[u8],
    ) -> Result<SchedulerRequest, SchedulerRefusal> {
        let name = self.operation(method, uri.path());
        let Some((name, operation)) = name.and_then(|name| self.operations.get_key_value(name))
        else {
            return Err(SchedulerRefusal {
                operation: format!("{method} {}", uri.path()),
                problems: vec!["there is no such operation".to_owned()],
            });
        };
        let mut problems = Vec::new();
        let input = self.input(operation, uri, body, &mut problems);
        self.check_shape(&operation.input, &input, "", &mut problems);
        if problems.is_empty() {
            Ok(SchedulerRequest {
                operation: name.clone(),
                input,
            })
        } else {
            Err(SchedulerRefusal {
                operation: name.clone(),
                problems,
            })
        }
    }

    /// A value against one shape of the model, by the shape's name: `Target`, `ScheduleExpression`,
    /// ...
    pub fn problems_of(&self, shape: &str, value: &Value) -> Vec<String> {
        let mut problems = Vec::new();
        self.check_shape(shape, value, "", &mut problems);
        problems
    }

    /// The members from the path, the query and the body together.
    fn input(
        &self,
        operation: &Operation,
        uri: &Uri,
        body: &[u8],
        problems: &mut Vec<String>,
    ) -> Value {
        let mut input = body_members(body, problems);
        let members = self
            .shapes
            .get(&operation.input)
            .map(|shape| &shape.members);
        let located = |name: &str, location: &str| {
            members?.iter().find(|(_, member)| {
                member.location.as_deref() == Some(location)
                    && member.location_name.as_deref() == Some(name)
            })
        };
        for (name, member) in members.into_iter().flatten() {
            if member.location.is_some() && input.remove(name).is_some() {
                problems.push(format!("{name} does not belong into the body"));
            }
        }
        let parts = uri_parts(&operation.request_uri, uri.path()).unwrap_or_default();
        for (name, text) in parts {
            if let Some((member, _)) = located(&name, "uri") {
                input.insert(member.clone(), Value::String(text));
            }
        }
        for (name, text) in query(uri) {
            match located(&name, "querystring") {
                Some((member, at)) => {
                    input.insert(member.clone(), self.of_query(&at.shape, text));
                }
                None => problems.push(format!("the query's {name} is unknown")),
            }
        }
        Value::Object(input)
    }

    fn of_query(&self, shape: &str, text: String) -> Value {
        let r#type = self.shapes.get(shape).map(|shape| shape.r#type.as_str());
        match (r#type, text.parse::<i64>()) {
            (Some("integer"), Ok(number)) => number.into(),
            (Some("list"), _) => Value::Array(vec![text.into()]),
            _ => text.into(),
        }
    }

    fn check_shape(&self, name: &str, value: &Value, at: &str, problems: &mut Vec<String>) {
        let Some(shape) = self.shapes.get(name) else {
            problems.push(format!("{at}: the model has no shape {name}"));
            return;
        };
        match (shape.r#type.as_str(), value) {
            ("structure", Value::Object(members)) => {
                self.check_structure(shape, members, at, problems);
            }
            ("list", Value::Array(items)) => {
                check_size(shape, items.len(), at, problems);
                for (index, item) in items.iter().enumerate() {
                    self.check_part(
                        shape.member.as_ref(),
                        item,
                        &format!("{at}[{index}]"),
                        problems,
                    );
                }
            }
            ("map", Value::Object(entries)) => {
                check_size(shape, entries.len(), at, problems);
                for (key, item) in entries {
                    self.check_part(shape.key.as_ref(), &key.as_str().into(), at, problems);
                    self.check_part(shape.value.as_ref(), item, &join(at, key), problems);
                }
            }
            ("string", Value::String(text)) => check_string(shape, text, at, problems),
            ("integer", Value::Number(number)) if number.is_i64() => {
                check_range(shape, number.as_i64().unwrap_or_default(), at, problems);
            }
            // rest-json has them as seconds
            ("timestamp", Value::Number(_)) | ("boolean", Value::Bool(_)) => {}
            (wanted, _) => problems.push(format!("{at} is no {wanted}: {value}")),
        }
    }

    fn check_structure(
        &self,
        shape: &Shape,
        members: &Map<String, Value>,
        at: &str,
        problems: &mut Vec<String>,
    ) {
        for name in &shape.required {
            if !members.contains_key(name) {
                problems.push(format!("{} is missing", join(at, name)));
            }
        }
        for (name, value) in members {
            match shape.members.get(name) {
                Some(member) => self.check_shape(&member.shape, value, &join(at, name), problems),
                None => problems.push(format!("{} is unknown", join(at, name))),
            }
        }
    }

    fn check_part(
        &self,
        member: Option<&Member>,
        value: &Value,
        at: &str,
        problems: &mut Vec<String>,
    ) {
        if let Some(member) = member {
            self.check_shape(&member.shape, value, at, problems);
        }
    }
}

fn check_string(shape: &Shape, text: &str, at: &str, problems: &mut Vec<String>) {
    check_size(shape, text.chars().count(), at, problems);
    if let Some(allowed) = &shape.r#enum
        && !allowed.iter().any(|value| value == text)
    {
        problems.push(format!("{at} is `{text}`, and not one of {allowed:?}"));
    }
    let Some(pattern) = &shape.pattern else {
        return;
    };
    match Regex::new(pattern) {
        Ok(regex) if regex.is_match(text) => {}
        Ok(_) => problems.push(format!("{at} is `{text}`, which does not match {pattern}")),
        Err(error) => problems.push(format!("{at}: {pattern} is not understood: {error}")),
    }
}

/// Of a text, a list or a map.
fn check_size(shape: &Shape, size: usize, at: &str, problems: &mut Vec<String>) {
    let size = i64::try_from(size).unwrap_or(i64::MAX);
    if shape.min.is_some_and(|min| size < min) || shape.max.is_some_and(|max| size > max) {
        problems.push(format!(
            "{at} has the length {size}, outside of {:?} to {:?}",
            shape.min, shape.max
        ));
    }
}

fn check_range(shape: &Shape, number: i64, at: &str, problems: &mut Vec<String>) {
    if shape.min.is_some_and(|min| number < min) || shape.max.is_some_and(|max| number > max) {
        problems.push(format!(
            "{at} is {number}, outside of {:?} to {:?}",
            shape.min, shape.max
        ));
    }
}

fn body_members(body: &[u8], problems: &mut Vec<String>) -> Map<String, Value> {
    if body.is_empty() {
        return Map::new();
    }
    if let Ok(Value::Object(members)) = serde_json::from_slice(body) {
        return members;
    }
    problems.push("the body is no JSON object".to_owned());
    Map::new()
}

fn join(at: &str, name: &str) -> String {
    if at.is_empty() {
        name.to_owned()
    } else {
        format!("{at}.{name}")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(method: &str, uri: &str, body: &Value) -> Result<SchedulerRequest, SchedulerRefusal> {
        let body = if body.is_null() {
            Vec::new()
        } else {
            body.to_string().into_bytes()
        };
        SchedulerModel::shared().check(method, &uri.parse().expect("a path"), &body)
    }

    fn schedule() -> Value {
        json!({
            "GroupName": "shop",
            "ScheduleExpression": "rate(1 minute)",
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "StartDate": 1_800_000_000,
            "Target": {
                "Arn": "arn:aws:sqs:eu-west-1:123456789012:celery",
                "RoleArn": "arn:aws:iam::123456789012:role/beat",
                "Input": "{}",
                "RetryPolicy": {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 60},
            },
        })
    }

    /// What is wrong with the schedule once the value at this pointer is another, or taken out.
    fn problems(pointer: &str, value: Option<Value>) -> String {
        let mut body = schedule();
        let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
        let parent = body.pointer_mut(parent).and_then(Value::as_object_mut);
        let parent = parent.expect("an object");
        match value {
            Some(value) => parent.insert(name.to_owned(), value),
            None => parent.remove(name),
        };
        check("POST", "/schedules/nightly", &body)
            .expect_err("refused")
            .to_string()
    }

    #[test]
    fn members_are_gathered_from_everywhere() {
        let created = check("POST", "/schedules/a%2Eb", &schedule()).expect("good");
        assert_eq!(created.operation, "CreateSchedule");
        assert_eq!(created.input["Name"], "a.b");
        let listed = check(
            "GET",
            "/schedules?ScheduleGroup=shop&MaxResults=100",
            &Value::Null,
        );
        assert_eq!(
            listed.expect("good"),
            SchedulerRequest {
                operation: "ListSchedules".to_owned(),
                input: json!({"GroupName": "shop", "MaxResults": 100}),
            }
        );
        let deleted = check(
            "DELETE",
            "/schedules/a?groupName=shop&clientToken=x",
            &Value::Null,
        );
        assert_eq!(deleted.expect("good").operation, "DeleteSchedule");
    }

    #[test]
    fn what_the_model_does_not_allow_is_named() {
        assert!(problems("/ScheduleExpression", None).contains("ScheduleExpression is missing"));
        assert!(problems("/Target/RoleArn", None).contains("Target.RoleArn is missing"));
        assert!(problems("/Colour", Some("red".into())).contains("Colour is unknown"));
        assert!(problems("/Name", Some("x".into())).contains("does not belong into the body"));
        assert!(problems("/ScheduleExpression", Some("x".repeat(257).into())).contains("257"));
        assert!(problems("/GroupName", Some("a b".into())).contains("does not match"));
        assert!(problems("/State", Some("PAUSED".into())).contains("not one of"));
        assert!(problems("/StartDate", Some("2027-01-01".into())).contains("no timestamp"));
        assert!(problems("/Target/RoleArn", Some("beat".into())).contains("does not match"));
        let retries = "/Target/RetryPolicy/MaximumRetryAttempts";
        assert!(problems(retries, Some(186.into())).contains("186"));
        assert!(problems(retries, Some("3".into())).contains("no integer"));
    }

    #[test]
    fn requests_that_are_none_are_refused() {
        for (method, uri) in [
            ("POST", "/schedules"),
            ("GET", "/schedules/a/b"),
            ("PUT", "/schedule-groups/a"),
            ("GET", "/schedules/"),
        ] {
            assert!(check(method, uri, &Value::Null).is_err(), "{method} {uri}");
        }
        assert!(check("GET", "/schedules?MaxResults=101", &Value::Null).is_err());
        assert!(check("GET", "/schedules?Group=shop", &Value::Null).is_err());
        let long = format!("/schedules/{}", "x".repeat(65));
        assert!(check("GET", &long, &Value::Null).is_err());
    }
}
