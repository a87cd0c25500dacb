use std::time::Duration;

use super::{Document, Key};

/// What must stand where a document is changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expect {
    /// None does.
    Absent,
    /// One of this version: it is as its reader has seen it.
    Version(u64),
    /// One of this holder, whatever else changed.
    Holder(String),
}

impl Expect {
    /// Whether it holds of what stands there.
    pub fn holds(&self, stands: Option<&Document>) -> bool {
        match self {
            Self::Absent => stands.is_none(),
            Self::Version(version) => stands.is_some_and(|found| found.version == *version),
            Self::Holder(holder) => {
                stands.is_some_and(|found| found.holder.as_ref() == Some(holder))
            }
        }
    }
}

/// A document to be written: all of it, over what is expected to stand there.
#[derive(Clone, Debug)]
pub struct Put {
    /// Where.
    pub key: Key,
    /// Over what.
    pub expect: Expect,
    /// Whose it is from now on; not empty.
    pub holder: Option<String>,
    /// Its number.
    pub number: i64,
    /// Its content; DynamoDB takes 400 KB with everything else that an item has.
    pub body: Vec<u8>,
    /// For how long it stays, rounded up to whole seconds; `None`: for good.
    pub ttl: Option<Duration>,
    /// Random, new for every change; the same when a change is tried again.
    pub nonce: String,
}

impl Put {
    /// A document without holder, number and end.
    pub fn new(key: Key, expect: Expect, body: impl Into<Vec<u8>>) -> Self {
        Self {
            key,
            expect,
            holder: None,
            number: 0,
            body: body.into(),
            ttl: None,
            nonce: new_nonce(),
        }
    }
}

/// What became of a put or a removal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PutOutcome {
    /// It is done.
    Done {
        /// Of what stands there now; 0 where nothing does.
        version: u64,
    },
    /// Something else stands there, or nothing. Only where the change was tried before and went
    /// unanswered may it have stood there for a while.
    Refused(Option<Document>),
}

/// A document to be expired.
#[derive(Clone, Debug)]
pub struct Remove {
    /// Which.
    pub key: Key,
    /// Where this stands there.
    pub expect: Expect,
    /// As of [`Put::nonce`].
    pub nonce: String,
}

impl Remove {
    /// With a new nonce.
    pub fn new(key: Key, expect: Expect) -> Self {
        Self {
            key,
            expect,
            nonce: new_nonce(),
        }
    }
}

/// A number to be added to.
#[derive(Clone, Debug)]
pub struct Advance {
    /// Which document's.
    pub key: Key,
    /// What to add; may be negative.
    pub by: i64,
    /// The least that the number may be before.
    pub from: i64,
    /// The most that the number may be before.
    pub to: i64,
    /// As of [`Put::nonce`].
    pub nonce: String,
}

impl Advance {
    /// To a number of any size, with a new nonce.
    pub fn new(key: Key, by: i64) -> Self {
        Self {
            key,
            by,
            from: i64::MIN,
            to: i64::MAX,
            nonce: new_nonce(),
        }
    }
}

/// What became of an advance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advanced {
    /// It was added to.
    From(
        /// The number before.
        i64,
    ),
    /// It is out of bounds.
    Outside(
        /// The number as it stands.
        i64,
    ),
    /// There is no such document.
    Absent,
}

fn new_nonce() -> String {
    crate::random::uuid4().to_string()
}
