use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use celeriac_core::{Ledger, Record, StoreError, StoreErrorKind};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{Notify, oneshot};
use tokio::time::{Instant, sleep_until};

use crate::poll_table::{InFlight, LastSeen, Outcome, PollTable, Step};

/// Ids in one read. DynamoDB: a BatchGetItem takes 100.
const IDS_PER_READ: usize = 100;
/// Reads in flight, and one of a few ids that nobody has looked at yet beside them.
const READS: usize = 4;

/// One task that reads results for all who wait. It runs while somebody waits, and asks for many
/// ids in one read.
#[derive(Clone)]
pub(crate) struct Poller {
    shared: Arc<Shared>,
}

struct Shared {
    store: Arc<dyn Ledger>,
    table: Mutex<PollTable>,
    wake: Notify,
}

/// Somebody who waits for a final state. Dropped, it waits no more.
pub(crate) struct Wait {
    poller: Poller,
    task_id: String,
    key: u64,
    receiver: oneshot::Receiver<Outcome>,
}

impl Poller {
    pub(crate) fn new(store: Arc<dyn Ledger>) -> Self {
        Self {
            shared: Arc::new(Shared {
                store,
                table: Mutex::new(PollTable::new(Instant::now())),
                wake: Notify::new(),
            }),
        }
    }

    /// Begins to wait. Needs a tokio runtime.
    pub(crate) fn wait(&self, task_id: &str) -> Wait {
        let (key, receiver) = self.register(task_id);
        Wait {
            poller: self.clone(),
            task_id: task_id.to_owned(),
            key,
            receiver,
        }
    }

    fn register(&self, task_id: &str) -> (u64, oneshot::Receiver<Outcome>) {
        let mut table = self.shared.table();
        let registered = table.add(task_id, Instant::now());
        if table.running {
            self.shared.wake.notify_one();
        } else {
            table.running = true;
            tokio::spawn(
                Running {
                    shared: self.shared.clone(),
                    ended: false,
                }
                .run(),
            );
        }
        registered
    }
}

impl Wait {
    /// The final record, or the error that ends the waiting. Cancel-safe.
    pub(crate) async fn outcome(&mut self) -> Outcome {
        loop {
            if let Ok(outcome) = (&mut self.receiver).await {
                return outcome;
            }
            // The poller's runtime has ended, or the store panicked: ask again from here.
            (self.key, self.receiver) = self.poller.register(&self.task_id);
        }
    }

    /// What the poller saw last.
    pub(crate) fn last_seen(&self) -> Option<LastSeen> {
        self.poller.shared.table().last_seen(&self.task_id)
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        self.poller.shared.table().remove(&self.task_id, self.key);
    }
}

impl Shared {
    fn table(&self) -> MutexGuard<'_, PollTable> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads these; gives back whether they were the few fresh ones.
    async fn read(&self, ids: Vec<String>, fresh: bool) -> bool {
        let mut answers = self.store.get(&ids).await.into_iter();
        let now = Instant::now();
        let mut table = self.table();
        for id in ids {
            let answer = answers.next().unwrap_or_else(|| Err(unanswered(&id)));
            table.apply(&id, answer, now);
        }
        fresh
    }
}

/// A read that did not come back.
pub(crate) fn unanswered(task_id: &str) -> StoreError {
    StoreError::new(
        "get",
        task_id,
        StoreErrorKind::Unavailable("the store gave no answer".to_owned()),
    )
}

/// The poller task; if it ends before its time (its runtime is dropped, the store panics), those
/// who wait learn of it.
struct Running {
    shared: Arc<Shared>,
    ended: bool,
}

impl Running {
    async fn run(mut self) {
        let shared = self.shared.clone();
        let mut reads = FuturesUnordered::new();
        let mut fresh = false; // whether one of them is of a few fresh ids
        loop {
            let in_flight = InFlight {
                reads: reads.len() - usize::from(fresh),
                fresh,
            };
            match self.next_step(in_flight) {
                Step::Stop => return,
                Step::Read(ids) => reads.push(shared.read(ids, false)),
                Step::ReadFresh(ids) => {
                    fresh = true;
                    reads.push(shared.read(ids, true));
                }
                Step::Sleep(until) => tokio::select! {
                    biased;
                    Some(was_fresh) = reads.next(), if !reads.is_empty() => fresh &= !was_fresh,
                    () = shared.wake.notified() => {}
                    () = sleep_until(until) => {}
                },
            }
        }
    }

    fn next_step(&mut self, in_flight: InFlight) -> Step {
        let mut table = self.shared.table();
        let now = Instant::now();
        match table.step(now, IDS_PER_READ, READS, in_flight) {
            // nobody waits, but reads are in flight: they are waited out
            Step::Stop if in_flight.reads > 0 || in_flight.fresh => {
                Step::Sleep(now + Duration::from_secs(1))
            }
            Step::Stop => {
                table.running = false; // under the lock: who comes now starts another
                self.ended = true;
                Step::Stop
            }
            step => step,
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.ended {
            self.shared.table().abandon();
        }
    }
}

/// Reads one record now.
pub(crate) async fn read_one(
    store: &dyn Ledger,
    task_id: &str,
) -> Result<Option<Record>, StoreError> {
    let ids = [task_id.to_owned()];
    store
        .get(&ids)
        .await
        .into_iter()
        .next()
        .unwrap_or_else(|| Err(unanswered(task_id)))
}
