use std::sync::Mutex;
use std::time::Duration;

/// How a store or broker misbehaves from now on.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Fault {
    /// Every call fails, and does nothing.
    pub(crate) down: bool,
    /// Calls that fail after they did what they were asked to, in percent.
    pub(crate) unanswered: u8,
    /// The longest that a call takes, in milliseconds.
    pub(crate) slow: u64,
}

/// What becomes of one call.
pub(crate) struct Fate {
    pub(crate) refused: bool,
    pub(crate) unanswered: bool,
    before: Duration,
    after: Duration,
}

impl Fate {
    /// Half of the call's time, before it does anything.
    pub(crate) async fn before(&self) {
        if !self.before.is_zero() {
            tokio::time::sleep(self.before).await;
        }
    }

    /// The rest, when it is done.
    pub(crate) async fn after(&self) {
        if !self.after.is_zero() {
            tokio::time::sleep(self.after).await;
        }
    }
}

/// Faults by chance, the same for one seed.
pub(crate) struct Faults(Mutex<(Fault, fastrand::Rng)>);

impl Faults {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Mutex::new((
            Fault::default(),
            fastrand::Rng::with_seed(seed),
        )))
    }

    pub(crate) fn set(&self, fault: Fault) {
        self.0.lock().expect("no panic").0 = fault;
    }

    pub(crate) fn fate(&self) -> Fate {
        let (fault, random) = &mut *self.0.lock().expect("no panic");
        let mut wait = || Duration::from_millis(random.u64(0..=fault.slow / 2));
        let (before, after) = (wait(), wait());
        Fate {
            refused: fault.down,
            unanswered: random.u8(0..100) < fault.unanswered,
            before,
            after,
        }
    }
}
