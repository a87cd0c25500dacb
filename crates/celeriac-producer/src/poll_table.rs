use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use celeriac_core::{Record, StoreError};
use celeriac_protocol::State;
use tokio::sync::oneshot;
use tokio::time::Instant;

/// How long a look at a result holds for whoever comes next: a task that does nothing on this
/// machine takes about as long.
const FIRST: Duration = Duration::from_millis(5);
/// No interval grows over this, and then jitter keeps processes apart.
const LONGEST: Duration = Duration::from_secs(1);
/// How fast intervals grow.
const GROWTH: f64 = 1.5;
/// Second and later looks in a second, over all ids; with more waiting, one a second for each.
const LOOKS_PER_SECOND: usize = 5_000;
/// So many more looks does each result pay for that is found: where results come fast, they are
/// looked for as fast as the store answers, and where none come, nothing is added.
const LOOKS_PER_RESULT: usize = 2;
/// Later looks start at most this often, and take all that is due. First looks wait for nothing but
/// each other.
const TICK: Duration = Duration::from_millis(10);
/// The shortest interval after a store error.
const AFTER_ERROR: Duration = Duration::from_millis(200);

/// What a waiter gets: the final record, or an error that waiting does not mend.
pub(crate) type Outcome = Result<Arc<Record>, StoreError>;

/// Which ids are waited for, by whom, and when each is to be read next. Pure: the poller gives it
/// the time.
pub(crate) struct PollTable {
    waiting: HashMap<Arc<str>, Waiting>,
    /// Ids that are to be looked at now, in the order of their first waiters.
    fresh: BTreeSet<(u64, Arc<str>)>,
    /// Ids that have been looked at, by the time of the next look.
    due: BTreeSet<(Instant, Arc<str>)>,
    next_read: Instant,
    next_key: u64,
    allowance: Allowance,
    /// Where the grid of looks begins: at another time in each process, so that processes do not
    /// read in step.
    epoch: Instant,
    /// Whether a poller task runs.
    pub(crate) running: bool,
}

struct Waiting {
    waiters: Vec<(u64, oneshot::Sender<Outcome>)>,
    interval: Duration,
    place: Place,
    looked: Option<Instant>,
    seen: Option<LastSeen>,
}

/// Where an id stands.
#[derive(Clone, Copy)]
enum Place {
    Fresh(u64),
    Due(Instant),
    Reading,
}

/// How many looks may be had beside the first ones.
struct Allowance {
    /// Of the time gone by; one batch at most.
    looks: f64,
    /// Of the results found.
    earned: usize,
    filled: Instant,
}

/// The reads under way.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct InFlight {
    /// Those that count for the bound.
    pub(crate) reads: usize,
    /// Whether there is one of a few fresh ids, which has a place of its own.
    pub(crate) fresh: bool,
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
    /// Read these few at once; what comes meanwhile goes together in the next one.
    ReadFresh(Vec<String>),
    /// Nothing is to be read before this time, or before a read has ended.
    Sleep(Instant),
    /// Nobody waits.
    Stop,
}

