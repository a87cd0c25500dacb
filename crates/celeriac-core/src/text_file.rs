//! Text that a person's editor or shell wrote, whatever its encoding: Windows PowerShell's `>` makes
//! UTF-16, and editors there put a byte order mark before UTF-8.

use std::io::{Error, ErrorKind, Read, Result};

/// The most bytes that are read.
pub const MAX_BYTES: u64 = 16 << 20;

/// The text of JSON or TOML in UTF-8 or UTF-16, with a byte order mark or without, which is left
/// out.
///
/// # Errors
/// For what cannot be read, is over [`MAX_BYTES`] (without reading on), or is no such text.
pub fn read(file: impl Read) -> Result<String> {
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(too_large());
    }
    text(bytes).ok_or_else(|| {
        let cure = "it is neither UTF-8 nor UTF-16: save it as UTF-8 (in PowerShell with `| Out-File -Encoding utf8 FILE`)";
        Error::new(ErrorKind::InvalidData, cure)
    })
}

/// What [`read`] says of a file over [`MAX_BYTES`].
pub fn too_large() -> Error {
    let limit = MAX_BYTES >> 20;
    Error::new(
        ErrorKind::FileTooLarge,
        format!("it is over the limit of {limit} MiB"),
    )
}

fn text(bytes: Vec<u8>) -> Option<String> {
    let text = match bytes.as_slice() {
        [0xEF, 0xBB, 0xBF, rest @ ..] => str::from_utf8(rest).ok()?.to_owned(),
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes)?,
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes)?,
        // JSON and TOML begin with a character of ASCII
        [_, 0, ..] => utf16(&bytes, u16::from_le_bytes)?,
        [0, _, ..] => utf16(&bytes, u16::from_be_bytes)?,
        _ => String::from_utf8(bytes).ok()?,
    };
    // as UTF-32 would have, or UTF-16 that a shell added to a file of UTF-8
    (!text.contains('\0')).then_some(text)
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Option<String> {
    let (pairs, []) = bytes.as_chunks::<2>() else {
        return None;
    };
    let units = pairs.iter().map(|pair| unit(*pair));
    char::decode_utf16(units)
        .collect::<std::result::Result<_, _>>()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "{\"name\": \"größer \u{1f600}\"}\r\n";

    fn units(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    }

    #[test]
    fn utf8_and_utf16_are_read_with_and_without_a_mark() {
        let marked = format!("\u{feff}{TEXT}");
        for bytes in [
            TEXT.as_bytes().to_vec(),
            marked.as_bytes().to_vec(),
            units(TEXT, u16::to_le_bytes),
            units(TEXT, u16::to_be_bytes),
            units(&marked, u16::to_le_bytes),
            units(&marked, u16::to_be_bytes),
        ] {
            assert_eq!(read(bytes.as_slice()).expect("a text"), TEXT, "{bytes:?}");
        }
        for empty in ["", "\u{feff}"] {
            assert_eq!(read(empty.as_bytes()).expect("a text"), "");
        }
    }

    #[test]
    fn another_encoding_is_refused_with_its_cure() {
        let utf32 = |text: &str| -> Vec<u8> {
            text.chars()
                .flat_map(|letter| u32::from(letter).to_le_bytes())
                .collect()
        };
        let mut added = TEXT.as_bytes().to_vec();
        added.extend(units(TEXT, u16::to_le_bytes));
        let mut cut = units(TEXT, u16::to_le_bytes);
        cut.pop();
        for bytes in [
            b"{\"name\": \"gr\xf6\xdfer\"}".to_vec(), // Windows-1252
            utf32(TEXT),
            utf32(&format!("\u{feff}{TEXT}")),
            added,
            cut,
            b"\xff\xfe\x00\xd8".to_vec(),
            b"\xef\xbb\xbf\xff".to_vec(),
        ] {
            let error = read(bytes.as_slice()).expect_err("no text").to_string();
            assert!(error.contains("save it as UTF-8"), "{bytes:?}: {error}");
        }
    }

    #[test]
    fn no_more_than_the_limit_is_read() {
        let spaces = |count| std::io::repeat(b' ').take(count);
        assert!(read(spaces(MAX_BYTES)).is_ok());
        let mut longer = spaces(3 * MAX_BYTES);
        let error = read(&mut longer).expect_err("too large");
        assert_eq!(error.to_string(), "it is over the limit of 16 MiB");
        assert_eq!(longer.limit(), 2 * MAX_BYTES - 1);
    }
}
