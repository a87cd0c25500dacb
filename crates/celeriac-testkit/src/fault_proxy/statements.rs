use serde_json::{Value, json};

/// A `BatchExecuteStatement` from which statements were taken out.
#[derive(Debug, PartialEq)]
pub(super) struct Withheld {
    /// What the emulator gets; `None` if nothing is left.
    pub(super) request: Option<Vec<u8>>,
    /// For each statement of the client's: the error it gets instead.
    errors: Vec<Option<Value>>,
}

impl Withheld {
    /// Asks `fault` about each statement of the request; `None` if it hits none, or the body is
    /// something else.
    pub(super) fn from_request(
        body: &[u8],
        mut fault: impl FnMut() -> Option<String>,
    ) -> Option<Self> {
        let mut request: Value = serde_json::from_slice(body).ok()?;
        let statements = request.get_mut("Statements")?.as_array_mut()?;
        let errors: Vec<Option<Value>> = statements
            .iter()
            .map(|_| fault().map(|code| error(&code)))
            .collect();
        if errors.iter().all(Option::is_none) {
            return None;
        }
        let mut kept = errors.iter();
        statements.retain(|_| kept.next().is_some_and(Option::is_none));
        let left = !statements.is_empty();
        Some(Self {
            request: left.then(|| request.to_string().into_bytes()),
            errors,
        })
    }

    /// The answer the client gets: the emulator's, with the errors in their places.
    pub(super) fn answer(self, body: &[u8]) -> Vec<u8> {
        let mut answer: Value = serde_json::from_slice(body).unwrap_or_else(|_| json!({}));
        let given = answer
            .get_mut("Responses")
            .map(Value::take)
            .unwrap_or_default();
        let mut given = given.as_array().cloned().unwrap_or_default().into_iter();
        let all: Vec<Value> = self
            .errors
            .into_iter()
            .map(|error| error.or_else(|| given.next()).unwrap_or_default())
            .collect();
        answer["Responses"] = Value::Array(all);
        answer.to_string().into_bytes()
    }
}

fn error(code: &str) -> Value {
    json!({"Error": {"Code": code, "Message": "made by the fault proxy"}})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_take_their_statements_places() {
        let body =
            json!({"Statements": [{"Statement": "a"}, {"Statement": "b"}, {"Statement": "c"}]})
                .to_string();
        let mut count = 0;
        let second = || {
            count += 1;
            (count == 2).then(|| "ThrottlingError".to_owned())
        };
        let withheld = Withheld::from_request(body.as_bytes(), second).expect("one is hit");
        let request: Value =
            serde_json::from_slice(withheld.request.as_deref().expect("two are left"))
                .expect("JSON");
        assert_eq!(
            request["Statements"],
            json!([{"Statement": "a"}, {"Statement": "c"}])
        );
        let answer: Value = serde_json::from_slice(
            &withheld.answer(br#"{"Responses": [{"TableName": "1"}, {"TableName": "2"}]}"#),
        )
        .expect("JSON");
        assert_eq!(answer["Responses"][0], json!({"TableName": "1"}));
        assert_eq!(answer["Responses"][1]["Error"]["Code"], "ThrottlingError");
        assert_eq!(answer["Responses"][2], json!({"TableName": "2"}));
    }

    #[test]
    fn nothing_hit_is_nothing_changed() {
        let body = br#"{"Statements": [{"Statement": "a"}]}"#;
        assert_eq!(Withheld::from_request(body, || None), None);
        assert_eq!(
            Withheld::from_request(b"not JSON", || Some(String::new())),
            None
        );
        let all = Withheld::from_request(body, || Some("X".to_owned())).expect("it is hit");
        assert_eq!(all.request, None);
    }
}
