use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::blocking_work::Returned;
use super::detached_runs::Rest;
use super::panics::PanicReport;

/// How long code that was told to stop may take for it, before it counts as code that goes on.
const PATIENCE: Duration = Duration::from_millis(50);

/// A task's code at work. An async task is stopped at its next await, also when this is dropped; a
/// thread is not stopped by anything.
pub(super) struct Code {
    runs_on: RunsOn,
    over: bool,
}

enum RunsOn {
    Task(JoinHandle<Returned>),
    Thread(oneshot::Receiver<Returned>),
}

impl Code {
    pub(super) fn of_task(task: JoinHandle<Returned>) -> Self {
        let runs_on = RunsOn::Task(task);
        Self {
            runs_on,
            over: false,
        }
    }

    pub(super) fn of_thread(answer: oneshot::Receiver<Returned>) -> Self {
        let runs_on = RunsOn::Thread(answer);
        Self {
            runs_on,
            over: false,
        }
    }

    /// What it returns, once. Cancel-safe.
    pub(super) async fn returned(&mut self) -> Returned {
        let returned = match &mut self.runs_on {
            RunsOn::Task(task) => task.await.unwrap_or_else(joined),
            RunsOn::Thread(answer) => answer.await.unwrap_or_else(|_| Err(no_thread())),
        };
        self.over = true;
        returned
    }

    /// Stops it, if it is not over; what is left where that is not possible.
    pub(super) async fn stop(mut self) -> Option<Rest> {
        if self.over {
            return None;
        }
        if let RunsOn::Task(task) = &self.runs_on {
            task.abort();
        }
        if timeout(PATIENCE, self.returned()).await.is_ok() {
            return None;
        }
        Some(Box::pin(async move {
            let _ = self.returned().await;
        }))
    }
}

impl Drop for Code {
    fn drop(&mut self) {
        if let RunsOn::Task(task) = &self.runs_on {
            task.abort();
        }
    }
}

/// A task that panicked while it was dropped.
fn joined(error: tokio::task::JoinError) -> Returned {
    match error.try_into_panic() {
        Ok(payload) => Err(PanicReport::of_payload(payload.as_ref())),
        Err(error) => {
            let text = format!("the run was ended from outside: {error}");
            Err(PanicReport::without_a_place(text))
        }
    }
}

fn no_thread() -> PanicReport {
    PanicReport::without_a_place("no thread could be started for this blocking task")
}
