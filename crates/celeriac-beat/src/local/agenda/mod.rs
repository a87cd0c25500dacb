//! Which entries are due. Pure: it is told the time, and what became of the runs that it gave out.

mod missed;
mod planned;
mod rules;
#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use self::planned::Planned;
pub(super) use self::rules::Rules;
use crate::Entry;
use crate::instant::{after, before};

/// The runs of all entries, from the moment they are due until they are sent.
pub(super) struct Agenda {
    entries: Vec<Planned>,
    /// When to look at an entry again: its next time due, or the next try of a run that was not
    /// sent. An entry is not in it while its runs are on their way, or when it is never due again.
    looks: BinaryHeap<Reverse<(Timestamp, usize)>>,
    rules: Rules,
    /// Every time due up to here was given out; `None` before the first look.
    looked_at: Option<Timestamp>,
    /// The entries with runs that are due and not sent yet.
    behind: BTreeSet<usize>,
}

/// A time due of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Due {
    pub(super) time: Timestamp,
    /// Its place in the agenda.
    pub(super) entry: usize,
}

/// How far an agenda is: what another needs to go on from there.
#[derive(Debug)]
pub(super) struct Progress<'a> {
    /// Every time due up to here is dealt with,
    pub(super) handled: Timestamp,
    /// but for these entries, which are dealt with up to here.
    pub(super) behind: Vec<(&'a Entry, Timestamp)>,
}

impl Agenda {
    /// An agenda of the entries that are enabled. `handled`: up to when an entry is dealt with
    /// already.
    pub(super) fn new(
        entries: Vec<(Entry, TimeZone)>,
        rules: Rules,
        handled: impl Fn(&Entry) -> Timestamp,
    ) -> Self {
        let enabled = entries.into_iter().filter(|(entry, _)| entry.enabled);
        let entries: Vec<_> = enabled
            .map(|(entry, zone)| {
                let handled = handled(&entry);
                Planned::new(entry, zone, handled)
            })
            .collect();
        let mut agenda = Self {
            looks: BinaryHeap::with_capacity(entries.len()),
            entries,
            rules,
            looked_at: None,
            behind: BTreeSet::new(),
        };
        (0..agenda.entries.len()).for_each(|index| agenda.plan(index));
        agenda
    }

    pub(super) fn entry(&self, due: Due) -> (&Entry, &TimeZone) {
        let planned = &self.entries[due.entry];
        (&planned.entry, &planned.zone)
    }

    /// When to ask for [`due`](Self::due) again.
    pub(super) fn next_look(&self) -> Option<Timestamp> {
        self.looks.peek().map(|Reverse((time, _))| *time)
    }

    /// What is to be sent now, the oldest first. Each of them is to be [settled](Self::settle).
    pub(super) fn due(&mut self, now: Timestamp) -> Vec<Due> {
        if let Some(last) = self.looked_at
            && now < before(last, self.rules.on_time)
        {
            tracing::warn!("the clock was set back from {last} to {now}");
            self.set_back(now);
        }
        self.looked_at = self.looked_at.max(Some(now));
        let mut due = Vec::new();
        while let Some(Reverse((time, index))) = self.looks.peek().copied() {
            if time > now {
                break;
            }
            self.looks.pop();
            let runs = self.entries[index].look(now, self.rules);
            if runs.is_empty() {
                self.caught_up(index);
            } else {
                self.behind.insert(index);
                due.extend(runs.into_iter().map(|time| Due { time, entry: index }));
            }
        }
        due.sort_unstable();
        due
    }

    /// What became of a run that was given out: it was sent, or is left out for good, or else it is
    /// to be tried again.
    pub(super) fn settle(&mut self, due: Due, sent: bool, now: Timestamp) {
        let planned = &mut self.entries[due.entry];
        planned.settle(due.time, sent);
        if planned.is_on_its_way() {
            return;
        }
        if planned.is_behind() {
            let retry = after(now, planned.retry_after());
            self.looks.push(Reverse((retry, due.entry)));
        } else {
            self.caught_up(due.entry);
        }
    }

    /// How far it is; `None` before the first look.
    pub(super) fn progress(&self) -> Option<Progress<'_>> {
        let behind = self.behind.iter().map(|index| &self.entries[*index]);
        Some(Progress {
            handled: self.looked_at?,
            behind: behind
                .map(|planned| (&planned.entry, planned.dealt_with()))
                .collect(),
        })
    }

    /// All runs of an entry that were given out are dealt with. While they were on their way it may
    /// have been due again.
    fn caught_up(&mut self, index: usize) {
        self.entries[index].caught_up();
        let next = self.entries[index].next();
        if next.is_none() || next > self.looked_at {
            self.behind.remove(&index);
        }
        if let Some(next) = next {
            self.looks.push(Reverse((next, index)));
        }
    }

    fn plan(&mut self, index: usize) {
        if let Some(next) = self.entries[index].next() {
            self.looks.push(Reverse((next, index)));
        }
    }

    /// The clock was ahead, and is not any more: what is due from now on runs, though it may have
    /// been sent before, under the same ids. Else nothing would run until the clock is where it
    /// was.
    fn set_back(&mut self, now: Timestamp) {
        self.looked_at = Some(now);
        self.looks.clear();
        for index in 0..self.entries.len() {
            let planned = &mut self.entries[index];
            planned.set_back(now);
            if planned.is_on_its_way() {
                continue;
            }
            if planned.is_behind() {
                self.looks.push(Reverse((now, index)));
            } else {
                self.plan(index);
            }
        }
    }
}
