use serde_json::{Value, json};

/// An error that one entry of a batch gets inside the HTTP 200.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct EntryError {
    pub(super) code: String,
    pub(super) message: String,
}

/// A batch from which entries were taken out: `BatchExecuteStatement`'s statements, or the entries
/// of SQS's.
#[derive(Debug, PartialEq)]
pub(super) struct Withheld {
    /// What the emulator gets; `None` if nothing is left.
    pub(super) request: Option<Vec<u8>>,
    /// For each of the client's entries: its id, which SQS's have, and the error it gets.
    entries: Vec<(Value, Option<EntryError>)>,
}

impl EntryError {
    pub(super) fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
        }
    }

    /// One that a rule of the proxy makes.
    pub(super) fn by_rule(code: &str) -> Self {
        Self::new(code, "made by the fault proxy")
    }
}

impl Withheld {
    /// Asks `error` about each entry of the request, in order; `None` if it hits none, or the body
    /// is something else.
    pub(super) fn from_request(
        body: &[u8],
        mut error: impl FnMut(usize) -> Option<EntryError>,
    ) -> Option<Self> {
        let mut request: Value = serde_json::from_slice(body).ok()?;
        let list = match request.get("Statements") {
            Some(_) => "Statements",
            None => "Entries",
        };
        let list = request.get_mut(list)?.as_array_mut()?;
        let entries: Vec<(Value, Option<EntryError>)> = list
            .iter()
            .enumerate()
            .map(|(place, entry)| (entry["Id"].clone(), error(place)))
            .collect();
        if entries.iter().all(|(_, error)| error.is_none()) {
            return None;
        }
        let mut kept = entries.iter();
        list.retain(|_| kept.next().is_some_and(|(_, error)| error.is_none()));
        let left = !list.is_empty();
        Some(Self {
            request: left.then(|| request.to_string().into_bytes()),
            entries,
        })
    }

    /// The answer the client gets: the emulator's, with the errors in it, which SQS has by id and
    /// DynamoDB by place.
    pub(super) fn answer(&self, body: &[u8]) -> Vec<u8> {
        let mut answer: Value = serde_json::from_slice(body).unwrap_or_else(|_| json!({}));
        if self.entries.iter().any(|(id, _)| !id.is_null()) {
            self.fail_entries(&mut answer);
        } else {
            self.fail_statements(&mut answer);
        }
        answer.to_string().into_bytes()
    }

    fn fail_entries(&self, answer: &mut Value) {
        let refused = self.entries.iter().filter_map(|(id, error)| {
            let EntryError { code, message } = error.as_ref()?;
            Some(json!({"Id": id, "Code": code, "Message": message, "SenderFault": true}))
        });
        let mut failed = answer["Failed"].as_array().cloned().unwrap_or_default();
        failed.extend(refused);
        answer["Failed"] = Value::Array(failed);
        if answer.get("Successful").is_none() {
            answer["Successful"] = json!([]);
        }
    }

    fn fail_statements(&self, answer: &mut Value) {
        let given = answer["Responses"].as_array().cloned().unwrap_or_default();
        let mut given = given.into_iter();
        let all = self.entries.iter().map(|(_, error)| match error {
            Some(EntryError { code, message }) => {
                json!({"Error": {"Code": code, "Message": message}})
            }
            None => given.next().unwrap_or_default(),
        });
        answer["Responses"] = Value::Array(all.collect());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_take_their_statements_places() {
        let body =
            json!({"Statements": [{"Statement": "a"}, {"Statement": "b"}, {"Statement": "c"}]})
                .to_string();
        let second = |place| (place == 1).then(|| EntryError::by_rule("ThrottlingError"));
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
    fn errors_of_entries_have_their_ids() {
        let body = json!({"QueueUrl": "q", "Entries": [{"Id": "a"}, {"Id": "b"}]}).to_string();
        let second = |place| (place == 1).then(|| EntryError::new("Invalid", "no"));
        let withheld = Withheld::from_request(body.as_bytes(), second).expect("one is hit");
        let request: Value =
            serde_json::from_slice(withheld.request.as_deref().expect("one is left"))
                .expect("JSON");
        assert_eq!(request, json!({"QueueUrl": "q", "Entries": [{"Id": "a"}]}));
        let answer = withheld.answer(br#"{"Successful": [{"Id": "a"}]}"#);
        let answer: Value = serde_json::from_slice(&answer).expect("JSON");
        assert_eq!(answer["Successful"], json!([{"Id": "a"}]));
        let failed = json!({"Id": "b", "Code": "Invalid", "Message": "no", "SenderFault": true});
        assert_eq!(answer["Failed"], json!([failed]));

        let all = |_| Some(EntryError::by_rule("X"));
        let withheld = Withheld::from_request(body.as_bytes(), all).expect("both are hit");
        assert_eq!(withheld.request, None);
        let answer: Value = serde_json::from_slice(&withheld.answer(b"{}")).expect("JSON");
        assert_eq!(answer["Successful"], json!([]));
        assert_eq!(answer["Failed"].as_array().map(Vec::len), Some(2));
    }

    #[test]
    fn nothing_hit_is_nothing_changed() {
        let body = br#"{"Statements": [{"Statement": "a"}]}"#;
        assert_eq!(Withheld::from_request(body, |_| None), None);
        let hit = |_| Some(EntryError::by_rule("X"));
        assert_eq!(Withheld::from_request(b"not JSON", hit), None);
        let all = Withheld::from_request(body, hit).expect("it is hit");
        assert_eq!(all.request, None);
    }
}
