//! Runs of the user's functions: when they start, and beside what.

use std::time::Duration;

use celeriac_protocol::UtcTime;

use super::super::plan::End;
use super::{Checker, RunKey, Tracked, TryKey};

impl Checker {
    /// A function starts.
    pub(crate) fn started(&mut self, id: &str, retries: u32, run: &RunKey, now: UtcTime) {
        if let Some((invariant, text)) = self.judge_start(id, retries, run, now) {
            self.broken(invariant, now, text);
        }
        let Some(tracked) = self.tasks.get_mut(id) else {
            return;
        };
        tracked.open.insert(run.clone(), retries);
        tracked.running.insert((run.clone(), retries));
    }

    fn judge_start(
        &self,
        id: &str,
        retries: u32,
        (process, attempt): &RunKey,
        now: UtcTime,
    ) -> Option<(u8, String)> {
        let tracked = self.tasks.get(id)?;
        if let (Some(item), false) = (&tracked.item, tracked.leaves_no_trace()) {
            if item.is_final() && !tracked.touched_by_python {
                let text = format!("{id} starts on {process} and is {}", item.state);
                return Some((3, text));
            }
            let other = item.attempt.filter(|other| other > attempt);
            if let Some(other) = other.filter(|_| item.is_leased() && !tracked.touched_by_python) {
                let text = format!(
                    "{id} starts as attempt {attempt} on {process}, and attempt {other} holds it"
                );
                return Some((4, text));
            }
        }
        let due = match retries {
            0 => Some(tracked.due),
            retries => tracked.retry_due(retries),
        };
        let early = due.map_or(Duration::ZERO, |due| due.since(now));
        if early > self.skew + Duration::from_secs(1) {
            let text = format!("{id} (retries {retries}) starts on {process} {early:.1?} early");
            return Some((8, text));
        }
        self.out_of_order(id).map(|text| (11, text))
    }

    /// Who should have been over before this one of its group.
    fn out_of_order(&self, id: &str) -> Option<String> {
        // what was forwarded to another queue has left its place in the order
        let tracked = self.tasks.get(id).filter(|tracked| !tracked.moved)?;
        let group = (tracked.plan.queue.clone(), tracked.plan.group.clone()?);
        let earlier = self.order.get(&group)?;
        let place = earlier.iter().position(|other| other == id)?;
        let unfinished = earlier[..place].iter().find(|other| {
            let other = self.tasks.get(*other);
            other.is_some_and(Tracked::must_be_over)
        })?;
        Some(format!(
            "{id} starts before {unfinished} of its group is over"
        ))
    }

    /// A function has ended by itself.
    pub(crate) fn ended(&mut self, id: &str, run: &TryKey, end: &End, now: UtcTime) {
        let Some(tracked) = self.tasks.get_mut(id) else {
            return;
        };
        if !tracked.running.remove(run) {
            return;
        }
        let ((_, attempt), retries) = run;
        match end {
            End::Retry(countdown) => {
                // without the ledger, every run is attempt 1
                let wish = tracked.wished.entry((retries + 1, *attempt));
                wish.or_insert(now.after(*countdown));
            }
            End::Requeue => {}
            _ => tracked.finished += 1,
        }
    }

    /// A function was cancelled, by a process that lives.
    pub(crate) fn cancelled(&mut self, id: &str, run: &TryKey) {
        if let Some(tracked) = self.tasks.get_mut(id) {
            tracked.running.remove(run);
        }
    }

    /// A function's process stands still until it is invoked again.
    pub(crate) fn frozen(&mut self, process: &str, now: UtcTime) {
        let on = |tracked: &&Tracked| tracked.running.iter().any(|((of, _), _)| of == process);
        if let Some(tracked) = self.tasks.values().find(on) {
            let text = format!("{process} is frozen while {} runs on it", tracked.plan.id);
            self.broken(4, now, text);
        }
    }

    /// A process is gone, with all that ran on it: by a task, or from outside.
    pub(crate) fn died(&mut self, process: &str, by: Option<&str>) {
        let most = self.max_lost_runs;
        for (id, tracked) in &mut self.tasks {
            if tracked.is_lost_with(process, most) {
                tracked.lost_to = by.filter(|by| by != id).map(str::to_owned);
            }
            tracked.running.retain(|((of, _), _)| of != process);
        }
    }
}
