use serde::{Deserialize, Serialize};
use serde_json::json;

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
}

impl CloudError {
    /// A refusal.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
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
            Err(error) => Self {
                status: error.status(),
                body: json!({"__type": error.code, "message": error.message}).to_string(),
            },
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
