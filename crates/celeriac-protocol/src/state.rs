use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A task state (SPEC 2.5).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Not known, or waiting.
    Pending,
    /// Received by a worker; never stored by Celery.
    Received,
    /// Running, with `track_started`.
    Started,
    /// Waits for its next try.
    Retry,
    /// Ended with a value.
    Success,
    /// Ended with an exception.
    Failure,
    /// Expired or revoked.
    Revoked,
    /// Any other, such as `PROGRESS`.
    Custom(String),
}

impl State {
    /// Celery's text.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Pending => "PENDING",
            Self::Received => "RECEIVED",
            Self::Started => "STARTED",
            Self::Retry => "RETRY",
            Self::Success => "SUCCESS",
            Self::Failure => "FAILURE",
            Self::Revoked => "REVOKED",
            Self::Custom(name) => name,
        }
    }

    /// SUCCESS, FAILURE or REVOKED: the task has ended.
    pub fn is_ready(&self) -> bool {
        matches!(self, Self::Success | Self::Failure | Self::Revoked)
    }
}

impl From<&str> for State {
    fn from(text: &str) -> Self {
        match text {
            "PENDING" => Self::Pending,
            "RECEIVED" => Self::Received,
            "STARTED" => Self::Started,
            "RETRY" => Self::Retry,
            "SUCCESS" => Self::Success,
            "FAILURE" => Self::Failure,
            "REVOKED" => Self::Revoked,
            other => Self::Custom(other.to_owned()),
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for State {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for State {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::from(String::deserialize(deserializer)?.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_json_is_its_text() {
        for (state, json) in [
            (State::Retry, "\"RETRY\""),
            (State::Custom("PROGRESS".to_owned()), "\"PROGRESS\""),
        ] {
            assert_eq!(serde_json::to_string(&state).expect("JSON"), json);
            let read: State = serde_json::from_str(json).expect("a state");
            assert_eq!(read, state);
        }
    }
}
