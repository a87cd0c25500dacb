use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use celeriac_core::{Clock, ClockJumps, SystemClock};
use celeriac_protocol::UtcTime;
use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::connection_thread::ConnectionThread;
use crate::wakers::Wakers;
use crate::watched_file::{FileId, WatchedFile};
use crate::{DatabaseError, schema};

/// An SQLite database that holds queues and results; clones share it.
#[derive(Clone)]
pub struct Database {
    inner: Arc<Inner>,
    clock: Arc<dyn Clock>,
    jumps: Arc<ClockJumps>,
}

#[derive(Debug)]
struct Inner {
    /// `None`: memory.
    path: Option<PathBuf>,
    file: Option<WatchedFile>,
    writer: ConnectionThread,
    /// Readers of a file do not wait for writers. Memory has one connection.
    reader: Option<ConnectionThread>,
    wakers: Wakers,
}

/// Bytes of a page in memory; a file has SQLite's 4 KiB.
const MEMORY_PAGE: i64 = 8 << 10;

/// What URLs mean in this process: `None` is `sqlite::memory:`.
static SHARED: Mutex<BTreeMap<Option<FileId>, Weak<Inner>>> = Mutex::new(BTreeMap::new());

impl Database {
    /// Opens a file, and creates it where it is missing; its folder must be there. Other handles
    /// and other processes may use it at the same time. Blocks for some milliseconds.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, DatabaseError> {
        let path = path.as_ref();
        let writer = connect(path)?;
        let reader = connect(path)?;
        Ok(Self::of(Inner {
            path: Some(path.to_owned()),
            file: FileId::of(path).map(WatchedFile::new),
            writer: ConnectionThread::spawn(writer, TransactionBehavior::Immediate),
            reader: Some(ConnectionThread::spawn(
                reader,
                TransactionBehavior::Deferred,
            )),
            wakers: Wakers::default(),
        }))
    }

    /// A new database in memory, which its clones share and which ends with the last of them.
    pub fn memory() -> Result<Self, DatabaseError> {
        Ok(Self::of(Inner::memory()?))
    }

    /// The database of a URL: `sqlite:PATH` (or `sqlite://PATH`), or `sqlite::memory:`. Each is
    /// opened once in a process, and is the same for everybody here as long as somebody holds it:
    /// queues and results in one file share its transactions, instead of waiting for each other's.
    pub fn from_url(url: &str) -> Result<Self, DatabaseError> {
        let path = url
            .strip_prefix("sqlite:")
            .ok_or_else(|| DatabaseError::Url(url.to_owned()))?;
        let path = path.strip_prefix("//").unwrap_or(path);
        match path {
            "" => Err(DatabaseError::Url(url.to_owned())),
            ":memory:" => Self::shared(None, Self::memory),
            path => Self::shared_file(Path::new(path)),
        }
    }

    /// The same database with another clock.
    #[must_use]
    pub fn with_clock(self, clock: Arc<dyn Clock>) -> Self {
        Self::timed(self.inner, clock)
    }

    /// The file; `None` for memory.
    pub fn path(&self) -> Option<&Path> {
        self.inner.path.as_deref()
    }

    fn of(inner: Inner) -> Self {
        Self::timed(Arc::new(inner), Arc::new(SystemClock))
    }

    fn timed(inner: Arc<Inner>, clock: Arc<dyn Clock>) -> Self {
        let jumps = Arc::new(ClockJumps::of(Arc::clone(&clock)));
        Self {
            inner,
            clock,
            jumps,
        }
    }

    fn shared_file(path: &Path) -> Result<Self, DatabaseError> {
        // a file that is not there has no identity before it is created
        let created = FileId::of(path)
            .is_none()
            .then(|| Self::open(path))
            .transpose()?;
        let open = || created.map_or_else(|| Self::open(path), Ok);
        match FileId::of(path) {
            Some(file) => Self::shared(Some(file), open),
            None => open(),
        }
    }

    fn shared(
        file: Option<FileId>,
        open: impl FnOnce() -> Result<Self, DatabaseError>,
    ) -> Result<Self, DatabaseError> {
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        shared.retain(|_, inner| inner.strong_count() > 0);
        if let Some(inner) = shared.get(&file).and_then(Weak::upgrade) {
            return Ok(Self::timed(inner, Arc::new(SystemClock)));
        }
        let database = open()?;
        shared.insert(file, Arc::downgrade(&database.inner));
        Ok(database)
    }

    pub(crate) fn now(&self) -> UtcTime {
        self.clock.now()
    }

    /// Of the clock.
    pub(crate) fn jumps(&self) -> Arc<ClockJumps> {
        Arc::clone(&self.jumps)
    }

    pub(crate) fn wakers(&self) -> &Wakers {
        &self.inner.wakers
    }

    /// Runs `work` in a transaction that has the write lock from its beginning, so that it never
    /// fails for having read too early. Others that come at the same time share the transaction,
    /// and `work` may run twice; it is answered when all of it is committed.
    pub(crate) async fn write<T, F>(&self, work: F) -> Result<T, DatabaseError>
    where
        T: Send + 'static,
        F: Fn(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
    {
        self.inner.check_file()?;
        self.inner.writer.call(work).await
    }

    /// Runs `work`, which only reads, in a transaction that begins after this call.
    pub(crate) async fn read<T, F>(&self, work: F) -> Result<T, DatabaseError>
    where
        T: Send + 'static,
        F: Fn(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
    {
        self.inner.check_file()?;
        self.inner
            .reader
            .as_ref()
            .unwrap_or(&self.inner.writer)
            .call(work)
            .await
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database")
            .field("path", &self.inner.path)
            .finish_non_exhaustive()
    }
}

impl Inner {
    fn check_file(&self) -> Result<(), DatabaseError> {
        self.file.as_ref().map_or(Ok(()), WatchedFile::check)
    }

    fn memory() -> Result<Self, DatabaseError> {
        let path = Path::new(":memory:");
        let opened = Connection::open_in_memory();
        let mut connection = opened.map_err(|source| DatabaseError::Open {
            path: path.to_owned(),
            source,
        })?;
        // half as many pages: a commit in which one was split walks over all of them
        connection
            .pragma_update(None, "page_size", MEMORY_PAGE)
            .map_err(|source| DatabaseError::Open {
                path: path.to_owned(),
                source,
            })?;
        schema::set_up(&mut connection, path)?;
        Ok(Self {
            path: None,
            file: None,
            writer: ConnectionThread::spawn(connection, TransactionBehavior::Immediate),
            reader: None,
            wakers: Wakers::default(),
        })
    }
}

fn connect(path: &Path) -> Result<Connection, DatabaseError> {
    #[cfg(unix)]
    create_private(path);
    let opened = Connection::open(path);
    let mut connection = opened.map_err(|source| DatabaseError::Open {
        path: path.to_owned(),
        source,
    })?;
    schema::set_up(&mut connection, path)?;
    Ok(connection)
}

/// Linux: links that are followed in a path.
#[cfg(unix)]
const MAX_LINKS: usize = 40;

/// Arguments and results are in it: a new file is its owner's alone, and SQLite gives its log the
/// same rights. One that is there keeps its own. What cannot be created, opening it tells.
#[cfg(unix)]
fn create_private(path: &Path) {
    use std::os::unix::fs::OpenOptionsExt;
    let mut new = std::fs::OpenOptions::new();
    new.write(true).create_new(true).mode(0o600);
    // only ever a file that is not there: closing one that SQLite has open drops its locks
    let _ = new.open(behind_links(path));
}

/// Where a path's links lead, though nothing may be there yet.
#[cfg(unix)]
fn behind_links(path: &Path) -> PathBuf {
    let mut path = path.to_owned();
    for _ in 0..MAX_LINKS {
        let Ok(target) = path.read_link() else { break };
        path = path.with_file_name("").join(target);
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(one: &Database, other: &Database) -> bool {
        Arc::ptr_eq(&one.inner, &other.inner)
    }

    fn open(path: &Path) -> Database {
        Database::from_url(&format!("sqlite:{}", path.display())).expect("the file opens")
    }

    #[test]
    fn a_file_is_opened_once_by_its_urls() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("one.sqlite");
        let one = open(&path);
        let detour = folder.path().join(".").join("one.sqlite");
        assert!(same(&one, &open(&path)) && same(&one, &open(&detour)));
        assert!(!same(&one, &open(&folder.path().join("other.sqlite"))));
        let apart = Database::open(&path).expect("the file opens");
        assert!(!same(&one, &apart), "`open` is a handle of its own");
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_file_that_was_deleted_is_told_of() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("gone.sqlite");
        let database = open(&path);
        database.read(|_| Ok(())).await.expect("it is there");
        std::fs::remove_file(&path).expect("it is the test's");
        tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
        for _ in 0..2 {
            let error = database.write(|_| Ok(())).await.expect_err("it is gone");
            assert!(matches!(error, DatabaseError::Gone(_)), "{error}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_new_file_is_its_owners_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        let mode = |name: &str| {
            let file = std::fs::metadata(folder.path().join(name)).expect("it is there");
            file.permissions().mode() & 0o777
        };
        let database = open(&folder.path().join("new.sqlite"));
        for name in ["new.sqlite", "new.sqlite-wal", "new.sqlite-shm"] {
            assert_eq!(mode(name), 0o600, "{name}");
        }
        drop(database);
        let link = folder.path().join("link.sqlite");
        std::os::unix::fs::symlink(folder.path().join("behind.sqlite"), &link).expect("a link");
        drop(open(&link));
        assert_eq!(mode("behind.sqlite"), 0o600);
        let shared = folder.path().join("shared.sqlite");
        std::fs::write(&shared, "").expect("it is written");
        let group = std::fs::Permissions::from_mode(0o660);
        std::fs::set_permissions(&shared, group).expect("it is the test's");
        drop(open(&shared));
        assert_eq!(mode("shared.sqlite"), 0o660, "it keeps its rights");
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_was_created_anew_is_another() {
        let folder = tempfile::tempdir().expect("a folder");
        let (path, gone) = (folder.path().join("one.sqlite"), folder.path().join("gone"));
        let one = open(&path);
        std::fs::rename(&path, gone).expect("it is moved away");
        assert!(!same(&one, &open(&path)));
    }
}
