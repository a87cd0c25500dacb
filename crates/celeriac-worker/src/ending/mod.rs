//! How a task ends: what its run came to, the end that is stored, and what follows it. The end is
//! stored first, what follows is sent second, the message is acknowledged last. Only where the
//! result of a success is ignored, what follows is sent before its end is noted: it could not be
//! drawn from the store again (`conclusion.rs`).

mod conclusion;
mod conflict;
mod follow;
mod follow_up_messages;
mod given_back;
mod handover;
mod record;
mod retry;
mod verdict;

pub(crate) use self::conclusion::{Conclusion, with_reason};
pub(crate) use self::conflict::conflict;
pub(crate) use self::follow::{after_failure, already_ended, dead_letter, owed};
pub(crate) use self::follow_up_messages::{Waiting, refusal};
pub(crate) use self::handover::other_queue;
pub(crate) use self::record::{Recorded, Unclaimed};
