use std::collections::HashSet;
use std::path::Path;

use celeriac::beat::jiff::Timestamp;
use celeriac::beat::jiff::tz::TimeZone;
use celeriac::beat::{Entry, EntryError, refused_by_eventbridge};
use celeriac::commands::{CommandError, json_text};
use celeriac::{Dict, Settings, Value};

/// Entries that were read, and what a person should know of them.
#[derive(Debug, Default)]
pub(super) struct Imported {
    entries: Vec<Entry>,
    names: HashSet<String>,
    /// What has no equivalent, a sentence each.
    pub(super) notes: Vec<EntryError>,
    /// Entries that cannot be.
    pub(super) left_out: Vec<EntryError>,
}

impl Imported {
    /// Takes in an entry in Celery's shape, or its error.
    pub(super) fn add(&mut self, name: &str, dict: Result<Dict, String>) {
        let read = dict
            .map_err(|reason| entry_error(name, reason))
            .and_then(|dict| Entry::from_value(name, &Value::Dict(dict), &TimeZone::UTC));
        match read {
            Ok(_) if !self.names.insert(name.to_owned()) => {
                let twice = "another entry has this name: give it one of its own";
                self.left_out.push(entry_error(name, twice));
            }
            Ok(entry) => self.entries.push(entry),
            Err(error) => self.left_out.push(error),
        }
    }

    pub(super) fn note(&mut self, name: &str, text: impl Into<String>) {
        self.notes.push(entry_error(name, text));
    }

    /// Adds what is to be known of the entries as they are.
    pub(super) fn look_at_entries(&mut self) {
        for entry in &self.entries {
            let refused = refused_by_eventbridge(entry, Timestamp::now()).map(|error| {
                let reason = error.reason;
                format!("`beat` runs it, `schedules apply` refuses it: {reason}")
            });
            let notes = entry.notes().into_iter().chain(refused);
            let of_entry = notes.map(|note| entry_error(entry.name(), note));
            self.notes.extend(of_entry);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The value of `beat_schedule`.
    pub(super) fn json(&self) -> Result<String, CommandError> {
        let entry = |entry: &Entry| (entry.name().to_owned(), Value::Dict(entry.to_dict()));
        let beat_schedule: Dict = self.entries.iter().map(entry).collect();
        self.check(&Entry::all_from(&beat_schedule, &TimeZone::UTC)?)?;
        Ok(json_text(&Value::Dict(beat_schedule)))
    }

    /// Tables of a settings file. An entry that TOML cannot hold is left out.
    pub(super) fn toml(&mut self) -> Result<String, CommandError> {
        let mut tables = Vec::with_capacity(self.entries.len());
        let left_out = &mut self.left_out;
        self.entries.retain(|entry| {
            let toml = entry.to_toml();
            toml.map(|toml| tables.push(toml))
                .map_err(|error| left_out.push(error))
                .is_ok()
        });
        let toml = tables.join("\n");
        let mut settings = Settings::default();
        settings.apply_toml(&toml, Path::new("the output"))?;
        self.check(&Entry::all_from(&settings.beat_schedule, &TimeZone::UTC)?)?;
        Ok(toml)
    }

    /// What is printed means what was read.
    fn check(&self, again: &[Entry]) -> Result<(), CommandError> {
        let text = |entry: &Entry| json_text(&Value::Dict(entry.to_dict()));
        let mut again = again.iter();
        let changed = self
            .entries
            .iter()
            .find(|entry| again.next().map(text) != Some(text(entry)));
        match changed {
            None => Ok(()),
            Some(entry) => {
                let reason = "it would be read back as another entry: write it in code";
                Err(entry_error(entry.name(), reason).into())
            }
        }
    }
}

fn entry_error(name: &str, reason: impl Into<String>) -> EntryError {
    EntryError {
        entry: name.to_owned(),
        reason: reason.into(),
    }
}
