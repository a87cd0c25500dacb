use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use tokio::runtime::Handle;
use tokio::sync::{Notify, Semaphore, oneshot};
use tokio::time::{Instant, timeout_at};

use crate::batch_queue::{BatchQueue, Entry};
use crate::{Batch, BatcherClosed, BatcherOptions};

/// A batcher's common state. There is no dispatcher: whoever submits starts a runner if one is
/// missing, and a runner takes one batch after the other until nothing is ready.
pub(crate) struct Shared<B: Batch> {
    batch: B,
    pub(crate) options: BatcherOptions,
    runtime: Handle,
    /// One permit for each entry that may still wait.
    room: Semaphore,
    state: Mutex<State<B>>,
    /// A batch became full, or lingering is over because of `close`.
    full: Notify,
    /// A runner ended.
    ended: Notify,
}

struct State<B: Batch> {
    queue: BatchQueue<B>,
    /// Runners that are about to take a batch: started and not yet run, or lingering.
    starting: usize,
    /// All runners.
    runners: usize,
    closed: bool,
}

impl<B: Batch> Shared<B> {
    pub(crate) fn new(batch: B, options: BatcherOptions) -> Self {
        let options = BatcherOptions {
            max_items: options.max_items.max(1),
            max_in_flight: options.max_in_flight.max(1),
            max_partial: options.max_partial.max(1),
            buffer: options.buffer.clamp(1, Semaphore::MAX_PERMITS),
            ..options
        };
        Self {
            batch,
            options,
            runtime: Handle::current(),
            room: Semaphore::new(options.buffer),
            state: Mutex::new(State {
                queue: BatchQueue::new(),
                starting: 0,
                runners: 0,
                closed: false,
            }),
            full: Notify::new(),
            ended: Notify::new(),
        }
    }

    /// Waits until one more entry may wait.
    pub(crate) async fn make_room(&self) -> Result<(), BatcherClosed> {
        self.room
            .acquire()
            .await
            .map_err(|_| BatcherClosed)?
            .forget();
        Ok(())
    }

    /// Adds an entry, for which there must be room.
    pub(crate) fn enqueue(
        shared: &Arc<Self>,
        item: B::Item,
        reply: oneshot::Sender<B::Output>,
    ) -> Result<(), BatcherClosed> {
        let linger = shared.options.linger;
        let entry = Entry {
            size: shared.batch.size(&item),
            key: shared.batch.key(&item),
            linger_until: (!linger.is_zero()).then(|| Instant::now() + linger),
            item,
            reply,
        };
        let start = {
            let mut state = shared.lock();
            if state.closed {
                return Err(BatcherClosed);
            }
            state.queue.push(entry);
            if state.starting > 0 && state.queue.is_full(&shared.options) {
                shared.full.notify_one();
            }
            state.wants_runner(&shared.options)
        };
        if start {
            Self::start(shared);
        }
        Ok(())
    }

    fn start(shared: &Arc<Self>) {
        let runner = Runner {
            shared: Arc::clone(shared),
            finished: false,
        };
        shared.runtime.spawn(runner.run());
    }

    pub(crate) async fn close(&self) {
        self.lock().closed = true;
        self.room.close();
        self.full.notify_waiters();
        loop {
            let mut ended = std::pin::pin!(self.ended.notified());
            ended.as_mut().enable();
            if self.lock().runners == 0 {
                return;
            }
            ended.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<B>> {
        // nothing that can panic runs under the lock, but a poisoned one must not end the batcher
        // either
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<B: Batch> State<B> {
    /// Whether what is ready is more than the runners about to take it will take; if so, counts one
    /// more of them.
    fn wants_runner(&mut self, options: &BatcherOptions) -> bool {
        let covered = self.starting.saturating_mul(options.max_items);
        let ready = self.queue.ready();
        let enough = if self.runners < options.max_partial {
            ready > covered
        } else {
            ready >= covered.saturating_add(options.max_items)
                || (covered == 0 && self.queue.is_full(options))
        };
        let wanted = enough && self.runners < options.max_in_flight;
        if wanted {
            self.starting += 1;
            self.runners += 1;
        }
        wanted
    }
}

/// Takes and runs batches until none is ready.
struct Runner<B: Batch> {
    shared: Arc<Shared<B>>,
    finished: bool,
}

impl<B: Batch> Runner<B> {
    async fn run(mut self) {
        while let Some(batch) = self.next().await {
            let keys: Vec<u64> = batch.iter().filter_map(|entry| entry.key).collect();
            self.perform(batch).await;
            let mut state = self.shared.lock();
            state.queue.release(&keys);
            state.starting += 1;
        }
        self.finished = true;
        self.shared.ended.notify_waiters();
    }

    /// The next batch, full or after its lingering; `None` ends this runner.
    async fn next(&self) -> Option<Vec<Entry<B>>> {
        let options = &self.shared.options;
        loop {
            let full = self.shared.full.notified();
            let linger_until = {
                let state = self.shared.lock();
                let lingering = state.queue.linger_until().filter(|until| {
                    !state.closed && !state.queue.is_full(options) && *until > Instant::now()
                });
                let Some(until) = lingering else {
                    return self.take(state);
                };
                until
            };
            let _ = timeout_at(linger_until, full).await;
        }
    }

    /// A batch of what is ready; without any, this runner is over.
    fn take(&self, mut state: MutexGuard<'_, State<B>>) -> Option<Vec<Entry<B>>> {
        let options = &self.shared.options;
        let batch = state.queue.take(options);
        state.starting -= 1;
        if batch.is_empty() {
            state.runners -= 1;
            return None;
        }
        let another = state.wants_runner(options);
        drop(state);
        if another {
            Shared::start(&self.shared);
        }
        self.shared.room.add_permits(batch.len());
        Some(batch)
    }

    async fn perform(&self, batch: Vec<Entry<B>>) {
        let (items, replies): (Vec<_>, Vec<_>) = batch
            .into_iter()
            .map(|entry| (entry.item, entry.reply))
            .unzip();
        let expected = replies.len();
        match AssertUnwindSafe(self.shared.batch.run(items))
            .catch_unwind()
            .await
        {
            Ok(outputs) if outputs.len() == expected => {
                for (reply, output) in replies.into_iter().zip(outputs) {
                    // the submitter may be gone; its entry went all the same
                    let _ = reply.send(output);
                }
            }
            Ok(outputs) => tracing::error!(
                expected,
                got = outputs.len(),
                "a batch gave a wrong number of outcomes"
            ),
            Err(_) => tracing::error!(entries = expected, "a batch panicked"),
        }
    }
}

impl<B: Batch> Drop for Runner<B> {
    /// The runtime is shutting down: nothing will run any more, so nobody may wait for it.
    fn drop(&mut self) {
        if self.finished {
            return;
        }
        let mut state = self.shared.lock();
        state.closed = true;
        state.runners = 0;
        state.queue.clear();
        drop(state);
        self.shared.room.close();
        self.shared.ended.notify_waiters();
    }
}
