//! The ledger's items: attempts, leases, ends, counts.

use celeriac_protocol::UtcTime;

use super::super::item_view::ItemView;
use super::{Checker, Tracked};
use crate::cloud::Item;

/// Writes of clocks that are set to the second may come a little early.
const ROUNDING_MICROS: i64 = 1_000_000;

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
        if tracked.forgotten && before.is_none() && after.attempt == Some(1) {
            tracked.begun_anew = true;
            tracked.highest_attempt = 0;
        }
        if let Some((invariant, text)) = judge(id, by, tracked, before.as_ref(), &after, now) {
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
        if !after.is_leased() || after.retries > counted || given_up {
            tracked.open.retain(|(process, _), _| process != by);
        }
        let attempt = after.attempt.unwrap_or(0);
        if attempt > tracked.highest_attempt && after.runs > 0 {
            let claimed = (by.to_owned(), attempt);
            tracked.open.insert(claimed, after.retries);
        }
        if !after.is_nobodys() {
            tracked.highest_attempt = tracked.highest_attempt.max(attempt);
        }
        if after.is_final() && after.shown.contains("the task is poison") {
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

fn judge(
    id: &str,
    by: &str,
    tracked: &Tracked,
    before: Option<&ItemView>,
    after: &ItemView,
    now: UtcTime,
) -> Option<(u8, String)> {
    if let Some(before) = before {
        if before.is_final() && after.state != before.state {
            let text = format!("{id} was {} and {by} made it {}", before.state, after.state);
            return Some((5, text));
        }
        let counted = before.attempt.is_some();
        if counted && after.retries < before.retries {
            let text = format!(
                "{by} set the retries of {id} from {} to {}",
                before.retries, after.retries
            );
            return Some((7, text));
        }
        let same = after.attempt == before.attempt && after.nonce != before.nonce;
        if counted && same && !before.is_leased() && !tracked.touched_by_python {
            let text = format!("{by} wrote {id} by an attempt that had ended");
            return Some((6, text));
        }
        let held = after.attempt == before.attempt && before.is_leased();
        let foreign = before.owner.as_deref().is_some_and(|owner| owner != by);
        if held && foreign && !before.is_final() && !tracked.begun_anew {
            let text = format!(
                "{by} wrote {id} under the lease of {}",
                before.owner.as_deref().unwrap_or("?")
            );
            return Some((6, text));
        }
        let taken = took_over(id, by, tracked, before, after, now);
        let taken = taken.filter(|_| !tracked.begun_anew);
        if let Some(text) = let_go(id, by, tracked, before, after).or(taken) {
            return Some((4, text));
        }
    }
    let attempt = after.attempt.unwrap_or(0);
    let stood = before.and_then(|before| before.attempt).unwrap_or(0);
    let highest = tracked.highest_attempt.max(stood);
    if attempt < highest {
        let text = format!("{by} wrote {id} as attempt {attempt} after {highest}");
        return Some((6, text));
    }
    let raised = before.map_or(0, |before| before.retries) < after.retries;
    // a copy of what had ended before Python deleted its item is a task that nobody knows
    let unknown = tracked.forgotten && tracked.ended.is_some();
    if raised && !unknown && !after.is_final() && !Checker::covers(tracked, after.retries) {
        let text = format!(
            "the item of {id} counts {} retries, and no message does",
            after.retries
        );
        return Some((7, text));
    }
    None
}

/// A holder that ends its lease while its function goes on, which for all others is free then.
fn let_go(
    id: &str,
    by: &str,
    tracked: &Tracked,
    before: &ItemView,
    after: &ItemView,
) -> Option<String> {
    let run = (by.to_owned(), before.attempt?);
    let ended = before.is_leased() && !after.is_leased() && !after.is_final();
    (ended && tracked.running.contains_key(&run))
        .then(|| format!("{by} let go of {id} while attempt {} runs on it", run.1))
}

/// A claim over a lease that had not run out, while its run goes on.
fn took_over(
    id: &str,
    by: &str,
    tracked: &Tracked,
    before: &ItemView,
    after: &ItemView,
    now: UtcTime,
) -> Option<String> {
    let attempt = before.attempt?;
    let raised = after.attempt.is_some_and(|after| after > attempt);
    let held = before.is_leased() && tracked.leased_until.0 > now.0 + ROUNDING_MICROS;
    let holder = tracked.running.keys().find(|(_, of)| *of == attempt);
    let (process, _) = holder.filter(|_| raised && held)?;
    let left = tracked.leased_until.since(now);
    Some(format!(
        "{by} took {id} while attempt {attempt} runs on {process}, whose lease lasts {left:.1?} longer"
    ))
}
