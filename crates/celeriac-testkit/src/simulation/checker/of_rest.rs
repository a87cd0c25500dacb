//! What must be so once nothing goes wrong any more.

use celeriac_protocol::{State, UtcTime};

use super::super::item_view::ItemView;
use super::Checker;
use super::task::{Role, Tracked};

impl Checker {
    /// Whether everything that was accepted is over, no message is left and nothing runs.
    pub(crate) fn is_at_rest(&self) -> bool {
        self.tasks.values().all(|task| {
            let is_still = task.messages.is_empty() && task.running.is_empty();
            is_still && (task.is_over() || !self.is_wanted(task))
        })
    }

    /// Judges the end of a run.
    pub(crate) fn judge_rest(&mut self, now: UtcTime) {
        let judged: Vec<(u8, String)> = self
            .tasks
            .iter()
            .filter_map(|(id, task)| self.judge_task(id, task, now))
            .collect();
        for (invariant, text) in judged {
            self.broken(invariant, now, text);
        }
    }

    fn judge_task(&self, id: &str, task: &Tracked, now: UtcTime) -> Option<(u8, String)> {
        let stands = task
            .item
            .as_ref()
            .map_or("nothing".to_owned(), |item| item.state.to_string());
        if self.is_wanted(task) && !task.is_over() && task.messages.is_empty() {
            return Some((1, format!("{id} is lost: the ledger has {stands}")));
        }
        if !task.messages.is_empty() {
            let places: Vec<_> = task.messages.keys().collect();
            return Some((
                12,
                format!("{id} does not come to rest: {stands}, messages {places:?}"),
            ));
        }
        let left_alone = task.plan.direct && !task.accepted; // whoever invoked it knows
        // a late renewal puts back what Python has deleted; that lapses
        let leased = |item: &ItemView| item.lease_until.is_some_and(|until| until > now);
        let leased = if task.forgotten {
            task.item.as_ref().is_some_and(leased)
        } else {
            task.item.as_ref().is_some_and(ItemView::is_leased)
        };
        if !left_alone && leased {
            return Some((12, format!("{id} is leased for ever: {stands}")));
        }
        let judged = self.judge_consequences(id, task);
        judged.or_else(|| self.judge_turn(id, task))
    }

    /// Whether what followed agrees with how it ended.
    fn judge_consequences(&self, id: &str, task: &Tracked) -> Option<(u8, String)> {
        let end = &task
            .ended
            .as_ref()
            .filter(|_| !task.touched_by_python)?
            .state;
        let other = |plan: &Option<Box<super::super::plan::TaskPlan>>| {
            plan.as_ref().and_then(|plan| self.tasks.get(&plan.id))
        };
        let (next, errback) = (other(&task.plan.next), other(&task.plan.errback));
        let is_sent = |other: Option<&Tracked>| other.is_some_and(|other| other.sent);
        let (went_on, told) = (is_sent(next), is_sent(errback));
        let failed = *end == State::Failure;
        let (invariant, other, what) = match end {
            State::Success if told => (9, errback, "its error callback was sent"),
            State::Success if next.is_some() && !went_on => {
                (10, next, "its next step was not sent")
            }
            State::Failure | State::Revoked if went_on => (9, next, "its next step was sent"),
            State::Revoked if told => (9, errback, "its error callback was sent"),
            State::Failure | State::Revoked if next.is_some_and(|next| next.ended.is_none()) => {
                (10, next, "its later step has no state")
            }
            _ if failed && errback.is_some() && task.sent && !told => {
                (10, errback, "its error callback was not sent")
            }
            _ => return None,
        };
        let other = other.map_or("", |other| other.plan.id.as_str());
        Some((invariant, format!("{id} is {end}, and {what}: {other}")))
    }
}

impl Checker {
    /// Whether something has to become of a task: a client's that was accepted, a consequence that was
    /// sent.
    fn is_wanted(&self, task: &Tracked) -> bool {
        match task.parent {
            None => task.accepted && !self.never_begins(task),
            Some((_, Role::Next | Role::Errback)) => task.sent,
        }
    }
}
