use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use celeriac_core::{Record, StoreError};
use celeriac_protocol::State;
use tokio::sync::oneshot;
use tokio::time::Instant;

/// The first look at a result after somebody began to wait: a task that does nothing on this machine takes about as long.
const FIRST: Duration = Duration::from_millis(5);
/// No interval grows over this, and then jitter keeps processes apart.
const LONGEST: Duration = Duration::from_secs(1);
/// How fast intervals grow.
const GROWTH: f64 = 1.5;
/// With many waiting, each is looked at less often: about 5,000 ids a second together.
const PER_WAITING: Duration = Duration::from_micros(200);
/// Reads start at most this often, and take all that is due.
const TICK: Duration = Duration::from_millis(10);
/// The shortest interval after a store error.
const AFTER_ERROR: Duration = Duration::from_millis(200);

/// What a waiter gets: the final record, or an error that waiting does not mend.
pub(crate) type Outcome = Result<Arc<Record>, StoreError>;

/// Which ids are waited for, by whom, and when each is to be read next. Pure: the poller gives it the time.
pub(crate) struct PollTable {
    waiting: HashMap<Arc<str>, Waiting>,
    due: BTreeSet<(Instant, Arc<str>)>,
    next_read: Instant,
    next_key: u64,
    /// Where the grid of looks begins: at another time in each process, so that processes do not read in step.
    epoch: Instant,
    /// Whether a poller task runs.
    pub(crate) running: bool,
}

struct Waiting {
    waiters: Vec<(u64, oneshot::Sender<Outcome>)>,
    interval: Duration,
    /// `None` while it is being read.
    due: Option<Instant>,
    seen: LastSeen,
}

/// What a waiter is told that waits no longer.
#[derive(Clone, Debug)]
pub(crate) struct LastSeen {
    pub(crate) state: State,
    pub(crate) error: Option<StoreError>,
}

/// What the poller does next.
#[derive(Debug, PartialEq)]
pub(crate) enum Step {
    /// Read these.
    Read(Vec<String>),
    /// Nothing is due before this time.
    Sleep(Instant),
    /// Nobody waits.
    Stop,
}

impl PollTable {
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            waiting: HashMap::new(),
            due: BTreeSet::new(),
            next_read: now,
            next_key: 0,
            epoch: now,
            running: false,
        }
    }

    /// Adds a waiter; its id is looked at soon, however long others have waited for it already.
    pub(crate) fn add(&mut self, task_id: &str, now: Instant) -> (u64, oneshot::Receiver<Outcome>) {
        let (sender, receiver) = oneshot::channel();
        let key = self.next_key;
        self.next_key += 1;
        if let Some((id, waiting)) = self.waiting.get_key_value(task_id) {
            if let Some(due) = waiting.due {
                self.due.remove(&(due, id.clone()));
            }
        } else {
            self.waiting.insert(task_id.into(), Waiting::new(now));
        }
        let id = self
            .waiting
            .get_key_value(task_id)
            .map(|(id, _)| id.clone());
        if let (Some(id), Some(waiting)) = (id, self.waiting.get_mut(task_id)) {
            waiting.waiters.push((key, sender));
            waiting.interval = FIRST;
            if let Some(due) = &mut waiting.due {
                *due = now + FIRST;
                self.due.insert((*due, id));
            }
        }
        (key, receiver)
    }

    /// Takes a waiter out; an id that nobody waits for is not read again.
    pub(crate) fn remove(&mut self, task_id: &str, key: u64) {
        let Some(waiting) = self.waiting.get_mut(task_id) else {
            return;
        };
        waiting.waiters.retain(|(other, _)| *other != key);
        if waiting.waiters.is_empty()
            && let Some((id, gone)) = self.waiting.remove_entry(task_id)
            && let Some(due) = gone.due
        {
            self.due.remove(&(due, id));
        }
    }

    /// What was seen of an id.
    pub(crate) fn last_seen(&self, task_id: &str) -> Option<LastSeen> {
        self.waiting
            .get(task_id)
            .map(|waiting| waiting.seen.clone())
    }

    /// Takes at most `max` of the ids that are due.
    pub(crate) fn step(&mut self, now: Instant, max: usize) -> Step {
        let Some((first, _)) = self.due.first() else {
            return if self.waiting.is_empty() {
                Step::Stop
            } else {
                Step::Sleep(now + LONGEST)
            }; // all are being read
        };
        let start = (*first).max(self.next_read);
        if start > now {
            return Step::Sleep(start);
        }
        let mut ids = Vec::new();
        while ids.len() < max
            && let Some((due, id)) = self.due.pop_first()
        {
            if due > now {
                self.due.insert((due, id));
                break;
            }
            if let Some(waiting) = self.waiting.get_mut(&id) {
                waiting.due = None;
                ids.push(id.to_string());
            }
        }
        if ids.len() < max {
            self.next_read = now + TICK;
        }
        Step::Read(ids)
    }

    /// Gives final records and final errors to those who wait, and sets the next look at the others.
    pub(crate) fn apply(
        &mut self,
        task_id: &str,
        read: Result<Option<Record>, StoreError>,
        now: Instant,
    ) {
        let Some((id, mut waiting)) = self.waiting.remove_entry(task_id) else {
            return;
        }; // nobody waits any more
        match read {
            Ok(Some(record)) if record.meta.status.is_ready() => {
                return waiting.tell(&Ok(Arc::new(record)));
            }
            Ok(record) => {
                waiting.seen = LastSeen {
                    state: record.map_or(State::Pending, |record| record.meta.status),
                    error: None,
                }
            }
            Err(error) if !error.is_retryable() => return waiting.tell(&Err(error)),
            Err(error) => {
                waiting.seen.error = Some(error);
                waiting.interval = waiting.interval.max(AFTER_ERROR);
            }
        }
        let floor =
            PER_WAITING.saturating_mul(u32::try_from(self.waiting.len()).unwrap_or(u32::MAX));
        let due = waiting.next_look(floor, now, self.epoch);
        self.due.insert((due, id.clone()));
        self.waiting.insert(id, waiting);
    }

    /// Forgets all waiters, who see it and come again: the poller ended before its time.
    pub(crate) fn abandon(&mut self) {
        self.waiting.clear();
        self.due.clear();
        self.running = false;
    }
}

impl Waiting {
    fn new(now: Instant) -> Self {
        let seen = LastSeen {
            state: State::Pending,
            error: None,
        };
        Self {
            waiters: Vec::new(),
            interval: FIRST,
            due: Some(now),
            seen,
        }
    }

    fn tell(self, outcome: &Outcome) {
        for (_, waiter) in self.waiters {
            let _ = waiter.send(outcome.clone()); // it may have gone
        }
    }

    /// The interval with jitter; a long one then goes on to the next line of a grid, where other ids are due too: few full
    /// batches instead of many small ones. Widths are powers of two, so that the lines of a wide grid are lines of every
    /// narrower one.
    fn next_look(&mut self, floor: Duration, now: Instant, epoch: Instant) -> Instant {
        let wait = self
            .interval
            .max(floor)
            .min(LONGEST)
            .mul_f64(0.9 + 0.2 * celeriac_core::random::fraction());
        self.interval = self.interval.mul_f64(GROWTH).min(LONGEST);
        let mut due = now + wait;
        if wait > 4 * TICK {
            let width = (wait.as_micros() as u64 / 4).next_power_of_two();
            let past = due.duration_since(epoch).as_micros() as u64 % width;
            due += Duration::from_micros(width - past);
        }
        self.due = Some(due);
        due
    }
}
