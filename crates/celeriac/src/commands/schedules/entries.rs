use std::collections::BTreeSet;

use celeriac_beat::Entry;
use celeriac_beat::local::Pauses;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use super::CommandError;
use crate::commands::plain_text;
use crate::{Connection, Error};

/// An entry with the zone it goes by.
pub(super) struct ZonedEntry<'a> {
    pub(super) entry: &'a Entry,
    pub(super) zone: TimeZone,
}

impl ZonedEntry<'_> {
    pub(super) fn next_after(&self, after: Timestamp) -> Option<Zoned> {
        let next = self.entry.next_after(after, &self.zone)?;
        Some(next.to_zoned(self.zone.clone()))
    }
}

/// The entries of these names; all where none is named.
pub(super) fn entries<'a>(
    connection: &'a Connection,
    names: &[String],
) -> Result<Vec<ZonedEntry<'a>>, CommandError> {
    let timetable = connection.timetable();
    let chosen: Vec<&Entry> = if names.is_empty() {
        timetable.entries().iter().collect()
    } else {
        let found = names.iter().map(|name| timetable.entry(name));
        found.collect::<Result<_, _>>()?
    };
    if chosen.is_empty() {
        eprintln!(
            "note: the app has no beat entries; add one: App::new(...).beat(\"name\", \"0 9 * * *\", my_task::s()), or `beat_schedule` in celeriac.toml"
        );
    }
    for entry in &chosen {
        for note in connection.entry_notes(entry) {
            eprintln!(
                "note: beat entry `{}`: {}",
                entry.name(),
                plain_text::line(&note)
            );
        }
    }
    let with_zone = chosen.into_iter().map(|entry| {
        let zone = entry.zone(timetable.timezone())?;
        Ok(ZonedEntry { entry, zone })
    });
    with_zone.collect()
}

/// Entries that an operator has paused: in EventBridge Scheduler or, where they are not in the group,
/// for the local beat.
pub(super) async fn paused(connection: &Connection) -> Result<BTreeSet<String>, CommandError> {
    #[cfg(feature = "aws")]
    if connection.broker_is_aws() {
        return paused_on_aws(connection).await;
    }
    Ok(paused_locally(connection).await?)
}

#[cfg(feature = "aws")]
async fn paused_on_aws(connection: &Connection) -> Result<BTreeSet<String>, CommandError> {
    let group = crate::schedules::ScheduleGroup::of(connection)?;
    let listed = group.list().await?.unwrap_or_default();
    let group = celeriac_beat::plan::GroupEntries::of(&listed);
    let entries = connection.beat_entries().iter().map(Entry::name);
    let (in_group, others): (Vec<&str>, Vec<&str>) =
        entries.partition(|entry| !group.of_entry(entry).is_empty());
    let in_group = in_group.into_iter().filter(|entry| group.is_paused(entry));
    let mut paused: BTreeSet<String> = in_group.map(str::to_owned).collect();
    if others.is_empty() {
        return Ok(paused);
    }
    match paused_locally(connection).await {
        Ok(kept) => paused.extend(kept),
        // what is in the group is known all the same
        Err(error) => {
            eprintln!("note: whether a local `beat` has paused entries is not known: {error}");
        }
    }
    Ok(paused)
}

async fn paused_locally(connection: &Connection) -> Result<BTreeSet<String>, Error> {
    match connection.documents() {
        Some(store) => Ok(Pauses::of(&connection.deployment(), store).load().await?),
        None => Ok(BTreeSet::new()),
    }
}

/// `2027-01-02 09:00 +09:00`, with seconds where there are any.
pub(super) fn shown(time: &Zoned) -> String {
    let format = if time.second() == 0 {
        "%a %Y-%m-%d %H:%M %:z"
    } else {
        "%a %Y-%m-%d %H:%M:%S %:z"
    };
    time.strftime(format).to_string()
}
