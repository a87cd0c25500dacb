use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Over when the code of a run that was ended from outside has really stopped.
pub(crate) type Rest = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Tasks whose code goes on in this process although their run was ended from outside: a thread
/// cannot be killed, and a future that does not yield cannot be dropped. None of them is started
/// again here.
#[derive(Default)]
pub(crate) struct DetachedRuns {
    tasks: Mutex<Vec<String>>,
}

impl DetachedRuns {
    /// Keeps `held` until `rest` is over.
    pub(crate) fn keep(self: &Arc<Self>, task_id: &str, held: impl Send + 'static, rest: Rest) {
        let (all, task_id) = (Arc::clone(self), task_id.to_owned());
        all.tasks().push(task_id.clone());
        tokio::spawn(async move {
            rest.await;
            drop(held);
            let mut tasks = all.tasks();
            let place = tasks.iter().position(|other| *other == task_id);
            place.map(|place| tasks.swap_remove(place));
        });
    }

    pub(crate) fn has(&self, task_id: &str) -> bool {
        self.tasks().iter().any(|other| other == task_id)
    }

    pub(crate) fn any(&self) -> bool {
        !self.tasks().is_empty()
    }

    fn tasks(&self) -> MutexGuard<'_, Vec<String>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_is_held_is_kept_until_the_rest_is_over() {
        let runs = Arc::<DetachedRuns>::default();
        let (ends, end) = oneshot::channel::<()>();
        let held = Arc::new(());
        let rest = Box::pin(async move {
            let _ = end.await;
        });
        runs.keep("t", Arc::clone(&held), rest);
        tokio::time::sleep(std::time::Duration::from_hours(1)).await;
        assert!(runs.has("t") && !runs.has("other") && Arc::strong_count(&held) == 2);
        drop(ends);
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        assert!(!runs.any() && Arc::strong_count(&held) == 1);
    }
}
