use std::sync::mpsc;
use std::thread;

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::oneshot;

use crate::DatabaseError;

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

/// One connection on a thread of its own, which works off jobs in their order. The thread ends with its last handle.
#[derive(Debug)]
pub(crate) struct ConnectionThread {
    jobs: mpsc::Sender<Job>,
}

impl ConnectionThread {
    pub(crate) fn spawn(mut connection: Connection) -> Self {
        let (jobs, waiting) = mpsc::channel::<Job>();
        thread::spawn(move || {
            while let Ok(job) = waiting.recv() {
                job(&mut connection);
            }
        });
        Self { jobs }
    }

    /// Runs `work` in a transaction that has the write lock from its beginning, so that it never fails for having read
    /// too early. If the caller is dropped the work is done all the same.
    pub(crate) async fn write<T, F>(&self, work: F) -> Result<T, DatabaseError>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
    {
        self.call(|connection| {
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let answer = work(&transaction)?;
            transaction.commit()?;
            Ok(answer)
        })
        .await
    }

    /// Runs `work` in a transaction that only reads.
    pub(crate) async fn read<T, F>(&self, work: F) -> Result<T, DatabaseError>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
    {
        self.call(|connection| work(&connection.transaction()?))
            .await
    }

    async fn call<T, F>(&self, work: F) -> Result<T, DatabaseError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            // the caller may be gone; what was done stays done
            let _ = answer.send(work(connection));
        });
        self.jobs.send(job).map_err(|_| DatabaseError::Closed)?;
        Ok(answered.await.map_err(|_| DatabaseError::Closed)??)
    }
}
