use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;

use super::blocking_work::{BlockingWork, Threads};

/// An idle thread ends after this.
const IDLE: Duration = Duration::from_secs(30);

type Job = Box<dyn FnOnce() + Send>;

/// Threads of the system's, used again while there is work.
///
/// Not tokio's own pool: a runtime that ends waits for its blocking threads, and a task that hangs
/// must not keep a process from ending.
#[derive(Default)]
pub(crate) struct OsThreads(Arc<Shared>);

#[derive(Default)]
struct Shared {
    idle: Mutex<Vec<Idle>>,
    next: AtomicU64,
}

struct Idle {
    id: u64,
    jobs: Sender<Job>,
}

impl Threads for OsThreads {
    /// On a thread inside of the current tokio runtime.
    fn run(&self, work: BlockingWork) {
        let handle = Handle::current();
        self.0.run(Box::new(move || {
            let _runtime = handle.enter();
            work.call();
        }));
    }
}

impl Shared {
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
        let shared = Arc::clone(self);
        let (jobs, incoming) = channel();
        let spawned = std::thread::Builder::new()
            .name(format!("celeriac-blocking-{id}"))
            .spawn(move || {
                first();
                while let Some(job) = shared.wait(id, &jobs, &incoming) {
                    job();
                }
            });
        if let Err(error) = spawned {
            tracing::error!("no thread could be started for the task: {error}");
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
    use std::thread::ThreadId;

    use super::*;

    fn ran_on(threads: &OsThreads) -> ThreadId {
        let (says, said) = channel();
        let job = move || {
            let _ = says.send(std::thread::current().id());
        };
        threads.0.run(Box::new(job));
        said.recv().expect("it runs")
    }

    #[test]
    fn threads_are_used_again() {
        let threads = OsThreads::default();
        let first = ran_on(&threads);
        while threads.0.idle().is_empty() {
            std::thread::sleep(Duration::from_millis(1)); // it is on its way there
        }
        assert_eq!(ran_on(&threads), first);
    }
}
