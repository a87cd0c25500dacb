use crate::{DecodeErrorKind, EncodeError, Value};

/// Nesting that no reader or writer of this crate passes, whatever the limits say: all of them, and
/// the drop of what they made, use the stack. Python's readers stop later: YAML near 450, msgpack
/// at 511, JSON near 1000.
pub(crate) const MAX_NESTING: usize = 128;

/// Bounds on what is decoded, checked before memory is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a message body or of a stored result.
    pub max_body: usize,
    /// Bytes after decompression.
    pub max_decompressed: usize,
    /// Nesting of lists and objects. More than 128 is read as 128, which is as deep as anything is
    /// written.
    pub max_depth: usize,
    /// Bytes of memory that the values of one payload or result may take, lists, dicts, keys and
    /// texts counted as what they take here. A few bytes of a compressed message can ask for a
    /// thousand times as much.
    pub max_memory: usize,
}

// What the parts of a value take, with what growing leaves unused; `tests/greedy` holds them against
// what is really taken.
pub(crate) const VALUE: usize = size_of::<Value>();
pub(crate) const LIST: usize = 3 * VALUE; // the first item makes room for four
pub(crate) const DICT: usize = 300;
pub(crate) const ENTRY: usize = 64;
const TEXT: usize = 24;

impl Default for Limits {
    /// 4 MiB bodies, 16 MiB decompressed, 128 levels, values in 32 MiB.
    fn default() -> Self {
        Self {
            max_body: 4 << 20,
            max_decompressed: 16 << 20,
            max_depth: MAX_NESTING,
            max_memory: 32 << 20,
        }
    }
}

/// Bytes that the YAML parser takes for each byte of a text, at the worst: in `[1,1,...]` it keeps
/// all tokens until the list is over, which could be a key.
#[cfg(feature = "yaml")]
const YAML: usize = 128;

impl Limits {
    /// A quarter of a megabyte by default.
    #[cfg(feature = "yaml")]
    pub(crate) fn check_yaml(&self, length: usize) -> Result<(), DecodeErrorKind> {
        let limit = self.max_memory / YAML;
        if length > limit {
            let what = "YAML text (other serializers may take more)";
            return Err(DecodeErrorKind::TooLarge { what, limit });
        }
        Ok(())
    }

    pub(crate) fn check_body(&self, length: usize) -> Result<(), DecodeErrorKind> {
        if length > self.max_body {
            return Err(DecodeErrorKind::TooLarge {
                what: "body",
                limit: self.max_body,
            });
        }
        Ok(())
    }
}

/// What a text takes, beside the value that holds it.
pub(crate) fn of_text(length: usize) -> usize {
    match length {
        0 => 0,
        length => TEXT + length,
    }
}

/// What one reader has left of its limits; a writer keeps to those of a default reader.
#[derive(Debug)]
pub(crate) struct Budget {
    max_depth: usize,
    max_memory: usize,
    depth: usize,
    memory: usize,
}

impl Budget {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            max_depth: limits.max_depth.min(MAX_NESTING),
            max_memory: limits.max_memory,
            depth: 0,
            memory: 0,
        }
    }

    /// What a default reader takes, so that nothing is written that could not be read.
    pub(crate) fn of_writer() -> Self {
        Self::new(&Limits::default())
    }

    /// Counts one value.
    pub(crate) fn item(&mut self) -> Result<(), DecodeErrorKind> {
        self.charge(VALUE)
    }

    /// A list that is not empty.
    pub(crate) fn list(&mut self) -> Result<(), DecodeErrorKind> {
        self.charge(LIST)
    }

    /// A dict that is not empty.
    pub(crate) fn dict(&mut self) -> Result<(), DecodeErrorKind> {
        self.charge(DICT)
    }

    /// An entry of a dict, without its key's text.
    pub(crate) fn entry(&mut self) -> Result<(), DecodeErrorKind> {
        self.charge(ENTRY)
    }

    /// The key of a dict's entry.
    pub(crate) fn key(&mut self, length: usize) -> Result<(), DecodeErrorKind> {
        self.entry()?;
        self.text(length)
    }

    /// A text or bytes.
    pub(crate) fn text(&mut self, length: usize) -> Result<(), DecodeErrorKind> {
        self.charge(of_text(length))
    }

    fn charge(&mut self, bytes: usize) -> Result<(), DecodeErrorKind> {
        self.memory += bytes;
        if self.memory > self.max_memory {
            return Err(DecodeErrorKind::TooLarge {
                what: "memory of the values",
                limit: self.max_memory,
            });
        }
        Ok(())
    }

    /// Enters a list or object.
    pub(crate) fn enter(&mut self) -> Result<(), DecodeErrorKind> {
        self.depth += 1;
        if self.depth > self.max_depth {
            return Err(DecodeErrorKind::TooLarge {
                what: "nesting",
                limit: self.max_depth,
            });
        }
        Ok(())
    }

    /// Leaves a list or object.
    pub(crate) fn leave(&mut self) {
        self.depth -= 1;
    }
}

/// A writer's budget is used up.
impl From<DecodeErrorKind> for EncodeError {
    fn from(kind: DecodeErrorKind) -> Self {
        Self(format!("the value could not be read again: {kind}"))
    }
}
