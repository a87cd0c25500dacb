use std::time::Duration;

use celeriac_core::{BrokerErrorKind, DeadLetter};

use crate::engine::Engine;

/// What became of a message for the dead-letter queue. One that was not moved is to stay away for
/// the time given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeadLettered {
    /// It is there, and gone from its queue.
    Moved,
    /// The queue has no dead-letter queue.
    NoQueue(Duration),
    /// Not now.
    Failed(Duration),
}

impl Engine {
    /// Moves a message to its queue's dead-letter queue.
    pub(crate) async fn dead_letter(&self, dead_letter: DeadLetter) -> DeadLettered {
        let (queue, message_id) = (
            dead_letter.delivery.queue.clone(),
            dead_letter.delivery.message_id.clone(),
        );
        let (reason, receives) = (
            dead_letter.reason.clone(),
            dead_letter.delivery.receive_count,
        );
        let Err(error) = self.requests.dead_letter(&queue, dead_letter).await else {
            tracing::debug!(queue, message_id, reason, "moved to the dead-letter queue");
            return DeadLettered::Moved;
        };
        let backoff = self.backoff(&queue, receives.saturating_add(3)); // from 8 s on
        if let BrokerErrorKind::NoDeadLetterQueue = error.kind {
            tracing::error!(
                queue,
                message_id,
                reason,
                "the queue has no dead-letter queue: the message stays and will be redelivered in {backoff:.0?}"
            );
            return DeadLettered::NoQueue(backoff);
        }
        tracing::error!(
            message_id,
            reason,
            "not moved to the dead-letter queue; the message will be redelivered in {backoff:.0?}: {error}"
        );
        DeadLettered::Failed(backoff)
    }
}
