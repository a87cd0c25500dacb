use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::agenda::Progress;
use crate::Entry;

/// Entries that are behind one by one. When more are, the broker is away, and they all share the
/// oldest time: DynamoDB's items have 400 KB at most.
const MAX_BEHIND: usize = 1_000;

/// What beats of one app share: a document in the result store.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct BeatState {
    /// Which beat sends; `None` after one has ended by itself.
    pub(super) holder: Option<String>,
    /// Every time due up to here has been dealt with,
    pub(super) handled: Timestamp,
    /// but for these entries, up to here. One queue that is gone must not hold back all others:
    /// what they sent long ago would be sent again by the next beat, when the ledger may have
    /// forgotten it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    behind: BTreeMap<String, Timestamp>,
}

impl BeatState {
    /// Up to when this entry has been dealt with.
    pub(super) fn handled(&self, entry: &Entry) -> Timestamp {
        let behind = self.behind.get(&short(entry)).copied();
        behind.unwrap_or(self.handled)
    }

    pub(super) fn set_progress(&mut self, progress: &Progress<'_>) {
        self.handled = progress.handled;
        self.behind.clear();
        if progress.behind.len() > MAX_BEHIND {
            let oldest = progress.behind.iter().map(|(_, handled)| *handled).min();
            self.handled = oldest.map_or(self.handled, |oldest| oldest.min(self.handled));
        } else {
            let behind = progress.behind.iter();
            self.behind
                .extend(behind.map(|(entry, handled)| (short(entry), *handled)));
        }
    }
}

/// When each entry was seen first, the entries by that time: an entry that is new is due from then
/// on, not from when the beat was last there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FirstSeen(BTreeMap<Timestamp, BTreeSet<String>>);

impl FirstSeen {
    /// The same of these entries alone; those that are not in it are seen `now`.
    pub(super) fn updated<'a>(
        &self,
        entries: impl IntoIterator<Item = &'a Entry>,
        now: Timestamp,
    ) -> Self {
        let known = self.by_entry();
        let mut seen: BTreeMap<Timestamp, BTreeSet<String>> = BTreeMap::new();
        for entry in entries.into_iter().map(short) {
            let first = known.get(entry.as_str()).copied().unwrap_or(now);
            seen.entry(first).or_default().insert(entry);
        }
        Self(seen)
    }

    /// By their short names.
    fn by_entry(&self) -> BTreeMap<&str, Timestamp> {
        let groups = self.0.iter();
        groups
            .flat_map(|(time, entries)| entries.iter().map(|entry| (entry.as_str(), *time)))
            .collect()
    }

    /// Up to when each of these entries is dealt with, by this state.
    pub(super) fn handled<'a>(&'a self, state: &'a BeatState) -> impl Fn(&Entry) -> Timestamp + 'a {
        let seen = self.by_entry();
        move |entry| {
            let first = seen.get(short(entry).as_str()).copied();
            state.handled(entry).max(first.unwrap_or(Timestamp::MIN))
        }
    }
}

/// Ten thousand names would not fit in DynamoDB's item of 400 KB.
fn short(entry: &Entry) -> String {
    let digest = uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, entry.name.as_bytes());
    digest.simple().to_string()[..12].to_owned()
}

/// Entries that an operator has paused.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PausedEntries {
    pub(super) paused: BTreeSet<String>,
    /// When pauses ended: what was due before is left out, also if no beat was there meanwhile.
    #[serde(default)]
    pub(super) resumed: BTreeMap<String, Timestamp>,
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use celeriac_core::TaskSignature;

    use super::*;

    /// What DynamoDB takes, less than its 400 KB for the rest of the item.
    const ROOM: usize = 390_000;

    fn entries(count: usize) -> Vec<Entry> {
        let entry = |n: usize| {
            let call: TaskSignature = TaskSignature::new("shop.report");
            let name = format!("an entry with a name of a usual length, number {n}");
            Entry::new(name, Duration::from_mins(1), call)
        };
        (0..count).map(entry).collect()
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).expect("a time")
    }

    fn length(value: &impl Serialize) -> usize {
        serde_json::to_string(value).expect("JSON").len()
    }

    fn behind(entries: &[Entry], handled: Timestamp) -> Vec<(&Entry, Timestamp)> {
        entries.iter().map(|entry| (entry, handled)).collect()
    }

    #[test]
    fn twenty_thousand_entries_fit_in_an_item() {
        let seen = FirstSeen::default().updated(&entries(20_000), at(1));
        assert!(length(&seen) < ROOM, "{}", length(&seen));
        let mut state = BeatState::default();
        let entries = entries(MAX_BEHIND);
        state.set_progress(&Progress {
            handled: at(9),
            behind: behind(&entries, at(1_800_000_000)),
        });
        assert!(length(&state) < ROOM, "{}", length(&state));
    }

    #[test]
    fn each_entry_that_is_behind_has_its_own_time() {
        let entries = entries(3);
        let mut state = BeatState::default();
        state.set_progress(&Progress {
            handled: at(9),
            behind: behind(&entries[..1], at(5)),
        });
        let json = serde_json::to_string(&state).expect("JSON");
        let read: BeatState = serde_json::from_str(&json).expect("a state");
        assert_eq!(read, state);
        assert_eq!(read.handled(&entries[0]), at(5));
        assert_eq!(read.handled(&entries[1]), at(9));
    }

    #[test]
    fn too_many_that_are_behind_share_the_oldest_time() {
        let entries = entries(MAX_BEHIND + 1);
        let mut late = behind(&entries, at(5));
        late[7].1 = at(3);
        let mut state = BeatState::default();
        state.set_progress(&Progress {
            handled: at(9),
            behind: late,
        });
        assert_eq!(state.handled(&entries[0]), at(3));
    }

    #[test]
    fn an_entry_is_seen_first_once_until_it_is_taken_out() {
        let entries = entries(2);
        let state = BeatState {
            handled: at(2),
            ..BeatState::default()
        };
        let seen = FirstSeen::default().updated(&entries[..1], at(1));
        let seen = seen.updated(&entries, at(5));
        let handled = seen.handled(&state);
        assert_eq!(handled(&entries[0]), at(2));
        assert_eq!(handled(&entries[1]), at(5), "new, whatever the state says");
        let seen = seen.updated(&entries[1..], at(6)).updated(&entries, at(7));
        assert_eq!(seen.handled(&state)(&entries[0]), at(7));
    }
}
