//! How a task ends: what its run came to, the end that is stored, and what follows it. The end is
//! stored first, what follows is sent second, the message is acknowledged last. Only where the
//! result of a success is ignored, what follows is sent before its end is noted: it could not be
//! drawn from the store again (`conclusion.rs`).

mod chord;
mod chord_part;
mod conclusion;
mod conflict;
mod consequence;
mod embedded;
mod follow;
mod given_back;
mod handover;
mod record;
mod replace;
mod retry;
mod verdict;
mod waiting;

pub(crate) use self::chord_part::CHORD;
pub(crate) use self::conclusion::{Conclusion, with_reason};
pub(crate) use self::conflict::conflict;
pub(crate) use self::consequence::refusal;
pub(crate) use self::follow::{after_failure, already_ended, dead_letter, owed};
pub(crate) use self::handover::other_queue;
pub(crate) use self::record::{Recorded, Unclaimed};
pub(crate) use self::waiting::Waiting;
