use std::time::Duration;

use celeriac_core::Capabilities;
use fastrand::Rng;

use super::plan::{
    End, FunctionPlan, Mishap, Noise, Plan, Service, TaskPlan, Try, What, WorkerPlan,
};

/// A kind of history. Each looks at one part of the house more closely than the others; all of them
/// have kills, lost requests and lost answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scenario {
    /// Tasks of all kinds on two queues.
    Mixed,
    /// Many tries, at once and later.
    Retries,
    /// Steps and error callbacks.
    Chains,
    /// Groups in order, retries in place.
    Fifo,
    /// Clocks that are apart by up to half a lease.
    Clocks,
    /// Processes that stand still for minutes.
    Pauses,
    /// Python's clients and workers write to the same items.
    Python,
    /// Tasks that end their process.
    Poison,
    /// A service that is away for minutes.
    Outages,
    /// A Lambda function beside a worker.
    Function,
    /// Workers that do not know the tasks and pass them on.
    Forwards,
    /// Countdowns from seconds to hours.
    Countdowns,
}

impl Scenario {
    /// Every one.
    pub const ALL: [Self; 12] = [
        Self::Mixed,
        Self::Retries,
        Self::Chains,
        Self::Fifo,
        Self::Clocks,
        Self::Pauses,
        Self::Python,
        Self::Poison,
        Self::Outages,
        Self::Function,
        Self::Forwards,
        Self::Countdowns,
    ];

    /// As it is called on the command line.
    pub fn name(self) -> String {
        format!("{self:?}").to_lowercase()
    }

    /// The one of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|scenario| scenario.name() == name)
    }

    /// The one of a seed: each in its turn.
    pub fn of_seed(seed: u64) -> Self {
        let count = Self::ALL.len() as u64;
        Self::ALL[usize::try_from(seed % count).unwrap_or_default()]
    }

    /// The plan that follows from a seed.
    pub fn plan(self, seed: u64) -> Plan {
        let mut maker = Maker {
            random: Rng::with_seed(seed ^ 0x5eed_ce1e_71ac),
            scenario: self,
            tasks: 0,
        };
        maker.plan(seed)
    }
}

struct Maker {
    random: Rng,
    scenario: Scenario,
    tasks: usize,
}

const STANDARD: &str = "celery";
const OTHER: &str = "jobs";
const ORDERED: &str = "orders.fifo";

impl Maker {
    fn plan(&mut self, seed: u64) -> Plan {
        let visibility = Duration::from_secs(*self.one_of(&[10, 30, 60]));
        let mut plan = Plan {
            seed,
            visibility,
            max_lost_runs: if self.scenario == Scenario::Poison {
                2
            } else {
                5
            },
            retention: Duration::from_hours(4 * 24),
            workers: self.workers(visibility),
            functions: self.functions(),
            tasks: Vec::new(),
            mishaps: Vec::new(),
            noise: self.noise(),
        };
        plan.tasks = self.all_tasks();
        plan.mishaps = self.mishaps(&plan);
        plan
    }

    fn is(&self, scenario: Scenario) -> bool {
        self.scenario == scenario
    }

