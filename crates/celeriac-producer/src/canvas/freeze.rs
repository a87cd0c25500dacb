//! Gives every task of a canvas its id.

use celeriac_core::chords::{Shape, member_id};
use celeriac_protocol::{Dict, Value};

use super::ids::Ids;
use super::step::{Branch, Branches, ChordStep, Step};

/// Gives ids to all that have none; the last step may be given one.
pub(super) fn freeze(branch: &mut [Step], last_id: Option<String>, ids: &mut Ids) {
    let Some((last, before)) = branch.split_last_mut() else {
        return;
    };
    for step in before {
        step.freeze(None, ids);
    }
    last.freeze(last_id, ids);
}

impl Step {
    pub(super) fn freeze(&mut self, id: Option<String>, ids: &mut Ids) {
        match self {
            Self::Task(signature) => {
                given(&mut signature.options, || id.unwrap_or_else(|| ids.next()));
            }
            Self::Group(group) => {
                let gid = given(&mut group.options, || id.unwrap_or_else(|| ids.next()));
                for (branch, index) in group.each.iter_mut().zip(0..) {
                    freeze(branch, Some(member_id(&gid, index)), ids);
                }
            }
            Self::Chord(chord) => chord.freeze(id, ids),
        }
    }

    /// The ids of those that end it, in order, and how their results nest.
    pub(super) fn ends(&self, ids: &mut Vec<String>) -> Shape {
        match self {
            Self::Task(signature) => {
                ids.extend(id_of(&signature.options));
                Shape::Leaf
            }
            Self::Group(group) => Shape::List(group.ends(ids)),
            Self::Chord(chord) => chord.body.ends(ids),
        }
    }

    /// Does this with each of those that end it, and its number.
    pub(super) fn for_each_end(&mut self, number: &mut u32, mark: &mut impl FnMut(&mut Dict, u32)) {
        match self {
            Self::Task(signature) => {
                mark(&mut signature.options, *number);
                *number += 1;
            }
            Self::Group(group) => group.for_each_end(number, mark),
            Self::Chord(chord) => chord.body.for_each_end(number, mark),
        }
    }
}

impl ChordStep {
    fn freeze(&mut self, id: Option<String>, ids: &mut Ids) {
        let own = self.options.shift_remove("task_id");
        let own = own.and_then(|id| id.as_str().map(str::to_owned));
        self.body.freeze(own.or(id), ids);
        let gid = given(&mut self.header.options, || ids.next());
        let mut number = 0;
        for branch in &mut self.header.each {
            freeze_member(branch, &gid, &mut number, ids);
        }
    }
}

/// The tasks that end a member of a chord have ids by their numbers in it.
fn freeze_member(branch: &mut [Step], gid: &str, number: &mut u32, ids: &mut Ids) {
    let Some((last, before)) = branch.split_last_mut() else {
        return;
    };
    for step in before {
        step.freeze(None, ids);
    }
    freeze_end(last, gid, number, ids);
}

fn freeze_end(step: &mut Step, gid: &str, number: &mut u32, ids: &mut Ids) {
    match step {
        Step::Task(signature) => {
            given(&mut signature.options, || member_id(gid, *number));
            *number += 1;
        }
        Step::Group(group) => {
            given(&mut group.options, || ids.next());
            for branch in &mut group.each {
                freeze_member(branch, gid, number, ids);
            }
        }
        Step::Chord(chord) => {
            let own = chord.options.shift_remove("task_id");
            if let (Some(id), Step::Task(body)) = (own, &mut chord.body) {
                body.options.entry("task_id".to_owned()).or_insert(id);
            }
            freeze_end(&mut chord.body, gid, number, ids);
            chord.freeze(None, ids);
        }
    }
}

impl Branches {
    /// The ids of those that end it, in order, and how their results nest.
    pub(super) fn ends(&self, ids: &mut Vec<String>) -> Vec<Shape> {
        let ends = self.each.iter().filter_map(|branch: &Branch| branch.last());
        ends.map(|last| last.ends(ids)).collect()
    }

    pub(super) fn for_each_end(&mut self, number: &mut u32, mark: &mut impl FnMut(&mut Dict, u32)) {
        for last in self.each.iter_mut().filter_map(|branch| branch.last_mut()) {
            last.for_each_end(number, mark);
        }
    }

    pub(super) fn id(&self) -> String {
        id_of(&self.options).unwrap_or_default()
    }
}

pub(super) fn id_of(options: &Dict) -> Option<String> {
    let id = options.get("task_id").and_then(Value::as_str);
    id.filter(|id| !id.is_empty()).map(str::to_owned)
}

/// The `task_id` of these options, after it was given where there was none.
fn given(options: &mut Dict, make: impl FnOnce() -> String) -> String {
    if let Some(id) = id_of(options) {
        return id;
    }
    let id = make();
    options.insert("task_id".to_owned(), Value::Str(id.clone()));
    id
}
