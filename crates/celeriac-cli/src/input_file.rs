//! A file that an option names, `-` for stdin.

use std::fs::File;
use std::io::{Error, Result as IoResult};
use std::path::Path;

use celeriac::commands::text_file;

/// Its text.
pub(crate) fn read(path: &Path) -> IoResult<String> {
    if path == Path::new("-") {
        return text_file::read(std::io::stdin().lock());
    }
    open(path).and_then(text_file::read)
}

/// A pipe in the file system waits for somebody who writes, and a device may have no end. One that a
/// shell opened, as for `<(...)`, is as good as stdin.
fn open(path: &Path) -> IoResult<File> {
    let about = std::fs::metadata(path)?;
    if !about.is_file() && !path.starts_with("/dev/fd") {
        return Err(Error::other(
            "it is not a regular file (`-` reads a pipe on stdin)",
        ));
    }
    if about.len() > text_file::MAX_BYTES {
        return Err(text_file::too_large());
    }
    File::open(path)
}
