use std::sync::mpsc;
use std::thread;

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::oneshot;

use crate::DatabaseError;

/// Calls in one transaction. Other processes get the file between two of them, so not too many.
const GROUP: usize = 32;

/// One connection on a thread of its own, which works off calls in their order: those that wait,
/// together in one transaction. The thread ends with its last handle.
#[derive(Debug)]
pub(crate) struct ConnectionThread {
    calls: mpsc::Sender<Box<dyn Call>>,
}

/// What somebody waits for.
trait Call: Send {
    /// Does the work. What it gives is kept until the transaction is committed.
    fn run(&mut self, transaction: &Transaction<'_>) -> rusqlite::Result<()>;
    /// Tells what the work gave, or why it did not come to be.
    fn answer(self: Box<Self>, outcome: rusqlite::Result<()>);
}

struct Waiting<T, F> {
    work: F,
    done: Option<T>,
    answer: oneshot::Sender<Result<T, DatabaseError>>,
}

impl ConnectionThread {
    /// A thread whose transactions begin in this way.
    pub(crate) fn spawn(mut connection: Connection, behavior: TransactionBehavior) -> Self {
        let (calls, waiting) = mpsc::channel::<Box<dyn Call>>();
        thread::spawn(move || {
            while let Ok(first) = waiting.recv() {
                let mut group = vec![first];
                group.extend(waiting.try_iter().take(GROUP - 1));
                perform(&mut connection, behavior, group);
            }
        });
        Self { calls }
    }

