#[cfg(any(
    feature = "gzip",
    feature = "bzip2",
    feature = "xz",
    feature = "zstd",
    feature = "brotli"
))]
use crate::bounded_read::read_bounded;
use crate::{DecodeError, DecodeErrorKind, EncodeError, Limits};

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

/// Memory that an xz stream may ask for its dictionary; `xz -9` asks for 65 MiB.
#[cfg(feature = "xz")]
const XZ_MEMORY: u64 = 66 << 20;

/// The largest zstd window, in bits: 64 MiB. Levels up to 21 stay within it.
#[cfg(feature = "zstd")]
const ZSTD_WINDOW: u32 = 26;

impl Compression {
    /// All of them, built in or not.
    pub const ALL: [Self; 5] = [Self::Gzip, Self::Bzip2, Self::Xz, Self::Brotli, Self::Zstd];

    /// The compression for a MIME type (`application/x-gzip`) or one of Celery's option names (`gzip`, `zlib`, `bzip2`,
    /// `bzip`, `lzma`, `xz`, `brotli`, `zstd`, `zstandard`).
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "application/x-gzip" | "gzip" | "zlib" => Self::Gzip,
            "application/x-bz2" | "bzip2" | "bzip" => Self::Bzip2,
            "application/x-lzma" | "lzma" | "xz" => Self::Xz,
            "application/x-brotli" | "brotli" => Self::Brotli,
            "application/zstd" | "zstd" | "zstandard" => Self::Zstd,
            _ => return None,
        })
    }

    /// The MIME type that goes in `headers.compression`.
    pub fn mime(self) -> &'static str {
        match self {
            Self::Gzip => "application/x-gzip",
            Self::Bzip2 => "application/x-bz2",
            Self::Xz => "application/x-lzma",
            Self::Brotli => "application/x-brotli",
            Self::Zstd => "application/zstd",
        }
    }

    /// Compresses `bytes`.
    pub fn compress(self, bytes: &[u8]) -> Result<Vec<u8>, EncodeError> {
        let compressed: std::io::Result<Vec<u8>> = match self {
            #[cfg(feature = "gzip")]
            Self::Gzip => read_all(flate2::read::ZlibEncoder::new(
                bytes,
                flate2::Compression::default(),
            )),
            #[cfg(feature = "bzip2")]
            Self::Bzip2 => read_all(bzip2::read::BzEncoder::new(
                bytes,
                bzip2::Compression::best(),
            )),
            #[cfg(feature = "xz")]
            Self::Xz => read_all(liblzma::read::XzEncoder::new(bytes, 6)),
            #[cfg(feature = "brotli")]
            Self::Brotli => read_all(brotli::CompressorReader::new(bytes, 4096, 9, 22)),
            #[cfg(feature = "zstd")]
            Self::Zstd => zstd::bulk::compress(bytes, 0),
            #[allow(unreachable_patterns, reason = "reached without the feature")]
            other => return Err(EncodeError(other.unsupported().to_string())),
        };
        compressed.map_err(|error| EncodeError(format!("cannot compress the payload: {error}")))
    }

    /// Decompresses `bytes`, never producing more than `limits.max_decompressed` bytes.
    pub fn decompress(self, bytes: &[u8], limits: &Limits) -> Result<Vec<u8>, DecodeError> {
        let decompressed: Result<Vec<u8>, DecodeErrorKind> = match self {
            #[cfg(feature = "gzip")]
            Self::Gzip => read_bounded(flate2::read::ZlibDecoder::new(bytes), "gzip", limits),
            #[cfg(feature = "bzip2")]
            Self::Bzip2 => read_bounded(bzip2::read::MultiBzDecoder::new(bytes), "bzip2", limits),
            #[cfg(feature = "xz")]
            Self::Xz => match liblzma::stream::Stream::new_stream_decoder(XZ_MEMORY, 0) {
                Ok(stream) => read_bounded(
                    liblzma::read::XzDecoder::new_stream(bytes, stream),
                    "xz",
                    limits,
                ),
                Err(error) => Err(DecodeErrorKind::malformed("xz", 0, error.to_string())),
            },
            #[cfg(feature = "brotli")]
            Self::Brotli => read_bounded(brotli::Decompressor::new(bytes, 4096), "brotli", limits),
            #[cfg(feature = "zstd")]
            Self::Zstd => {
                let decoder =
                    zstd::stream::read::Decoder::with_buffer(bytes).and_then(|mut decoder| {
                        decoder.window_log_max(ZSTD_WINDOW)?;
                        Ok(decoder)
                    });
                match decoder {
                    Ok(decoder) => read_bounded(decoder, "zstd", limits),
                    Err(error) => Err(DecodeErrorKind::malformed("zstd", 0, error.to_string())),
                }
            }
            #[allow(unreachable_patterns, reason = "reached without the feature")]
            other => Err(other.unsupported()),
        };
        Ok(decompressed?)
    }

    fn unsupported(self) -> DecodeErrorKind {
        let hint = match self {
            Self::Gzip => "turn on the feature `gzip` of celeriac-protocol",
            Self::Bzip2 => "turn on the feature `bzip2` of celeriac-protocol",
            Self::Xz => "turn on the feature `xz` of celeriac-protocol",
            Self::Brotli => "turn on the feature `brotli` of celeriac-protocol",
            Self::Zstd => "turn on the feature `zstd` of celeriac-protocol",
        };
        DecodeErrorKind::Unsupported(self.mime().to_owned(), hint)
    }
}

#[cfg(any(
    feature = "gzip",
    feature = "bzip2",
    feature = "xz",
    feature = "brotli"
))]
fn read_all(mut encoder: impl std::io::Read) -> std::io::Result<Vec<u8>> {
    let mut compressed = Vec::new();
    encoder.read_to_end(&mut compressed)?;
    Ok(compressed)
}
