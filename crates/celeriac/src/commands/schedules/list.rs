use clap::Args;
use serde_json::json;

use super::entries::{ZonedEntry, entries, paused, shown};
use super::now;
use crate::Connection;
use crate::commands::{CommandError, EXIT_OK, Table, print};

/// Lists the entries: schedule, next time, task, state.
#[derive(Clone, Debug, Args)]
pub struct ListCommand {
    /// Print a JSON list
    #[arg(long)]
    json: bool,
}

impl ListCommand {
    pub(super) async fn run(&self, connection: &Connection) -> Result<u8, CommandError> {
        let entries = entries(connection, &[])?;
        let paused = paused(connection).await?;
        let rows: Vec<Row> = entries
            .iter()
            .map(|entry| Row::of(entry, paused.contains(entry.entry.name())))
            .collect();
        if self.json {
            let rows: Vec<_> = rows.iter().map(Row::json).collect();
            print(&serde_json::Value::from(rows).to_string());
        } else if !rows.is_empty() {
            let mut table = Table::new(&["ENTRY", "SCHEDULE", "ZONE", "NEXT", "TASK", "STATE"]);
            for row in rows {
                table.row(row.cells());
            }
            print(&table.render());
        }
        Ok(EXIT_OK)
    }
}

struct Row {
    name: String,
    schedule: String,
    zone: String,
    next: Option<jiff::Zoned>,
    task: String,
    state: &'static str,
}

impl Row {
    fn of(entry: &ZonedEntry<'_>, paused: bool) -> Self {
        let state = match (entry.entry.is_enabled(), paused) {
            (false, _) => "disabled",
            (true, true) => "paused",
            (true, false) => "enabled",
        };
        Self {
            name: entry.entry.name().to_owned(),
            schedule: entry.entry.schedule().to_string(),
            zone: entry.zone.iana_name().unwrap_or("UTC").to_owned(),
            next: entry.next_after(now()),
            task: entry.entry.task().to_owned(),
            state,
        }
    }

    fn cells(self) -> [String; 6] {
        let next = match (&self.next, self.state) {
            (Some(next), "enabled") => shown(next),
            (Some(next), _) => format!("({})", shown(next)),
            (None, _) => "never".to_owned(),
        };
        [
            self.name,
            self.schedule,
            self.zone,
            next,
            self.task,
            self.state.to_owned(),
        ]
    }

    fn json(&self) -> serde_json::Value {
        json!({
            "entry": self.name,
            "schedule": self.schedule,
            "timezone": self.zone,
            "next": self.next.as_ref().map(|next| next.timestamp().to_string()),
            "task": self.task,
            "state": self.state,
        })
    }
}
