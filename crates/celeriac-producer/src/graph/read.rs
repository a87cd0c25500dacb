//! Gathers a workflow: all results that are connected with one id, a level at a time, and then how
//! they stand to each other.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};

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
struct Found {
    /// Each id that was read, and what stands there.
    tasks: HashMap<String, Option<Seen>>,
    groups: HashMap<String, Members>,
    /// Names of bodies, which nobody else knows before they begin.
    names: HashMap<String, String>,
    /// The chords of these bodies.
    chords: HashMap<String, String>,
    /// Groups that are no chords, and are saved nowhere.
    unknown: HashSet<String>,
    truncated: bool,
}

/// What is kept of a record.
struct Seen {
    task: TaskStep,
    parent: Option<String>,
    group: Option<String>,
    /// Result trees of what it sent.
    sent: Vec<ResultTree>,
    /// The steps that did not come after it, each as the ids of its tasks.
    later: Vec<Vec<String>>,
}

/// Of a group.
struct Members {
    ids: Vec<String>,
    is_chord: bool,
    body: Option<String>,
}

/// What is to be drawn.
enum Part {
    Task(String),
    /// A group, and its branches where they are known.
    Group(String, Option<Vec<Vec<Part>>>),
    Beside(Vec<Vec<Part>>),
}

impl Part {
    /// Empty where it is none of one id.
    fn id(&self) -> &str {
        match self {
            Self::Task(id) | Self::Group(id, _) => id,
            Self::Beside(_) => "",
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
            if let Some(body) = &members.body {
                self.chords.insert(body.clone(), id.to_owned());
            }
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

    fn seen(&self, id: &str) -> Option<&Seen> {
        self.tasks.get(id)?.as_ref()
    }

    /// What comes before a task: of a body the chord's header, else the task that sent it.
    fn before(&self, id: &str) -> Option<&str> {
        let header = self.chords.get(id).and_then(|group| self.groups.get(group));
        let member = header.and_then(|group| group.ids.iter().find(|id| self.seen(id).is_some()));
        let parent = || {
            self.seen(id)?
                .parent
                .as_deref()
                .filter(|id| self.seen(id).is_some())
        };
        member.map(String::as_str).or_else(parent)
    }

    /// From the first task, or from the group that was sent first.
    fn workflow(&self, id: &str) -> Steps {
        let is_group = self.seen(id).is_none() && self.groups.contains_key(id);
        let member = self.groups.get(id).filter(|_| is_group);
        let member = member.and_then(|group| group.ids.iter().find(|id| self.seen(id).is_some()));
        let first = match member {
            None if is_group => Part::Group(id.to_owned(), None),
            member => Part::Task(member.map_or(id, String::as_str).to_owned()),
        };
        let mut drawn = HashSet::new();
        let mut steps = self.line(vec![first], None, &mut drawn);
        if !is_group && !drawn.contains(id) {
            // what sent it does not say so yet
            steps.extend(self.line(vec![Part::Task(id.to_owned())], None, &mut drawn));
        }
        steps
    }

    /// Draws these one after the other, each with all that came of it; in a branch of a group, where
    /// that is given. A line may be long: it is no recursion, what is beside each other is.
    fn line(&self, parts: Vec<Part>, within: Option<&str>, drawn: &mut HashSet<String>) -> Steps {
        let mut steps = Vec::new();
        let mut queued: HashSet<String> = HashSet::new();
        let mut left: VecDeque<Part> = parts.into();
        while let Some(part) = left.pop_front() {
            match part {
                Part::Task(id) if drawn.contains(&id) => {}
                Part::Task(id) => {
                    let start = self.start_of(&id, within, drawn);
                    if start.id() != id {
                        left.push_front(Part::Task(id));
                        left.push_front(start);
                        continue;
                    }
                    drawn.insert(id.clone());
                    if self.truncated && !self.tasks.contains_key(&id) {
                        continue; // it was not read
                    }
                    let seen = self.seen(&id);
                    steps.push(Step::Task(self.task(&id)));
                    let mut lines = seen.map(Seen::lines).unwrap_or_default();
                    let mut next = match lines.len() {
                        0 | 1 => lines.pop().unwrap_or_default(),
                        _ => vec![Part::Beside(lines)],
                    };
                    next.extend(seen.map(Seen::later).unwrap_or_default());
                    for part in next.into_iter().rev() {
                        if queued.insert(part.id().to_owned()) || part.id().is_empty() {
                            left.push_front(part);
                        }
                    }
                }
                Part::Group(id, lines) => {
                    if !drawn.insert(id.clone()) {
                        continue;
                    }
                    let group = self.groups.get(&id);
                    let ids = group.map_or(&[][..], |group| &group.ids);
                    let ends = || ids.iter().map(|id| vec![Part::Task(id.clone())]).collect();
                    let lines: Vec<Vec<Part>> = lines.unwrap_or_else(ends);
                    let branches = self.beside(lines, Some(&id), drawn);
                    steps.push(Step::Group(GroupStep {
                        id: id.clone(),
                        is_chord: group.is_some_and(|group| group.is_chord),
                        branches,
                    }));
                    if let Some(body) = group.and_then(|group| group.body.clone()) {
                        left.push_front(Part::Task(body));
                    }
                }
                Part::Beside(lines) => {
                    let mut branches = self.beside(lines, None, drawn);
                    match branches.len() {
                        0 => {}
                        1 => steps.append(&mut branches[0]),
                        _ => steps.push(Step::Sent(branches)),
                    }
                }
            }
        }
        steps
    }

    fn beside(
        &self,
        lines: Vec<Vec<Part>>,
        within: Option<&str>,
        drawn: &mut HashSet<String>,
    ) -> Vec<Steps> {
        let drawn_lines = lines.into_iter().map(|line| self.line(line, within, drawn));
        drawn_lines.filter(|steps| !steps.is_empty()).collect()
    }

    /// What comes first of what is not drawn yet: the first task above this one, or the group that
    /// begins there.
    fn start_of(&self, id: &str, within: Option<&str>, drawn: &HashSet<String>) -> Part {
        let (mut first, mut seen) = (id.to_owned(), HashSet::new());
        // whose senders have not been met on the way up, the outermost first
        let mut groups: Vec<String> = Vec::new();
        loop {
            if let Some(record) = self.seen(&first) {
                groups.retain(|group| !self.sends(record, group));
                let own = record.group.as_ref();
                let own = own.filter(|own| within != Some(own.as_str()));
                let is_member = |own: &&String| {
                    let group = self.groups.get(*own);
                    group.is_some_and(|group| group.ids.contains(&first))
                };
                groups.extend(own.filter(is_member).cloned());
            }
            match self.before(&first) {
                Some(before) if drawn.contains(before) => {
                    let record = self.seen(before);
                    groups.retain(|group| record.is_none_or(|record| !record.sends(group)));
                    break;
                }
                Some(before) if seen.insert(before.to_owned()) => before.clone_into(&mut first),
                _ => break,
            }
        }
        match groups.into_iter().find(|group| !drawn.contains(group)) {
            Some(group) => Part::Group(group, None),
            None => Part::Task(first),
        }
    }

    /// Whether this task has sent a group, or what the group stands for.
    fn sends(&self, record: &Seen, group: &str) -> bool {
        let body = self.groups.get(group).and_then(|group| group.body.as_ref());
        record.sends(group) || body.is_some_and(|body| record.sends(body))
    }

    fn task(&self, id: &str) -> TaskStep {
        let name = || self.names.get(id).cloned();
        match self.seen(id) {
            Some(seen) => TaskStep {
                name: seen.task.name.clone().or_else(name),
                ..seen.task.clone()
            },
            None => TaskStep {
                id: id.to_owned(),
                name: name(),
                state: State::Pending,
                result: None,
                date_done: None,
            },
        }
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

    fn sends(&self, id: &str) -> bool {
        let (mut tasks, mut groups) = (BTreeSet::new(), BTreeSet::new());
        let sent = self.sent.iter();
        sent.for_each(|tree| ids_of(tree, &mut tasks, &mut groups));
        tasks.contains(id) || groups.iter().any(|(group, _)| group == id)
    }

    /// What it sent, each from its first part to its last.
    fn lines(&self) -> Vec<Vec<Part>> {
        self.sent.iter().map(parts).collect()
    }

    fn later(&self) -> Vec<Part> {
        let task = |id: &String| Part::Task(id.clone());
        let part = |ids: &Vec<String>| match ids.as_slice() {
            [id] => task(id),
            ids => Part::Beside(ids.iter().map(|id| vec![task(id)]).collect()),
        };
        self.later.iter().map(part).collect()
    }
}

fn parts(tree: &ResultTree) -> Vec<Part> {
    let mut line = vec![tree];
    while let Some(before) = line.last().and_then(|last| last.parent()) {
        line.push(before);
    }
    let part = |part: &ResultTree| match part {
        ResultTree::Task { id, .. } => Part::Task(id.clone()),
        ResultTree::Group { id, members, .. } => {
            Part::Group(id.clone(), Some(members.iter().map(parts).collect()))
        }
    };
    line.into_iter().rev().map(part).collect()
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
    Some(match text.char_indices().nth(RESULT) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    })
}
