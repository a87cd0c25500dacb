//! Awaited members, as sets: what makes a chord's body run once, when all of its header has ended.
//!
//! A set, not a count: a member that is delivered twice is one member. Each method is idempotent,
//! and carries what it needs to be asked again after its answer was lost.

mod members;
mod on_member_failure;
mod rules;

use std::time::Duration;

use async_trait::async_trait;
use celeriac_protocol::{UtcTime, Value};

use crate::StoreError;
use crate::documents::Each;

pub use members::{Members, Shape, member_id};
pub use on_member_failure::OnMemberFailure;
pub use rules::{SHARD, Shards};

/// The built-in task that sends a chord's body, or fails it, where no member's message is left to do
/// so.
pub const REPAIR: &str = "celeriac.chord_repair";

/// How a chord's members are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layout {
    /// As a set, in shards: where celeriac runs all of them.
    Set,
    /// As Celery does: a counter and the saved group, so that Python's workers may run some.
    Celery,
}

/// Which chord.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChordKey {
    /// The id of its header's group.
    pub group_id: String,
    /// How its members are kept.
    pub layout: Layout,
}

/// A chord that begins.
#[derive(Clone, Debug)]
pub struct NewChord {
    /// Which.
    pub key: ChordKey,
    /// Whose ends are awaited.
    pub members: Members,
    /// The signature of what is to run then. Celery's layout does not keep it: there each member's
    /// message has it.
    pub body: Value,
}

/// What stands of a chord that was to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It begins now.
    New,
    /// It had begun before.
    Begun,
    /// Its body was sent, or failed.
    Over,
}

/// A member whose end is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Of which chord.
    pub key: ChordKey,
    /// Its task's id.
    pub task_id: String,
    /// Its place among the members, where that is known: always in [`Layout::Set`].
    pub index: Option<u32>,
    /// Whether it failed.
    pub failed: bool,
}

/// What a member's arrival came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrived {
    /// Others are awaited still.
    Waiting,
    /// All have arrived, and the body is not known to be sent: said to every copy until it is.
    Complete,
    /// All have arrived, the last of them in Python, which may be sending the body just now.
    Joining,
    /// Nothing is awaited: it is over, or nobody knows of it.
    Over,
}

/// A wish to send a chord's body.
#[derive(Clone, Debug)]
pub struct Take {
    /// Of which chord.
    pub key: ChordKey,
    /// Random, the same for the take and what follows it.
    pub nonce: String,
    /// The member that wants to: the first one becomes the body's parent.
    pub by: String,
    /// For how long nobody else may.
    pub lease: Duration,
}

/// Whether the body may be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// Yes.
    Yours {
        /// The member that was first allowed to.
        by: String,
        /// How often it was allowed, this time included. Over 1: an earlier one may have sent it.
        takes: u32,
    },
    /// Another is about it.
    Held {
        /// Until then.
        until: UtcTime,
    },
    /// It is over, or nobody knows of it.
    Over,
}

/// The end of a chord.
#[derive(Clone, Debug)]
pub struct Settle {
    /// Of which.
    pub key: ChordKey,
    /// Of the take.
    pub nonce: String,
    /// Whether the body failed instead of being sent.
    pub failed: bool,
}

/// A chord as it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct ChordRecord {
    /// Whose ends are awaited.
    pub members: Members,
    /// The signature of what runs then; nothing in Celery's layout, unless it was
    /// [kept](Chords::keep_body).
    pub body: Value,
    /// How many have arrived.
    pub arrived: u32,
    /// When it began, where that is known.
    pub began: Option<UtcTime>,
    /// Whether the body was sent, or failed.
    pub over: bool,
}

/// Some of the chords that are kept.
#[derive(Clone, Debug, Default)]
pub struct ChordPage {
    /// Which; those that are over may be among them.
    pub keys: Vec<ChordKey>,
    /// Where the next page begins; `None`: this is the last one.
    pub next: Option<String>,
}

/// Awaited members.
#[async_trait]
pub trait Chords: Send + Sync + 'static {
    /// Whether Python's workers can take part in chords kept here.
    fn speaks_celery(&self) -> bool;

    /// Begins chords, each once.
    async fn begin(&self, batch: Vec<NewChord>) -> Each<Standing>;

    /// Marks members. Those of one shard, or of one counter, go in one write.
    async fn arrive(&self, batch: Vec<Part>) -> Each<Arrived>;

    /// Takes the right to send the body; with the nonce of a take that holds, renews it.
    async fn take(&self, take: Take) -> Result<Taken, StoreError>;

    /// Ends a chord, while the nonce's take is the last one. Whether it did.
    async fn settle(&self, settle: Settle) -> Result<bool, StoreError>;

    /// Adds a member to those awaited, before the member that adds it arrives itself; its place.
    /// `None`: nothing is awaited any more.
    async fn extend(&self, key: &ChordKey, task_id: &str) -> Result<Option<u32>, StoreError>;

    /// Chords as they stand; `None` for those that nobody knows of.
    async fn load(&self, keys: &[ChordKey]) -> Each<Option<ChordRecord>>;

    /// Keeps the body of a chord in Celery's layout, where it travels with the members' messages
    /// alone: so that the chord can be repaired when none is left. Once is enough.
    async fn keep_body(&self, key: &ChordKey, body: &Value) -> Result<(), StoreError>;

    /// Chords with a body, a page at a time. It reads all there is (DynamoDB: a `Scan`).
    async fn list(&self, after: Option<&str>) -> Result<ChordPage, StoreError>;

    /// Saves a group's results as Celery's `GroupResult.save` does: where they are, not what.
    async fn save_group(&self, group_id: &str, tuple: &Value) -> Result<(), StoreError>;

    /// A saved group's tuple (SPEC 2.4); chords in Celery's layout save theirs too.
    async fn saved_group(&self, group_id: &str) -> Result<Option<Value>, StoreError>;
}
