use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

/// An idle thread ends after this.
const IDLE: Duration = Duration::from_secs(30);

type Job = Box<dyn FnOnce() + Send>;

/// Threads for blocking tasks, at most `worker_blocking_threads` with a task on them.
///
/// Not tokio's own pool: a runtime that ends waits for its blocking threads, and a task that hangs must not keep a process
/// from ending.
#[derive(Clone)]
pub(crate) struct BlockingPool {
    permits: Arc<Semaphore>,
    threads: Arc<Threads>,
}

/// The right to one thread. A task that overran its time keeps it until it ends.
pub(crate) struct Slot(#[expect(dead_code, reason = "held until dropped")] OwnedSemaphorePermit);

#[derive(Default)]
struct Threads {
    idle: Mutex<Vec<Idle>>,
    next: AtomicU64,
}

struct Idle {
    id: u64,
    jobs: Sender<Job>,
}

impl BlockingPool {
    pub(crate) fn new(threads: usize) -> Self {
        let permits = threads.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            permits: Arc::new(Semaphore::new(permits)),
            threads: Arc::default(),
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

    /// Starts `work`, which MUST NOT panic, on a thread inside of the current tokio runtime. The answer is dropped if
    /// no thread can be made.
    pub(crate) fn start<T: Send + 'static>(
        &self,
        slot: Slot,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> oneshot::Receiver<T> {
        let (reply, answer) = oneshot::channel();
        let handle = Handle::current();
        let job: Job = Box::new(move || {
            let _runtime = handle.enter();
            let output = work();
            drop(slot);
            let _ = reply.send(output); // nobody waits after a hard time limit
        });
        self.threads.run(job);
        answer
    }
}

impl Threads {
    fn idle(&self) -> MutexGuard<'_, Vec<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(self: &Arc<Self>, mut job: Job) {
        // an entry that was taken is always listened to: see `wait`
        while let Some(thread) = self.take_idle() {
            match thread.jobs.send(job) {
                Ok(()) => return,
                Err(back) => job = back.0,
            }
        }
        self.spawn(job);
    }

    fn take_idle(&self) -> Option<Idle> {
        self.idle().pop()
    }

    fn spawn(self: &Arc<Self>, first: Job) {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let threads = Arc::clone(self);
        let (jobs, incoming) = channel();
        let spawned = std::thread::Builder::new()
            .name(format!("celeriac-blocking-{id}"))
            .spawn(move || {
                first();
                while let Some(job) = threads.wait(id, &jobs, &incoming) {
                    job();
                }
            });
        if let Err(error) = spawned {
            tracing::error!("cannot start a thread for a blocking task: {error}");
        }
    }

    /// The next job of thread `id`; `None` if there was none for long.
    fn wait(&self, id: u64, jobs: &Sender<Job>, incoming: &Receiver<Job>) -> Option<Job> {
        self.idle().push(Idle {
            id,
            jobs: jobs.clone(),
        });
        match incoming.recv_timeout(IDLE) {
            Ok(job) => Some(job),
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => {
                let mut idle = self.idle();
                let before = idle.len();
                idle.retain(|thread| thread.id != id);
                let taken = idle.len() == before;
                drop(idle);
                // taken out of the list a moment ago: its job is on its way
                if taken { incoming.recv().ok() } else { None }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn threads_are_bounded_and_used_again() {
        let pool = BlockingPool::new(1);
        let slot = pool.slot().await.expect("open");
        assert!(
            tokio::time::timeout(Duration::from_millis(20), pool.slot())
                .await
                .is_err(),
            "one thread only"
        );
        let first = pool
            .start(slot, || std::thread::current().id())
            .await
            .expect("it runs");
        while pool.threads.idle().is_empty() {
            tokio::time::sleep(Duration::from_millis(1)).await; // it is on its way there
        }
        let slot = pool.slot().await.expect("open");
        let second = pool.start(slot, || std::thread::current().id());
        assert_eq!(second.await.expect("it runs"), first);
    }
}
