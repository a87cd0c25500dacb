//! How a task ends: what its run came to, the end that is stored, and what follows it. Stored
//! first, followed second, acknowledged last.

mod conclusion;
mod follow;
mod follow_up_messages;
mod given_back;
mod handover;
mod record;
mod retry;
mod verdict;

pub(crate) use self::conclusion::Conclusion;
pub(crate) use self::follow::{after_failure, already_ended, dead_letter, owed};
pub(crate) use self::follow_up_messages::unsupported;
pub(crate) use self::handover::other_queue;
pub(crate) use self::record::{Recorded, Unclaimed};
