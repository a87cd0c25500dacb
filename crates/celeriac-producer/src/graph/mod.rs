//! A workflow as a thing: what ran, runs and is to run, from any of its ids.
//!
//! `read.rs` gathers it from the stored results, `order.rs` says what follows what, `folded.rs` makes of thousands of tasks what a
//! person can look at, and the others write that: `text.rs`, `dot.rs`, `mermaid.rs`, `svg.rs`.

mod dot;
mod flow;
mod folded;
mod mermaid;
mod order;
mod read;
mod svg;
mod text;

use std::collections::BTreeMap;
use std::fmt;

use celeriac_protocol::State;
use serde::Serialize;

/// A workflow, as far as its stored results tell of it. A step of a chain is known once the one
/// before it has ended.
///
/// `Display` is the text for a terminal; it serializes, with all of its tasks.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Graph {
    /// What was asked for.
    pub id: String,
    /// What runs one after the other.
    pub steps: Vec<Step>,
    /// How many tasks there are, by state.
    pub states: BTreeMap<State, usize>,
    /// Whether there are more, which were not read.
    pub truncated: bool,
}

/// What runs one after the other.
pub type Steps = Vec<Step>;

/// A part of a workflow.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// A task.
    Task(TaskStep),
    /// Tasks, or steps, beside each other.
    Group(GroupStep),
    /// What a task sent, where that is more than one.
    Sent(Vec<Steps>),
}

/// A task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TaskStep {
    /// Its id.
    pub id: String,
    /// Its name, where that is known.
    pub name: Option<String>,
    /// PENDING for one that has not begun.
    pub state: State,
    /// The value or the exception, shortened.
    pub result: Option<String>,
    /// When it ended (ISO 8601).
    pub date_done: Option<String>,
}

/// A group, or a chord's header.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GroupStep {
    /// Its id.
    pub id: String,
    /// Whether something waits for all of it.
    pub is_chord: bool,
    /// Its branches.
    pub branches: Vec<Steps>,
}

impl Graph {
    /// In the language of Graphviz.
    pub fn dot(&self) -> String {
        dot::write(&folded::folded(&self.steps))
    }

    /// In the language of Mermaid, which many sites draw.
    pub fn mermaid(&self) -> String {
        mermaid::write(&folded::folded(&self.steps))
    }

    /// A picture.
    pub fn svg(&self) -> String {
        svg::write(&self.id, &folded::folded(&self.steps))
    }
}

impl fmt::Display for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        text::write(f, &folded::folded(&self.steps))?;
        if self.truncated {
            writeln!(f, ".. and more, which was not read")?;
        }
        Ok(())
    }
}

/// Tasks by state.
pub(crate) fn counted(steps: &[Step], counts: &mut BTreeMap<State, usize>) {
    for step in steps {
        match step {
            Step::Task(task) => *counts.entry(task.state.clone()).or_default() += 1,
            Step::Group(GroupStep { branches, .. }) | Step::Sent(branches) => {
                for branch in branches {
                    counted(branch, counts);
                }
            }
        }
    }
}
