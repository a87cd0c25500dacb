use serde_json::{Value, json};

use crate::aws_limits::Refusal;

/// A batch of which some entries are refused.
pub(super) struct RefusedEntries {
    /// What the emulator gets; `None` if nothing is left.
    pub(super) left: Option<Vec<u8>>,
    /// For each entry, its id and why it is refused.
    refused: Vec<(Value, Option<Refusal>)>,
}

/// The list of a batch: of statements (DynamoDB) or of entries (SQS).
fn list_of(batch: &mut Value) -> Option<&mut Vec<Value>> {
    let name = match batch.get("Statements") {
        Some(_) => "Statements",
        None => "Entries",
    };
    batch.get_mut(name)?.as_array_mut()
}

impl RefusedEntries {
    pub(super) fn new(body: &[u8], refusals: &[Option<Refusal>]) -> Self {
        let mut batch: Value = serde_json::from_slice(body).unwrap_or_default();
        let mut refused = Vec::with_capacity(refusals.len());
        let mut left = 0;
        if let Some(list) = list_of(&mut batch) {
            let ids = list.iter().map(|entry| entry["Id"].clone());
            refused.extend(ids.zip(refusals.iter().cloned()));
            let mut refusals = refusals.iter();
            list.retain(|_| refusals.next().is_some_and(Option::is_none));
            left = list.len();
        }
        Self {
            left: (left > 0).then(|| batch.to_string().into_bytes()),
            refused,
        }
    }

    /// The emulator's answer, with the refusals in it: SQS's by id, DynamoDB's by place.
    pub(super) fn answer(&self, body: &[u8]) -> Vec<u8> {
        let mut answer: Value = serde_json::from_slice(body).unwrap_or_else(|_| json!({}));
        if self.refused.iter().any(|(id, _)| !id.is_null()) {
            let mut failed = answer["Failed"].as_array().cloned().unwrap_or_default();
            failed.extend(self.refused.iter().filter_map(|(id, refusal)| {
                let refusal = refusal.as_ref()?;
                Some(json!({
                    "Id": id,
                    "Code": refusal.code,
                    "Message": refusal.message,
                    "SenderFault": true,
                }))
            }));
            answer["Failed"] = Value::Array(failed);
            if answer.get("Successful").is_none() {
                answer["Successful"] = json!([]);
            }
            return answer.to_string().into_bytes();
        }
        let given = answer["Responses"].as_array().cloned().unwrap_or_default();
        let mut given = given.into_iter();
        let all = self.refused.iter().map(|(_, refusal)| match refusal {
            Some(refusal) => {
                json!({"Error": {"Code": "ValidationError", "Message": refusal.message}})
            }
            None => given.next().unwrap_or_default(),
        });
        answer["Responses"] = Value::Array(all.collect());
        answer.to_string().into_bytes()
    }
}
