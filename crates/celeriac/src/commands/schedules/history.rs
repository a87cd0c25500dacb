use celeriac_core::Record;
use celeriac_protocol::{ExceptionInfo, State};
use clap::Args;
use jiff::Timestamp;
use serde_json::json;

use super::entries::{ZonedEntry, entries, shown};
use super::now;
use crate::commands::{CommandError, EXIT_OK, Table, print};
use crate::{Connection, Error};

/// Shows an entry's last times and what became of each run, by the results that are kept.
#[derive(Clone, Debug, Args)]
pub struct HistoryCommand {
    /// The entry
    #[arg(value_name = "ENTRY")]
    entry: String,
    /// How many times
    #[arg(short = 'n', long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    count: u32,
    /// Print a JSON list
    #[arg(long)]
    json: bool,
}

impl HistoryCommand {
    pub(super) async fn run(&self, connection: &Connection) -> Result<u8, CommandError> {
        let entries = entries(connection, std::slice::from_ref(&self.entry))?;
        let Some(entry) = entries.first() else {
            return Ok(EXIT_OK);
        };
        let no_backend = || Error::Result(celeriac_producer::ResultError::NoBackend);
        let ledger = connection.ledger().ok_or_else(no_backend)?;
        let times = self.times(entry);
        let ids: Vec<Vec<String>> = times
            .iter()
            .map(|time| run_ids(connection, entry, *time))
            .collect();
        let mut records = ledger.get(&ids.concat()).await.into_iter();
        let mut table = Table::new(&["TIME", "STATE", "ENDED", "TASK ID", ""]);
        let mut list = Vec::new();
        for (time, ids) in times.into_iter().zip(ids) {
            let found: Result<Vec<_>, _> = records.by_ref().take(ids.len()).collect();
            let run = Run::of(time, ids, found.map_err(Error::from)?);
            list.push(run.json());
            table.row(run.cells(entry));
        }
        print(&if self.json {
            serde_json::Value::from(list).to_string()
        } else {
            table.render()
        });
        Ok(EXIT_OK)
    }

    /// The latest first.
    fn times(&self, entry: &ZonedEntry<'_>) -> Vec<Timestamp> {
        let before = |time: &Timestamp| {
            let just_before = time.checked_sub(jiff::SignedDuration::from_nanos(1)).ok()?;
            entry.entry.last_at_or_before(just_before, &entry.zone)
        };
        let last = entry.entry.last_at_or_before(now(), &entry.zone);
        std::iter::successors(last, before)
            .take(self.count as usize)
            .collect()
    }
}

/// EventBridge Scheduler's and the local beat's ids differ where a schedule fires at another time
/// than the one that is due, and either may have sent to SQS.
fn run_ids(connection: &Connection, entry: &ZonedEntry<'_>, time: Timestamp) -> Vec<String> {
    let local = entry.entry.task_id(time);
    let on_aws = entry.entry.task_id_on_aws(time);
    if !connection.broker_is_aws() || local == on_aws {
        return vec![local];
    }
    vec![on_aws, local]
}

struct Run {
    time: Timestamp,
    id: String,
    record: Option<Record>,
}

impl Run {
    /// By the first id that something is known of.
    fn of(time: Timestamp, ids: Vec<String>, records: Vec<Option<Record>>) -> Self {
        let known = records.iter().position(Option::is_some).unwrap_or(0);
        Self {
            time,
            id: ids.into_iter().nth(known).unwrap_or_default(),
            record: records.into_iter().nth(known).flatten(),
        }
    }

    fn state(&self) -> String {
        self.record
            .as_ref()
            .map_or_else(|| "-".to_owned(), |record| record.meta.status.to_string())
    }

    fn ended(&self) -> Option<Timestamp> {
        let record = self.record.as_ref()?;
        let done = matches!(
            record.meta.status,
            State::Success | State::Failure | State::Revoked
        );
        done.then(|| Timestamp::from_microsecond(record.written_at.0).ok())?
    }

    fn error(&self) -> String {
        let meta = self.record.as_ref().map(|record| &record.meta);
        meta.filter(|meta| matches!(meta.status, State::Failure | State::Retry))
            .and_then(|meta| ExceptionInfo::from_value(&meta.result).ok())
            .map(|error| format!("{}: {}", error.exc_type, error.message()))
            .unwrap_or_default()
    }

    fn cells(&self, entry: &ZonedEntry<'_>) -> [String; 5] {
        let zoned = |time: Timestamp| shown(&time.to_zoned(entry.zone.clone()));
        [
            zoned(self.time),
            self.state(),
            self.ended().map(zoned_seconds(entry)).unwrap_or_default(),
            self.id.clone(),
            self.error(),
        ]
    }

    fn json(&self) -> serde_json::Value {
        let state = self
            .record
            .as_ref()
            .map(|record| record.meta.status.to_string());
        json!({
            "time": self.time.to_string(),
            "task_id": self.id,
            "state": state,
            "ended": self.ended().map(|time| time.to_string()),
            "error": (!self.error().is_empty()).then(|| self.error()),
        })
    }
}

fn zoned_seconds(entry: &ZonedEntry<'_>) -> impl Fn(Timestamp) -> String {
    let zone = entry.zone.clone();
    move |time| time.to_zoned(zone.clone()).strftime("%H:%M:%S").to_string()
}
