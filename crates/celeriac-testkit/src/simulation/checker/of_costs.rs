//! What a run may cost.

use std::time::Duration;

use celeriac_protocol::UtcTime;

use super::super::costs::Counted;
use super::super::plan::Budget;
use super::Checker;

/// SQS: the longest long poll.
const POLL_SECONDS: u64 = 20;

impl Checker {
    /// Judges what the tasks have cost until all was at rest.
    pub(crate) fn judge_costs(&mut self, budget: &Budget, costs: Counted, now: UtcTime) {
        let tasks = self.tasks.len();
        let spent = [
            ("SQS requests", costs.sqs, budget.sqs),
            ("DynamoDB requests", costs.dynamodb, budget.dynamodb),
            ("write units", costs.write_units, budget.write_units),
        ];
        for (what, count, most) in spent {
            #[expect(clippy::cast_precision_loss, reason = "far from 2^52")]
            let (each, tasks) = (count as f64 / tasks as f64, tasks);
            if each > most {
                let text = format!("{tasks} tasks cost {each:.2} {what} each, not {most}");
                self.broken(13, now, text);
            }
        }
    }

    /// Judges what workers ask for that have nothing to do: a long poll for each queue.
    pub(crate) fn judge_idleness(
        &mut self,
        (before, after): (Counted, Counted),
        queues: usize,
        idle: Duration,
        now: UtcTime,
    ) {
        let polls = after.polls - before.polls;
        let most = queues as u64 * (idle.as_secs() / POLL_SECONDS + 1);
        let others = Counted {
            polls: before.polls,
            ..after
        };
        if polls > most || others != before {
            let text = format!("idle workers asked, from {before:?} to {after:?} in {idle:?}");
            self.broken(13, now, text);
        }
    }
}
