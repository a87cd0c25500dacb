use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

/// What a service answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloudAnswer {
    /// HTTP status.
    pub status: u16,
    /// JSON.
    pub body: String,
}

/// A refusal, as AWS names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloudError {
    /// Such as `ThrottlingException`; with a name space where AWS gives one.
    pub code: String,
    /// For people.
    pub message: String,
    /// What stands where a condition did not hold.
    item: Option<Json>,
}

impl CloudError {
    /// Of a condition that did not hold of this item.
    pub(super) fn refused(item: Option<&impl Serialize>) -> Self {
        Self {
            item: item.and_then(|item| serde_json::to_value(item).ok()),
            ..Self::new(
                "ConditionalCheckFailedException",
                "The conditional request failed",
            )
        }
    }

    /// A refusal.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
            item: None,
        }
    }

    fn status(&self) -> u16 {
        match self.code.as_str() {
            "InternalServerError" | "InternalFailure" => 500,
            "ServiceUnavailable" => 503,
            _ => 400,
        }
    }
}

impl From<Result<String, CloudError>> for CloudAnswer {
    fn from(outcome: Result<String, CloudError>) -> Self {
        match outcome {
            Ok(body) => Self { status: 200, body },
            Err(error) => {
                let mut body = json!({"__type": error.code, "message": error.message});
                if let Some(item) = &error.item {
                    body["Item"] = item.clone();
                }
                Self {
                    status: error.status(),
                    body: body.to_string(),
                }
            }
        }
    }
}

/// A request's body.
pub(super) fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, CloudError> {
    serde_json::from_slice(body).map_err(|error| serialization(&error))
}

/// An answer's body.
pub(super) fn written(answer: &impl Serialize) -> Result<String, CloudError> {
    serde_json::to_string(answer).map_err(|error| serialization(&error))
}

fn serialization(error: &serde_json::Error) -> CloudError {
    CloudError::new("SerializationException", error.to_string())
}
