use super::{Document, Key};

/// A part of a folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// In the order of their names.
    pub documents: Vec<(Key, Document)>,
    /// Where the next page begins; `None`: this is the last.
    pub next: Option<Cursor>,
}

/// A place in a folder. Stays good whatever comes and goes there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor(String);

impl Cursor {
    /// Behind the document of this name.
    pub fn behind(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// The name that it is behind.
    pub fn name(&self) -> &str {
        &self.0
    }
}
