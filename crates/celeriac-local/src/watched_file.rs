use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Instant;

use crate::DatabaseError;

/// Between two looks at whether the path still leads to the file that is open.
const LOOK_EVERY_MILLIS: u64 = 1_000;

/// Which file a path leads to at this moment. A file that was deleted and created anew is another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FileId {
    path: PathBuf,
    /// Device and number, where there are such things.
    inode: (u64, u64),
}

impl FileId {
    pub(crate) fn of(path: &Path) -> Option<Self> {
        let path = path.canonicalize().ok()?;
        #[cfg(unix)]
        let inode = {
            use std::os::unix::fs::MetadataExt;
            let metadata = path.metadata().ok()?;
            (metadata.dev(), metadata.ino())
        };
        #[cfg(not(unix))]
        let inode = (0, 0);
        Some(Self { path, inode })
    }
}

/// A file that is open. One that is deleted stays open, and nobody else ever sees what is written to
/// it.
#[derive(Debug)]
pub(crate) struct WatchedFile {
    file: FileId,
    opened_at: Instant,
    /// When its path was last looked at, in milliseconds since then.
    looked_at: AtomicU64,
}

impl WatchedFile {
    pub(crate) fn new(file: FileId) -> Self {
        Self {
            file,
            opened_at: Instant::now(),
            looked_at: AtomicU64::new(0),
        }
    }

    /// Looks now and then whether its path still leads to it.
    ///
    /// # Errors
    /// If it does not.
    pub(crate) fn check(&self) -> Result<(), DatabaseError> {
        let now = u64::try_from(self.opened_at.elapsed().as_millis()).unwrap_or(u64::MAX);
        if now < self.looked_at.load(Relaxed) + LOOK_EVERY_MILLIS {
            return Ok(());
        }
        if FileId::of(&self.file.path).as_ref() != Some(&self.file) {
            return Err(DatabaseError::Gone(self.file.path.clone()));
        }
        self.looked_at.store(now, Relaxed);
        Ok(())
    }
}
