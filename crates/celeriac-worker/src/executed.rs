use crate::Outcome;

/// An outcome, and how the run it came from ended: for counters and reports.
#[derive(Debug)]
pub struct Executed {
    /// What is to become of the message.
    pub outcome: Outcome,
    /// How the run ended.
    pub ending: Ending,
}

/// How a delivery ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// SUCCESS.
    Succeeded,
    /// FAILURE.
    Failed,
    /// REVOKED.
    Revoked,
    /// A next try is on its way.
    Retried,
    /// `Ignore`, or `Reject` with requeue.
    Ignored,
    /// Not run, or not to its end: early, final already, leased by another, given back, passed on.
    NotRun,
}

impl Executed {
    pub(crate) fn new(outcome: Outcome, ending: Ending) -> Self {
        Self { outcome, ending }
    }

    /// The task did not run, or its end does not count.
    pub(crate) fn not_run(outcome: Outcome) -> Self {
        Self::new(outcome, Ending::NotRun)
    }
}
