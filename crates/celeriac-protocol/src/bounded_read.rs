use std::io::{self, Read};

use crate::DecodeErrorKind;

const FIRST_CAPACITY: usize = 8 << 10;

/// Reads a decompressor to its end. The buffer grows with what really comes out and never past the
/// limit.
///
/// The outer error is the decompressor's, with the number of bytes that came before it.
pub(crate) fn read_bounded(
    mut reader: impl Read,
    limit: usize,
) -> Result<Result<Vec<u8>, DecodeErrorKind>, (usize, io::Error)> {
    let mut bytes = vec![0; FIRST_CAPACITY.min(limit)];
    let mut length = 0;
    loop {
        // At the limit only the end may come.
        let mut probe = [0];
        let is_full = length == limit;
        if length == bytes.len() && !is_full {
            grow(&mut bytes, limit);
        }
        let room = if is_full {
            &mut probe
        } else {
            &mut bytes[length..]
        };
        match reader.read(room).map_err(|error| (length, error))? {
            0 => {
                bytes.truncate(length);
                return Ok(Ok(bytes));
            }
            _ if is_full => {
                let what = "decompressed payload";
                return Ok(Err(DecodeErrorKind::TooLarge { what, limit }));
            }
            count => length += count,
        }
    }
}

fn grow(bytes: &mut Vec<u8>, limit: usize) {
    let length = bytes.len().saturating_mul(2).clamp(1, limit);
    bytes.reserve_exact(length - bytes.len());
    bytes.resize(length, 0);
}
