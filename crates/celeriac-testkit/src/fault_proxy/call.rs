use serde_json::Value;

/// What a request asks of AWS: an operation on a queue or table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Call {
    /// AWS's name of it; of a statement `BatchExecuteStatement INSERT`, since each kind is a right of its own.
    pub operation: String,
    /// A queue's name, `table/NAME`, or `*` for what names none.
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
    pub(super) fn of_request(operation: &str, body: &[u8]) -> Vec<Self> {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
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
        let call = |operation: &str, body: &str| Call::of_request(operation, body.as_bytes());
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
}
