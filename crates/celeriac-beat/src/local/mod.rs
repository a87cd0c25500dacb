//! The local beat: a process that sends what is due.

mod agenda;
mod beat_state;
mod leadership;
mod pauses;
mod sending;
mod sends;
mod store_document;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use celeriac_core::{Clock, Documents, StoreError, StoreErrorKind, TaskSender};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use tokio_util::sync::CancellationToken;

use self::leadership::{HeldLease, Leadership};
pub use self::pauses::Pauses;
use self::sending::Leader;
use crate::{Entry, EntryError};

/// Sends the runs of an app's entries when they are due, against any broker. Any number of beats
/// may run: one of them sends, the others wait and take over when it has given no sign of life for
/// three quarters of the lease, so that a beat which was killed is followed within one lease.
///
/// A run has the id `<entry>:<time due>`. The state is written after the sends, so a beat that dies
/// in between leaves some runs to be sent again under the same ids, and the ledger makes one task
/// of both messages. Times due depend on nothing but the entry, so a beat that takes over has the
/// same ones.
///
/// An entry that is new is due from now on, never at once. A run that is less than two leases late
/// is sent whatever the entry's [`CatchUp`](crate::CatchUp); one that is later, because no beat was
/// there or the broker was away, is under that policy. What the broker does not take is tried
/// again, up to 8 seconds apart, and holds back no other entry. A clock that is set, back or
/// forward, makes no storm.
pub struct Beat {
    parts: BeatParts,
    entries: Vec<(Entry, TimeZone)>,
}

/// What a beat is made of.
pub struct BeatParts {
    /// The app's name: beats of one app share their lease.
    pub app: String,
    /// What is sent when.
    pub entries: Vec<Entry>,
    /// Zone of entries that name none.
    pub timezone: TimeZone,
    /// Keeps the lease, how far runs were sent, and which entries are paused.
    pub documents: Arc<dyn Documents>,
    /// Where runs go.
    pub sender: Arc<dyn TaskSender>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// `beat_lease`.
    pub lease: Duration,
    /// `beat_cron_starting_deadline`.
    pub starting_deadline: Option<Duration>,
    /// Who this is, for people; made unique.
    pub holder: String,
}

impl Beat {
    /// A beat of these entries.
    ///
    /// # Errors
    /// The first entry that cannot be, or that has another's name.
    pub fn new(mut parts: BeatParts) -> Result<Self, EntryError> {
        let entries = std::mem::take(&mut parts.entries);
        let mut names = HashSet::with_capacity(entries.len());
        let with_zone = |entry: Entry| {
            entry.check()?;
            if !names.insert(entry.name.clone()) {
                return Err(
                    entry.wrong("another entry has this name: their runs would have the same ids")
                );
            }
            let zone = entry.zone(&parts.timezone)?;
            Ok((entry, zone))
        };
        let entries = entries
            .into_iter()
            .map(with_zone)
            .collect::<Result<_, _>>()?;
        Ok(Self { parts, entries })
    }

    /// Sends what is due until `shutdown`, then gives the lease to whoever waits for it. A store or
    /// broker that is away is waited for.
    ///
    /// If dropped, the lease is not handed over: another beat takes it when it has run out.
    ///
    /// # Errors
    /// A store that cannot be used at all: no table, no permission.
    pub async fn run(self, shutdown: CancellationToken) -> Result<(), StoreError> {
        let holder = format!(
            "{}:{}",
            self.parts.holder,
            celeriac_core::random::uuid4().simple()
        );
        let key = document_key(&self.parts.app, "state");
        let mut leadership = Leadership::new(&self.parts.documents, key, holder, self.parts.lease);
        while let Some(held) = self.take(&mut leadership, &shutdown).await? {
            match self.lead(&leadership, held, &shutdown).await {
                Err(error) if error.is_retryable() => away(&error),
                led => led?,
            }
            pause(leadership.pause(), &shutdown).await;
        }
        Ok(())
    }

    /// Sends until `shutdown` or until the lease is lost.
    async fn lead(
        &self,
        leadership: &Leadership,
        held: HeldLease,
        shutdown: &CancellationToken,
    ) -> Result<(), StoreError> {
        let leader = Leader::new(&self.parts, &self.entries, leadership, held).await?;
        let app = &self.parts.app;
        tracing::info!(app, entries = self.entries.len(), "this beat is sending");
        leader.lead(shutdown).await?;
        if !shutdown.is_cancelled() {
            tracing::warn!(app, "this beat's lease has expired; it stops sending");
        }
        Ok(())
    }

    /// A request that is never answered must not keep it waiting: whatever it has done is seen at
    /// the next look.
    async fn try_take(&self, leadership: &mut Leadership) -> Result<Option<HeldLease>, StoreError> {
        let answer =
            tokio::time::timeout(self.parts.lease / 2, leadership.try_take(self.parts.now()));
        answer.await.unwrap_or_else(|_| {
            let late = StoreErrorKind::Unavailable("no answer in time".to_owned());
            Err(StoreError::new("load document", "the beat's state", late))
        })
    }

    /// Waits for the lease; `None` at shutdown.
    async fn take(
        &self,
        leadership: &mut Leadership,
        shutdown: &CancellationToken,
    ) -> Result<Option<HeldLease>, StoreError> {
        let mut waiting = false;
        while !shutdown.is_cancelled() {
            match self.try_take(leadership).await {
                Ok(Some(held)) => return Ok(Some(held)),
                Ok(None) if !waiting => {
                    tracing::info!(
                        app = self.parts.app,
                        "another beat holds the lease; this one is on standby"
                    );
                    waiting = true;
                }
                Ok(None) => {}
                Err(error) if error.is_retryable() => away(&error),
                Err(error) => return Err(error),
            }
            pause(leadership.pause(), shutdown).await;
        }
        Ok(None)
    }
}

fn away(error: &StoreError) {
    tracing::warn!("the beat's state could not be read or written; retrying: {error}");
}

async fn pause(time: Duration, shutdown: &CancellationToken) {
    tokio::select! {
        biased;
        () = tokio::time::sleep(time) => {}
        () = shutdown.cancelled() => {}
    }
}

impl BeatParts {
    fn now(&self) -> Timestamp {
        Timestamp::from_microsecond(self.clock.now().0).unwrap_or(Timestamp::MAX)
    }
}

/// The store's documents of an app's beats.
fn document_key(app: &str, what: &str) -> String {
    format!("beat:{app}:{what}")
}
