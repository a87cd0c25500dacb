use celeriac_protocol::Headers;

use crate::plain_text;

/// Characters kept of an origin.
const LONGEST_ORIGIN: usize = 200;

/// Whose a task id is. The first claim of an id stores it; a claim of another task is refused, so
/// that who may send to one queue cannot end, or take over, the tasks of another by their ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskIdentity {
    /// The task's name: what is compared.
    pub name: String,
    /// The `origin` header (Celery: process and host of the sender). For people; nothing is decided
    /// by it.
    pub origin: Option<String>,
}

impl TaskIdentity {
    /// A task of which no more than the name is known.
    pub fn named(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            origin: None,
        }
    }

    /// The task of a message.
    pub fn of(headers: &Headers) -> Self {
        let origin = headers.origin.as_deref();
        Self {
            name: headers.task.clone(),
            origin: origin.map(|origin| plain_text::cut(origin, LONGEST_ORIGIN).into_owned()),
        }
    }
}