impl PollTable {
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            waiting: HashMap::new(),
            fresh: BTreeSet::new(),
            due: BTreeSet::new(),
            next_read: now,
            next_key: 0,
            allowance: Allowance {
                looks: 0.0,
                earned: 0,
                filled: now,
            },
            epoch: now,
            running: false,
        }
    }

    /// Adds a waiter; its id is looked at now, unless that was done a moment ago, however long
    /// others have waited for it already.
    pub(crate) fn add(&mut self, task_id: &str, now: Instant) -> (u64, oneshot::Receiver<Outcome>) {
        let (sender, receiver) = oneshot::channel();
        let key = self.next_key;
        self.next_key += 1;
        let (id, mut waiting) = self
            .waiting
            .remove_entry(task_id)
            .unwrap_or_else(|| (task_id.into(), Waiting::new(key)));
        waiting.waiters.push((key, sender));
        waiting.interval = FIRST;
        let place = match (waiting.place, waiting.looked.map(|looked| looked + FIRST)) {
            (Place::Due(_), Some(soon)) if soon > now => Place::Due(soon),
            (Place::Due(_), _) => Place::Fresh(key),
            (place, _) => place,
        };
        self.put(id, waiting, place);
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
        {
            self.unlist(&id, gone.place);
        }
    }

    /// Puts an id back where it is to stand from now on.
    fn put(&mut self, id: Arc<str>, mut waiting: Waiting, place: Place) {
        self.unlist(&id, waiting.place);
        match place {
            Place::Fresh(key) => _ = self.fresh.insert((key, id.clone())),
            Place::Due(due) => _ = self.due.insert((due, id.clone())),
            Place::Reading => {}
        }
        waiting.place = place;
        self.waiting.insert(id, waiting);
    }

    fn unlist(&mut self, id: &Arc<str>, place: Place) {
        match place {
            Place::Fresh(key) => _ = self.fresh.remove(&(key, id.clone())),
            Place::Due(due) => _ = self.due.remove(&(due, id.clone())),
            Place::Reading => {}
        }
    }

    /// What was seen of an id; nothing if no look at it has come back yet.
    pub(crate) fn last_seen(&self, task_id: &str) -> Option<LastSeen> {
        self.waiting.get(task_id)?.seen.clone()
    }

    /// Takes at most `max` ids, with at most `reads` reads in flight and one of a few fresh ids
    /// beside them.
    pub(crate) fn step(
        &mut self,
        now: Instant,
        max: usize,
        reads: usize,
        in_flight: InFlight,
    ) -> Step {
        if self.waiting.is_empty() {
            return Step::Stop;
        }
        let room = in_flight.reads < reads;
        if self.fresh.len() >= max && room {
            return Step::Read(self.take_fresh(max));
        }
        if !self.fresh.is_empty() && !in_flight.fresh {
            return Step::ReadFresh(self.take_fresh(max));
        }
        if !room {
            return Step::Sleep(now + LONGEST);
        }
        let Some((first, _)) = self.due.first() else {
            return Step::Sleep(now + LONGEST); // all are being read
        };
        let start = (*first).max(self.next_read);
        if start > now {
            return Step::Sleep(start);
        }
        let wanted = self
            .due
            .iter()
            .take(max)
            .take_while(|(due, _)| *due <= now)
            .count();
        if let Err(until) = self.allowance.take(wanted, max, self.waiting.len(), now) {
            return Step::Sleep(until);
        }
        if wanted < max {
            self.next_read = now + TICK;
        }
        Step::Read(self.take_due(wanted))
    }

    fn take_fresh(&mut self, max: usize) -> Vec<String> {
        let ids = std::iter::from_fn(|| self.fresh.pop_first())
            .take(max)
            .map(|(_, id)| id);
        read(&mut self.waiting, ids)
    }

    fn take_due(&mut self, count: usize) -> Vec<String> {
        let ids = std::iter::from_fn(|| self.due.pop_first())
            .take(count)
            .map(|(_, id)| id);
        read(&mut self.waiting, ids)
    }

    /// Gives final records and final errors to those who wait, and sets the next look at the
    /// others.
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
                self.allowance.earned += LOOKS_PER_RESULT;
                self.unlist(&id, waiting.place);
                return waiting.tell(&Ok(Arc::new(record)));
            }
            Ok(record) => {
                let state = record.map_or(State::Pending, |record| record.meta.status);
                waiting.seen = Some(LastSeen { state, error: None });
            }
            Err(error) if !error.is_retryable() => {
                self.unlist(&id, waiting.place);
                return waiting.tell(&Err(error));
            }
            Err(error) => {
                let seen = waiting.seen.get_or_insert(LastSeen {
                    state: State::Pending,
                    error: None,
                });
                seen.error = Some(error);
                waiting.interval = waiting.interval.max(AFTER_ERROR);
            }
        }
        waiting.looked = Some(now);
        let place = match waiting.place {
            Place::Reading => Place::Due(waiting.next_look(now, self.epoch)),
            place => place, // somebody came after this read had begun
        };
        self.put(id, waiting, place);
    }

    /// Forgets all waiters, who see it and come again: the poller ended before its time.
    pub(crate) fn abandon(&mut self) {
        self.waiting.clear();
        self.fresh.clear();
        self.due.clear();
        self.running = false;
    }
}

impl Waiting {
    fn new(key: u64) -> Self {
        Self {
            waiters: Vec::new(),
            interval: FIRST,
            place: Place::Fresh(key),
            looked: None,
            seen: None,
        }
    }

    fn tell(self, outcome: &Outcome) {
        for (_, waiter) in self.waiters {
            let _ = waiter.send(outcome.clone()); // it may have gone
        }
    }

    /// The interval with jitter; a long one then goes on to the next line of a grid, where other
    /// ids are due too: few full batches instead of many small ones. Widths are powers of two, so
    /// that the lines of a wide grid are lines of every narrower one.
    fn next_look(&mut self, now: Instant, epoch: Instant) -> Instant {
        let wait = self
            .interval
            .min(LONGEST)
            .mul_f64(0.9 + 0.2 * celeriac_core::random::fraction());
        self.interval = self.interval.mul_f64(GROWTH).min(LONGEST);
        let mut due = now + wait;
        if wait > 4 * TICK {
            let width = (wait.as_micros() as u64 / 4).next_power_of_two();
            let past = due.duration_since(epoch).as_micros() as u64 % width;
            due += Duration::from_micros(width - past);
        }
        due
    }
}

impl Allowance {
    /// Takes `wanted` looks, or says when they can be had. `batch` is what time gathers at most.
    fn take(
        &mut self,
        wanted: usize,
        batch: usize,
        waiting: usize,
        now: Instant,
    ) -> Result<(), Instant> {
        let rate = waiting.max(LOOKS_PER_SECOND) as f64;
        let gone = now.saturating_duration_since(self.filled).as_secs_f64();
        self.filled = now;
        self.looks = (self.looks + rate * gone).min(batch as f64);
        self.earned = self.earned.min(waiting);
        let missing = wanted.saturating_sub(self.earned) as f64;
        if self.looks < missing {
            let wait = Duration::from_secs_f64((missing - self.looks) / rate);
            return Err(now + wait.max(Duration::from_micros(100)));
        }
        self.looks -= missing;
        self.earned = self.earned.saturating_sub(wanted);
        Ok(())
    }
}

/// Marks these as being read.
fn read(
    waiting: &mut HashMap<Arc<str>, Waiting>,
    ids: impl Iterator<Item = Arc<str>>,
) -> Vec<String> {
    let mut taken = Vec::new();
    for id in ids {
        if let Some(waiting) = waiting.get_mut(&id) {
            waiting.place = Place::Reading;
            taken.push(id.to_string());
        }
    }
    taken
}
