use celeriac_protocol::{ResultMeta, State, UtcTime};

use crate::{Claim, ClaimOutcome, Claimed, CompletionOutcome, TaskIdentity};

/// The state that an adapter keeps where readers see the end of [`CompletionKind::Unread`]: no
/// final one.
///
/// [`CompletionKind::Unread`]: crate::CompletionKind::Unread
pub const UNREAD: &str = "UNREAD";

/// A ledger item as an adapter read it, for the rules below, which are the same for every store.
#[derive(Clone, Debug)]
pub struct LedgerItem {
    /// Celery's result.
    pub meta: ResultMeta,
    /// What a conditional write must find unchanged.
    pub version: Version,
    /// Started runs of this try that have not ended.
    pub runs: u32,
    /// The item's `retries`.
    pub retries: u32,
    /// When the lease ends; `None` if nobody holds it.
    pub lease_until: Option<UtcTime>,
    /// Of the last claim or completion.
    pub nonce: Option<String>,
    /// Whose the id is; `None` where Python wrote the item.
    pub identity: Option<TaskIdentity>,
}

impl LedgerItem {
    /// Whose the id is, if it is somebody's: what could not be read says nothing of the task, not
    /// even that.
    fn bound_to(&self) -> Option<&TaskIdentity> {
        self.identity.as_ref().filter(|_| !self.is_unread())
    }

    fn is_unread(&self) -> bool {
        self.meta.status.as_str() == UNREAD
    }

    /// Whether what stands here does not concern this claim: it could not be read; or nobody has
    /// run the task, and somebody else's message says how it ended.
    fn is_no_word_on(&self, claim: &Claim) -> bool {
        let by_another = |of: &TaskIdentity| of.is_without_a_run() && !claim.may_be_of(of);
        self.is_unread() || claim.to_run && self.identity.as_ref().is_some_and(by_another)
    }

    /// Whose the id is, if it cannot be the claim's. Of two ends of one task without a run the first
    /// stands, whoever told it.
    fn in_conflict_with(&self, claim: &Claim) -> Option<&TaskIdentity> {
        self.bound_to().filter(|of| {
            let names_differ = !claim.may_be_named(of);
            names_differ || !of.is_without_a_run() && !claim.may_be_of(of)
        })
    }
}

/// Which writing of an item was seen.
#[derive(Clone, Debug, PartialEq)]
pub enum Version {
    /// Written by celeriac: the attempt and the nonce.
    Ours {
        /// The fencing token.
        attempt: u64,
        /// Of the last claim or completion; changes with every conditional write.
        nonce: String,
    },
    /// Written by Python: the `timestamp` text. Celery's own attributes are all there is.
    Foreign {
        /// As stored.
        timestamp: String,
    },
}

/// What to do about a claim on an item that exists.
#[expect(
    clippy::large_enum_variant,
    reason = "made, taken apart and gone: never kept"
)]
#[derive(Clone, Debug, PartialEq)]
pub enum ClaimDecision {
    /// Answer this; write nothing.
    Answer(ClaimOutcome),
    /// Write the claim on the condition that the item is still at its version and its lease is the
    /// one seen (a holder may renew late); if not, read again.
    Take {
        /// The new claim.
        claimed: Claimed,
        /// Whether the `result` that stands there (a RETRY) is left as it is.
        keep_result: bool,
        /// Whether the id is this claim's from now on ([`Claim::binding`]).
        binds: bool,
    },
}

/// The claim rule (architecture, "The ledger"). `now` comes from the caller's clock.
pub fn decide_claim(item: &LedgerItem, claim: &Claim, now: UtcTime) -> ClaimDecision {
    let attempt = match &item.version {
        Version::Ours { attempt, .. } => *attempt,
        Version::Foreign { .. } => 0,
    };
    let is_last = |nonce: &String| item.nonce.as_ref() == Some(nonce);
    if is_last(&claim.nonce) {
        // our own claim went through, its answer was lost
        return ClaimDecision::Answer(ClaimOutcome::Claimed(Claimed {
            attempt,
            runs: item.runs,
        }));
    }
    let is_no_word = item.is_no_word_on(claim);
    if !is_no_word {
        if let Some(other) = item.in_conflict_with(claim) {
            return ClaimDecision::Answer(ClaimOutcome::Conflict(other.clone()));
        }
        if item.meta.status.is_ready() {
            return ClaimDecision::Answer(ClaimOutcome::Final(item.meta.clone()));
        }
        if claim.retries < item.retries {
            return ClaimDecision::Answer(ClaimOutcome::Stale {
                retries: item.retries,
            });
        }
    }
    let newer = claim.retries > item.retries;
    // the holder itself has sent this try: its run is over, and is only storing so
    let is_next = claim.retries.checked_sub(1) == Some(item.retries);
    let by_holder =
        (is_next || newer && claim.replaces) && claim.sent_by.as_ref().is_some_and(is_last);
    // the caller's own earlier claim, of which it never heard: no run began with it
    let by_nobody = claim.unanswered.iter().any(is_last);
    let held = item.lease_until.filter(|until| *until > now);
    if let Some(until) = held.filter(|_| !by_holder && !by_nobody) {
        return ClaimDecision::Answer(ClaimOutcome::Leased { until });
    }
    let before = match &item.version {
        Version::Ours { .. } => attempt,
        Version::Foreign { .. } => above_every_earlier(now),
    };
    let runs = match newer || is_no_word {
        true => 1,
        false if by_nobody => item.runs.max(1),
        false => item.runs + 1,
    };
    if claim.isolate_at == Some(runs) {
        return ClaimDecision::Answer(ClaimOutcome::Isolate);
    }
    ClaimDecision::Take {
        claimed: Claimed {
            attempt: before + 1,
            runs,
        },
        keep_result: item.meta.status == State::Retry && claim.shown.status != State::Started,
        binds: item
            .bound_to()
            .is_none_or(|of| claim.to_run && (of.is_without_a_run() || claim.renames(of))),
    }
}

/// What a claim gets where no item stands. What was seen before may have had an item that Python's
/// `forget` has deleted, and a run that still holds it.
pub fn first_claim(claim: &Claim, now: UtcTime) -> Claimed {
    let before = if claim.likely_known {
        above_every_earlier(now)
    } else {
        0
    };
    Claimed {
        attempt: before + 1,
        runs: 1,
    }
}

/// Python has wiped out the attempt. The clock's microseconds are above each that was given, so
/// that a run which still holds one of those is fenced off.
fn above_every_earlier(now: UtcTime) -> u64 {
    u64::try_from(now.0).unwrap_or(0)
}

/// What to do about a completion whose conditional write was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CompleteDecision {
    /// Answer this; write nothing.
    Answer(CompletionOutcome),
    /// Python's write wiped our attributes and left no final state: write on the condition that the
    /// item is still at its version.
    Overwrite,
}

/// The completion rule for a refused write: `item` is what stands there now, `None` if it is gone
/// (then write it anew).
pub fn decide_complete(item: Option<&LedgerItem>, attempt: u64, nonce: &str) -> CompleteDecision {
    let Some(item) = item else {
        return CompleteDecision::Overwrite;
    };
    if item.nonce.as_deref() == Some(nonce) {
        return CompleteDecision::Answer(CompletionOutcome::Stored);
    }
    if item.meta.status.is_ready() {
        return CompleteDecision::Answer(CompletionOutcome::AlreadyFinal);
    }
    match &item.version {
        Version::Ours {
            attempt: theirs, ..
        } if *theirs != attempt => CompleteDecision::Answer(CompletionOutcome::Superseded),
        _ => CompleteDecision::Overwrite,
    }
}
