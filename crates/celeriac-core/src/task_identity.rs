use celeriac_protocol::Headers;

use crate::plain_text;

/// Characters kept of an origin.
const LONGEST_ORIGIN: usize = 200;

/// The `origin` of what EventBridge Scheduler sends: it is written in advance.
pub const EVENTBRIDGE: &str = "beat@eventbridge";

/// Whose a task id is. The first claim that wants to run the task stores it, and one of another
/// task is refused, so that who may send to one queue cannot end, or take over, the tasks of
/// another by their ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskIdentity {
    /// The task's name.
    pub name: String,
    /// The `origin` header (Celery: process and host of the sender). Forwarding, retrying and
    /// delivering a message again all keep it. That of EventBridge Scheduler's messages is the same
    /// for all of them, and says nothing.
    pub origin: Option<String>,
    /// The queue its message came from; `None` where that is not known. Empty in an item of a task
    /// that ended without a run: unknown, expired, or waiting for one that failed.
    pub queue: Option<String>,
}

impl TaskIdentity {
    /// A task of which no more than the name is known.
    pub fn named(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            origin: None,
            queue: None,
        }
    }

    /// The task of a message from this queue.
    pub fn of(headers: &Headers, queue: &str) -> Self {
        Self {
            origin: headers.origin.as_deref().map(short),
            queue: Some(queue.to_owned()),
            ..Self::named(headers.task.as_str())
        }
    }

    /// The task of this name that a message from this queue speaks of.
    pub fn told(name: &str, headers: &Headers, queue: &str) -> Self {
        Self {
            name: name.to_owned(),
            ..Self::of(headers, queue)
        }
    }

    /// The same, for an item of a task that ends without a run.
    #[must_use]
    pub fn without_a_run(self) -> Self {
        Self {
            queue: Some(String::new()),
            ..self
        }
    }

    /// Whether no run of the task stands behind this.
    pub fn is_without_a_run(&self) -> bool {
        self.queue.as_deref() == Some("")
    }

    /// Whether the two may be one task: of one name, and from one queue or one sender. A retry that
    /// Python sends has another sender, and one that goes to another queue has the same.
    pub fn may_be(&self, other: &Self) -> bool {
        self.name == other.name && self.may_follow(other)
    }

    /// Whether the two may be one task, of which one replaces the other: from one queue or one
    /// sender.
    pub fn may_follow(&self, other: &Self) -> bool {
        self.shares_queue(other) || self.shares_sender(other)
    }

    fn shares_sender(&self, other: &Self) -> bool {
        let sender = self.origin.as_deref().filter(|one| *one != EVENTBRIDGE);
        sender.is_some() && sender == other.origin.as_deref()
    }

    /// Where one is not known, nothing speaks against it.
    fn shares_queue(&self, other: &Self) -> bool {
        match (&self.queue, &other.queue) {
            (Some(one), Some(other)) => one == other,
            _ => true,
        }
    }
}

fn short(origin: &str) -> String {
    plain_text::cut(origin, LONGEST_ORIGIN).into_owned()
}
