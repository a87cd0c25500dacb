use std::time::Duration;

use super::Expression;

/// One EventBridge schedule of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// When it fires.
    pub expression: Expression,
    /// The expression is evaluated in UTC, whatever the entry's time zone.
    pub utc: bool,
    /// The message is delayed by this after the scheduled time: under 60 s, and 0 for all but
    /// intervals with odd seconds.
    pub delay: Duration,
    /// It fires this long before the due time, and the worker holds the task: 60 s for a precise
    /// entry, else 0.
    pub lead: Duration,
    /// For a rate whose start must be anchored: a `StartDate` must be this far into a period
    /// counted from the Unix epoch.
    pub phase: Option<Duration>,
}

impl Rendered {
    pub(super) fn new(expression: Expression, lead: Duration) -> Self {
        Self {
            expression,
            utc: false,
            delay: Duration::ZERO,
            lead,
            phase: None,
        }
    }
}

/// An entry's schedules in EventBridge Scheduler: together they fire at its due times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendering {
    /// The schedules. No two fire for the same due time.
    pub parts: Vec<Rendered>,
    /// They fire on more days than the entry has: the worker must drop what
    /// [`admits`](super::admits) refuses.
    pub guard: bool,
    /// What a person should know, one sentence each.
    pub notes: Vec<String>,
}

impl Rendering {
    pub(super) fn new(parts: Vec<Rendered>) -> Self {
        Self {
            parts,
            guard: false,
            notes: Vec::new(),
        }
    }

    pub(super) fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }
}
