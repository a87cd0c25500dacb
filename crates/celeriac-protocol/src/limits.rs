use crate::{DecodeErrorKind, EncodeError};

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
    /// Values in one payload, all levels together.
    pub max_items: usize,
}

impl Default for Limits {
    /// 4 MiB bodies, 64 MiB decompressed, 128 levels, 2 million values.
    fn default() -> Self {
        Self {
            max_body: 4 << 20,
            max_decompressed: 64 << 20,
            max_depth: MAX_NESTING,
            max_items: 2_000_000,
        }
    }
}

impl Limits {
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

/// What one reader has left of its limits; a writer keeps to those of a default reader.
#[derive(Debug)]
pub(crate) struct Budget {
    max_depth: usize,
    max_items: usize,
    depth: usize,
    items: usize,
}

impl Budget {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            max_depth: limits.max_depth.min(MAX_NESTING),
            max_items: limits.max_items,
            depth: 0,
            items: 0,
        }
    }

    /// What a default reader takes, so that nothing is written that could not be read.
    pub(crate) fn of_writer() -> Self {
        Self::new(&Limits::default())
    }

    /// Counts one value.
    pub(crate) fn item(&mut self) -> Result<(), DecodeErrorKind> {
        self.items += 1;
        if self.items > self.max_items {
            return Err(DecodeErrorKind::TooLarge {
                what: "items",
                limit: self.max_items,
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
