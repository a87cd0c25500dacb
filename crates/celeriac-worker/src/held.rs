use tokio_util::sync::CancellationToken;

use crate::lease_keeper::LeaseGuard;

/// A task taken for running.
pub(crate) struct Held {
    /// The fencing token; 1 without a ledger.
    pub(crate) attempt: u64,
    /// Of the claim.
    pub(crate) nonce: String,
    /// Started runs of this try, this one included.
    pub(crate) runs: u32,
    /// `None` without a ledger.
    pub(crate) lease: Option<LeaseGuard>,
}

impl Held {
    /// Cancelled when another attempt has the task, or it is final. What is not leased is not lost.
    pub(crate) fn lost(&self) -> Option<CancellationToken> {
        self.lease.as_ref().map(|lease| lease.lost().clone())
    }
}
