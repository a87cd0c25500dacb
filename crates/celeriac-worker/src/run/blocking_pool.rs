use std::sync::Arc;

use celeriac_core::{Arguments, Context};
use tokio::sync::{Semaphore, oneshot};
use tracing::Span;

use super::blocking_work::{BlockingFunction, BlockingWork, Returned, Slot, Threads};

/// The right of at most `worker_blocking_threads` blocking tasks to be on a thread.
#[derive(Clone)]
pub(crate) struct BlockingPool {
    permits: Arc<Semaphore>,
    threads: Arc<dyn Threads>,
}

impl BlockingPool {
    pub(crate) fn new(most: usize, threads: Arc<dyn Threads>) -> Self {
        let permits = most.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            permits: Arc::new(Semaphore::new(permits)),
            threads,
        }
    }

    /// Waits for a thread to be free. Cancel-safe.
    pub(crate) async fn slot(&self) -> Option<Slot> {
        Arc::clone(&self.permits)
            .acquire_owned()
            .await
            .ok()
            .map(Slot)
    }

    /// Starts the function on a thread. The answer is dropped if no thread can be made.
    pub(crate) fn start(
        &self,
        slot: Slot,
        function: BlockingFunction,
        context: Context,
        arguments: Arguments,
    ) -> oneshot::Receiver<Returned> {
        let (reply, answer) = oneshot::channel();
        self.threads.run(BlockingWork {
            function,
            context,
            arguments,
            slot,
            reply,
            span: Span::current(),
        });
        answer
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::os_threads::OsThreads;
    use super::*;

    #[tokio::test]
    async fn threads_are_bounded() {
        let pool = BlockingPool::new(1, Arc::new(OsThreads::default()));
        let slot = pool.slot().await.expect("open");
        let second = tokio::time::timeout(Duration::from_millis(20), pool.slot());
        assert!(second.await.is_err(), "one thread only");
        drop(slot);
        assert!(pool.slot().await.is_some());
    }
}
