//! Gathers all results that are connected with one id, a level at a time.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use celeriac_core::canvas::LATER_STEPS;
use celeriac_core::chords::member_id;
use celeriac_core::plain_text::cut;
use celeriac_core::{Record, StoreError};
use celeriac_protocol::{ExceptionInfo, State, Value, repr_args};

use super::{Graph, TaskStep, counted};
use crate::canvas::ResultTree;
use crate::{ChordStatus, Client, ResultError};

/// Tasks that are read of one workflow.
const MOST_TASKS: usize = 50_000;
/// Tasks of a group without a record that are looked for at a time.
const LOOKED_FOR: u32 = 100;
/// Tasks that are read in one go.
const AT_ONCE: usize = 1_000;
/// Characters of a shown result.
const RESULT: usize = 80;

impl Client {
    /// The workflow that a task, a group or a chord is of, as far as stored results tell of it:
    /// from its first task on, whichever of its ids is given. `None` where nobody knows the id.
    ///
    /// # Errors
    /// A store that cannot be read.
    pub async fn graph(&self, id: &str) -> Result<Option<Graph>, ResultError> {
        let mut found = Found::default();
        found.gather(self, id).await?;
        let known =
            found.tasks.get(id).is_some_and(Option::is_some) || found.groups.contains_key(id);
        if !known {
            return Ok(None);
        }
        let steps = found.workflow(id);
        let mut states = BTreeMap::new();
        counted(&steps, &mut states);
        Ok(Some(Graph {
            id: id.to_owned(),
            steps,
            states,
            truncated: found.truncated,
        }))
    }
}

/// All that is connected.
#[derive(Default)]
pub(super) struct Found {
    /// Each id that was read, and what stands there.
    pub(super) tasks: HashMap<String, Option<Seen>>,
    pub(super) groups: HashMap<String, Members>,
    /// Names of bodies, which nobody else knows before they begin.
    pub(super) names: HashMap<String, String>,
    /// The chords of these bodies.
    pub(super) chords: HashMap<String, String>,
    /// Groups that are no chords, and are saved nowhere.
    unknown: HashSet<String>,
    pub(super) truncated: bool,
}

/// What is kept of a record.
pub(super) struct Seen {
    pub(super) task: TaskStep,
    pub(super) parent: Option<String>,
    pub(super) group: Option<String>,
    /// Result trees of what it sent.
    pub(super) sent: Vec<ResultTree>,
    /// The steps that did not come after it, each as the ids of its tasks.
    pub(super) later: Vec<Vec<String>>,
}

/// Of a group.
pub(super) struct Members {
    pub(super) ids: Vec<String>,
    pub(super) is_chord: bool,
    pub(super) body: Option<String>,
}

impl Members {
    /// Of a group that nothing waits for.
    fn of(ids: Vec<String>) -> Self {
        Self {
            ids,
            is_chord: false,
            body: None,
        }
    }
}

impl Found {
    async fn gather(&mut self, client: &Client, id: &str) -> Result<(), ResultError> {
        self.read_group(client, id).await?;
        let mut next: BTreeSet<String> = self.members_of(id);
        next.insert(id.to_owned());
        while !next.is_empty() {
            let room = MOST_TASKS.saturating_sub(self.tasks.len());
            self.truncated |= next.len() > room;
            let ids: Vec<String> = next.into_iter().take(room).collect();
            let mut groups = BTreeSet::new();
            next = BTreeSet::new();
            for some in ids.chunks(AT_ONCE) {
                let records = client.reader().store()?.get(some).await;
                for (id, record) in some.iter().zip(records) {
                    let seen = record?.map(|record| Seen::of(id, &record));
                    if let Some(seen) = &seen {
                        next.extend(seen.parent.clone());
                        groups.extend(seen.group.clone().map(|group| (group, Some(id.clone()))));
                        let sent = seen.sent.iter();
                        sent.for_each(|tree| ids_of(tree, &mut next, &mut groups));
                        next.extend(seen.later.iter().flatten().cloned());
                    }
                    self.tasks.insert(id.clone(), seen);
                }
            }
            for (group, member) in groups {
                if self.groups.contains_key(&group) || self.unknown.contains(&group) {
                    continue;
                }
                self.read_group(client, &group).await?;
                if !self.groups.contains_key(&group) {
                    self.look_for_siblings(client, &group, member.as_deref())
                        .await?;
                }
                next.extend(self.members_of(&group));
            }
            next.retain(|id| !self.tasks.contains_key(id));
        }
        Ok(())
    }

