//! What a canvas comes to: the chords that begin, and the messages that are sent (SPEC 7.2).
//!
//! `step.rs` flattens it as Celery 5.7 does, `freeze.rs` gives every task its id and its place in a
//! chord, `plan.rs` says what is sent. No I/O: the same canvas with the same ids comes to the same
//! plan, whoever makes it and how often.

mod freeze;
mod ids;
mod plan;
mod result_tree;
mod step;

pub use ids::Ids;
pub(crate) use plan::CHORD_HEADER;
pub(crate) use plan::frozen;
pub use plan::{Applied, ChordLayouts, Plan};
pub use result_tree::ResultTree;
