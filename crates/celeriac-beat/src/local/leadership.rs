use std::sync::Arc;
use std::time::Duration;

use celeriac_core::{Documents, StoreError, StoreErrorKind};
use jiff::Timestamp;
use tokio::time::Instant;

use super::beat_state::BeatState;
use super::store_document::StoreDocument;

/// The right to send, which one beat of an app has at a time: the holder of the state's document,
/// as long as it writes it.
///
/// Nobody compares clocks of two machines: whoever waits takes over when the document's version has
/// stood still for 3/4 of a lease by its own clock, and a holder stops by itself when its last
/// write is 5/8 of a lease old. The rest of a lease is for looking and writing, so that a beat
/// which was killed is followed within one lease.
pub(super) struct Leadership {
    document: StoreDocument<BeatState>,
    holder: String,
    length: Duration,
    /// The version that was last seen, and since when it stands.
    seen: Option<(u64, Instant)>,
}

/// The lease of the beat that sends, with the state that it wrote last.
pub(super) struct HeldLease {
    pub(super) state: BeatState,
    version: u64,
    /// When it was last written.
    since: Instant,
}

impl Leadership {
    pub(super) fn new(
        store: &Arc<dyn Documents>,
        key: String,
        holder: String,
        length: Duration,
    ) -> Self {
        Self {
            document: StoreDocument::new(store, key),
            holder,
            length,
            seen: None,
        }
    }

    /// Takes the lease if nobody has it, or if its holder gives no sign of life. A new app's state
    /// begins `now`.
    pub(super) async fn try_take(
        &mut self,
        now: Timestamp,
    ) -> Result<Option<HeldLease>, StoreError> {
        let started = Instant::now();
        let (version, mut state) = self.document.load().await?;
        if version == 0 {
            state.handled = now;
        }
        let others = state.holder.is_some() && !self.is_mine(&state);
        if others && !self.stood_still(version) {
            return Ok(None);
        }
        state.holder = Some(self.holder.clone());
        let saved = self.document.save(version, &state).await?;
        Ok(saved.map(|version| HeldLease {
            state,
            version,
            since: started,
        }))
    }

    /// A write that went unanswered may have been done.
    fn is_mine(&self, state: &BeatState) -> bool {
        state.holder.as_ref() == Some(&self.holder)
    }

    fn stood_still(&mut self, version: u64) -> bool {
        match self.seen {
            Some((seen, since)) if seen == version => since.elapsed() >= self.takeover(),
            _ => {
                self.seen = Some((version, Instant::now()));
                false
            }
        }
    }

    fn takeover(&self) -> Duration {
        self.length * 3 / 4
    }

    /// How long to wait between two looks at a lease that another holds.
    pub(super) fn pause(&self) -> Duration {
        let pause = self.length / 16;
        let left = self
            .seen
            .map(|(_, since)| self.takeover().saturating_sub(since.elapsed()));
        left.filter(|left| !left.is_zero())
            .map_or(pause, |left| left.min(pause))
    }

    /// Writes the state, which is also the sign of life. `false`: another has taken over.
    ///
    /// # Errors
    /// Also if the store has not answered after a quarter of a lease: then it may have been
    /// written.
    pub(super) async fn save(&self, held: &mut HeldLease) -> Result<bool, StoreError> {
        let saved = tokio::time::timeout(self.length / 4, self.save_over(held)).await;
        saved.unwrap_or_else(|_| {
            let late = StoreErrorKind::Unavailable("no answer in time".to_owned());
            Err(StoreError::new("save document", "the beat's state", late))
        })
    }

    async fn save_over(&self, held: &mut HeldLease) -> Result<bool, StoreError> {
        if self.save_once(held).await? {
            return Ok(true);
        }
        let (version, state) = self.document.load().await?;
        if !self.is_mine(&state) {
            return Ok(false);
        }
        held.version = version;
        self.save_once(held).await
    }

    async fn save_once(&self, held: &mut HeldLease) -> Result<bool, StoreError> {
        let started = Instant::now();
        let saved = self.document.save(held.version, &held.state).await?;
        if let Some(version) = saved {
            (held.version, held.since) = (version, started);
        }
        Ok(saved.is_some())
    }

    /// Gives the lease to whoever waits for it.
    pub(super) async fn release(&self, held: &mut HeldLease) -> Result<(), StoreError> {
        held.state.holder = None;
        match self.save(held).await {
            Err(error) if error.is_retryable() => self.save(held).await.map(drop),
            saved => saved.map(drop),
        }
    }

    /// Whether nobody else can have taken it.
    pub(super) fn is_held(&self, held: &HeldLease) -> bool {
        Instant::now() < self.end(held)
    }

    /// Until when nobody else can have taken it.
    pub(super) fn end(&self, held: &HeldLease) -> Instant {
        held.since + self.length * 5 / 8
    }

    /// When the next sign of life is due, early enough for another try.
    pub(super) fn renewal(&self, held: &HeldLease) -> Instant {
        held.since + self.length / 4
    }

    /// When to try again if the store was away.
    pub(super) fn retry(&self) -> Instant {
        Instant::now() + self.length / 32
    }
}
