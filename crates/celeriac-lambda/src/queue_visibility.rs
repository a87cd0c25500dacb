use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use celeriac_core::Broker;

/// Each queue's own visibility timeout, with which Lambda received the messages. Asked for once,
/// and only by invocations that take long enough to care.
#[derive(Default)]
pub(crate) struct QueueVisibility(Mutex<HashMap<String, Duration>>);

impl QueueVisibility {
    /// `None` if it cannot be told: then the messages are not extended.
    pub(crate) async fn of(&self, broker: &dyn Broker, queue: &str) -> Option<Duration> {
        let known = self.lock().get(queue).copied();
        if known.is_some() {
            return known;
        }
        match broker.stats(queue).await {
            Ok(stats) => {
                let visibility = stats.visibility?;
                self.lock().insert(queue.to_owned(), visibility);
                Some(visibility)
            }
            Err(error) => {
                tracing::warn!(
                    "the visibility timeout of queue `{queue}` could not be read, so the visibility of its messages is not extended: {error}"
                );
                None
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Duration>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
