//! Which tasks are sent, and what their functions do.

use std::time::Duration;

use celeriac_core::Capabilities;

use super::super::plan::{End, EntryPlan, TaskPlan, Try};
use super::Scenario;
use super::maker::{Maker, ORDERED, STANDARD};

impl Maker {
    pub(super) fn all_tasks(&mut self) -> Vec<TaskPlan> {
        let count = match self.scenario {
            Scenario::Leases => self.random.usize(2..=4),
            Scenario::Forgets => self.random.usize(1..=3),
            Scenario::Beats => 1,
            Scenario::Canvases => 0,
            Scenario::Days => 24,
            Scenario::Calm => self.random.usize(150..=300),
            _ => self.random.usize(1..=8),
        };
        let mut at = Duration::from_secs(1);
        let mut tasks = Vec::new();
        for _ in 0..count {
            let together = match self.scenario {
                Scenario::Fifo => 75,
                Scenario::Forgets => 0,
                Scenario::Calm => 100,
                _ => 50,
            };
            if !self.chance(together) {
                at += self.seconds(0..20);
            }
            let direct = self.is(Scenario::Events) && self.chance(60);
            let mut task = match self.scenario {
                Scenario::Forgets => self.retried_task(),
                Scenario::Calm => self.plain_task(Duration::ZERO),
                Scenario::Days => self.task_of_days(tasks.is_empty()),
                _ if direct => self.event(),
                _ => self.task(2),
            };
            task.at = at;
            tasks.push(task);
        }
        tasks
    }

    /// What the beats send.
    pub(super) fn entries(&mut self) -> Vec<EntryPlan> {
        if !self.is(Scenario::Beats) {
            return Vec::new();
        }
        let count = self.random.usize(1..=2);
        let entry = |number| EntryPlan {
            name: format!("e{number}"),
            every: Duration::from_secs(self.random.u64(8..60)),
            runs_all: self.chance(60),
            run: TaskPlan {
                tries: self.tries(),
                ..self.plain_task(Duration::ZERO)
            },
        };
        (1..=count).map(entry).collect()
    }

    /// A task that runs for so long, and returns.
    fn plain_task(&mut self, takes: Duration) -> TaskPlan {
        self.tasks += 1;
        TaskPlan {
            id: format!("t{}", self.tasks),
            at: Duration::ZERO,
            group: None,
            queue: STANDARD.to_owned(),
            countdown: Duration::ZERO,
            expires: None,
            direct: false,
            blocking: false,
            ignore_result: false,
            tries: vec![Try {
                takes,
                progress: false,
                end: End::Return,
            }],
            next: None,
            errback: None,
        }
    }

    fn task_of_days(&mut self, first: bool) -> TaskPlan {
        let takes = self.days();
        self.plain_task(if first { takes } else { Duration::ZERO })
    }

    /// A task for whose sake a function is invoked.
    fn event(&mut self) -> TaskPlan {
        let queue = (*self.one_of(&[STANDARD, ORDERED])).to_owned();
        let countdown = if self.chance(60) {
            *self.one_of(&[Duration::from_secs(5), Duration::from_mins(10)])
        } else {
            Duration::ZERO
        };
        TaskPlan {
            direct: true,
            queue,
            countdown,
            tries: self.tries(),
            ..self.plain_task(Duration::ZERO)
        }
    }

    pub(super) fn task(&mut self, depth: u32) -> TaskPlan {
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
        let follows = match self.scenario {
            Scenario::Chains => 70,
            Scenario::Leases => 60,
            _ => 20,
        };
        let has_next = depth > 0 && self.chance(follows);
        let has_errback = depth > 0 && self.chance(follows);
        let (countdown, expires) = if depth == 2 {
            self.times()
        } else {
            (Duration::ZERO, None)
        };
        let ignore_result = !self.is(Scenario::Poison)
            && !fifo
            && !has_next
            && !has_errback
            && depth == 2
            && self.chance(8);
        TaskPlan {
            id,
            at: Duration::ZERO,
            group: fifo.then(|| self.one_of(&["a", "b"]).to_string()),
            queue,
            countdown,
            expires: expires.filter(|_| !ignore_result), // that would leave no trace at all
            direct: false,
            blocking: false,
            ignore_result,
            tries: self.tries(),
            next: has_next.then(|| Box::new(self.task(depth - 1))),
            errback: has_errback.then(|| Box::new(self.task(0))),
        }
    }

    /// When it may run, and until when.
    fn times(&mut self) -> (Duration, Option<Duration>) {
        let countdown = self.countdown();
        let expires = self.chance(10).then(|| countdown + self.seconds(0..20));
        (countdown, expires)
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
        if self.is(Scenario::Leases) {
            return self.tries_of_leases();
        }
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

    /// Its first try shows RETRY for long enough to be forgotten meanwhile.
    fn retried_task(&mut self) -> TaskPlan {
        let first = Try {
            takes: Duration::ZERO,
            progress: false,
            end: End::Retry(Duration::from_secs(1)),
        };
        let takes = self.seconds(0..1) / 4;
        let mut task = self.plain_task(takes);
        task.tries.insert(0, first);
        task
    }

    /// Short enough to end beside another's claim, or long enough to lose the lease.
    fn tries_of_leases(&mut self) -> Vec<Try> {
        let retries = self.random.usize(0..=1);
        let countdown = Duration::from_secs(*self.one_of(&[0, 1, 2, 20]));
        let mut ends = vec![End::Retry(countdown); retries];
        ends.push(if self.chance(40) {
            End::Fail
        } else {
            self.end()
        });
        let run = |end| Try {
            takes: match self.random.u32(..10) {
                0..=2 => self.seconds(0..1),
                _ => self.seconds(3..40),
            },
            progress: self.chance(25),
            end,
        };
        ends.into_iter().map(run).collect()
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
        // a canvas goes on only where all before has succeeded
        if self.is(Scenario::Canvases) && self.chance(80) {
            return End::Return;
        }
        match self.random.u32(..20) {
            0..=12 => End::Return,
            13..=16 => End::Fail,
            17 => End::ReturnTooLarge,
            18 => End::Panic,
            _ => End::Reject,
        }
    }
}
