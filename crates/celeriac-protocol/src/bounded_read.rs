use std::io::Read;

use crate::{DecodeErrorKind, Limits};

const FIRST_CAPACITY: usize = 8 << 10;

/// Reads a decompressor to its end. The buffer grows with what really comes out and never past the limit.
pub(crate) fn read_bounded(
    mut reader: impl Read,
    format: &'static str,
    limits: &Limits,
) -> Result<Vec<u8>, DecodeErrorKind> {
    let limit = limits.max_decompressed;
    let mut bytes = vec![0; FIRST_CAPACITY.min(limit)];
    let mut length = 0;
    loop {
        if length == bytes.len() {
            if length == limit {
                return read_end(reader, format, bytes);
            }
            grow(&mut bytes, limit);
        }
        match reader.read(&mut bytes[length..]) {
            Ok(0) => {
                bytes.truncate(length);
                return Ok(bytes);
            }
            Ok(count) => length += count,
            Err(error) => return Err(malformed(format, length, &error)),
        }
    }
}

/// The limit is reached: only the end may come now.
fn read_end(
    mut reader: impl Read,
    format: &'static str,
    bytes: Vec<u8>,
) -> Result<Vec<u8>, DecodeErrorKind> {
    match reader.read(&mut [0]) {
        Ok(0) => Ok(bytes),
        Ok(_) => Err(DecodeErrorKind::TooLarge {
            what: "decompressed payload",
            limit: bytes.len(),
        }),
        Err(error) => Err(malformed(format, bytes.len(), &error)),
    }
}

fn grow(bytes: &mut Vec<u8>, limit: usize) {
    let length = bytes.len().saturating_mul(2).clamp(1, limit);
    bytes.reserve_exact(length - bytes.len());
    bytes.resize(length, 0);
}

fn malformed(format: &'static str, offset: usize, error: &std::io::Error) -> DecodeErrorKind {
    DecodeErrorKind::malformed(format, offset, error.to_string())
}
