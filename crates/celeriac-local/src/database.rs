use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use celeriac_core::{Clock, SystemClock};
use celeriac_protocol::UtcTime;
use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::connection_thread::ConnectionThread;
use crate::wakers::Wakers;
use crate::{DatabaseError, schema};

/// An SQLite database that holds queues and results; clones share it.
#[derive(Clone)]
pub struct Database {
    inner: Arc<Inner>,
    clock: Arc<dyn Clock>,
}

#[derive(Debug)]
struct Inner {
    /// `None`: memory.
    path: Option<PathBuf>,
    writer: ConnectionThread,
    /// Readers of a file do not wait for writers. Memory has one connection.
    reader: Option<ConnectionThread>,
    wakers: Wakers,
}

/// What `sqlite::memory:` means in this process.
static SHARED_MEMORY: Mutex<Weak<Inner>> = Mutex::new(Weak::new());

impl Database {
    /// Opens a file, and creates it where it is missing; its folder must be there. Other handles and other processes may
    /// use it at the same time. Blocks for some milliseconds.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, DatabaseError> {
        let path = path.as_ref();
        let writer = connect(path)?;
        let reader = connect(path)?;
        Ok(Self::of(Inner {
            path: Some(path.to_owned()),
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

    /// The database of a URL: `sqlite:PATH` (or `sqlite://PATH`), or `sqlite::memory:`, which is the same for everybody in
    /// this process as long as somebody holds it.
    pub fn from_url(url: &str) -> Result<Self, DatabaseError> {
        let path = url
            .strip_prefix("sqlite:")
            .ok_or_else(|| DatabaseError::Url(url.to_owned()))?;
        let path = path.strip_prefix("//").unwrap_or(path);
        match path {
            "" => Err(DatabaseError::Url(url.to_owned())),
            ":memory:" => Self::shared_memory(),
            path => Self::open(path),
        }
    }

    /// The same database with another clock.
    #[must_use]
    pub fn with_clock(self, clock: Arc<dyn Clock>) -> Self {
        Self { clock, ..self }
    }

    /// The file; `None` for memory.
    pub fn path(&self) -> Option<&Path> {
        self.inner.path.as_deref()
    }

    fn of(inner: Inner) -> Self {
        Self {
            inner: Arc::new(inner),
            clock: Arc::new(SystemClock),
        }
    }

    fn shared_memory() -> Result<Self, DatabaseError> {
        let mut shared = SHARED_MEMORY.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(inner) = shared.upgrade() {
            return Ok(Self {
                inner,
                clock: Arc::new(SystemClock),
            });
        }
        let database = Self::memory()?;
        *shared = Arc::downgrade(&database.inner);
        Ok(database)
    }

    pub(crate) fn now(&self) -> UtcTime {
        self.clock.now()
    }

    pub(crate) fn wakers(&self) -> &Wakers {
        &self.inner.wakers
    }

    /// Runs `work` in a transaction that has the write lock from its beginning, so that it never fails for having read
    /// too early. Others that come at the same time share the transaction, and `work` may run twice; it is answered when
    /// all of it is committed.
    pub(crate) async fn write<T, F>(&self, work: F) -> Result<T, DatabaseError>
    where
        T: Send + 'static,
        F: Fn(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
    {
        self.inner.writer.call(work).await
    }

    /// Runs `work`, which only reads, in a transaction that begins after this call.
    pub(crate) async fn read<T, F>(&self, work: F) -> Result<T, DatabaseError>
    where
        T: Send + 'static,
        F: Fn(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
    {
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
    fn memory() -> Result<Self, DatabaseError> {
        let path = Path::new(":memory:");
        let opened = Connection::open_in_memory();
        let mut connection = opened.map_err(|source| DatabaseError::Open {
            path: path.to_owned(),
            source,
        })?;
        schema::set_up(&mut connection, path)?;
        Ok(Self {
            path: None,
            writer: ConnectionThread::spawn(connection, TransactionBehavior::Immediate),
            reader: None,
            wakers: Wakers::default(),
        })
    }
}

fn connect(path: &Path) -> Result<Connection, DatabaseError> {
    let opened = Connection::open(path);
    let mut connection = opened.map_err(|source| DatabaseError::Open {
        path: path.to_owned(),
        source,
    })?;
    schema::set_up(&mut connection, path)?;
    Ok(connection)
}
