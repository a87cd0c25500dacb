use std::io::{self, Read};

use crate::{DecodeError, DecodeErrorKind, EncodeError, Limits, bounded_read::read_bounded};

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

/// Memory that an xz stream may ask for its dictionary: that of presets up to 7, of which Celery
/// uses 6.
#[cfg(feature = "xz")]
const XZ_MEMORY: u64 = 18 << 20;

/// The largest zstd window, in bits: 8 MiB. Levels up to 19 stay within it; Celery uses 3.
#[cfg(feature = "zstd")]
const ZSTD_WINDOW: u32 = 23;

impl Compression {
    /// All of them, built in or not.
    pub const ALL: [Self; 5] = [Self::Gzip, Self::Bzip2, Self::Xz, Self::Brotli, Self::Zstd];

    /// The compression for a MIME type (`application/x-gzip`) or one of Celery's option names
    /// (`gzip`, `zlib`, `bzip2`, `bzip`, `lzma`, `xz`, `brotli`, `zstd`, `zstandard`).
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

    /// The compression that a message or result names; an error for a name that no Celery has.
    pub(crate) fn required(name: &str) -> Result<Self, DecodeErrorKind> {
        Self::from_name(name).ok_or_else(|| {
            let hint = "it is none of gzip, bzip2, lzma, brotli and zstd";
            DecodeErrorKind::Unsupported(name.to_owned(), hint)
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

    /// Whether this build has it: each is a feature of the crate.
    pub fn is_built_in(self) -> bool {
        match self {
            Self::Gzip => cfg!(feature = "gzip"),
            Self::Bzip2 => cfg!(feature = "bzip2"),
            Self::Xz => cfg!(feature = "xz"),
            Self::Brotli => cfg!(feature = "brotli"),
            Self::Zstd => cfg!(feature = "zstd"),
        }
    }

    /// Compresses `bytes`.
    pub fn compress(self, bytes: &[u8]) -> Result<Vec<u8>, EncodeError> {
        if !self.is_built_in() {
            return Err(EncodeError(self.unsupported().to_string()));
        }
        let mut compressed = Vec::new();
        let read = self
            .encoder(bytes)
            .and_then(|mut encoder| encoder.read_to_end(&mut compressed));
        match read {
            Ok(_) => Ok(compressed),
            Err(error) => Err(EncodeError(format!("cannot compress the payload: {error}"))),
        }
    }

    /// Decompresses `bytes`, one stream that fills them, never producing more than
    /// `limits.max_decompressed` bytes.
    ///
    /// Beyond them it takes what the decompressor needs for its window, which is bounded too: 18
    /// MiB for xz, 16 MiB for brotli, 8 MiB for zstd, less for the others.
    pub fn decompress(self, bytes: &[u8], limits: &Limits) -> Result<Vec<u8>, DecodeError> {
        if !self.is_built_in() {
            return Err(self.unsupported().into());
        }
        let decoder = self.decoder(bytes);
        let decoder = decoder.map_err(|error| self.malformed(0, &error))?;
        let read = read_bounded(decoder, limits.max_decompressed);
        Ok(read.map_err(|(offset, error)| self.malformed(offset, &error))??)
    }

    /// How many bytes [`Self::decompress`] would give, `limits.max_decompressed` at most, without
    /// keeping them. What cannot be decompressed is as long as it is up to its fault.
    pub(crate) fn decompressed_len(self, bytes: &[u8], limits: &Limits) -> usize {
        let Ok(mut decoder) = self.decoder(bytes) else {
            return 0;
        };
        let (mut piece, mut length) = ([0; 8 << 10], 0);
        while length < limits.max_decompressed {
            match decoder.read(&mut piece) {
                Ok(read) if read > 0 => length += read,
                _ => break,
            }
        }
        length.min(limits.max_decompressed)
    }

    /// A reader of the compressed bytes.
    #[allow(clippy::unnecessary_wraps, reason = "some features alone cannot fail")]
    fn encoder<'a>(self, bytes: &'a [u8]) -> io::Result<Box<dyn Read + 'a>> {
        Ok(match self {
            #[cfg(feature = "gzip")]
            Self::Gzip => Box::new(flate2::read::ZlibEncoder::new(
                bytes,
                flate2::Compression::default(),
            )),
            #[cfg(feature = "bzip2")]
            Self::Bzip2 => Box::new(bzip2::read::BzEncoder::new(
                bytes,
                bzip2::Compression::best(),
            )),
            #[cfg(feature = "xz")]
            Self::Xz => Box::new(liblzma::read::XzEncoder::new(bytes, 6)),
            #[cfg(feature = "brotli")]
            Self::Brotli => Box::new(brotli::CompressorReader::new(bytes, 4096, 9, 22)),
            #[cfg(feature = "zstd")]
            Self::Zstd => {
                let mut encoder = zstd::stream::read::Encoder::with_buffer(bytes, 0)?;
                encoder.set_pledged_src_size(Some(bytes.len() as u64))?;
                Box::new(encoder)
            }
            #[allow(unreachable_patterns, reason = "for the ones that are not built in")]
            _ => Box::new(bytes),
        })
    }

    /// A reader of the decompressed bytes.
    #[allow(clippy::unnecessary_wraps, reason = "some features alone cannot fail")]
    fn decoder<'a>(self, bytes: &'a [u8]) -> io::Result<Box<dyn Read + 'a>> {
        Ok(match self {
            #[cfg(feature = "gzip")]
            Self::Gzip => Box::new(flate2::read::ZlibDecoder::new(bytes)),
            #[cfg(feature = "bzip2")]
            Self::Bzip2 => Box::new(bzip2::read::BzDecoder::new(bytes)),
            #[cfg(feature = "xz")]
            Self::Xz => {
                let stream = liblzma::stream::Stream::new_stream_decoder(XZ_MEMORY, 0)?;
                Box::new(liblzma::read::XzDecoder::new_stream(bytes, stream))
            }
            #[cfg(feature = "brotli")]
            Self::Brotli => Box::new(brotli::Decompressor::new(small_window(bytes)?, 4096)),
            #[cfg(feature = "zstd")]
            Self::Zstd => {
                let mut decoder = zstd::stream::read::Decoder::with_buffer(bytes)?;
                decoder.window_log_max(ZSTD_WINDOW)?;
                Box::new(decoder.single_frame())
            }
            #[allow(unreachable_patterns, reason = "for the ones that are not built in")]
            _ => Box::new(bytes),
        })
    }

    fn malformed(self, offset: usize, error: &io::Error) -> DecodeErrorKind {
        DecodeErrorKind::malformed(self.format(), offset, error.to_string())
    }

    fn format(self) -> &'static str {
        match self {
            Self::Gzip => "gzip (zlib)",
            Self::Bzip2 => "bzip2",
            Self::Xz => "xz",
            Self::Brotli => "brotli",
            Self::Zstd => "zstd",
        }
    }

    fn unsupported(self) -> DecodeErrorKind {
        let hint = match self {
            Self::Gzip => "turn on the feature `gzip` of celeriac",
            Self::Bzip2 => "turn on the feature `bzip2` of celeriac",
            Self::Xz => "turn on the feature `xz` of celeriac",
            Self::Brotli => "turn on the feature `brotli` of celeriac",
            Self::Zstd => "turn on the feature `zstd` of celeriac",
        };
        DecodeErrorKind::Unsupported(self.mime().to_owned(), hint)
    }
}

/// Brotli's windows end at 16 MiB, but an extension that Python does not read has windows of 1 GiB;
/// its streams begin with these seven bits.
#[cfg(feature = "brotli")]
fn small_window(bytes: &[u8]) -> io::Result<&[u8]> {
    if bytes.first().is_some_and(|byte| byte & 0x7f == 0x11) {
        return Err(io::Error::other("its window is too large"));
    }
    Ok(bytes)
}
