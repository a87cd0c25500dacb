use std::time::Duration;

use celeriac_core::ChordLayout;
use fastrand::Rng;

use super::super::plan::{BeatPlan, Budget, FunctionPlan, Noise, Plan, WorkerPlan};
use super::Scenario;

/// Draws a plan from a seed.
pub(super) struct Maker {
    pub(super) random: Rng,
    pub(super) scenario: Scenario,
    /// A task of days whose message comes again and again to the worker that runs it.
    overlong: bool,
    /// Tasks that have a name already.
    pub(super) tasks: usize,
}

pub(super) const STANDARD: &str = "celery";
pub(super) const OTHER: &str = "jobs";
pub(super) const ORDERED: &str = "orders.fifo";

/// What docs/operations.md says of a backlog, with room for a batch that is not full.
const BUDGET: Budget = Budget {
    sqs: 0.35,
    dynamodb: 0.3,
    write_units: 2.0,
};
/// How long the ledger keeps an item at least.
const KEPT: Duration = Duration::from_hours(4 * 24);

impl Maker {
    pub(super) fn new(scenario: Scenario, seed: u64) -> Self {
        let mut random = Rng::with_seed(seed ^ 0x5eed_ce1e_71ac);
        Self {
            overlong: scenario == Scenario::Days && random.u32(..8) == 0,
            random,
            scenario,
            tasks: 0,
        }
    }

    pub(super) fn plan(&mut self, seed: u64) -> Plan {
        let visibility = self.visibility();
        let mut plan = Plan {
            seed,
            visibility,
            max_lost_runs: if self.is(Scenario::Poison) { 2 } else { 5 },
            retention: if self.is(Scenario::Days) {
                Duration::from_hours(14 * 24)
            } else {
                Duration::from_hours(4 * 24)
            },
            concurrency: match self.scenario {
                Scenario::Days if !self.overlong => 1,
                Scenario::Calm => 20,
                _ => 4,
            },
            ttl_seconds: self.is(Scenario::Leases).then_some(5),
            budget: self.is(Scenario::Calm).then_some(BUDGET),
            workers: self.workers(visibility),
            functions: self.functions(),
            beats: self.beats(),
            entries: Vec::new(),
            tasks: Vec::new(),
            canvases: self.canvases(),
            chord_layout: if self.is(Scenario::Canvases) && self.chance(30) {
                ChordLayout::Celery
            } else {
                ChordLayout::Auto
            },
            mishaps: Vec::new(),
            noise: self.noise(),
        };
        plan.tasks = self.all_tasks();
        plan.entries = self.entries();
        plan.mishaps = self.mishaps(&plan);
        plan
    }

    fn visibility(&mut self) -> Duration {
        match self.scenario {
            Scenario::Leases | Scenario::Forgets => Duration::from_secs(10),
            Scenario::Days if self.overlong => Duration::from_mins(10),
            Scenario::Days => Duration::from_hours(1),
            Scenario::Calm => Duration::from_mins(1),
            _ => Duration::from_secs(*self.one_of(&[10, 30, 60])),
        }
    }

    /// How long the first task of days runs: for longer than the ledger keeps an item that nobody
    /// touches, or than SQS lets a message be held and then hands it out a hundred times.
    pub(super) fn days(&mut self) -> Duration {
        if self.overlong {
            return Duration::from_hours(12 + 18);
        }
        KEPT + self.seconds(4_000..8_000)
    }

    pub(super) fn is(&self, scenario: Scenario) -> bool {
        self.scenario == scenario
    }

