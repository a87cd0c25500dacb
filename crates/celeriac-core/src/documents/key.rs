use std::fmt::{self, Write as _};

use sha2::{Digest, Sha256};

/// Longer keys are hashed. DynamoDB takes 2,048 bytes with everything that stands around a key.
const MAX_BYTES: usize = 1024;

/// Where a document is kept: a text of the caller's, apart from task ids and from the documents of
/// other prefixes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    folder: Option<String>,
    name: String,
}

impl Key {
    /// A document that no list shows: its writers know its name.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            folder: None,
            name: name.into(),
        }
    }

    /// A document of a folder, which [`list`](super::Documents::list) shows. On DynamoDB its first
    /// put writes its name into the folder's directory before.
    pub fn listed(folder: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            folder: Some(folder.into()),
            name: name.into(),
        }
    }

    /// The folder that lists it.
    pub fn folder(&self) -> Option<&str> {
        self.folder.as_deref()
    }

    /// Its name within the folder, or all of it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// As a store keeps it, for adapters: `<folder>/<name>`, or a hash of that where it is longer
    /// than 1,024 bytes.
    pub fn path(&self) -> String {
        let path = self.to_string();
        if path.len() <= MAX_BYTES {
            return path;
        }
        let digest = Sha256::digest(path.as_bytes());
        digest.iter().fold("sha256:".to_owned(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}"); // a text takes all
            hex
        })
    }
}

impl From<&str> for Key {
    fn from(name: &str) -> Self {
        Self::new(name)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.folder {
            Some(folder) => write!(f, "{folder}/{}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_kept_as_it_reads() {
        assert_eq!(Key::new("beat:shop:state").path(), "beat:shop:state");
        assert_eq!(
            Key::listed("shop/workers", "a@b").path(),
            "shop/workers/a@b"
        );
    }

    #[test]
    fn long_keys_stay_apart_and_fit() {
        let long = |end: &str| Key::new(format!("{}{end}", "x".repeat(2000))).path();
        assert_ne!(long("a"), long("b"));
        assert_eq!(long("a").len(), "sha256:".len() + 64);
    }
}