    /// A chord's members, or a saved group's.
    async fn read_group(&mut self, client: &Client, id: &str) -> Result<(), StoreError> {
        if let Some((key, record)) = client.find_chord(id).await? {
            let ChordStatus { body, body_id, .. } = ChordStatus::of(key, &record);
            if let Some(body_id) = &body_id {
                self.names.insert(body_id.clone(), body);
                self.chords.insert(body_id.clone(), id.to_owned());
            }
            let members = Members {
                ids: record.members.ids,
                is_chord: true,
                body: body_id,
            };
            self.groups.insert(id.to_owned(), members);
            return Ok(());
        }
        let Ok(chords) = client.reader().chords() else {
            return Ok(());
        };
        let saved = chords.saved_group(id).await?;
        if let Some(tree) = saved.as_ref().and_then(ResultTree::of_tuple) {
            self.groups.insert(id.to_owned(), Members::of(tree.ids()));
        }
        Ok(())
    }

    /// A group that celeriac sent and nobody saved: its tasks have ids by their places.
    async fn look_for_siblings(
        &mut self,
        client: &Client,
        group: &str,
        member: Option<&str>,
    ) -> Result<(), ResultError> {
        self.unknown.insert(group.to_owned());
        let most = u32::try_from(MOST_TASKS).unwrap_or(u32::MAX);
        let is_derived = |id: &&str| {
            let id = uuid::Uuid::parse_str(id);
            id.is_ok_and(|id| id.get_version_num() == 5)
        };
        let member = member.filter(is_derived);
        let own = member.and_then(|id| (0..most).find(|place| member_id(group, *place) == id));
        let Some(own) = own else {
            return Ok(());
        };
        let (mut ids, mut known) = (Vec::new(), own + 1);
        for from in (0..most).step_by(LOOKED_FOR as usize) {
            let places = from..from + LOOKED_FOR;
            let some: Vec<String> = places.map(|place| member_id(group, place)).collect();
            let records = client.reader().store()?.get(&some).await;
            let records: Result<Vec<Option<Record>>, StoreError> = records.into_iter().collect();
            let last = (from..)
                .zip(records?)
                .filter(|(_, record)| record.is_some())
                .last();
            ids.extend(some);
            match last {
                Some((last, _)) => known = known.max(last + 1),
                None if from > own => break,
                None => {}
            }
        }
        ids.truncate(known as usize);
        // whether there are more, which have not begun, nobody knows
        self.groups.insert(group.to_owned(), Members::of(ids));
        Ok(())
    }

    fn members_of(&self, group: &str) -> BTreeSet<String> {
        let Some(group) = self.groups.get(group) else {
            return BTreeSet::new();
        };
        group.ids.iter().chain(&group.body).cloned().collect()
    }

    pub(super) fn seen(&self, id: &str) -> Option<&Seen> {
        self.tasks.get(id)?.as_ref()
    }
}

impl Seen {
    fn of(id: &str, record: &Record) -> Self {
        let meta = &record.meta;
        let name = record
            .identity
            .as_ref()
            .map(|identity| identity.name.clone());
        let extended = || meta.extended.as_ref()?.name.clone();
        let sent = meta.children.as_list().unwrap_or_default();
        let later = meta.extra.get(LATER_STEPS).and_then(Value::as_list);
        let ids = |step: &Value| {
            let ids = step.as_list().unwrap_or_default().iter();
            ids.filter_map(Value::as_str).map(str::to_owned).collect()
        };
        Self {
            task: TaskStep {
                id: id.to_owned(),
                name: name.or_else(extended),
                state: meta.status.clone(),
                result: shown(&meta.status, &meta.result),
                date_done: meta.date_done.clone(),
            },
            parent: meta.parent_id.clone(),
            group: meta.group_id.clone(),
            sent: sent.iter().filter_map(ResultTree::of_tuple).collect(),
            later: later.unwrap_or_default().iter().map(ids).collect(),
        }
    }
}

pub(super) fn ids_of(
    tree: &ResultTree,
    tasks: &mut BTreeSet<String>,
    groups: &mut BTreeSet<(String, Option<String>)>,
) {
    match tree {
        ResultTree::Task { id, .. } => _ = tasks.insert(id.clone()),
        ResultTree::Group { id, members, .. } => {
            groups.insert((id.clone(), None));
            for member in members {
                ids_of(member, tasks, groups);
            }
        }
    }
    if let Some(before) = tree.parent() {
        ids_of(before, tasks, groups);
    }
}

fn shown(state: &State, result: &Value) -> Option<String> {
    let text = match state {
        State::Success => {
            let tuple = repr_args(std::slice::from_ref(result)); // `(3,)`
            tuple.get(1..tuple.len().saturating_sub(2))?.to_owned()
        }
        State::Failure | State::Revoked => ExceptionInfo::from_value(result).ok()?.repr(),
        _ => return None,
    };
    Some(cut(&text, RESULT).into_owned())
}
