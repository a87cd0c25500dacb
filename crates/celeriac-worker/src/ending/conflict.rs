use celeriac_core::{DeadLetter, Delivery, TaskIdentity};

use crate::Outcome;
use crate::executed::{Ending, Executed};

/// Why such a message is in the dead-letter queue.
const REASON: &str = "conflict";

/// A message whose id is another task's. Whoever may send to one queue could otherwise end, or take
/// over, the tasks of all others: nothing is changed under the id, and the message is kept for
/// people to look at.
pub(crate) fn conflict(delivery: Delivery, other: &TaskIdentity) -> Executed {
    let error = whose(other);
    tracing::warn!("{error}; nothing was changed, and this message goes to the dead-letter queue");
    let dead_letter = DeadLetter {
        delivery,
        reason: REASON.to_owned(),
        error,
    };
    Executed::new(Outcome::DeadLetter(Box::new(dead_letter)), Ending::Failed)
}

/// What is wrong with the id.
pub(super) fn whose(other: &TaskIdentity) -> String {
    let TaskIdentity {
        name,
        origin,
        queue,
    } = other;
    let origin = origin.as_deref().unwrap_or("an unknown sender");
    let known = queue.as_ref().filter(|queue| !queue.is_empty());
    let queue = known.map_or_else(String::new, |queue| format!(", queue `{queue}`"));
    format!("the id belongs to another task: `{name}` of {origin}{queue}")
}
