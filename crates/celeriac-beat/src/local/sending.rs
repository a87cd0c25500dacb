use std::collections::BTreeSet;
use std::time::Duration;

use celeriac_core::{SendError, StoreError};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::agenda::{Agenda, Due, Rules};
use super::beat_state::FirstSeen;
use super::leadership::{HeldLease, Leadership};
use super::sends::{Sends, is_hopeless};
use super::store_document::StoreDocument;
use super::{BeatParts, Pauses, document_key};
use crate::Entry;

/// The longest sleep, so that a clock that is set is noticed.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);
/// How long sends that are on their way are waited for at shutdown.
const LAST_SENDS: Duration = Duration::from_secs(10);

/// A beat that holds the lease.
pub(super) struct Leader<'a> {
    parts: &'a BeatParts,
    leadership: &'a Leadership,
    held: HeldLease,
    agenda: Agenda,
    sends: Sends,
    pauses: Pauses,
    paused: BTreeSet<String>,
    /// When the state is written next, if nothing is sent before.
    renewal: Instant,
    /// When pauses are looked for next.
    pause_look: Instant,
    /// Runs were sent that the written state does not know of.
    unwritten: bool,
}

impl<'a> Leader<'a> {
    pub(super) async fn new(
        parts: &'a BeatParts,
        entries: &[(Entry, TimeZone)],
        leadership: &'a Leadership,
        held: HeldLease,
    ) -> Result<Self, StoreError> {
        let now = parts.now();
        let seen = remember(parts, entries).await?;
        let pauses = Pauses::of(&parts.app, &parts.documents);
        let pauses_now = pauses.load_all().await?;
        let rules = Rules {
            on_time: parts.lease * 2,
            starting_deadline: parts.starting_deadline,
        };
        let agenda = {
            let handled = seen.handled(&held.state);
            let since = |entry: &Entry| {
                let resumed = pauses_now.resumed.get(entry.name()).copied();
                handled(entry).max(resumed.unwrap_or(Timestamp::MIN))
            };
            // a clock that was ahead must not hold runs back
            Agenda::new(entries.to_vec(), rules, |entry| since(entry).min(now))
        };
        Ok(Self {
            renewal: leadership.renewal(&held),
            pause_look: Instant::now() + parts.lease / 4,
            sends: Sends::new(&parts.sender),
            unwritten: false,
            parts,
            leadership,
            held,
            agenda,
            pauses,
            paused: pauses_now.paused,
        })
    }

    /// Sends what is due until `shutdown` or until the lease is lost.
    pub(super) async fn lead(mut self, shutdown: &CancellationToken) -> Result<(), StoreError> {
        while self.leadership.is_held(&self.held) {
            if shutdown.is_cancelled() {
                return self.end().await;
            }
            let sent = self.unwritten && self.sends.is_empty();
            if sent || Instant::now() >= self.renewal {
                if !self.keep().await? {
                    break;
                }
                continue; // that took time: is the lease still held?
            }
            self.start_due();
            self.wait(shutdown).await;
        }
        Ok(())
    }

    fn start_due(&mut self) {
        let now = self.parts.now();
        for due in self.agenda.due(now) {
            if self.is_paused(due) {
                self.agenda.settle(due, true, now);
            } else {
                self.sends.wait(due);
            }
        }
        while let Some(due) = self.sends.next_to_start() {
            let (entry, zone) = self.agenda.entry(due);
            let (call, options) = entry.run(due.time, zone.iana_name().unwrap_or("UTC"));
            self.sends.start(due, call, options);
        }
    }

    fn is_paused(&self, due: Due) -> bool {
        self.paused.contains(&self.agenda.entry(due).0.name)
    }

    /// Until a send has ended, or there is something to do.
    async fn wait(&mut self, shutdown: &CancellationToken) {
        let until = Instant::now() + self.until_due().min(LONGEST_SLEEP);
        let until = until.min(self.renewal).min(self.leadership.end(&self.held));
        tokio::select! {
            biased;
            (due, ended) = self.sends.ended() => self.settle(due, ended),
            () = tokio::time::sleep_until(until) => {}
            () = shutdown.cancelled() => {}
        }
    }

