use std::fmt;
use std::time::Duration;

use super::TaskPlan;

/// A canvas that a client sends.
#[derive(Clone, Debug)]
pub struct CanvasPlan {
    /// When.
    pub at: Duration,
    /// What.
    pub shape: Shape,
}

/// How tasks follow each other.
#[derive(Clone, Debug)]
pub enum Shape {
    /// One task, without a next one of its own.
    Task(TaskPlan),
    /// One after the other.
    Chain(Vec<Shape>),
    /// Beside each other, under the group's id.
    Group(String, Vec<Shape>),
    /// Beside each other, under the group's id, and then the body.
    Chord(String, Vec<Shape>, Box<Shape>),
}

impl Shape {
    /// Its parts.
    pub(crate) fn parts(&self) -> Vec<&Self> {
        match self {
            Self::Task(_) => Vec::new(),
            Self::Chain(parts) | Self::Group(_, parts) => parts.iter().collect(),
            Self::Chord(_, header, body) => header.iter().chain([&**body]).collect(),
        }
    }

    fn parts_mut(&mut self) -> Vec<&mut Self> {
        match self {
            Self::Task(_) => Vec::new(),
            Self::Chain(parts) | Self::Group(_, parts) => parts.iter_mut().collect(),
            Self::Chord(_, header, body) => header.iter_mut().chain([&mut **body]).collect(),
        }
    }

    /// Its tasks.
    pub(crate) fn tasks(&self) -> Vec<&TaskPlan> {
        if let Self::Task(task) = self {
            return vec![task];
        }
        self.parts().into_iter().flat_map(Self::tasks).collect()
    }

    /// The same, to be changed.
    pub(crate) fn tasks_mut(&mut self) -> Vec<&mut TaskPlan> {
        if let Self::Task(task) = self {
            return vec![task];
        }
        let parts = self.parts_mut().into_iter();
        parts.flat_map(Self::tasks_mut).collect()
    }

    /// What is left when one thing is taken away, for shrinking.
    pub(crate) fn smaller(&self) -> Vec<Self> {
        if let Self::Task(task) = self {
            return simpler(task).into_iter().map(Self::Task).collect();
        }
        let mut all: Vec<Self> = self.parts().into_iter().cloned().collect();
        for (at, part) in self.parts().into_iter().enumerate() {
            all.extend(self.without(at));
            all.extend(part.smaller().into_iter().map(|part| self.with(at, part)));
        }
        all
    }

    fn with(&self, at: usize, part: Self) -> Self {
        let mut changed = self.clone();
        *changed.parts_mut()[at] = part;
        changed
    }

    fn without(&self, at: usize) -> Option<Self> {
        let mut changed = self.clone();
        let (Self::Chain(parts) | Self::Group(_, parts) | Self::Chord(_, parts, _)) = &mut changed
        else {
            return None;
        };
        if at >= parts.len() || parts.len() < 2 {
            return None;
        }
        parts.remove(at);
        Some(changed)
    }
}

fn simpler(task: &TaskPlan) -> Vec<TaskPlan> {
    let mut all = Vec::new();
    if task.errback.is_some() {
        all.push(TaskPlan {
            errback: None,
            ..task.clone()
        });
    }
    if task.tries.len() > 1 {
        all.push(TaskPlan {
            tries: task.tries[1..].to_vec(),
            ..task.clone()
        });
    }
    all
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = |parts: &[Self]| {
            let parts: Vec<String> = parts.iter().map(Self::to_string).collect();
            parts.join(", ")
        };
        match self {
            Self::Task(task) => write!(f, "{task}"),
            Self::Chain(steps) => write!(f, "chain({})", parts(steps)),
            Self::Group(id, members) => write!(f, "group {id}({})", parts(members)),
            Self::Chord(id, header, body) => {
                write!(f, "chord {id}([{}], {body})", parts(header))
            }
        }
    }
}
