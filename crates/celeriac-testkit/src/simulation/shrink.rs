use std::collections::BTreeSet;

use super::plan::{Plan, TaskPlan};
use super::{Outcome, Violation, run};

/// Runs that a shrinking may take.
const MOST_RUNS: usize = 300;

/// The smallest plan found that breaks the same promise, and its run.
pub fn shrink(plan: &Plan, violation: &Violation) -> (Plan, Outcome) {
    let mut shrinker = Shrinker {
        invariant: violation.invariant,
        plan: plan.clone(),
        runs: 0,
    };
    while shrinker.step() && shrinker.runs < MOST_RUNS {}
    let outcome = run(&shrinker.plan, true);
    (shrinker.plan, outcome)
}

struct Shrinker {
    invariant: u8,
    plan: Plan,
    runs: usize,
}

impl Shrinker {
    /// Tries each smaller plan once; whether one was taken.
    fn step(&mut self) -> bool {
        let before =
            self.plan.all_tasks().len() + self.plan.mishaps.len() + self.plan.workers.len();
        let mut smaller = false;
        smaller |= self.without_each(|plan| &mut plan.tasks);
        smaller |= self.without_each(|plan| &mut plan.canvases);
        smaller |= self.without_each(|plan| &mut plan.mishaps);
        smaller |= self.without_each(|plan| &mut plan.workers);
        smaller |= self.without_each(|plan| &mut plan.functions);
        if self.plan.beats.len() > 1 {
            smaller |= self.without_each(|plan| &mut plan.beats);
        }
        smaller |= self.without_each(|plan| &mut plan.entries);
        smaller |= self.quieter();
        smaller |= self.fewer_hits();
        smaller |= self.simpler_tasks();
        smaller |= self.smaller_canvases();
        smaller && (before > 0)
    }

    fn takes(&mut self, plan: Plan) -> bool {
        if self.runs >= MOST_RUNS || plan.workers.len() + plan.functions.len() == 0 {
            return false;
        }
        self.runs += 1;
        let broken = run(&plan, false).violation;
        let same = broken.is_some_and(|violation| violation.invariant == self.invariant);
        if same {
            self.plan = plan;
        }
        same
    }

    fn without_each<T>(&mut self, part: impl Fn(&mut Plan) -> &mut Vec<T>) -> bool {
        let mut smaller = false;
        let mut at = part(&mut self.plan).len();
        while at > 0 {
            at -= 1;
            let mut plan = self.plan.clone();
            part(&mut plan).remove(at);
            smaller |= self.takes(plan);
        }
        smaller
    }

    fn quieter(&mut self) -> bool {
        let mut smaller = false;
        for kind in 0..10 {
            let mut plan = self.plan.clone();
            let share = plan.noise.kinds().into_iter().nth(kind);
            if let Some(share) = share.filter(|share| **share > 0) {
                *share = 0;
                smaller |= self.takes(plan);
            }
        }
        smaller
    }

    /// Halves what goes wrong by chance, as long as that can be.
    fn fewer_hits(&mut self) -> bool {
        let hits: Vec<u64> = match &self.plan.noise.only {
            Some(only) => only.iter().copied().collect(),
            None => (0..run(&self.plan, false).hits).collect(),
        };
        let mut size = hits.len().div_ceil(2);
        let (mut hits, mut smaller) = (hits, false);
        while size > 0 && !hits.is_empty() {
            let mut at = 0;
            while at < hits.len() {
                let mut fewer = hits.clone();
                fewer.drain(at..(at + size).min(fewer.len()));
                let mut plan = self.plan.clone();
                plan.noise.only = Some(fewer.iter().copied().collect::<BTreeSet<u64>>());
                if self.takes(plan) {
                    (hits, smaller) = (fewer, true);
                } else {
                    at += size;
                }
                if self.runs >= MOST_RUNS {
                    return smaller;
                }
            }
            size /= 2;
        }
        smaller
    }

    fn smaller_canvases(&mut self) -> bool {
        let mut smaller = false;
        for at in 0..self.plan.canvases.len() {
            let mut left = self.plan.canvases[at].shape.smaller().into_iter();
            while let Some(shape) = left.next() {
                let mut plan = self.plan.clone();
                plan.canvases[at].shape = shape;
                if self.takes(plan) {
                    (left, smaller) = (self.plan.canvases[at].shape.smaller().into_iter(), true);
                }
            }
        }
        smaller
    }

    fn simpler_tasks(&mut self) -> bool {
        let mut smaller = false;
        let changes: [fn(&mut TaskPlan); 4] = [
            |task| task.next = None,
            |task| task.errback = None,
            |task| {
                task.tries.remove(0);
            },
            |task| task.tries.iter_mut().for_each(|run| run.progress = false),
        ];
        for at in 0..self.plan.tasks.len() {
            for change in changes {
                let mut plan = self.plan.clone();
                let task = &mut plan.tasks[at];
                let before = format!("{task}");
                if task.tries.len() < 2 && task.next.is_none() && task.errback.is_none() {
                    continue;
                }
                change(task);
                if !task.tries.is_empty() && before != format!("{task}") {
                    smaller |= self.takes(plan);
                }
            }
        }
        smaller
    }
}
