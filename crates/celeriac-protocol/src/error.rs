use thiserror::Error;

/// A message, payload or result that cannot be read.
#[derive(Clone, Debug, Error, PartialEq)]
#[error("{kind}")]
pub struct DecodeError {
    /// What is wrong.
    pub kind: DecodeErrorKind,
    /// The task's id, where it could be read all the same.
    pub task_id: Option<String>,
    /// The task's name, where it could be read all the same.
    pub task: Option<String>,
}

/// What is wrong with the bytes.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// Neither JSON nor base64 of JSON, or not an object.
    #[error("message body is not a Celery envelope: {0}")]
    NotAnEnvelope(String),
    /// A required part is missing.
    #[error("`{0}` is missing from the message")]
    Missing(&'static str),
    /// A part has the wrong type or form.
    #[error("`{part}` in the message is not valid: {reason}")]
    Invalid {
        /// The part's name.
        part: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// Pickle, refused for ever.
    #[error(
        "the payload is pickle, which can run any code and is never read: set `task_serializer = 'json'` in the \
         producer, and `result_serializer = 'json'` where results are written"
    )]
    Pickle,
    /// A content type or compression this build cannot read.
    #[error("`{0}` is not supported by this build: {1}")]
    Unsupported(String, &'static str),
    /// A content type or compression that the worker is told not to read.
    #[error("`{0}` is not in `accept_content`")]
    NotAccepted(String),
    /// A bound was passed.
    #[error("{what} is over the limit of {limit}")]
    TooLarge {
        /// What is too large: `body`, `decompressed payload`, `nesting`, `items`.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// The serialized text itself is malformed.
    #[error("malformed {format} at byte {offset}: {reason}")]
    Malformed {
        /// `JSON`, `msgpack`, `YAML`.
        format: &'static str,
        /// Where.
        offset: usize,
        /// What.
        reason: String,
    },
}

/// A value that cannot be written.
#[derive(Clone, Debug, Error, PartialEq)]
#[error("{0}")]
pub struct EncodeError(pub String);

/// A value that does not fit the Rust type asked for.
#[derive(Clone, Debug, Error, PartialEq)]
#[error("{0}")]
pub struct ValueError(pub String);

impl DecodeError {
    /// The same error, with the message it belongs to.
    #[must_use]
    pub fn of_task(mut self, task_id: Option<String>, task: Option<String>) -> Self {
        self.task_id = task_id.or(self.task_id);
        self.task = task.or(self.task);
        self
    }
}

impl From<DecodeErrorKind> for DecodeError {
    fn from(kind: DecodeErrorKind) -> Self {
        Self {
            kind,
            task_id: None,
            task: None,
        }
    }
}

impl DecodeErrorKind {
    pub(crate) fn invalid(part: &'static str, reason: impl Into<String>) -> Self {
        Self::Invalid {
            part,
            reason: reason.into(),
        }
    }

    pub(crate) fn malformed(
        format: &'static str,
        offset: usize,
        reason: impl Into<String>,
    ) -> Self {
        Self::Malformed {
            format,
            offset,
            reason: reason.into(),
        }
    }
}
