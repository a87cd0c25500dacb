use celeriac_beat::{Entry, EntryError};
use celeriac_core::{Settings, SettingsError};
use jiff::tz::TimeZone;

use crate::Error;

/// An app's beat entries, and the zone of those that name none.
#[derive(Debug)]
pub(crate) struct Timetable {
    entries: Vec<Entry>,
    timezone: TimeZone,
}

impl Timetable {
    /// The code's entries, then those of the settings over them by name.
    pub(crate) fn of(code: Vec<Entry>, settings: &Settings) -> Result<Self, Error> {
        let timezone = zone(settings)?;
        let mut entries: Vec<Entry> = Vec::with_capacity(code.len());
        let mut places = std::collections::HashMap::new();
        for entry in code {
            entry.check()?;
            if places
                .insert(entry.name().to_owned(), entries.len())
                .is_some()
            {
                return Err(twice(&entry).into());
            }
            entries.push(entry);
        }
        let mut errors = Vec::new();
        for (name, value) in &settings.beat_schedule {
            match (Entry::from_value(name, value, &timezone), places.get(name)) {
                (Ok(entry), Some(place)) => entries[*place] = entry,
                (Ok(entry), None) => entries.push(entry),
                (Err(error), _) => errors.push(error),
            }
        }
        Error::of_entries(errors).map_or(Ok(Self { entries, timezone }), Err)
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub(crate) fn timezone(&self) -> &TimeZone {
        &self.timezone
    }

    /// The entry of this name, or an error that says which there are.
    pub(crate) fn entry(&self, name: &str) -> Result<&Entry, EntryError> {
        let known = || self.entries.iter().map(Entry::name);
        let found = self.entries.iter().find(|entry| entry.name() == name);
        found.ok_or_else(|| EntryError {
            entry: name.to_owned(),
            reason: match celeriac_core::nearest(name, known()) {
                Some(near) => format!("there is no such entry; did you mean `{near}`?"),
                None if self.entries.is_empty() => "the app has no entries".to_owned(),
                None => format!(
                    "there is no such entry; there are {}",
                    known().take(20).collect::<Vec<_>>().join(", ")
                ),
            },
        })
    }
}

fn zone(settings: &Settings) -> Result<TimeZone, SettingsError> {
    celeriac_beat::zone(&settings.timezone).map_err(|error| SettingsError {
        name: "timezone".to_owned(),
        origin: "the settings in force".to_owned(),
        reason: error.to_string(),
    })
}

fn twice(entry: &Entry) -> EntryError {
    EntryError {
        entry: entry.name().to_owned(),
        reason: "two entries of the code have this name: give one another".to_owned(),
    }
}
