use crate::{DecodeError, EncodeError, Limits};

/// A payload or result compression of Celery (SPEC 1.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Compression {
    /// `gzip` in Celery, which is a zlib stream (RFC 1950) on the wire.
    Gzip,
    /// `bzip2`.
    Bzip2,
    /// `lzma`, an `.xz` container.
    Xz,
    /// `brotli`.
    Brotli,
    /// `zstd`.
    Zstd,
}

impl Compression {
    /// The compression for a MIME type (`application/x-gzip`) or one of Celery's option names (`gzip`, `zlib`, `bzip2`,
    /// `bzip`, `lzma`, `xz`, `brotli`, `zstd`, `zstandard`).
    pub fn from_name(_name: &str) -> Option<Self> { todo!() }
    /// The MIME type that goes in `headers.compression`.
    pub fn mime(self) -> &'static str { todo!() }
    /// Compresses `bytes`.
    pub fn compress(self, _bytes: &[u8]) -> Result<Vec<u8>, EncodeError> { todo!() }
    /// Decompresses `bytes`, never producing more than `limits.max_decompressed` bytes.
    pub fn decompress(self, _bytes: &[u8], _limits: &Limits) -> Result<Vec<u8>, DecodeError> { todo!() }
}
