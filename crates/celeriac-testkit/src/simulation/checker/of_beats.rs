//! What local beats send.

use std::collections::BTreeSet;
use std::time::Duration;

use celeriac_protocol::UtcTime;

use super::super::plan::{EntryPlan, TaskPlan};
use super::{Checker, task};

/// Within which a run is sent when nothing goes wrong.
const SOON: Duration = Duration::from_secs(30);

impl Checker {
    /// A beat sends a run for the first time: from now on it is a task like others.
    pub(super) fn run_of_entry(&mut self, id: &str, now: UtcTime) {
        let Some((entry, due)) = self.entry_of(id) else {
            return;
        };
        let run = TaskPlan {
            id: id.to_owned(),
            ..entry.run.clone()
        };
        let off_grid = due.0 % micros(entry.every) != 0;
        task::track(&run, None, &mut self.tasks);
        if let Some(tracked) = self.tasks.get_mut(id) {
            (tracked.due, tracked.accepted) = (due, true);
        }
        if off_grid || due > now {
            self.broken(16, now, format!("{id} is sent, and not due"));
        }
    }

    fn entry_of(&self, id: &str) -> Option<(&EntryPlan, UtcTime)> {
        let (name, due) = id.split_once(':')?;
        Some((self.entries.get(name)?, UtcTime::parse(due).ok()?))
    }

    /// Judges what beats have sent by now, when nothing has gone wrong for a while.
    pub(crate) fn judge_beats(&mut self, now: UtcTime) {
        let missing = self
            .entries
            .values()
            .find_map(|entry| self.missing(entry, now));
        if let Some(text) = missing {
            self.broken(16, now, text);
        }
    }

    fn missing(&self, entry: &EntryPlan, now: UtcTime) -> Option<String> {
        let ids = self.tasks.keys();
        let sent: BTreeSet<i64> = ids
            .filter_map(|id| self.entry_of(id))
            .filter(|(of, _)| of.name == entry.name)
            .map(|(_, due)| due.0)
            .collect();
        let (name, every) = (&entry.name, micros(entry.every));
        let (Some(first), Some(last)) = (sent.first(), sent.last()) else {
            return Some(format!("no run of {name} was sent"));
        };
        if last + every + micros(SOON) < now.0 {
            return Some(format!("{name} was due, and nothing is sent any more"));
        }
        let mut due = (*first..*last).step_by(usize::try_from(every).unwrap_or(1));
        let left_out = due.find(|due| entry.runs_all && !sent.contains(due))?;
        let text = UtcTime(left_out).to_iso();
        Some(format!("the run of {name} at {text} was left out"))
    }
}

fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}