    fn one_of<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.random.usize(..choices.len())]
    }

    fn chance(&mut self, percent: u32) -> bool {
        self.random.u32(..100) < percent
    }

    fn seconds(&mut self, range: std::ops::Range<u64>) -> Duration {
        Duration::from_millis(self.random.u64(range.start * 1000..range.end * 1000))
    }

    fn queues(&self) -> Vec<String> {
        let names: &[&str] = match self.scenario {
            Scenario::Fifo => &[ORDERED],
            Scenario::Forwards => &[STANDARD, OTHER, ORDERED, "more.fifo"],
            Scenario::Function => &[STANDARD, ORDERED, OTHER],
            Scenario::Mixed | Scenario::Pauses | Scenario::Outages => &[STANDARD, OTHER, ORDERED],
            _ => &[STANDARD, OTHER],
        };
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn workers(&mut self, visibility: Duration) -> Vec<WorkerPlan> {
        let count = self.random.usize(2..=3);
        let mut workers: Vec<WorkerPlan> = (1..=count)
            .map(|number| WorkerPlan {
                name: format!("w{number}"),
                queues: self.queues(),
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
            let others: [(&str, &[&str]); 3] = [
                (OTHER, &[STANDARD]),
                (ORDERED, &["more.fifo"]),
                ("more.fifo", &[ORDERED]),
            ];
            let which = self.random.usize(..3);
            for (number, (target, on)) in others.iter().enumerate().skip(which) {
                workers.push(WorkerPlan {
                    name: format!("u{number}"),
                    queues: on.iter().map(|name| (*name).to_owned()).collect(),
                    clock_ahead: 0,
                    forwards_to: Some((*target).to_owned()),
                });
            }
        }
        workers
    }

    fn functions(&mut self) -> Vec<FunctionPlan> {
        if !self.is(Scenario::Function) {
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

    fn noise(&mut self) -> Noise {
        let level = *self.one_of(&[0, 20, 100]);
        let entries = if self.is(Scenario::Fifo) {
            level * 3
        } else {
            level
        };
        Noise {
            lost: level / 2,
            answer_lost: level,
            reset: level,
            slow: level,
            throttled: level,
            entry: entries,
            duplicate: level,
            undeleted: level / 2,
            only: None,
        }
    }

    fn all_tasks(&mut self) -> Vec<TaskPlan> {
        let count = self.random.usize(1..=8);
        let mut at = Duration::from_secs(1);
        let mut tasks = Vec::new();
        for _ in 0..count {
            let together = if self.is(Scenario::Fifo) { 75 } else { 50 };
            if !self.chance(together) {
                at += self.seconds(0..20);
            }
            let mut task = self.task(2);
            task.at = at;
            tasks.push(task);
        }
        tasks
    }

    fn task(&mut self, depth: u32) -> TaskPlan {
        self.tasks += 1;
        let id = format!("t{}", self.tasks);
        let queues = self.queues();
        let mut queue = self.one_of(&queues).clone();
        if depth < 2 && Capabilities::sqs(&queue).fifo {
            STANDARD.clone_into(&mut queue);
            if !queues.contains(&queue) {
                queue.clone_from(&queues[0]);
            }
        }
        let fifo = Capabilities::sqs(&queue).fifo;
        let follows = if self.is(Scenario::Chains) { 70 } else { 20 };
        let has_next = depth > 0 && self.chance(follows);
        let has_errback = depth > 0 && self.chance(follows);
        TaskPlan {
            id,
            at: Duration::ZERO,
            group: fifo.then(|| self.one_of(&["a", "b"]).to_string()),
            queue,
            countdown: if depth == 2 {
                self.countdown()
            } else {
                Duration::ZERO
            },
            blocking: false,
            ignore_result: !self.is(Scenario::Poison)
                && !fifo
                && !has_next
                && !has_errback
                && depth == 2
                && self.chance(8),
            tries: self.tries(),
            next: has_next.then(|| Box::new(self.task(depth - 1))),
            errback: has_errback.then(|| Box::new(self.task(0))),
        }
    }

    fn countdown(&mut self) -> Duration {
        match self.scenario {
            Scenario::Countdowns => *self.one_of(&[
                Duration::from_secs(5),
                Duration::from_mins(14),
                Duration::from_mins(40),
                Duration::from_hours(3),
            ]),
            _ => match self.random.u32(..100) {
                0..15 => self.seconds(1..40),
                _ => Duration::ZERO,
            },
        }
    }

    fn tries(&mut self) -> Vec<Try> {
        let most = if self.is(Scenario::Retries) { 4 } else { 1 };
        let count = self.random.usize(0..=most);
        let mut tries: Vec<Try> = (0..count)
            .map(|_| {
                let countdown = *self.one_of(&[0, 0, 1, 5, 30, 120, 3600]);
                let countdown = if countdown == 3600 && !self.is(Scenario::Fifo) {
                    60
                } else {
                    countdown
                };
                let end = End::Retry(Duration::from_secs(countdown));
                self.run(end)
            })
            .collect();
        let end = self.end();
        let last = self.run(end);
        tries.push(last);
        tries
    }

    fn run(&mut self, end: End) -> Try {
        let takes = match self.random.u32(..10) {
            0..=4 => self.seconds(0..1),
            5..=7 => self.seconds(1..20),
            _ => self.seconds(20..150),
        };
        let progress = self.chance(if self.is(Scenario::Python) { 60 } else { 25 });
        Try {
            takes,
            progress,
            end,
        }
    }

    fn end(&mut self) -> End {
        if self.is(Scenario::Poison) && self.chance(30) {
            return End::Abort;
        }
        match self.random.u32(..20) {
            0..=12 => End::Return,
            13..=16 => End::Fail,
            17 => End::ReturnTooLarge,
            18 => End::Panic,
            _ => End::Reject,
        }
    }

    fn mishaps(&mut self, plan: &Plan) -> Vec<Mishap> {
        let names: Vec<String> = plan
            .workers
            .iter()
            .map(|worker| worker.name.clone())
            .collect();
        let ids: Vec<String> = plan
            .all_tasks()
            .iter()
            .map(|task| task.id.clone())
            .collect();
        let last = plan.tasks.last().map_or(60, |task| task.at.as_secs()) + 200;
        let count = self.random.usize(0..=5);
        let mut mishaps: Vec<Mishap> = (0..count)
            .map(|_| Mishap {
                at: self.seconds(1..last),
                what: self.what(&names, &ids),
            })
            .collect();
        mishaps.sort_by_key(|mishap| mishap.at);
        mishaps
    }

    fn what(&mut self, names: &[String], ids: &[String]) -> What {
        let (name, id) = (self.one_of(names).clone(), self.one_of(ids).clone());
        let (special, coin) = (self.chance(60), self.chance(50));
        let drained = self.chance(30);
        match self.scenario {
            Scenario::Pauses if special => What::Pause(name, self.seconds(5..300)),
            Scenario::Python if special && coin => What::PythonForgets(id),
            Scenario::Python if special => What::PythonStarts(id),
            Scenario::Outages if special => {
                let service = *self.one_of(&[Service::Sqs, Service::DynamoDb]);
                What::Away(service, self.seconds(5..240))
            }
            _ if drained => What::Drain(name),
            _ => What::Kill(name, self.seconds(0..30)),
        }
    }
}
