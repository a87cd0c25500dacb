/// A small text kept beside the results and never expiring, such as the state of a beat. Writers share it by its version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// From 1, raised by each save; names what was read to [`DocumentSave`].
    pub version: u64,
    /// JSON by custom. A store keeps the text as it is and does not look into it.
    pub body: String,
}

/// A document to be written over the version that its writer has seen.
#[derive(Clone, Debug)]
pub struct DocumentSave {
    /// Which document; any text, kept apart from task ids.
    pub key: String,
    /// The version that must stand there; 0 if there must be none.
    pub version: u64,
    /// The new text.
    pub body: String,
    /// Random, new for every save; the same when a save is tried again.
    pub nonce: String,
}

impl DocumentSave {
    /// The version that this save makes.
    pub fn new_version(&self) -> u64 {
        self.version.saturating_add(1)
    }

    /// Whether the document with this version and nonce is this save's own: it was written before, and its answer lost.
    /// For adapters.
    pub fn made(&self, version: u64, nonce: &str) -> bool {
        version == self.new_version() && nonce == self.nonce
    }
}

/// The answer to a save.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SaveOutcome {
    /// It stands there.
    Saved {
        /// Its version.
        version: u64,
    },
    /// Another version stands there, or none: load the document and decide again. Only where the save was tried before
    /// and went unanswered may it have stood there for a while.
    Changed,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_save_knows_its_own_document() {
        let save = DocumentSave {
            key: "beat".to_owned(),
            version: 3,
            body: "{}".to_owned(),
            nonce: "mine".to_owned(),
        };
        assert!(save.made(4, "mine"));
        assert!(!save.made(4, "theirs"));
        assert!(
            !save.made(5, "mine"),
            "a later save whose writer took the nonce again"
        );
        assert!(!save.made(3, "mine"), "what it was to be written over");
    }
}
