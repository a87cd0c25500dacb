use celeriac_core::{Record, plain_text};
use celeriac_protocol::{ExceptionInfo, ResultMeta, State, Value};

use super::{CommandError, Table, json_text};
use crate::{Connection, Error};

/// A stored result as a person or a script reads it.
pub(super) struct ResultView {
    task_id: String,
    record: Option<Record>,
}

impl ResultView {
    /// Reads what is stored now.
    pub(super) async fn read(connection: &Connection, task_id: &str) -> Result<Self, CommandError> {
        let store = connection
            .ledger()
            .ok_or(Error::Result(celeriac_producer::ResultError::NoBackend))?;
        let mut records = store.get(&[task_id.to_owned()]).await;
        let record = records.pop().transpose()?.flatten();
        Ok(Self {
            task_id: task_id.to_owned(),
            record,
        })
    }

    /// The state; PENDING for an unknown id, as in Celery.
    pub(super) fn state(&self) -> State {
        self.record
            .as_ref()
            .map_or(State::Pending, |record| record.meta.status.clone())
    }

    /// The exception of a task that failed or was revoked.
    pub(super) fn exception(&self) -> Option<ExceptionInfo> {
        let meta = &self.record.as_ref()?.meta;
        let shows_exception = matches!(meta.status, State::Failure | State::Revoked | State::Retry);
        shows_exception
            .then(|| ExceptionInfo::from_value(&meta.result).ok())
            .flatten()
    }

    /// Celery's result object in one line of JSON.
    pub(super) fn json(&self) -> String {
        let meta = match &self.record {
            Some(record) => record.meta.clone(),
            None => ResultMeta::new(&self.task_id, State::Pending, Value::Null),
        };
        json_text(&meta.to_value())
    }

    /// A line for each part that is there.
    pub(super) fn text(&self) -> String {
        let mut table = Table::new(&[]);
        table.row(["id", &self.task_id]);
        let Some(record) = &self.record else {
            table.row(["state", "PENDING (nothing is stored under this id yet)"]);
            return table.render();
        };
        let meta = &record.meta;
        table.row(["state", meta.status.as_str()]);
        match self.exception() {
            Some(exception) => table.row([
                "error",
                &format!("{}: {}", exception.exc_type, exception.message()),
            ]),
            None if !meta.status.is_ready() && meta.result == Value::Null => {}
            None => table.row(["result", &json_text(&meta.result)]),
        }
        if let Some(done) = &meta.date_done {
            table.row(["done", done]);
        }
        let parent = meta.parent_id.as_ref();
        if let Some(parent) = parent.filter(|parent| **parent != self.task_id) {
            table.row(["parent", parent]);
        }
        // one that says no more than the error is left out
        let traceback = meta.traceback.as_deref().unwrap_or_default();
        let more = traceback.lines().count() > 1;
        // indented, so that no line of it looks like one of ours
        let lines = traceback.lines().filter(|_| more);
        let lines = lines.map(|line| format!("  {}\n", plain_text::line(line)));
        table.render() + &lines.collect::<String>()
    }
}
