//! The ledger's items: attempts, leases, ends, counts.

use celeriac_protocol::UtcTime;

use super::super::item_view::ItemView;
use super::written::Written;
use super::{Checker, RunKey};
use crate::cloud::Item;

impl Checker {
    pub(crate) fn item_changed(&mut self, by: &str, key: &str, after: Option<&Item>, now: UtcTime) {
        let Some(id) = ItemView::task_id(key) else {
            return;
        };
        let after = after.map(ItemView::of);
        let python = by == super::super::world::PYTHON;
        let (ahead, lease) = (self.ahead(by), self.lease);
        let Some(tracked) = self.tasks.get_mut(id) else {
            return;
        };
        let before = tracked.item.clone();
        tracked.item.clone_from(&after);
        tracked.touched_by_python |= python;
        let Some(after) = after else {
            tracked.forgotten = true;
            return;
        };
        if after.is_final() {
            tracked.ended.get_or_insert_with(|| after.clone());
        }
        if python {
            return;
        }
        let known = after.attempt <= Some(tracked.highest_attempt);
        if tracked.forgotten && before.is_none() && known {
            tracked.begun_anew = true;
            tracked.highest_attempt = 0;
        }
        let written = Written {
            id,
            by,
            tracked,
            before: before.as_ref(),
            after: &after,
        };
        if let Some((invariant, text)) = written.judge(now) {
            return self.broken(invariant, now, text);
        }
        if let Some(until) = after.lease_until {
            tracked.leased_until = true_end(until, ahead, now.after(lease));
        }
        let (counted, runs) = before
            .as_ref()
            .map_or((0, 0), |before| (before.retries, before.runs));
        if after.retries > counted {
            tracked.retry_counted(before.as_ref(), &after);
        }
        let given_up = after.runs < runs;
        let attempt = after.attempt.unwrap_or(0);
        if !after.is_leased() || after.retries > counted || given_up {
            // its own run, and none of its earlier claims that another took over
            let is_it = |(process, of): &RunKey| process == by && of + 1 >= attempt;
            tracked.open.retain(|run, _| !is_it(run));
        }
        if attempt > tracked.highest_attempt && after.runs > 0 {
            if after.runs == runs && after.retries == counted {
                // its own claim of before, of whose answer it never heard, was no run
                tracked.open.remove(&(by.to_owned(), attempt - 1));
            }
            let claimed = (by.to_owned(), attempt);
            tracked.open.insert(claimed, after.retries);
        }
        if !after.is_nobodys() {
            tracked.highest_attempt = tracked.highest_attempt.max(attempt);
        }
        if after.is_final() && after.is_poison() {
            self.poisoned(id, now);
        }
    }
}

impl Checker {
    /// A claim was answered with somebody's lease. That is not to be the claim's own, whose first
    /// answer was lost.
    pub(crate) fn claim_refused(&mut self, by: &str, id: &str, nonce: &str, now: UtcTime) {
        let item = self.tasks.get(id).and_then(|tracked| tracked.item.as_ref());
        if item.is_some_and(|item| item.is_leased() && item.nonce == nonce) {
            let text = format!("{by} holds {id}, and was told that another does");
            self.broken(15, now, text);
        }
    }

    /// A claim was given for a message that had been seen before: it is above all that were given.
    pub(crate) fn claim_given(&mut self, by: &str, id: &str, attempt: u64, now: UtcTime) {
        if attempt == 1 {
            let text = format!("{by} claims {id} as attempt 1, and it was there before");
            self.broken(6, now, text);
        }
    }
}

/// When a lease ends in true time. It may have been written in the service's time or by a clock
/// that is ahead, some time before it was stored; whichever comes closest to a lease that is given
/// now.
fn true_end(written: UtcTime, ahead_micros: i64, given_now: UtcTime) -> UtcTime {
    let by_clock = UtcTime(written.0 - ahead_micros);
    let far = |end: &UtcTime| end.0.abs_diff(given_now.0);
    let end = [written, by_clock].into_iter().min_by_key(far);
    end.unwrap_or(written).min(given_now)
}
