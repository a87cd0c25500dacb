use std::fmt;

/// A task state (SPEC 2.5).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
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
