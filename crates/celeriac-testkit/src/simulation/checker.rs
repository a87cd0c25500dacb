//! The invariants, looked at with every change.

mod of_beats;
mod of_canvases;
mod of_costs;
mod of_items;
mod of_messages;
mod of_rest;
mod of_runs;
mod task;
mod written;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use celeriac_protocol::UtcTime;

pub(crate) use self::task::{RunKey, Tracked, TryKey};
use super::plan::{EntryPlan, Plan};

/// A promise that was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Of those in [`meaning`].
    pub invariant: u8,
    /// When, from the start.
    pub at: Duration,
    /// Which task, and how.
    pub text: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "invariant {} ({}) at {:.3?}: {}",
            self.invariant,
            meaning(self.invariant),
            self.at,
            self.text
        )
    }
}

/// What an invariant says.
pub fn meaning(invariant: u8) -> &'static str {
    match invariant {
        1 => "an accepted task has a final state, a message or a dead letter",
        2 => "a message is deleted only after what makes it needless",
        3 => "what has ended never starts again",
        4 => "one run at most holds the lease",
        5 => "a final state never changes",
        6 => "attempts increase, and none writes after its end",
        7 => "retries never decrease, and a raised count has its message",
        8 => "no run starts before it is due",
        9 => "the next step and the error callback exclude each other and agree with the end",
        10 => "a consequence has one id and one set of arguments, and is sent in the end",
        11 => "a FIFO group starts in the order of sending, one after the other",
        12 => "poison only after lost runs; all comes to rest",
        13 => "a task costs no more than is documented",
        14 => "a message that is put off or given back comes back when it was to",
        15 => "a claim that went through is known to its claimer",
        16 => "what is due is sent once it is due, each run under one id",
        _ => {
            "a task of a canvas gets what the steps before it returned, and none runs after a failure"
        }
    }
}

/// What has been seen of the world.
pub(crate) struct Checker {
    /// In the order of the plan.
    pub(crate) tasks: BTreeMap<String, Tracked>,
    /// Ids in the order they were sent in, by queue and group.
    order: BTreeMap<(String, String), Vec<String>>,
    /// Clocks are this far apart.
    skew: Duration,
    /// How far the workers' clocks are ahead, in microseconds.
    ahead: BTreeMap<String, i64>,
    lease: Duration,
    max_lost_runs: u32,
    /// By their names.
    entries: BTreeMap<String, EntryPlan>,
    /// The newest change of its visibility, by receipt.
    hidden: BTreeMap<String, u64>,
    start: UtcTime,
    violation: Option<Violation>,
}

impl Checker {
    pub(crate) fn new(plan: &Plan, start: UtcTime) -> Self {
        let mut tasks = BTreeMap::new();
        for root in &plan.tasks {
            task::track(root, None, &mut tasks);
        }
        for canvas in &plan.canvases {
            of_canvases::track(
                &canvas.shape,
                &of_canvases::Turn::default(),
                false,
                &mut tasks,
            );
        }
        let ahead = plan.workers.iter().map(|worker| worker.clock_ahead);
        let (low, high) = ahead.fold((0, 0), |(low, high): (i64, i64), ahead| {
            (low.min(ahead), high.max(ahead))
        });
        Self {
            tasks,
            order: BTreeMap::new(),
            skew: Duration::from_millis((high - low).unsigned_abs()),
            ahead: plan
                .workers
                .iter()
                .map(|worker| (worker.name.clone(), worker.clock_ahead * 1000))
                .collect(),
            lease: plan.visibility,
            max_lost_runs: plan.max_lost_runs,
            entries: plan
                .entries
                .iter()
                .map(|entry| (entry.name.clone(), entry.clone()))
                .collect(),
            hidden: BTreeMap::new(),
            start,
            violation: None,
        }
    }

    pub(crate) fn violation(&self) -> Option<&Violation> {
        self.violation.as_ref()
    }

    /// How far the clock of this process is ahead.
    fn ahead(&self, process: &str) -> i64 {
        let worker = process.split('.').next().unwrap_or(process);
        self.ahead.get(worker).copied().unwrap_or(0)
    }

    /// The first one counts.
    fn broken(&mut self, invariant: u8, now: UtcTime, text: String) {
        let at = now.since(self.start);
        self.violation.get_or_insert(Violation {
            invariant,
            at,
            text,
        });
    }
}