    /// Runs `work` in a transaction, with others that came meanwhile, and answers when it is
    /// committed. Where one of them fails, all is undone and each is done again by itself: so
    /// `work` may run twice, and never sees what a failed one left. If the caller is dropped the
    /// work is done all the same.
    pub(crate) async fn call<T, F>(&self, work: F) -> Result<T, DatabaseError>
    where
        T: Send + 'static,
        F: Fn(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let call = Box::new(Waiting {
            work,
            done: None,
            answer,
        });
        self.calls.send(call).map_err(|_| DatabaseError::Closed)?;
        answered.await.map_err(|_| DatabaseError::Closed)?
    }
}

impl<T, F> Call for Waiting<T, F>
where
    T: Send,
    F: Fn(&Transaction<'_>) -> rusqlite::Result<T> + Send,
{
    fn run(&mut self, transaction: &Transaction<'_>) -> rusqlite::Result<()> {
        self.done = Some((self.work)(transaction)?);
        Ok(())
    }

    fn answer(self: Box<Self>, outcome: rusqlite::Result<()>) {
        let Self { done, answer, .. } = *self;
        let outcome = outcome.map_err(DatabaseError::Sqlite);
        // the caller may be gone; what was done stays done
        let _ = answer.send(outcome.and_then(|()| done.ok_or(DatabaseError::Closed)));
    }
}

fn perform(
    connection: &mut Connection,
    behavior: TransactionBehavior,
    mut group: Vec<Box<dyn Call>>,
) {
    let transaction = match connection.transaction_with_behavior(behavior) {
        Ok(transaction) => transaction,
        // another process has the lock: it would be waited for as long again for each
        Err(error) => {
            return group
                .into_iter()
                .for_each(|call| call.answer(Err(copy_of(&error))));
        }
    };
    match commit(transaction, &mut group) {
        Ok(()) => group.into_iter().for_each(|call| call.answer(Ok(()))),
        Err(error) => match <[_; 1]>::try_from(group) {
            Ok([call]) => call.answer(Err(error)),
            Err(group) => group
                .into_iter()
                .for_each(|call| perform(connection, behavior, vec![call])),
        },
    }
}

/// All of them or none.
fn commit(transaction: Transaction<'_>, group: &mut [Box<dyn Call>]) -> rusqlite::Result<()> {
    for call in group {
        call.run(&transaction)?;
    }
    transaction.commit()
}

fn copy_of(error: &rusqlite::Error) -> rusqlite::Error {
    match error {
        rusqlite::Error::SqliteFailure(code, text) => {
            rusqlite::Error::SqliteFailure(*code, text.clone())
        }
        other => rusqlite::Error::SqliteFailure(
            rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_ERROR),
            Some(other.to_string()),
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::{Duration, Instant};

    use tokio::task::JoinSet;

    use super::*;

    /// A thread with an empty table, on a file that another connection can look into.
    fn thread(folder: &tempfile::TempDir) -> (Arc<ConnectionThread>, Connection) {
        let path = folder.path().join("test.sqlite");
        let open = || Connection::open(&path).expect("the file opens");
        let connection = open();
        connection
            .execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE number (n INTEGER PRIMARY KEY)")
            .expect("the table is created");
        let thread = ConnectionThread::spawn(connection, TransactionBehavior::Immediate);
        (Arc::new(thread), open())
    }

    fn insert(n: i64) -> impl Fn(&Transaction<'_>) -> rusqlite::Result<usize> + Send + 'static {
        move |transaction| transaction.execute("INSERT INTO number VALUES (?1)", [n])
    }

    fn numbers(connection: &Connection) -> i64 {
        let sql = "SELECT count(*) FROM number";
        let count = connection.query_row(sql, [], |row| row.get(0));
        count.expect("the rows are counted")
    }

    /// Keeps the thread busy until what it gives is dropped, so that calls gather.
    async fn busy(thread: &Arc<ConnectionThread>) -> mpsc::Sender<()> {
        let (hold, waiting) = mpsc::channel::<()>();
        let (begun, started) = oneshot::channel::<()>();
        let waiting = std::sync::Mutex::new((waiting, Some(begun)));
        let thread = Arc::clone(thread);
        tokio::spawn(async move {
            let wait = move |_: &Transaction<'_>| {
                let mut waiting = waiting.lock().expect("nobody panics");
                drop(waiting.1.take());
                let _ = waiting.0.recv();
                Ok(())
            };
            thread.call(wait).await
        });
        let _ = started.await;
        hold
    }

    #[tokio::test]
    async fn calls_that_wait_are_committed_together_before_any_is_answered() {
        let folder = tempfile::tempdir().expect("a folder");
        let (thread, outside) = thread(&folder);
        let hold = busy(&thread).await;
        let seen = Arc::new(AtomicUsize::new(0));
        let look = {
            let (seen, path) = (Arc::clone(&seen), folder.path().join("test.sqlite"));
            move |_: &Transaction<'_>| {
                let outside = Connection::open(&path)?;
                seen.store(numbers(&outside).unsigned_abs() as usize, Ordering::SeqCst);
                Ok(())
            }
        };
        let calls = async {
            tokio::join!(
                thread.call(insert(1)),
                thread.call(insert(2)),
                thread.call(look)
            )
        };
        let (answers, ()) = tokio::join!(calls, async { drop(hold) });
        answers.0.expect("the first is done");
        answers.1.expect("the second is done");
        answers.2.expect("the third is done");
        assert_eq!(seen.load(Ordering::SeqCst), 0, "not committed one by one");
        assert_eq!(numbers(&outside), 2, "and in the file when answered");
    }

    #[tokio::test]
    async fn a_call_that_fails_undoes_itself_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let (thread, outside) = thread(&folder);
        let hold = busy(&thread).await;
        let half = |transaction: &Transaction<'_>| {
            transaction.execute("INSERT INTO number VALUES (10)", [])?;
            transaction.execute("INSERT INTO nowhere VALUES (1)", [])
        };
        let calls = async {
            tokio::join!(
                thread.call(insert(1)),
                thread.call(half),
                thread.call(insert(1)),
                thread.call(insert(2))
            )
        };
        let (answers, ()) = tokio::join!(calls, async { drop(hold) });
        assert_eq!(answers.0.expect("before it"), 1);
        let error = answers.1.expect_err("there is no such table").to_string();
        assert!(error.contains("nowhere"), "{error}");
        let error = answers.2.expect_err("1 is there already").to_string();
        assert!(error.contains("UNIQUE"), "each has its own error: {error}");
        assert_eq!(answers.3.expect("after it"), 1);
        assert_eq!(numbers(&outside), 2);
    }

    #[tokio::test]
    async fn a_lock_that_is_not_given_is_waited_for_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let (thread, outside) = thread(&folder);
        let wait = Duration::from_millis(300);
        let patient = move |transaction: &Transaction<'_>| transaction.busy_timeout(wait);
        thread.call(patient).await.expect("the timeout is set");

        outside
            .execute_batch("BEGIN IMMEDIATE")
            .expect("the lock is free");
        let started = Instant::now();
        let mut calls = JoinSet::new();
        for n in 0..20 {
            let thread = Arc::clone(&thread);
            calls.spawn(async move { thread.call(insert(n)).await });
        }
        for answer in calls.join_all().await {
            let error = answer.expect_err("the lock is held");
            assert!(error.is_retryable(), "{error}");
        }
        assert!(
            started.elapsed() < wait * 6,
            "twice, and not once for each: {:?}",
            started.elapsed()
        );
    }
}
