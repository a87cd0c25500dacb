use crate::{Dict, Signature};

/// The third element of a payload: what is to be sent when the task ends (SPEC 1.5).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Embed {
    /// Sent with the result when the task succeeds.
    pub callbacks: Option<Vec<Signature>>,
    /// Sent when the task fails.
    pub errbacks: Option<Vec<Signature>>,
    /// The steps that remain of a chain, the next one LAST.
    pub chain: Option<Vec<Signature>>,
    /// The body of the chord this task is a part of.
    pub chord: Option<Signature>,
    /// Keys this version does not know, kept as they came.
    pub extra: Dict,
}
