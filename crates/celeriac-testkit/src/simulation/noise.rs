use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::plan;
use crate::cloud::Chances;

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Good,
    Lost,
    AnswerLost,
    ResetBefore,
    ResetAfter,
    SlowRequest,
    SlowAnswer,
    SluggishRequest,
    SluggishAnswer,
    Throttled,
}

/// What goes wrong by chance, drawn from a seed of its own.
#[derive(Debug)]
pub(crate) struct Noise {
    plan: plan::Noise,
    drawn: Mutex<Drawn>,
}

#[derive(Debug)]
struct Drawn {
    random: fastrand::Rng,
    /// How often something went wrong.
    hits: u64,
    over: bool,
}

impl Noise {
    pub(crate) fn new(plan: plan::Noise, seed: u64) -> Self {
        Self {
            plan,
            drawn: Mutex::new(Drawn {
                random: fastrand::Rng::with_seed(seed),
                hits: 0,
                over: false,
            }),
        }
    }

    /// Nothing goes wrong from here on.
    pub(crate) fn end(&self) {
        self.drawn().over = true;
    }

    /// How often something went wrong.
    pub(crate) fn hits(&self) -> u64 {
        self.drawn().hits
    }

    pub(crate) fn of_request(&self) -> Fate {
        let plan = &self.plan;
        let kinds = [
            (plan.lost, Fate::Lost),
            (plan.answer_lost, Fate::AnswerLost),
            (plan.reset / 2, Fate::ResetBefore),
            (plan.reset.div_ceil(2), Fate::ResetAfter),
            (plan.slow / 2, Fate::SlowRequest),
            (plan.slow.div_ceil(2), Fate::SlowAnswer),
            (plan.sluggish / 2, Fate::SluggishRequest),
            (plan.sluggish.div_ceil(2), Fate::SluggishAnswer),
            (plan.throttled, Fate::Throttled),
        ];
        let mut drawn = self.drawn();
        let mut number = drawn.random.u32(..10_000);
        for (share, fate) in kinds {
            if number < share {
                return if drawn.hit(&self.plan) {
                    fate
                } else {
                    Fate::Good
                };
            }
            number -= share;
        }
        Fate::Good
    }

    /// One way.
    pub(crate) fn latency(&self) -> Duration {
        Duration::from_micros(self.drawn().random.u64(500..8_000))
    }

    /// One way of a request of this fate.
    pub(crate) fn latency_there(&self, fate: Fate) -> Duration {
        match fate {
            Fate::SlowRequest => self.long_latency(),
            Fate::SluggishRequest => self.middle_latency(),
            _ => self.latency(),
        }
    }

    /// And back.
    pub(crate) fn latency_back(&self, fate: Fate) -> Duration {
        match fate {
            Fate::SlowAnswer => self.long_latency(),
            Fate::SluggishAnswer => self.middle_latency(),
            _ => self.latency(),
        }
    }

    /// One way, beside much traffic: as short as a lease's last moments, at times.
    fn middle_latency(&self) -> Duration {
        let mut drawn = self.drawn();
        let most = 1 << drawn.random.u32(4..13);
        Duration::from_millis(drawn.random.u64(most / 2..most))
    }

    /// One way, on a bad day; longer than a client waits, at times.
    fn long_latency(&self) -> Duration {
        Duration::from_millis(self.drawn().random.u64(500..14_000))
    }

    /// For how long nothing gets through where a connection broke: not at all, or for longer than
    /// a client tries again.
    pub(crate) fn broken_for(&self) -> Duration {
        let millis = self.drawn().random.u64(..16_000);
        Duration::from_millis(millis.saturating_sub(8_000))
    }

    fn happens(&self, share: u32) -> bool {
        if share == 0 {
            return false;
        }
        let mut drawn = self.drawn();
        drawn.random.u32(..10_000) < share && drawn.hit(&self.plan)
    }

    fn drawn(&self) -> MutexGuard<'_, Drawn> {
        self.drawn.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drawn {
    /// Counts a hit; whether it is to have its effect.
    fn hit(&mut self, plan: &plan::Noise) -> bool {
        let number = self.hits;
        self.hits += 1;
        !self.over && plan.only.as_ref().is_none_or(|only| only.contains(&number))
    }
}

impl Chances for Noise {
    fn below(&self, bound: usize) -> usize {
        self.drawn().random.usize(..bound)
    }

    fn duplicates(&self) -> bool {
        self.happens(self.plan.duplicate)
    }

    fn forgets_deletion(&self) -> bool {
        self.happens(self.plan.undeleted)
    }

    fn old_receipt_deletes(&self) -> bool {
        self.happens(self.plan.old_receipt)
    }

    fn entry_fails(&self) -> bool {
        self.happens(self.plan.entry)
    }

    fn statement_fails(&self) -> bool {
        self.happens(self.plan.entry)
    }

    fn key_is_left(&self) -> bool {
        self.happens(self.plan.entry)
    }
}