    fn until_due(&self) -> Duration {
        self.agenda.next_look().map_or(LONGEST_SLEEP, |next| {
            let left = next.duration_since(self.parts.now());
            Duration::try_from(left).unwrap_or_default()
        })
    }

    fn settle(&mut self, due: Due, ended: Result<String, SendError>) {
        let (entry, time) = (self.agenda.entry(due).0, due.time);
        let name = &entry.name;
        let done = match ended {
            Ok(id) => {
                tracing::info!(id, task = entry.task(), "sent {name}");
                true
            }
            Err(error) if is_hopeless(&error) => {
                tracing::error!(
                    entry = name,
                    "the run due at {time} cannot be sent: {error}"
                );
                true
            }
            Err(error) => {
                tracing::warn!(
                    entry = name,
                    "the run due at {time} was not sent; retrying: {error}"
                );
                false
            }
        };
        self.agenda.settle(due, done, self.parts.now());
        self.unwritten |= done;
    }

    /// Writes how far it is, and learns of pauses. `false`: the lease is lost.
    async fn keep(&mut self) -> Result<bool, StoreError> {
        self.set_progress();
        let held = match self.leadership.save(&mut self.held).await {
            Ok(held) => {
                self.renewal = self.leadership.renewal(&self.held);
                held
            }
            Err(error) if error.is_retryable() => {
                tracing::warn!("the beat's state was not saved; retrying: {error}");
                self.renewal = self.leadership.retry();
                true
            }
            Err(error) => return Err(error),
        };
        self.unwritten = false; // or else at the next renewal
        self.look_for_pauses().await;
        Ok(held)
    }

    fn set_progress(&mut self) {
        if let Some(progress) = self.agenda.progress() {
            self.held.state.set_progress(&progress);
        }
    }

    async fn look_for_pauses(&mut self) {
        let quarter = self.parts.lease / 4;
        if Instant::now() < self.pause_look {
            return;
        }
        self.pause_look = Instant::now() + quarter;
        match tokio::time::timeout(quarter / 2, self.pauses.load()).await {
            Ok(Ok(paused)) => self.paused = paused,
            Ok(Err(error)) => {
                tracing::warn!(
                    "the list of paused entries could not be read; keeping the last one: {error}"
                );
            }
            Err(_) => tracing::warn!(
                "the list of paused entries could not be read in time; keeping the last one"
            ),
        }
    }

    /// Waits for what is on its way, and hands over. What was not sent is the next beat's.
    async fn end(mut self) -> Result<(), StoreError> {
        self.sends.clear_waiting();
        let until = (Instant::now() + LAST_SENDS).min(self.leadership.end(&self.held));
        while !self.sends.is_empty() {
            match tokio::time::timeout_at(until, self.sends.ended()).await {
                Ok((due, ended)) => self.settle(due, ended),
                Err(_) => break,
            }
        }
        self.set_progress();
        match self.leadership.release(&mut self.held).await {
            Err(error) if error.is_retryable() => {
                tracing::warn!(
                    "the lease was not released; the next beat has to wait until it expires: {error}"
                );
                Ok(())
            }
            released => released,
        }
    }
}

/// When each entry was seen first; today's new ones now.
async fn remember(
    parts: &BeatParts,
    entries: &[(Entry, TimeZone)],
) -> Result<FirstSeen, StoreError> {
    let document: StoreDocument<FirstSeen> =
        StoreDocument::new(&parts.documents, document_key(&parts.app, "entries"));
    let now = parts.now();
    let today = |seen: &FirstSeen| seen.updated(entries.iter().map(|(entry, _)| entry), now);
    let (version, seen) = document.load().await?;
    let mut updated = today(&seen);
    if updated != seen && document.save(version, &updated).await?.is_none() {
        document
            .change(|seen| {
                updated = today(seen);
                seen.clone_from(&updated);
            })
            .await?;
    }
    Ok(updated)
}
