//! Which tasks run beside each other in this process.

use std::sync::Arc;

use tokio::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock};

/// Who runs beside whom in this process.
#[derive(Default)]
pub(crate) struct Isolation(Arc<RwLock<()>>);

/// A task's place among the others, from its claim until its end is stored.
pub(crate) struct Place {
    alone: bool,
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
            alone: false,
            _guard: Guard::BesideOthers(guard),
        }
    }

    /// Nothing else starts from now on, and what runs may end.
    pub(crate) async fn alone(&self) -> Place {
        let guard = Arc::clone(&self.0).write_owned().await;
        Place {
            alone: true,
            _guard: Guard::Alone(guard),
        }
    }
}

impl Place {
    /// The run of a task that must run alone, since its loss would make the task poison. `None` if
    /// this place is alone, or if one lost run is enough for that: then every run would have to.
    pub(crate) fn isolate_at(&self, max_lost_runs: u32) -> Option<u32> {
        (!self.alone && max_lost_runs > 1).then_some(max_lost_runs)
    }

    /// Lets a task that should run alone run beside others: it has waited for long enough.
    pub(crate) fn not_waiting(self) -> Self {
        Self {
            alone: true,
            ..self
        }
    }
}
