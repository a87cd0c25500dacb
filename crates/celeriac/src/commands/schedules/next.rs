use clap::Args;
use jiff::Timestamp;
use serde_json::json;

use super::entries::{ZonedEntry, entries, shown};
use super::now;
use crate::Connection;
use crate::commands::{CommandError, EXIT_OK, Table, print};

/// Shows the next times, of all entries together or of those named.
#[derive(Clone, Debug, Args)]
pub struct NextCommand {
    /// Entries [default: all]
    #[arg(value_name = "ENTRY")]
    entries: Vec<String>,
    /// How many times
    #[arg(short = 'n', long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    count: u32,
    /// After this time instead of now: `2027-03-27T00:00:00Z`
    #[arg(long, value_name = "ISO", value_parser = moment)]
    after: Option<Timestamp>,
    /// Print a JSON list
    #[arg(long)]
    json: bool,
}

impl NextCommand {
    pub(super) fn run(&self, connection: &Connection) -> Result<u8, CommandError> {
        let entries = entries(connection, &self.entries)?;
        let running: Vec<&ZonedEntry<'_>> = entries
            .iter()
            .filter(|entry| entry.entry.is_enabled() || !self.entries.is_empty())
            .collect();
        let times = self.times(&running);
        if self.json {
            let times: Vec<_> = times
                .iter()
                .map(|(time, entry)| {
                    json!({"entry": entry.entry.name(), "time": time.to_string(), "local": local(*time, entry)})
                })
                .collect();
            print(&serde_json::Value::from(times).to_string());
        } else {
            let mut table = Table::default();
            for (time, entry) in times {
                let zone = entry.zone.iana_name().unwrap_or("UTC");
                table.row([
                    shown(&time.to_zoned(entry.zone.clone())),
                    zone.to_owned(),
                    entry.entry.name().to_owned(),
                ]);
            }
            print(&table.render());
        }
        Ok(EXIT_OK)
    }

    /// In order of time.
    fn times<'a>(&self, entries: &[&'a ZonedEntry<'a>]) -> Vec<(Timestamp, &'a ZonedEntry<'a>)> {
        let after = self.after.unwrap_or_else(now);
        let mut times: Vec<_> = entries
            .iter()
            .flat_map(|entry| {
                let next = |time: &Timestamp| entry.entry.next_after(*time, &entry.zone);
                let times = std::iter::successors(next(&after), next);
                times.take(self.count as usize).map(|time| (time, *entry))
            })
            .collect();
        times.sort_by_key(|(time, _)| *time);
        times.truncate(self.count as usize);
        times
    }
}

fn local(time: Timestamp, entry: &ZonedEntry<'_>) -> String {
    time.to_zoned(entry.zone.clone()).to_string()
}

fn moment(text: &str) -> Result<Timestamp, String> {
    let time = crate::commands::moment(text)?;
    Timestamp::from_microsecond(time.0).map_err(|_| "out of range".to_owned())
}
