//! How the tasks of a workflow stand to each other: what runs one after the other, what beside each
//! other.

use std::collections::{BTreeSet, HashSet, VecDeque};

use celeriac_protocol::State;

use super::read::{Found, Seen, ids_of};
use super::{GroupStep, Step, Steps, TaskStep};
use crate::canvas::ResultTree;

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
    /// From the first task, or from the group that was sent first.
    pub(super) fn workflow(&self, id: &str) -> Steps {
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
}

impl Seen {
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
