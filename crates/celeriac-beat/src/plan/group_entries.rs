use std::collections::BTreeMap;

use celeriac_core::ListedSchedule;

use super::schedule_name::{is_off, owner, owner_of_entry};

/// A group's schedules by their entries, whatever their definitions: the names say whose they are.
#[derive(Clone, Debug, Default)]
pub struct GroupEntries<'a>(BTreeMap<&'a str, Vec<&'a ListedSchedule>>);

impl<'a> GroupEntries<'a> {
    /// Of all that a group holds.
    pub fn of(listed: &'a [ListedSchedule]) -> Self {
        let mut entries: BTreeMap<&str, Vec<&ListedSchedule>> = BTreeMap::new();
        for schedule in listed {
            if let Some(owner) = owner(&schedule.name) {
                entries.entry(owner).or_default().push(schedule);
            }
        }
        Self(entries)
    }

    /// The schedules of the entry of this name.
    pub fn of_entry(&self, entry: &str) -> Vec<&'a ListedSchedule> {
        let owner = owner_of_entry(entry);
        self.0.get(owner.as_str()).cloned().unwrap_or_default()
    }

    /// Whether an operator has paused the entry: something of it is off that the code did not turn
    /// off.
    pub fn is_paused(&self, entry: &str) -> bool {
        let of_entry = self.of_entry(entry);
        of_entry
            .iter()
            .any(|listed| !listed.enabled && !is_off(&listed.name))
    }
}
