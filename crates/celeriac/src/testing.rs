//! For the tests of an app: a context by hand, and the whole app in memory. The chapter on testing
//! is `docs/testing.md`.

pub use celeriac_core::TestContext;

#[cfg(feature = "local")]
pub use self::in_memory::InMemory;

#[cfg(feature = "local")]
mod in_memory {
    use celeriac_producer::Client;
    use celeriac_worker::{Shutdown, WorkerQueue};
    use tokio::task::JoinHandle;

    use crate::{App, Connection, Error};

    /// An app with its queues and results in memory, and a worker on all of its queues. Settings
    /// come from code alone. The worker ends when this is dropped.
    ///
    /// ```
    /// use celeriac::prelude::*;
    /// use celeriac::testing::InMemory;
    ///
    /// #[task(name = "shop.double", queue = "sums")]
    /// async fn double(x: i64) -> TaskResult<i64> {
    ///     Ok(2 * x)
    /// }
    ///
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let app = InMemory::start(App::new("shop").task(double)).await?;
    /// let result = app.client().send(double::s(21)).await?;
    /// assert_eq!(result.get(secs(10)).await?, 42);
    /// # Ok(())
    /// # }
    /// ```
    #[derive(Debug)]
    pub struct InMemory {
        connection: Connection,
        shutdown: Shutdown,
        worker: JoinHandle<()>,
    }

    impl InMemory {
        /// Starts the worker.
        ///
        /// # Errors
        /// What is wrong with the app: two tasks of one name, a task whose state is not there.
        pub async fn start(app: App) -> Result<Self, Error> {
            let app = app.isolated().settings(|settings| {
                settings.broker_url = Some("sqlite::memory:".to_owned());
                settings.result_backend = None; // as the broker
            });
            let connection = app.build().await?;
            let queues = connection.known_queues();
            let queues = queues.into_iter().map(WorkerQueue::new).collect();
            let worker = connection.worker(queues).await?;
            let shutdown = Shutdown::new();
            let run = worker.run(shutdown.clone());
            let worker = tokio::spawn(async move {
                if let Err(error) = run.await {
                    tracing::error!("the in-memory worker has ended: {error}");
                }
            });
            Ok(Self {
                connection,
                shutdown,
                worker,
            })
        }

        /// Sends tasks to it, and reads their results.
        pub fn client(&self) -> Client {
            self.connection.client()
        }

        /// Ends the worker once its running tasks have ended.
        pub async fn stop(mut self) {
            self.shutdown.drain();
            let _ = (&mut self.worker).await;
        }
    }

    impl Drop for InMemory {
        fn drop(&mut self) {
            self.worker.abort();
        }
    }
}
