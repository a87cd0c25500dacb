use std::time::Duration;

use celeriac_core::SendOptions;
use celeriac_producer::ResultError;
use celeriac_producer::canvas::ResultTree;
use celeriac_protocol::{Signature, UtcTime, Value, Workflow};
use clap::Args;

use super::{
    CommandError, EXIT_OK, JsonDict, JsonList, ResultCommand, json_text, print, time_argument,
};
use crate::call_note::call_note;
use crate::{Connection, Error};

/// Sends a task by its name, or a canvas, and prints its id.
#[derive(Clone, Debug, Args)]
pub struct SendCommand {
    /// Task name, such as `tasks.add`
    #[arg(value_name = "NAME", required_unless_present = "workflow")]
    pub task: Option<String>,
    /// A chain, group or chord instead: the JSON object that Celery makes of it (`json.dumps(chain(..))`)
    #[arg(long, value_name = "JSON", value_parser = json_text::json_dict,
          conflicts_with_all = ["task", "args", "kwargs", "countdown", "eta", "expires", "queue", "id", "message_group_id"])]
    pub workflow: Option<JsonDict>,
    /// Positional arguments, a JSON list
    #[arg(short, long, value_name = "JSON", default_value = "[]", value_parser = json_text::json_list)]
    pub args: JsonList,
    /// Keyword arguments, a JSON object
    #[arg(short, long, value_name = "JSON", default_value = "{}", value_parser = json_text::json_dict)]
    pub kwargs: JsonDict,
    /// Run after this: `5`, `90s`, `1h`
    #[arg(long, value_name = "TIME", allow_negative_numbers = true, value_parser = time_argument::duration, conflicts_with = "eta")]
    pub countdown: Option<Duration>,
    /// Run at this time: `2027-01-02T03:04:05Z`
    #[arg(long, value_name = "ISO", value_parser = time_argument::moment)]
    pub eta: Option<UtcTime>,
    /// Do not start the task after this time
    #[arg(long, value_name = "TIME", value_parser = time_argument::duration)]
    pub expires: Option<Duration>,
    /// Queue, over every route
    #[arg(short = 'Q', long, value_name = "QUEUE")]
    pub queue: Option<String>,
    /// Task id [default: a random UUID]
    #[arg(long, value_name = "ID")]
    pub id: Option<String>,
    /// FIFO queue: message group; other queues: tenant of a fair queue
    #[arg(long, value_name = "GROUP")]
    pub message_group_id: Option<String>,
    /// Wait for the result and print it [60s where no time is given]
    #[arg(short, long, value_name = "TIMEOUT", num_args = 0..=1, default_missing_value = "60s", value_parser = time_argument::duration)]
    pub wait: Option<Duration>,
    /// With --wait: print Celery's result object as JSON
    #[arg(long, requires = "wait")]
    pub json: bool,
}

impl SendCommand {
    /// Sends; with `--wait` the exit code tells how the task ended.
    pub async fn run(&self, connection: &Connection) -> Result<u8, CommandError> {
        let (args, kwargs) = (self.args.0.clone(), self.kwargs.0.clone());
        if self.wait.is_some() && connection.ledger().is_none() {
            return Err(Error::Result(ResultError::NoBackend).into());
        }
        let task = self.task.clone().unwrap_or_default();
        let note = call_note(connection.registry(), &task, &args, &kwargs);
        if let Some(note) = note.filter(|_| self.workflow.is_none()) {
            eprintln!("note: {note}");
        }
        if connection.broker_is_in_memory() {
            eprintln!(
                "note: the broker is in this command's memory, and the message ends with it: use `sqlite:PATH` to send to a worker"
            );
        }
        let client = connection.client();
        let result = match &self.workflow {
            None => {
                client
                    .send_task(&task, args, kwargs, self.options())
                    .await?
            }
            Some(canvas) => client.send(canvas_of(canvas)?).await?,
        };
        let task_id = result.id().to_owned();
        if let Some(ResultTree::Group { members, .. }) = result.tree()
            && self.wait.is_some()
        {
            eprintln!(
                "note: a group has no result of its own: look at it with `graph`, or wait for one of its {} members",
                members.len()
            );
            print(&task_id);
            client.close().await;
            return Ok(EXIT_OK);
        }
        let ended = self.finish(connection, task_id).await;
        client.close().await;
        ended
    }

    async fn finish(&self, connection: &Connection, task_id: String) -> Result<u8, CommandError> {
        if self.wait.is_none() || self.ignores_result(connection) {
            print(&task_id);
            return Ok(EXIT_OK);
        }
        eprintln!("sent: {task_id}"); // whoever stops the waiting has it
        ResultCommand {
            task_id,
            wait: self.wait,
            json: self.json,
        }
        .run(connection)
        .await
    }

    fn ignores_result(&self, connection: &Connection) -> bool {
        let task = self.task.as_ref();
        let task = task.and_then(|task| connection.registry().find(task));
        let ignores = task.is_some_and(|task| task.options.ignore_result == Some(true));
        if ignores {
            eprintln!(
                "note: the task stores no result (`ignore_result`): there is none to wait for"
            );
        }
        ignores
    }

    fn options(&self) -> SendOptions {
        SendOptions {
            task_id: self.id.clone(),
            countdown: self.countdown,
            eta: self.eta,
            expires: self.expires,
            queue: self.queue.clone(),
            message_group_id: self.message_group_id.clone(),
            ..SendOptions::default()
        }
    }
}

fn canvas_of(canvas: &JsonDict) -> Result<Workflow, CommandError> {
    let read = Signature::from_value(Value::Dict(canvas.0.clone())).and_then(Workflow::read);
    read.map_err(|error| CommandError::usage(format!("`--workflow`: {error}")))
}
