use celeriac_protocol::UtcTime;

use super::super::item_view::ItemView;
use super::{Checker, Tracked};

/// Writes of clocks that are set to the second may come a little early.
const ROUNDING_MICROS: i64 = 1_000_000;

/// A write of celeriac's to the item of a task.
pub(super) struct Written<'a> {
    pub(super) id: &'a str,
    pub(super) by: &'a str,
    pub(super) tracked: &'a Tracked,
    pub(super) before: Option<&'a ItemView>,
    pub(super) after: &'a ItemView,
}

/// The invariant that is broken, and how.
type Broken = Option<(u8, String)>;

impl Written<'_> {
    pub(super) fn judge(&self, now: UtcTime) -> Broken {
        let over = self.before.and_then(|before| {
            self.another_end(before)
                .or_else(|| self.fewer_retries(before))
                .or_else(|| self.after_the_end(before))
                .or_else(|| self.under_a_lease(before))
                .or_else(|| self.let_go(before))
                .or_else(|| self.took_over(before, now))
        });
        over.or_else(|| self.lower_attempt())
            .or_else(|| self.uncovered_retry())
    }

    fn another_end(&self, before: &ItemView) -> Broken {
        let (id, by, was, is) = (self.id, self.by, &before.state, &self.after.state);
        (before.is_final() && is != was)
            .then(|| (5, format!("{id} was {was} and {by} made it {is}")))
    }

    fn fewer_retries(&self, before: &ItemView) -> Broken {
        let (id, by, was, is) = (self.id, self.by, before.retries, self.after.retries);
        let fewer = before.attempt.is_some() && is < was;
        fewer.then(|| {
            (
                7,
                format!("{by} set the retries of {id} from {was} to {is}"),
            )
        })
    }

    fn after_the_end(&self, before: &ItemView) -> Broken {
        let (id, by) = (self.id, self.by);
        let same = self.after.attempt == before.attempt && self.after.nonce != before.nonce;
        let ended = before.attempt.is_some() && same && !before.is_leased();
        (ended && !self.tracked.touched_by_python)
            .then(|| (6, format!("{by} wrote {id} by an attempt that had ended")))
    }

    fn under_a_lease(&self, before: &ItemView) -> Broken {
        let (id, by) = (self.id, self.by);
        let held = self.after.attempt == before.attempt && before.is_leased();
        let owner = before.owner.as_deref().filter(|owner| *owner != by)?;
        (held && !before.is_final() && !self.tracked.begun_anew)
            .then(|| (6, format!("{by} wrote {id} under the lease of {owner}")))
    }

    /// A holder that ends its lease while its function goes on, which for all others is free then.
    fn let_go(&self, before: &ItemView) -> Broken {
        let (id, by, attempt) = (self.id, self.by, before.attempt?);
        let ended = before.is_leased() && !self.after.is_leased() && !self.after.is_final();
        let mut running = self.tracked.running.iter();
        let runs = running.any(|((of, run), _)| of == by && *run == attempt);
        (ended && runs).then(|| {
            (
                4,
                format!("{by} let go of {id} while attempt {attempt} runs on it"),
            )
        })
    }

    /// A claim over a lease that had not run out, while its run goes on.
    fn took_over(&self, before: &ItemView, now: UtcTime) -> Broken {
        let (id, by, tracked, attempt) = (self.id, self.by, self.tracked, before.attempt?);
        let raised = self.after.attempt.is_some_and(|after| after > attempt);
        let held = before.is_leased() && tracked.leased_until.0 > now.0 + ROUNDING_MICROS;
        let mut running = tracked.running.iter();
        let holder = running.find(|((_, of), _)| *of == attempt);
        let ((process, _), _) = holder.filter(|_| raised && held && !tracked.begun_anew)?;
        let left = tracked.leased_until.since(now);
        let text = format!(
            "{by} took {id} while attempt {attempt} runs on {process}, whose lease lasts {left:.1?} longer"
        );
        Some((4, text))
    }

    fn lower_attempt(&self) -> Broken {
        let (id, by, attempt) = (self.id, self.by, self.after.attempt.unwrap_or(0));
        let stood = self.before.and_then(|before| before.attempt).unwrap_or(0);
        let highest = self.tracked.highest_attempt.max(stood);
        (attempt < highest).then(|| {
            (
                6,
                format!("{by} wrote {id} as attempt {attempt} after {highest}"),
            )
        })
    }

    fn uncovered_retry(&self) -> Broken {
        let (id, tracked, retries) = (self.id, self.tracked, self.after.retries);
        let raised = self.before.map_or(0, |before| before.retries) < retries;
        // a copy of what had ended before Python deleted its item is a task that nobody knows
        let unknown = tracked.forgotten && tracked.ended.is_some();
        let judged = raised && !unknown && !self.after.is_final();
        (judged && !Checker::covers(tracked, retries)).then(|| {
            let text = format!("the item of {id} counts {retries} retries, and no message does");
            (7, text)
        })
    }
}
