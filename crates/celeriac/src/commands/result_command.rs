use std::time::Duration;

use celeriac_producer::ResultError;
use celeriac_protocol::{State, Value};
use clap::Args;

use super::result_view::ResultView;
use super::{CommandError, EXIT_NOT_READY, EXIT_OK, print, time_argument};
use crate::{Connection, Error};

/// Shows a task's state and result.
#[derive(Clone, Debug, Args)]
pub struct ResultCommand {
    /// Task id
    #[arg(value_name = "ID")]
    pub task_id: String,
    /// Wait for the end of the task [60s where no time is given]
    #[arg(short, long, value_name = "TIMEOUT", num_args = 0..=1, default_missing_value = "60s", value_parser = time_argument::duration)]
    pub wait: Option<Duration>,
    /// Print Celery's result object as JSON
    #[arg(long)]
    pub json: bool,
}

impl ResultCommand {
    /// Prints the result; the exit code tells how the task ended.
    pub async fn run(&self, connection: &Connection) -> Result<u8, CommandError> {
        if connection.results_are_in_memory() {
            eprintln!(
                "note: the results are in this command's memory, where no worker stores any: use `sqlite:PATH`"
            );
        }
        if let Some(timeout) = self.wait {
            wait_for_end(connection, &self.task_id, timeout).await?;
        }
        let view = ResultView::read(connection, &self.task_id).await?;
        print(&if self.json { view.json() } else { view.text() });
        match view.state() {
            State::Success => Ok(EXIT_OK),
            State::Failure | State::Revoked => Err(failure(&self.task_id, &view)),
            _ => Ok(EXIT_NOT_READY),
        }
    }
}

async fn wait_for_end(
    connection: &Connection,
    task_id: &str,
    timeout: Duration,
) -> Result<(), CommandError> {
    match connection
        .client()
        .result::<Value>(task_id)
        .get(timeout)
        .await
    {
        Ok(_) | Err(ResultError::Failed { .. } | ResultError::Revoked { .. }) => Ok(()),
        Err(error) => Err(Error::Result(error).into()),
    }
}

fn failure(task_id: &str, view: &ResultView) -> CommandError {
    let what = if view.state() == State::Revoked {
        "was revoked"
    } else {
        "failed"
    };
    match view.exception() {
        Some(error) => CommandError::task_failed(format!(
            "task `{task_id}` {what}: {}: {}",
            error.exc_type,
            error.message()
        )),
        None => CommandError::task_failed(format!("task `{task_id}` {what}")),
    }
}
