//! Canvases, held against what they mean: each task gets what the steps before it returned, and
//! none is sent once one of those has failed.

use std::collections::BTreeMap;

use celeriac_protocol::{Dict, State, UtcTime, Value};

use super::super::plan::Shape;
use super::{Checker, Tracked, task};

/// What a step returns, by the tasks it ends with.
#[derive(Clone, Debug)]
pub(crate) enum Output {
    Of(String),
    All(Vec<Output>),
}

impl Output {
    fn tasks(&self) -> Vec<&str> {
        match self {
            Self::Of(id) => vec![id],
            Self::All(each) => each.iter().flat_map(Self::tasks).collect(),
        }
    }

    /// `None` as long as one of them has not succeeded.
    fn value(&self, tasks: &BTreeMap<String, Tracked>) -> Option<Value> {
        match self {
            Self::Of(id) => {
                let end = tasks.get(id)?.ended.as_ref()?;
                (end.state == State::Success).then(|| end.result.clone())
            }
            Self::All(each) => {
                let values = each.iter().map(|one| one.value(tasks));
                values.collect::<Option<Vec<Value>>>().map(Value::List)
            }
        }
    }
}

/// What stands around a task in its canvas.
#[derive(Clone, Debug, Default)]
pub(crate) struct Turn {
    /// What it gets from the steps before it.
    input: Option<Output>,
    /// What the chords get in whose headers it is. As in Celery, nothing is stored of such a task
    /// where its chord does not begin.
    begin_after: Vec<Output>,
}

impl Turn {
    fn after(&self, input: Output) -> Self {
        Self {
            input: Some(input),
            ..self.clone()
        }
    }

    /// Of a task in the header of a chord that has this turn.
    fn of_header(&self) -> Self {
        let mut turn = self.clone();
        turn.begin_after.extend(self.input.clone());
        turn
    }
}

/// Adds the tasks of a canvas that has this turn, and may be followed by a step; what it returns.
pub(super) fn track(
    shape: &Shape,
    turn: &Turn,
    followed: bool,
    tasks: &mut BTreeMap<String, Tracked>,
) -> Output {
    let mut each = |shapes: &[Shape], turn: &Turn| {
        let outputs = shapes.iter().map(|shape| track(shape, turn, false, tasks));
        Output::All(outputs.collect())
    };
    match shape {
        Shape::Task(plan) => {
            task::track(plan, None, tasks);
            if let Some(tracked) = tasks.get_mut(&plan.id) {
                tracked.turn = turn.clone();
            }
            Output::Of(plan.id.clone())
        }
        // a group that something follows is the header of a chord
        Shape::Group(_, members) if followed => each(members, &turn.of_header()),
        Shape::Group(_, members) => each(members, turn),
        Shape::Chord(_, header, body) => {
            let header = each(header, &turn.of_header());
            track(body, &turn.after(header), followed, tasks)
        }
        Shape::Chain(steps) => {
            let mut turn = turn.clone();
            for (at, step) in steps.iter().enumerate() {
                let is_last = at + 1 == steps.len();
                let output = track(step, &turn, followed || !is_last, tasks);
                turn = turn.after(output);
            }
            turn.input.unwrap_or(Output::All(Vec::new()))
        }
    }
}

impl Checker {
    /// The broker has what begins a canvas: all of its tasks come to an end.
    pub(crate) fn accepted_canvas(&mut self, shape: &Shape) {
        for task in shape.tasks() {
            self.accepted(task);
        }
    }

    /// A task is sent: with what those before it have returned, each of them.
    pub(super) fn in_turn(&mut self, id: &str, now: UtcTime) {
        let Some(tracked) = self.tasks.get(id) else {
            return;
        };
        let Some(input) = &tracked.turn.input else {
            return;
        };
        let given = tracked.arguments.clone().unwrap_or_default();
        let text = match input.value(&self.tasks) {
            None => format!("{id} is sent, and not all before it have succeeded: {input:?}"),
            Some(value) => {
                let expected = shown(&[value], &Dict::new());
                if expected == given {
                    return;
                }
                format!("{id} is sent with {given}, and is to have {expected}")
            }
        };
        self.broken(17, now, text);
    }

    /// Whether a task of a canvas has the end that those before it demand.
    pub(super) fn judge_turn(&self, id: &str, task: &Tracked) -> Option<(u8, String)> {
        let input = task.turn.input.as_ref().filter(|_| task.accepted)?;
        let failed = self.failed_of(input);
        let end = &task.ended.as_ref()?.state;
        let text = match failed {
            Some(failed) if *end == State::Success => {
                format!("{id} is {end}, and {failed} before it is not")
            }
            None if !task.sent => {
                format!("{id} is {end} without a run, and all before it have succeeded")
            }
            _ => return None,
        };
        Some((17, text))
    }
}

impl Checker {
    /// Whether a task needs no end, since the chord does not begin in whose header it is.
    pub(super) fn never_begins(&self, task: &Tracked) -> bool {
        let mut before = task.turn.begin_after.iter();
        before.any(|output| self.failed_of(output).is_some())
    }

    /// A task of these that has ended, and not well.
    fn failed_of<'a>(&self, output: &'a Output) -> Option<&'a str> {
        let failed = |id: &&str| {
            let task = self.tasks.get(*id);
            task.is_some_and(|task| {
                let end = task.ended.as_ref();
                end.is_some_and(|end| end.state != State::Success) || self.never_begins(task)
            })
        };
        output.tasks().into_iter().find(failed)
    }
}

/// Arguments as the checker compares them.
pub(super) fn shown(args: &[Value], kwargs: &Dict) -> String {
    format!("{args:?} {kwargs:?}")
}
