use std::time::Duration;

use celeriac_core::{BrokerErrorKind, Receipt, SetVisibility};
use tokio::time::Instant;

use crate::engine::Engine;

/// The broker's receive was that much before ours at most.
const MARGIN: Duration = Duration::from_secs(30);

impl Engine {
    /// Makes a message invisible for this long, as far as the broker allows, or visible at once.
    /// Whether that went through; if not, it comes back by itself.
    ///
    /// SQS counts its 12 hours from the receive, and refuses more instead of shortening it
    /// (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibility.html>).
    /// Where nobody knows when the message was received, half of it is asked for.
    pub(crate) async fn defer(
        &self,
        queue: &str,
        message_id: &str,
        receipt: Receipt,
        received: Option<Instant>,
        visibility: Duration,
    ) -> bool {
        let longest = self.parts.broker.capabilities(queue).max_visibility;
        let allowed = match received {
            Some(received) => longest.saturating_sub(received.elapsed() + MARGIN),
            None => longest / 2,
        };
        let change = SetVisibility {
            receipt,
            visibility: visibility.min(allowed),
        };
        match self.requests.set_visibility(queue, change).await {
            Ok(()) => true,
            Err(error) => {
                if let BrokerErrorKind::ReceiptExpired = error.kind {
                    tracing::debug!(
                        message_id,
                        "a message is not deferred: its visibility has ended already"
                    );
                } else {
                    tracing::warn!(
                        message_id,
                        "a message could not be deferred; it comes back when its visibility timeout ends: {error}"
                    );
                }
                false
            }
        }
    }
}