    pub(super) fn one_of<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.random.usize(..choices.len())]
    }

    pub(super) fn chance(&mut self, percent: u32) -> bool {
        self.random.u32(..100) < percent
    }

    pub(super) fn seconds(&mut self, range: std::ops::Range<u64>) -> Duration {
        Duration::from_millis(self.random.u64(range.start * 1000..range.end * 1000))
    }

    pub(super) fn queues(&self) -> Vec<String> {
        let names: &[&str] = match self.scenario {
            Scenario::Fifo => &[ORDERED],
            Scenario::Forwards => &[STANDARD, OTHER, ORDERED, "more.fifo"],
            Scenario::Function | Scenario::Events => &[STANDARD, ORDERED, OTHER],
            Scenario::Mixed | Scenario::Pauses | Scenario::Outages => &[STANDARD, OTHER, ORDERED],
            Scenario::Countdowns | Scenario::Forgets | Scenario::Days | Scenario::Calm => {
                &[STANDARD]
            }
            Scenario::Leases => &[STANDARD, ORDERED],
            _ => &[STANDARD, OTHER],
        };
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn workers(&mut self, visibility: Duration) -> Vec<WorkerPlan> {
        let count = match self.scenario {
            Scenario::Days if self.overlong => 1,
            Scenario::Days | Scenario::Beats => 2,
            Scenario::Calm => self.random.usize(1..=2),
            _ => self.random.usize(2..=3),
        };
        let mut workers: Vec<WorkerPlan> = (1..=count)
            .map(|number| WorkerPlan {
                name: format!("w{number}"),
                queues: self.queues(),
                starts: self.starts(number),
                clock_ahead: 0,
                forwards_to: None,
            })
            .collect();
        if self.is(Scenario::Clocks) {
            let half = i64::try_from(visibility.as_millis() / 2).unwrap_or_default();
            for worker in &mut workers {
                worker.clock_ahead = self.random.i64(-half..=half);
            }
        }
        if self.is(Scenario::Forwards) {
            // two that know nothing and pass on to each other, and one that knows
            let others: [(&str, &[&str]); 4] = [
                (OTHER, &[ORDERED]),
                (OTHER, &[STANDARD]),
                (ORDERED, &["more.fifo"]),
                ("more.fifo", &[ORDERED]),
            ];
            let which = self.random.usize(..4);
            for (number, (target, on)) in others.iter().enumerate().skip(which) {
                workers.push(WorkerPlan {
                    name: format!("u{number}"),
                    queues: on.iter().map(|name| (*name).to_owned()).collect(),
                    starts: Duration::ZERO,
                    clock_ahead: 0,
                    forwards_to: Some((*target).to_owned()),
                });
            }
        }
        workers
    }

    /// The first of days works alone until its item would be gone; what is judged by its costs
    /// begins with a backlog.
    fn starts(&mut self, number: usize) -> Duration {
        match self.scenario {
            Scenario::Days if number == 2 => KEPT,
            Scenario::Calm => Duration::from_secs(20),
            _ => Duration::ZERO,
        }
    }

    fn functions(&mut self) -> Vec<FunctionPlan> {
        if !self.is(Scenario::Function) && !self.is(Scenario::Events) {
            return Vec::new();
        }
        let queue = (*self.one_of(&[STANDARD, ORDERED])).to_owned();
        let spill = self.chance(40).then(|| OTHER.to_owned());
        vec![FunctionPlan {
            name: "f1".to_owned(),
            queue,
            timeout: self.seconds(5..40),
            spill,
        }]
    }

    fn beats(&mut self) -> Vec<BeatPlan> {
        if !self.is(Scenario::Beats) {
            return Vec::new();
        }
        let beat = |number| BeatPlan {
            name: format!("b{number}"),
            starts: Duration::from_millis(50 * (number - 1)),
        };
        (1..=self.random.u64(1..=3)).map(beat).collect()
    }

    fn noise(&mut self) -> Noise {
        if self.is(Scenario::Days) || self.is(Scenario::Calm) {
            return Noise::NONE;
        }
        let level = *self.one_of(&[0, 20, 100]);
        let (sluggish, duplicate) = match self.scenario {
            Scenario::Leases => (5_000, 1_500),
            Scenario::Forgets => (5_000, 6_000),
            Scenario::Clocks => (level * 2, 300),
            _ => (level * 2, level),
        };
        let entries = if self.is(Scenario::Fifo) {
            level * 3
        } else {
            level
        };
        Noise {
            lost: level / 2,
            answer_lost: level,
            reset: if self.is(Scenario::Leases) {
                600
            } else {
                level
            },
            slow: level,
            sluggish,
            throttled: level,
            entry: entries,
            duplicate,
            undeleted: level / 2,
            old_receipt: 5_000,
            only: None,
        }
    }
}
