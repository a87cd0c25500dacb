use thiserror::Error;

/// A setting that the AWS adapters cannot use.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("`{setting}` is not usable: {reason}")]
pub struct AwsConfigError {
    /// `broker_url`, `result_backend`, ...
    pub setting: &'static str,
    /// What is wrong. Never holds a secret.
    pub reason: String,
}
