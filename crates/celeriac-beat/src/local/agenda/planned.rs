use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::Rules;
use super::missed::runs;
use crate::Entry;
use crate::instant::before;

/// Before the first try to send again what was not sent; doubled by each.
const FIRST_RETRY: Duration = Duration::from_secs(1);
/// The longest such wait.
const LONGEST_RETRY: Duration = Duration::from_secs(8);

/// One entry, and how far it is.
pub(super) struct Planned {
    pub(super) entry: Entry,
    pub(super) zone: TimeZone,
    /// Every time due up to here is dealt with: sent, or left out for good.
    handled: Timestamp,
    /// Every time due up to here was given out.
    looked_at: Timestamp,
    /// After `handled`: sent while others are not.
    sent: BTreeSet<Timestamp>,
    /// After `handled`: given out and not sent yet.
    unsent: BTreeSet<Timestamp>,
    /// How many of those are on their way.
    on_their_way: usize,
    /// Tries in which not all were sent.
    failed: u32,
}

impl Planned {
    pub(super) fn new(entry: Entry, zone: TimeZone, handled: Timestamp) -> Self {
        Self {
            entry,
            zone,
            handled,
            looked_at: handled,
            sent: BTreeSet::new(),
            unsent: BTreeSet::new(),
            on_their_way: 0,
            failed: 0,
        }
    }

    /// The next time due.
    pub(super) fn next(&self) -> Option<Timestamp> {
        self.entry.next_after(self.handled, &self.zone)
    }

    /// The runs to be sent now. A run that could not be sent for so long that it counts as missed
    /// is under the entry's policy too.
    pub(super) fn look(&mut self, now: Timestamp, rules: Rules) -> Vec<Timestamp> {
        let mut runs = runs((&self.entry, &self.zone), self.handled, now, rules);
        runs.retain(|time| !self.sent.contains(time));
        self.looked_at = now.max(self.handled);
        self.unsent = runs.iter().copied().collect();
        self.on_their_way = runs.len();
        runs
    }

    pub(super) fn settle(&mut self, time: Timestamp, sent: bool) {
        self.on_their_way = self.on_their_way.saturating_sub(1);
        if sent && self.unsent.remove(&time) {
            self.sent.insert(time);
        }
        if !self.is_on_its_way() && self.is_behind() {
            self.failed += 1;
        }
    }

    pub(super) fn is_on_its_way(&self) -> bool {
        self.on_their_way > 0
    }

    pub(super) fn is_behind(&self) -> bool {
        !self.unsent.is_empty()
    }

    pub(super) fn retry_after(&self) -> Duration {
        let doubled = self.failed.saturating_sub(1).min(8);
        (FIRST_RETRY * 2_u32.pow(doubled)).min(LONGEST_RETRY)
    }

    /// Everything given out is dealt with.
    pub(super) fn caught_up(&mut self) {
        self.handled = self.looked_at;
        self.sent.clear();
        self.failed = 0;
    }

    /// Every time due up to here is dealt with, while some later ones are not.
    pub(super) fn dealt_with(&self) -> Timestamp {
        let oldest = self.unsent.first();
        oldest.map_or(self.handled, |oldest| {
            before(*oldest, Duration::from_nanos(1)).max(self.handled)
        })
    }

    pub(super) fn set_back(&mut self, now: Timestamp) {
        self.handled = self.handled.min(now);
        self.looked_at = self.looked_at.min(now);
    }
}
