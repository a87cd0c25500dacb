use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use celeriac_beat::local::{Beat, BeatParts, Pauses};
use celeriac_beat::{Entry, Interval};
use celeriac_core::{Documents, StoreError, TaskSignature};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::fake_clock::FakeClock;
use crate::fake_store::FakeStore;
use crate::recorder::{Recorder, Sender, Sent};

/// The document of the beats' state.
pub(crate) const STATE: &str = "beat:shop:state";
/// The document of when entries were seen first.
pub(crate) const SEEN: &str = "beat:shop:entries";
pub(crate) const LEASE: Duration = Duration::from_secs(8);

/// Beats of one app.
pub(crate) struct Scene {
    pub(crate) clock: Arc<FakeClock>,
    pub(crate) store: Arc<FakeStore>,
    pub(crate) recorder: Arc<Recorder>,
    beats: AtomicUsize,
}

/// A beat that runs; killed when dropped.
pub(crate) struct Running {
    shutdown: CancellationToken,
    task: JoinHandle<Result<(), StoreError>>,
}

impl Running {
    pub(crate) fn kill(self) {
        drop(self);
    }

    pub(crate) async fn stop(mut self) -> Result<(), StoreError> {
        self.shutdown.cancel();
        (&mut self.task).await.expect("no panic")
    }

    /// Ends by itself.
    pub(crate) async fn ended(mut self) -> Result<(), StoreError> {
        (&mut self.task).await.expect("no panic")
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.task.is_finished()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Scene {
    pub(crate) fn new() -> Self {
        Self::seeded(0)
    }

    pub(crate) fn seeded(seed: u64) -> Self {
        let clock = Arc::new(FakeClock::new(at(0)));
        let store = Arc::new(FakeStore::new(seed));
        Self {
            recorder: Arc::new(Recorder::new(seed ^ 1, &clock, &store)),
            clock,
            store,
            beats: AtomicUsize::new(0),
        }
    }

    pub(crate) fn start(&self, entries: Vec<Entry>) -> Running {
        self.start_with(entries, |_| {})
    }

    pub(crate) fn start_with(
        &self,
        entries: Vec<Entry>,
        change: impl FnOnce(&mut BeatParts),
    ) -> Running {
        let name = format!("beat{}", self.beats.fetch_add(1, Ordering::Relaxed));
        let mut parts = BeatParts {
            app: "shop".to_owned(),
            entries,
            timezone: TimeZone::UTC,
            documents: self.documents(),
            sender: Arc::new(Sender {
                beat: name.clone(),
                recorder: Arc::clone(&self.recorder),
            }),
            clock: Arc::clone(&self.clock) as _,
            lease: LEASE,
            starting_deadline: None,
            holder: name,
        };
        change(&mut parts);
        let shutdown = CancellationToken::new();
        let beat = Beat::new(parts).expect("entries that can be");
        Running {
            task: tokio::spawn(beat.run(shutdown.clone())),
            shutdown,
        }
    }

    fn documents(&self) -> Arc<dyn Documents> {
        Arc::clone(&self.store) as _
    }

    pub(crate) fn pauses(&self) -> Pauses {
        Pauses::of("shop", &self.documents())
    }

    /// Lets time pass.
    pub(crate) async fn pass(&self, seconds: f64) {
        tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
    }

    /// Lets time pass until the clock shows so many seconds after midnight.
    pub(crate) async fn until(&self, seconds: i64) {
        let left = at(seconds).duration_since(self.clock.time());
        tokio::time::sleep(left.try_into().expect("a time to come")).await;
    }

    /// Times due of what was sent, in seconds after midnight, in the order of sending.
    pub(crate) fn times(&self) -> Vec<i64> {
        let sent = self.recorder.sent();
        sent.iter().map(|sent| seconds(due(sent))).collect()
    }

    /// How often each id was sent.
    pub(crate) fn counts(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for sent in self.recorder.sent() {
            *counts.entry(sent.id).or_default() += 1;
        }
        counts
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        let strays = self.recorder.strays.load(Ordering::Relaxed);
        assert!(
            strays == 0 || std::thread::panicking(),
            "{strays} sends began without the lease"
        );
    }
}

/// Seconds after some midnight.
pub(crate) fn at(seconds: i64) -> Timestamp {
    let midnight: Timestamp = "2027-01-01T00:00:00Z".parse().expect("a time");
    midnight + SignedDuration::from_secs(seconds)
}

pub(crate) fn seconds(time: Timestamp) -> i64 {
    time.duration_since(at(0)).as_secs()
}

/// The time due that an id names.
pub(crate) fn due(sent: &Sent) -> Timestamp {
    let (_, time) = sent.id.split_once(':').expect("a name and a time");
    time.parse().expect("a time")
}

pub(crate) fn every(seconds: f64) -> Entry {
    named("pulse", seconds)
}

pub(crate) fn named(name: &str, seconds: f64) -> Entry {
    let interval = Interval::every(Duration::from_secs_f64(seconds)).expect("an interval");
    let call: TaskSignature = TaskSignature::new(format!("shop.{name}"));
    Entry::new(name, interval, call)
}
