//! Thousands of tasks as a few lines: over twelve branches that are alike are one, long chains have
//! their middle left out.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use celeriac_protocol::State;

use super::{GroupStep, Step, TaskStep, counted};

/// Branches that are shown each by itself.
const MOST_BRANCHES: usize = 12;
/// Failed tasks of a group that are shown all the same.
const FAILED_SHOWN: usize = 3;
/// Steps of a chain that are shown; of a longer one its first and last.
const MOST_STEPS: usize = 24;
const FIRST_STEPS: usize = 10;
const LAST_STEPS: usize = 5;

/// What is shown, one after the other.
pub(super) type Shown<'a> = Vec<Part<'a>>;

/// A part of what is shown.
pub(super) enum Part<'a> {
    Task(&'a TaskStep),
    /// Many tasks, or steps, as one.
    Many {
        label: String,
        states: BTreeMap<State, usize>,
    },
    Group {
        group: &'a GroupStep,
        states: BTreeMap<State, usize>,
        branches: Vec<Shown<'a>>,
    },
    Sent(Vec<Shown<'a>>),
}

pub(super) fn folded(steps: &[Step]) -> Shown<'_> {
    if steps.len() <= MOST_STEPS {
        return steps.iter().map(part).collect();
    }
    let (first, rest) = steps.split_at(FIRST_STEPS);
    let (middle, last) = rest.split_at(rest.len() - LAST_STEPS);
    let mut shown: Shown<'_> = first.iter().map(part).collect();
    shown.push(Part::Many {
        label: format!("{} more steps", middle.len()),
        states: states_of(middle),
    });
    shown.extend(last.iter().map(part));
    shown
}

fn part(step: &Step) -> Part<'_> {
    match step {
        Step::Task(task) => Part::Task(task),
        Step::Group(group) => Part::Group {
            group,
            states: states_of(std::slice::from_ref(step)),
            branches: branches(&group.branches),
        },
        Step::Sent(sent) => Part::Sent(branches(sent)),
    }
}

fn branches(all: &[Vec<Step>]) -> Vec<Shown<'_>> {
    if all.len() <= MOST_BRANCHES {
        return all.iter().map(|steps| folded(steps)).collect();
    }
    let mut shown = Vec::new();
    let mut alike: BTreeMap<String, (usize, BTreeMap<State, usize>)> = BTreeMap::new();
    let (mut failed, mut whole) = (0, 0);
    for steps in all {
        match steps.as_slice() {
            [Step::Task(task)] if task.state == State::Failure && failed < FAILED_SHOWN => {
                failed += 1;
                shown.push(vec![Part::Task(task)]);
            }
            [Step::Task(task)] => {
                let name = task.name.clone().unwrap_or_else(|| "task".to_owned());
                let (count, states) = alike.entry(name).or_default();
                *count += 1;
                counted(steps, states);
            }
            steps if whole < MOST_BRANCHES => {
                whole += 1;
                shown.push(folded(steps));
            }
            steps => {
                let (count, states) = alike
                    .entry("branches of several tasks".to_owned())
                    .or_default();
                *count += 1;
                counted(steps, states);
            }
        }
    }
    shown.extend(alike.into_iter().map(|(name, (count, states))| {
        vec![Part::Many {
            label: format!("{count} × {name}"),
            states,
        }]
    }));
    shown
}

fn states_of(steps: &[Step]) -> BTreeMap<State, usize> {
    let mut states = BTreeMap::new();
    counted(steps, &mut states);
    states
}

/// `297 SUCCESS, 3 FAILURE`
pub(super) fn states_text(states: &BTreeMap<State, usize>) -> String {
    let mut text = String::new();
    for (state, count) in states {
        let comma = if text.is_empty() { "" } else { ", " };
        let _ = write!(text, "{comma}{count} {state}"); // writing into a String cannot fail
    }
    text
}

/// The state that matters most among these: a failure before what runs before what has ended.
pub(super) fn worst(states: &BTreeMap<State, usize>) -> State {
    let rank = |state: &State| match state {
        State::Failure => 0,
        State::Revoked => 1,
        State::Retry => 2,
        State::Success => 5,
        State::Pending => 4,
        _ => 3,
    };
    let worst = states.keys().min_by_key(|state| rank(state));
    worst.cloned().unwrap_or(State::Pending)
}

impl Part<'_> {
    /// The name of one without branches, what stands below it, and its state.
    pub(super) fn label(&self) -> (String, String, State) {
        match self {
            Part::Task(task) => {
                let name = task.name.clone().unwrap_or_else(|| "task".to_owned());
                let below = match &task.result {
                    Some(result) => format!("{} {result}", task.state),
                    None => task.state.to_string(),
                };
                (name, below, task.state.clone())
            }
            Part::Many { label, states } => (label.clone(), states_text(states), worst(states)),
            Part::Group { .. } | Part::Sent(_) => (String::new(), String::new(), State::Pending),
        }
    }
}
