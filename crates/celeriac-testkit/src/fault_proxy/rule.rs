use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// Which requests meet which trouble.
#[derive(Clone, Debug)]
pub struct Rule {
    operations: Vec<String>,
    every: u64,
    times: u64,
    fault: Fault,
}

/// The trouble.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The request reaches the emulator, its answer is lost: the connection closes without one.
    DropResponse,
    /// The connection closes before the emulator sees the request.
    DropRequest,
    /// The request waits for this long first.
    Delay(Duration),
    /// The emulator does not see the request; this status and AWS error code come back.
    Answer {
        /// Such as 500 or 400.
        status: u16,
        /// Such as `InternalServerError` or `ThrottlingException`.
        code: String,
    },
    /// Of SQS's batch requests: the emulator does not see the request; each of its entries fails
    /// with this error code, by the sender's fault, inside the HTTP 200.
    RefuseEntries {
        /// Such as `InvalidParameterValue`.
        code: String,
    },
    /// Of `BatchExecuteStatement`: the rule counts statements, not requests. Those it hits are
    /// withheld from the emulator and get this error code inside the HTTP 200.
    WithholdStatement {
        /// Such as `ThrottlingError`.
        code: String,
    },
}

impl Rule {
    /// Every `nth` request of any operation, the `nth` being the first.
    ///
    /// # Panics
    /// If `nth` is zero.
    pub fn every(nth: u64, fault: Fault) -> Self {
        assert!(nth > 0, "`every` counts from 1");
        Self {
            operations: Vec::new(),
            every: nth,
            times: u64::MAX,
            fault,
        }
    }

    /// Only of these operations, by AWS's names: `SendMessageBatch`, `BatchExecuteStatement`, ...
    #[must_use]
    pub fn of(mut self, operations: &[&str]) -> Self {
        self.operations = operations.iter().map(|name| (*name).to_owned()).collect();
        self
    }

    /// The trouble ends after this many hits.
    #[must_use]
    pub fn times(mut self, times: u64) -> Self {
        self.times = times;
        self
    }
}

/// A rule with its count.
#[derive(Debug)]
pub(super) struct CountedRule {
    rule: Rule,
    met: AtomicU64,
}

impl CountedRule {
    pub(super) fn new(rule: Rule) -> Self {
        Self {
            rule,
            met: AtomicU64::new(0),
        }
    }

    /// The trouble a request of this operation meets. Counts it.
    pub(super) fn request(&self, operation: &str) -> Option<&Fault> {
        let counts_requests = !matches!(self.rule.fault, Fault::WithholdStatement { .. });
        (counts_requests && self.is_about(operation) && self.hits()).then_some(&self.rule.fault)
    }

    /// The error code a statement meets. Counts it.
    pub(super) fn statement(&self) -> Option<&str> {
        match &self.rule.fault {
            Fault::WithholdStatement { code } if self.hits() => Some(code),
            _ => None,
        }
    }

    fn is_about(&self, operation: &str) -> bool {
        self.rule.operations.is_empty() || self.rule.operations.iter().any(|name| name == operation)
    }

    fn hits(&self) -> bool {
        let met = self.met.fetch_add(1, Relaxed) + 1;
        met.is_multiple_of(self.rule.every) && met / self.rule.every <= self.rule.times
    }
}
