use celeriac_beat::local::Pauses;
use clap::Args;

use super::entries::entries;
use crate::commands::{CommandError, EXIT_OK, print};
use crate::{Connection, Error};

/// Keeps entries from running until `resume`. It outlives deployments: neither `apply` nor a new
/// start of `beat` ends it.
#[derive(Clone, Debug, Args)]
pub struct PauseCommand {
    /// The entries
    #[arg(value_name = "ENTRY", required = true)]
    entries: Vec<String>,
}

/// Ends a pause.
#[derive(Clone, Debug, Args)]
pub struct ResumeCommand {
    /// The entries
    #[arg(value_name = "ENTRY", required = true)]
    entries: Vec<String>,
}

impl PauseCommand {
    pub(super) async fn run(&self, connection: &Connection) -> Result<u8, CommandError> {
        for entry in entries(connection, &self.entries)? {
            let name = entry.entry.name();
            let changed = set_paused(connection, name, true).await?;
            print(&said(name, changed, "paused", "was paused already"));
        }
        Ok(EXIT_OK)
    }
}

impl ResumeCommand {
    pub(super) async fn run(&self, connection: &Connection) -> Result<u8, CommandError> {
        for entry in entries(connection, &self.entries)? {
            let name = entry.entry.name();
            if !entry.entry.is_enabled() {
                return Err(CommandError::usage(format!(
                    "entry `{name}` is turned off in the code or the settings: turn it on there"
                )));
            }
            let changed = set_paused(connection, name, false).await?;
            print(&said(name, changed, "resumed", "was not paused"));
        }
        Ok(EXIT_OK)
    }
}

fn said(name: &str, changed: bool, done: &str, nothing: &str) -> String {
    format!("{name}: {}", if changed { done } else { nothing })
}

/// In EventBridge Scheduler, where the entry is in the group, and for the local beat, which may run
/// on SQS too. Whether anything changed.
async fn set_paused(
    connection: &Connection,
    entry: &str,
    paused: bool,
) -> Result<bool, CommandError> {
    #[cfg(feature = "aws")]
    if connection.broker_is_aws() {
        if let Some(changed) = on_aws::set_paused(connection, entry, paused).await? {
            let kept = keep(connection, entry, paused).await;
            return Ok(kept.unwrap_or_else(|error| {
                eprintln!("note: `{entry}`: a local `beat` is not told: {error}");
                false
            }) | changed);
        }
        eprintln!(
            "note: `{entry}` is not in EventBridge Scheduler: a local `beat` is told, and `schedules apply` will turn it on"
        );
    }
    Ok(keep(connection, entry, paused).await?)
}

/// For the local beat.
async fn keep(connection: &Connection, entry: &str, paused: bool) -> Result<bool, Error> {
    let no_backend = || Error::Result(celeriac_producer::ResultError::NoBackend);
    let store = connection.documents().ok_or_else(no_backend)?;
    let kept = Pauses::of(&connection.deployment(), store);
    let changed = if paused {
        kept.pause(entry).await
    } else {
        kept.resume(entry, super::now()).await
    };
    Ok(changed?)
}

#[cfg(feature = "aws")]
mod on_aws {
    use celeriac_beat::plan::GroupEntries;

    use super::CommandError;
    use crate::Connection;
    use crate::schedules::ScheduleGroup;

    /// Turns off what is in the group for the entry, whatever its definition there; `None` if nothing
    /// is.
    pub(super) async fn set_paused(
        connection: &Connection,
        entry: &str,
        paused: bool,
    ) -> Result<Option<bool>, CommandError> {
        let group = ScheduleGroup::of(connection)?;
        let listed = group.list().await?.unwrap_or_default();
        let mine = GroupEntries::of(&listed).of_entry(entry);
        if mine.is_empty() {
            return Ok(None);
        }
        group
            .check_ours(if paused { "pause" } else { "resume" })
            .await?;
        let names: Vec<String> = mine
            .iter()
            .filter(|listed| listed.enabled == paused)
            .map(|listed| listed.name.clone())
            .collect();
        Ok(Some(group.set_enabled(&names, !paused).await? > 0))
    }
}
