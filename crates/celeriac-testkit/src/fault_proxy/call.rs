use hyper::Uri;
use serde_json::Value;

/// What a request asks of AWS: an operation on a queue or table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Call {
    /// AWS's name of it; of a statement `BatchExecuteStatement INSERT`, since each kind is a right
    /// of its own.
    pub operation: String,
    /// A queue's name, `table/NAME`, `schedule/GROUP/NAME`, `schedule-group/NAME`, or `*` for what
    /// names none.
    pub resource: String,
}

impl Call {
    fn new(operation: impl Into<String>, resource: impl Into<String>) -> Self {
        Self {
            operation: operation.into(),
            resource: resource.into(),
        }
    }

    /// Of one request: a batch of statements or reads may make several.
    pub(super) fn of_request(operation: &str, uri: &Uri, body: &[u8]) -> Vec<Self> {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        if let Some(resource) = of_schedules(uri, &body) {
            return vec![Self::new(operation, resource)];
        }
        if let Some(statements) = body["Statements"].as_array() {
            let texts = statements
                .iter()
                .filter_map(|statement| statement["Statement"].as_str());
            return texts.map(|text| of_statement(operation, text)).collect();
        }
        if let Some(tables) = body["RequestItems"].as_object() {
            return tables
                .keys()
                .map(|table| Self::new(operation, format!("table/{table}")))
                .collect();
        }
        vec![Self::new(operation, resource(&body))]
    }
}

/// What the path names of EventBridge Scheduler, as the last part of an ARN; lists are of all
/// schedules, as IAM has it.
fn of_schedules(uri: &Uri, body: &Value) -> Option<String> {
    let path = uri.path().strip_prefix('/')?;
    if path == "schedules" || path == "schedule-groups" {
        return Some("*".to_owned());
    }
    if let Some(group) = path.strip_prefix("schedule-groups/") {
        return Some(format!("schedule-group/{group}"));
    }
    if let Some(arn) = path.strip_prefix("tags/") {
        let arn = percent_encoding::percent_decode_str(arn).decode_utf8_lossy();
        return arn.rsplit(':').next().map(str::to_owned);
    }
    let name = path.strip_prefix("schedules/")?;
    let in_query = |pair: &str| pair.strip_prefix("groupName=").map(str::to_owned);
    let group = body["GroupName"]
        .as_str()
        .map(str::to_owned)
        .or_else(|| uri.query()?.split('&').find_map(in_query))
        .unwrap_or_else(|| "default".to_owned());
    Some(format!("schedule/{group}/{name}"))
}

fn of_statement(operation: &str, text: &str) -> Call {
    let kind = text.split_whitespace().next().unwrap_or_default();
    let table = text.split('"').nth(1).unwrap_or_default();
    Call::new(format!("{operation} {kind}"), format!("table/{table}"))
}

fn resource(body: &Value) -> String {
    let text = |name: &str| body[name].as_str();
    if let Some(url) = text("QueueUrl") {
        return url.rsplit('/').next().unwrap_or_default().to_owned();
    }
    if let Some(name) = text("QueueName") {
        return name.to_owned();
    }
    text("TableName").map_or_else(|| "*".to_owned(), |table| format!("table/{table}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_is_read_from_the_request() {
        let plain = Uri::from_static("/");
        let call =
            |operation: &str, body: &str| Call::of_request(operation, &plain, body.as_bytes());
        assert_eq!(
            call(
                "SendMessage",
                r#"{"QueueUrl": "http://h:1/000000000000/orders"}"#
            ),
            [Call::new("SendMessage", "orders")]
        );
        assert_eq!(
            call("BatchGetItem", r#"{"RequestItems": {"celery": {}}}"#),
            [Call::new("BatchGetItem", "table/celery")]
        );
        assert_eq!(
            call(
                "BatchExecuteStatement",
                r#"{"Statements": [{"Statement": "INSERT INTO \"celery\" VALUE {'id': ?}"}, {"Statement": "UPDATE \"celery\" SET a = ?"}]}"#
            ),
            [
                Call::new("BatchExecuteStatement INSERT", "table/celery"),
                Call::new("BatchExecuteStatement UPDATE", "table/celery")
            ]
        );
        assert_eq!(call("ListQueues", "{}"), [Call::new("ListQueues", "*")]);
    }

    #[test]
    fn what_is_asked_for_of_schedules_is_read_from_the_path() {
        let resource = |path: &'static str, body: &str| {
            let mut calls = Call::of_request("X", &Uri::from_static(path), body.as_bytes());
            calls.pop().expect("one call").resource
        };
        assert_eq!(resource("/schedules?ScheduleGroup=shop", ""), "*");
        assert_eq!(resource("/schedule-groups/shop", ""), "schedule-group/shop");
        assert_eq!(
            resource("/schedules/a?clientToken=x&groupName=shop", ""),
            "schedule/shop/a"
        );
        assert_eq!(
            resource("/schedules/a", r#"{"GroupName": "shop"}"#),
            "schedule/shop/a"
        );
    }
}
