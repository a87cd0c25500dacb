/// Bounds on what is decoded, checked before memory is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a message body or of a stored result.
    pub max_body: usize,
    /// Bytes after decompression.
    pub max_decompressed: usize,
    /// Nesting of lists and objects.
    pub max_depth: usize,
    /// Values in one payload, all levels together.
    pub max_items: usize,
}

impl Default for Limits {
    /// 4 MiB bodies, 64 MiB decompressed, 128 levels, 2 million values.
    fn default() -> Self {
        Self { max_body: 4 << 20, max_decompressed: 64 << 20, max_depth: 128, max_items: 2_000_000 }
    }
}
