use celeriac_protocol::UtcTime;

/// A document as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Another after each change, and never one that stood there before; names what was seen to
    /// [`Expect::Version`](super::Expect::Version).
    pub version: u64,
    /// Whose it is, where it is somebody's.
    pub holder: Option<String>,
    /// Which [`advance`](super::Documents::advance) changes.
    pub number: i64,
    /// The content. A store does not look into it.
    pub body: Vec<u8>,
    /// From when on it is absent, by the store's time in whole seconds; `None`: it stays.
    pub expires_at: Option<UtcTime>,
}

impl Document {
    /// Whether it is there at this time of the store's.
    pub fn lives(&self, now: UtcTime) -> bool {
        self.expires_at.is_none_or(|end| end > now)
    }
}
