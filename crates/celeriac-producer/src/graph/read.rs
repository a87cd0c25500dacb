//! Gathers a workflow: all results that are connected with one id, a level at a time, and then how
//! they stand to each other.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use celeriac_core::canvas::LATER_STEPS;
use celeriac_core::chords::member_id;
use celeriac_core::{Record, StoreError};
use celeriac_protocol::{ExceptionInfo, State, Value, repr_args};

use super::{Graph, GroupStep, Step, Steps, TaskStep, counted};
use crate::canvas::ResultTree;
use crate::{Client, ResultError};

/// Tasks that are read of one workflow.
const MOST_TASKS: usize = 50_000;
/// Tasks of a group without a record that are looked for at a time.
const LOOKED_FOR: u32 = 100;
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
struct Found {
    /// Each id that was read, and what stands there.
    tasks: HashMap<String, Option<Record>>,
    groups: HashMap<String, Members>,
    /// Names of bodies, which nobody else knows before they begin.
    names: HashMap<String, String>,
    /// Groups that are no chords, and are saved nowhere.
    unknown: HashSet<String>,
    truncated: bool,
}

/// Of a group.
struct Members {
    ids: Vec<String>,
    is_chord: bool,
    body: Option<String>,
}

impl Found {
    async fn gather(&mut self, client: &Client, id: &str) -> Result<(), ResultError> {
        self.read_group(client, id).await?;
        let mut next: BTreeSet<String> = self.members_of(id);
        next.insert(id.to_owned());
        while !next.is_empty() {
            if self.tasks.len() + next.len() > MOST_TASKS {
                self.truncated = true;
                return Ok(());
            }
            let ids: Vec<String> = next.into_iter().collect();
            let records = client.reader().store()?.get(&ids).await;
            let mut groups = BTreeSet::new();
            next = BTreeSet::new();
            for (id, record) in ids.into_iter().zip(records) {
                let record = record?;
                if let Some(record) = &record {
                    next.extend(record.meta.parent_id.clone());
                    groups.extend(
                        record
                            .meta
                            .group_id
                            .clone()
                            .map(|group| (group, Some(id.clone()))),
                    );
                    for tree in trees(record) {
                        ids_of(&tree, &mut next, &mut groups);
                    }
                    next.extend(later(record).into_iter().flatten());
                }
                self.tasks.insert(id, record);
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
        if let Some((_, record)) = client.find_chord(id).await? {
            let options = record.body.get("options");
            let body = options.and_then(|options| options.get("task_id"));
            let name = record.body.get("task").and_then(Value::as_str);
            if let (Some(body), Some(name)) = (body.and_then(Value::as_str), name) {
                self.names.insert(body.to_owned(), name.to_owned());
            }
            let members = Members {
                ids: record.members.ids,
                is_chord: true,
                body: body.and_then(Value::as_str).map(str::to_owned),
            };
            self.groups.insert(id.to_owned(), members);
            return Ok(());
        }
        let Ok(chords) = client.reader().chords() else {
            return Ok(());
        };
        let saved = chords.saved_group(id).await?;
        if let Some(tree) = saved.as_ref().and_then(ResultTree::of_tuple) {
            let members = Members {
                ids: tree.ids(),
                is_chord: false,
                body: None,
            };
            self.groups.insert(id.to_owned(), members);
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
        let members = Members {
            ids,
            is_chord: false,
            body: None,
        };
        self.groups.insert(group.to_owned(), members);
        Ok(())
    }

    fn members_of(&self, group: &str) -> BTreeSet<String> {
        let Some(group) = self.groups.get(group) else {
            return BTreeSet::new();
        };
        group.ids.iter().chain(&group.body).cloned().collect()
    }

    fn record(&self, id: &str) -> Option<&Record> {
        self.tasks.get(id)?.as_ref()
    }

    /// From the first task, or from the group that was sent first.
    fn workflow(&self, id: &str) -> Steps {
        let mut drawn = HashSet::new();
        let is_group = self.record(id).is_none() && self.groups.contains_key(id);
        let member = self.groups.get(id).filter(|_| is_group);
        let member = member.and_then(|group| group.ids.iter().find(|id| self.record(id).is_some()));
        match member {
            Some(member) => self.branch(member, None, &mut drawn),
            None if is_group => self.group_steps(id, &mut drawn),
            None => self.branch(id, None, &mut drawn),
        }
    }

    /// What a task is of, from the first task above it that is not drawn, or from the group that
    /// begins there; within a group, where that is given.
    fn branch(&self, id: &str, within: Option<&str>, drawn: &mut HashSet<String>) -> Steps {
        let (mut first, mut seen) = (id.to_owned(), HashSet::new());
        // whose senders have not been met on the way up, the outermost first
        let mut groups: Vec<String> = Vec::new();
        loop {
            let record = self.record(&first);
            if let Some(record) = record {
                groups.retain(|group| !self.sends(record, group));
                let own = record.meta.group_id.as_ref();
                let own = own.filter(|own| within != Some(own.as_str()));
                let is_member = |own: &&String| {
                    let group = self.groups.get(*own);
                    group.is_some_and(|group| group.ids.contains(&first))
                };
                groups.extend(own.filter(is_member).cloned());
            }
            let parent = record.and_then(|record| record.meta.parent_id.clone());
            match parent.filter(|parent| self.record(parent).is_some()) {
                Some(parent) if drawn.contains(&parent) => {
                    let record = self.record(&parent);
                    groups.retain(|group| record.is_none_or(|record| !sends(record, group)));
                    break;
                }
                Some(parent) if seen.insert(parent.clone()) => first = parent,
                _ => break,
            }
        }
        match groups.into_iter().find(|group| !drawn.contains(group)) {
            Some(group) => self.group_steps(&group, drawn),
            None => self.task_steps(&first, drawn),
        }
    }

    /// Whether this task has sent a group, or what the group stands for.
    fn sends(&self, record: &Record, group: &str) -> bool {
        let body = self.groups.get(group).and_then(|group| group.body.as_ref());
        sends(record, group) || body.is_some_and(|body| sends(record, body))
    }

    /// A task, and all that came of it.
    fn task_steps(&self, id: &str, drawn: &mut HashSet<String>) -> Steps {
        if !drawn.insert(id.to_owned()) {
            return Vec::new();
        }
        let record = self.record(id);
        let mut steps = vec![Step::Task(self.task(id, record))];
        let sent = record.map(trees).unwrap_or_default();
        let mut branches: Vec<Steps> = sent
            .iter()
            .map(|tree| self.tree_steps(tree, drawn))
            .filter(|branch| !branch.is_empty())
            .collect();
        match branches.len() {
            0 => {}
            1 => steps.append(&mut branches[0]),
            _ => steps.push(Step::Sent(branches)),
        }
        for ids in record.map(later).unwrap_or_default() {
            let of_each = ids.iter().map(|id| self.task_steps(id, drawn));
            let mut branches: Vec<Steps> = of_each.filter(|steps| !steps.is_empty()).collect();
            match branches.len() {
                0 => {}
                1 => steps.append(&mut branches[0]),
                _ => steps.push(Step::Sent(branches)),
            }
        }
        steps
    }

    /// What a task sent, from its first part to its last.
    fn tree_steps(&self, tree: &ResultTree, drawn: &mut HashSet<String>) -> Steps {
        let mut line = vec![tree];
        while let Some(before) = line.last().and_then(|last| last.parent()) {
            line.push(before);
        }
        let mut steps = Vec::new();
        for part in line.into_iter().rev() {
            match part {
                ResultTree::Task { id, .. } if drawn.contains(id) => {}
                ResultTree::Task { id, .. } => steps.extend(self.branch(id, None, drawn)),
                ResultTree::Group { id, members, .. } => {
                    if !drawn.insert(id.clone()) {
                        continue;
                    }
                    let of_each = members.iter();
                    let branches = of_each.map(|member| match member {
                        ResultTree::Task {
                            id: end,
                            parent: None,
                        } => self.branch(end, Some(id), drawn),
                        member => self.tree_steps(member, drawn),
                    });
                    let branches = branches.filter(|branch| !branch.is_empty()).collect();
                    steps.extend(self.with_body(id, branches, drawn));
                }
            }
        }
        steps
    }

    fn group_steps(&self, id: &str, drawn: &mut HashSet<String>) -> Steps {
        let Some(group) = self.groups.get(id) else {
            return Vec::new();
        };
        if !drawn.insert(id.to_owned()) {
            return Vec::new();
        }
        let branches = group
            .ids
            .iter()
            .map(|end| self.branch(end, Some(id), drawn));
        let branches = branches.filter(|branch| !branch.is_empty()).collect();
        self.with_body(id, branches, drawn)
    }

    fn with_body(&self, id: &str, branches: Vec<Steps>, drawn: &mut HashSet<String>) -> Steps {
        let group = self.groups.get(id);
        let mut steps = vec![Step::Group(GroupStep {
            id: id.to_owned(),
            is_chord: group.is_some_and(|group| group.is_chord),
            branches,
        })];
        if let Some(body) = group.and_then(|group| group.body.as_deref()) {
            steps.extend(self.task_steps(body, drawn));
        }
        steps
    }

    fn task(&self, id: &str, record: Option<&Record>) -> TaskStep {
        let meta = record.map(|record| &record.meta);
        let identity = record.and_then(|record| record.identity.as_ref());
        let extended = meta.and_then(|meta| meta.extended.as_ref());
        let name = identity.map(|identity| identity.name.clone());
        TaskStep {
            id: id.to_owned(),
            name: name
                .or_else(|| extended.and_then(|extended| extended.name.clone()))
                .or_else(|| self.names.get(id).cloned()),
            state: meta.map_or(State::Pending, |meta| meta.status.clone()),
            result: meta.and_then(|meta| shown(&meta.status, &meta.result)),
            date_done: meta.and_then(|meta| meta.date_done.clone()),
        }
    }
}

/// What a task sent.
fn trees(record: &Record) -> Vec<ResultTree> {
    let sent = record.meta.children.as_list().unwrap_or_default();
    sent.iter().filter_map(ResultTree::of_tuple).collect()
}

/// The steps that did not come after it, each as the ids of its tasks.
fn later(record: &Record) -> Vec<Vec<String>> {
    let steps = record.meta.extra.get(LATER_STEPS).and_then(Value::as_list);
    let ids = |step: &Value| {
        let ids = step.as_list().unwrap_or_default().iter();
        ids.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    steps.unwrap_or_default().iter().map(ids).collect()
}

fn sends(record: &Record, id: &str) -> bool {
    let (mut tasks, mut groups) = (BTreeSet::new(), BTreeSet::new());
    let sent = trees(record);
    sent.iter()
        .for_each(|tree| ids_of(tree, &mut tasks, &mut groups));
    tasks.contains(id) || groups.iter().any(|(group, _)| group == id)
}

fn ids_of(
    tree: &ResultTree,
    tasks: &mut BTreeSet<String>,
    groups: &mut BTreeSet<(String, Option<String>)>,
) {
    match tree {
        ResultTree::Task { id, .. } => _ = tasks.insert(id.clone()),
        ResultTree::Group { id, members, .. } => {
            groups.insert((id.clone(), None));
            members
                .iter()
                .for_each(|member| ids_of(member, tasks, groups));
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
    Some(match text.char_indices().nth(RESULT) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    })
}
