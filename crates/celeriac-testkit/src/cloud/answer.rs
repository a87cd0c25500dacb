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
}

impl CloudAnswer {
    /// 200.
    pub fn ok(json: &Json) -> Self {
        Self {
            status: 200,
            body: json.to_string(),
        }
    }
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

impl From<CloudError> for CloudAnswer {
    fn from(error: CloudError) -> Self {
        Self {
            status: error.status(),
            body: json!({"__type": error.code, "message": error.message}).to_string(),
        }
    }
}
