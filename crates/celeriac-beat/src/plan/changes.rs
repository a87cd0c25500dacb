use std::collections::{BTreeMap, BTreeSet};

use celeriac_core::ListedSchedule;

use super::schedule_name::stem;
use super::{DesiredSchedule, EntrySchedules, GroupEntries};

/// The universal target's ARN after its partition.
const UNIVERSAL: &str = ":scheduler:::aws-sdk:sqs:sendMessage";

/// What makes a schedule group what the entries want. Made from list pages alone: the names'
/// digests say whether a definition stands.
#[derive(Clone, Debug, Default)]
pub struct SchedulePlan {
    /// The group is not there.
    pub group_is_missing: bool,
    /// In the order of the entries; what is removed comes last.
    pub changes: Vec<PlannedChange>,
    /// Schedules that are as they should be.
    pub unchanged: usize,
    /// Entries that an operator has paused, which stay so.
    pub paused: BTreeSet<String>,
}

/// One schedule to be changed.
#[derive(Clone, Debug)]
pub struct PlannedChange {
    /// The entry's name; that of the schedule where no entry has it any more.
    pub entry: String,
    /// What is to be done.
    pub change: Change,
}

/// What is to be done with a schedule.
#[derive(Clone, Debug)]
pub enum Change {
    /// It is not there.
    Create(Box<DesiredSchedule>),
    /// Another definition is there: the new one is created, then these are deleted. In between both
    /// send runs with the same ids.
    Replace {
        /// The new one.
        with: Box<DesiredSchedule>,
        /// Names of those that go.
        old: Vec<String>,
    },
    /// Somebody has changed it.
    Repair {
        /// As it should be.
        to: Box<DesiredSchedule>,
        /// What is otherwise.
        drift: Vec<Drift>,
    },
    /// No entry wants it. Where its entry has other schedules now, it goes once they are there.
    Delete {
        /// Its name.
        name: String,
    },
}

/// A member of a schedule that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drift {
    /// Which.
    pub member: &'static str,
    /// What stands there.
    pub is: String,
    /// What should.
    pub should: String,
}

impl SchedulePlan {
    /// Compares. `listed` is `None` where there is no group; `sqs_name` gives a queue's name in
    /// SQS.
    pub fn of(
        wanted: &[EntrySchedules],
        listed: Option<&[ListedSchedule]>,
        sqs_name: &dyn Fn(&str) -> String,
    ) -> Self {
        let listed_schedules = listed.unwrap_or_default();
        let there: BTreeMap<&str, &ListedSchedule> = listed_schedules
            .iter()
            .map(|listed| (listed.name.as_str(), listed))
            .collect();
        let group = GroupEntries::of(listed_schedules);
        let mut plan = Self {
            group_is_missing: listed.is_none(),
            ..Self::default()
        };
        let mut kept = BTreeSet::new();
        let mut deleted = Vec::new();
        for entry in wanted {
            if group.is_paused(&entry.entry) && entry.schedules.iter().any(|one| one.enabled) {
                plan.paused.insert(entry.entry.clone());
            }
            let names: BTreeSet<&str> = entry
                .schedules
                .iter()
                .map(|desired| desired.name.as_str())
                .collect();
            let of_entry = group.of_entry(&entry.entry);
            kept.extend(of_entry.iter().map(|listed| listed.name.as_str()));
            let mut stale: Vec<&str> = of_entry
                .into_iter()
                .map(|listed| listed.name.as_str())
                .filter(|name| !names.contains(name))
                .collect();
            for desired in &entry.schedules {
                match there.get(desired.name.as_str()) {
                    Some(_) if desired.over => plan.unchanged += 1,
                    Some(listed) => plan.compare(desired, listed, sqs_name),
                    None if desired.over => {}
                    None => plan.add(desired, &mut stale),
                }
            }
            deleted.extend(stale.into_iter().map(|name| deletion(&entry.entry, name)));
        }
        let unowned = there.keys().filter(|name| !kept.contains(*name));
        deleted.extend(unowned.map(|name| deletion(name, name)));
        plan.changes.extend(deleted);
        plan
    }

    fn compare(
        &mut self,
        desired: &DesiredSchedule,
        listed: &ListedSchedule,
        sqs_name: &dyn Fn(&str) -> String,
    ) {
        let mut drift = Vec::new();
        if listed.enabled && !desired.enabled {
            drift.push(Drift {
                member: "state",
                is: "ENABLED".to_owned(),
                should: "DISABLED".to_owned(),
            });
        }
        let target = match desired.universal {
            Some(_) => UNIVERSAL.to_owned(),
            None => format!(":{}", sqs_name(&desired.queue)),
        };
        if !listed.target_arn.ends_with(&target) {
            drift.push(Drift {
                member: "target",
                is: listed.target_arn.clone(),
                should: format!("arn:...{target}"),
            });
        }
        if drift.is_empty() {
            self.unchanged += 1;
        } else {
            self.repair(desired, drift);
        }
    }

    /// Takes in what a closer look at a schedule that stands has found.
    pub fn found(&mut self, desired: &DesiredSchedule, drift: Vec<Drift>) {
        if drift.is_empty() {
            return;
        }
        let known = self
            .changes
            .iter_mut()
            .find_map(|planned| match &mut planned.change {
                Change::Repair { to, drift } if to.name == desired.name => Some(drift),
                _ => None,
            });
        if let Some(known) = known {
            known.retain(|known| drift.iter().all(|drift| drift.member != known.member));
            known.extend(drift);
        } else {
            self.unchanged -= 1;
            self.repair(desired, drift);
        }
    }

    fn repair(&mut self, desired: &DesiredSchedule, drift: Vec<Drift>) {
        let to = self.unless_paused(desired);
        self.change(desired, Change::Repair { to, drift });
    }

    /// Takes what it replaces from `stale`.
    fn add(&mut self, desired: &DesiredSchedule, stale: &mut Vec<&str>) {
        let is_old = |name: &mut &str| stem(name) == stem(&desired.name);
        let old: Vec<String> = stale.extract_if(.., is_old).map(str::to_owned).collect();
        let new = self.unless_paused(desired);
        let change = if old.is_empty() {
            Change::Create(new)
        } else {
            Change::Replace { with: new, old }
        };
        self.change(desired, change);
    }

    /// What an operator has paused stays so, also under a new definition.
    fn unless_paused(&self, desired: &DesiredSchedule) -> Box<DesiredSchedule> {
        let mut new = Box::new(desired.clone());
        new.enabled &= !self.paused.contains(&desired.entry);
        new
    }

    fn change(&mut self, desired: &DesiredSchedule, change: Change) {
        self.changes.push(PlannedChange {
            entry: desired.entry.clone(),
            change,
        });
    }

    /// Whether nothing is to be done.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && !self.group_is_missing
    }

    /// Schedules to create, to change, to remove.
    pub fn counts(&self) -> (usize, usize, usize) {
        let count = |is: fn(&Change) -> bool| {
            self.changes
                .iter()
                .filter(|planned| is(&planned.change))
                .count()
        };
        (
            count(|change| matches!(change, Change::Create(_))),
            count(|change| matches!(change, Change::Replace { .. } | Change::Repair { .. })),
            count(|change| matches!(change, Change::Delete { .. })),
        )
    }
}

fn deletion(entry: &str, name: &str) -> PlannedChange {
    PlannedChange {
        entry: entry.to_owned(),
        change: Change::Delete {
            name: name.to_owned(),
        },
    }
}
