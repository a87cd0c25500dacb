//! Which tasks run beside each other in this process.

use std::sync::Arc;

use tokio::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock};

/// Who runs beside whom in this process.
#[derive(Default)]
pub(crate) struct Isolation(Arc<RwLock<()>>);

/// A task's place among the others, from its claim until its end is stored.
pub(crate) struct Place {
    /// The last run of a task before it counts as poison may begin here.
    allows_last_run: bool,
    _guard: Guard,
}

#[expect(dead_code, reason = "held until dropped")]
enum Guard {
    BesideOthers(OwnedRwLockReadGuard<()>),
    Alone(OwnedRwLockWriteGuard<()>),
}

impl Isolation {
    pub(crate) async fn beside_others(&self) -> Place {
        let guard = Arc::clone(&self.0).read_owned().await;
        Place {
            allows_last_run: false,
            _guard: Guard::BesideOthers(guard),
        }
    }

    /// Nothing else starts from now on, and what runs may end.
    pub(crate) async fn alone(&self) -> Place {
        let guard = Arc::clone(&self.0).write_owned().await;
        Place {
            allows_last_run: true,
            _guard: Guard::Alone(guard),
        }
    }
}

impl Place {
    /// The number of the run that must not begin here, since it is the last before its task counts
    /// as poison. `None` if this place allows such a run, or if a single lost run makes a task
    /// poison: then each first run would be the last, and no two tasks would ever run together.
    pub(crate) fn isolate_at(&self, max_lost_runs: u32) -> Option<u32> {
        (!self.allows_last_run && max_lost_runs > 1).then_some(max_lost_runs)
    }

    /// The same place, for a task that should have it alone and has waited for that long enough.
    pub(crate) fn allowing_last_run(self) -> Self {
        Self {
            allows_last_run: true,
            ..self
        }
    }
}
