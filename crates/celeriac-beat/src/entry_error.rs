use thiserror::Error;

/// A beat entry that cannot be.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("beat entry `{entry}`: {reason}")]
pub struct EntryError {
    /// Its name.
    pub entry: String,
    /// What is wrong and what would be right.
    pub reason: String,
}
