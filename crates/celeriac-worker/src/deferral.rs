use std::time::Duration;

use celeriac_core::{BrokerErrorKind, Receipt, SetVisibility};

use crate::engine::Engine;

impl Engine {
    /// Makes a message invisible for this long, as far as the broker allows, or visible at once.
    /// Whether that went through; if not, it comes back by itself.
    pub(crate) async fn defer(
        &self,
        queue: &str,
        message_id: &str,
        receipt: Receipt,
        visibility: Duration,
    ) -> bool {
        let longest = self.parts.broker.capabilities(queue).max_visibility;
        let change = SetVisibility {
            receipt,
            visibility: visibility.min(longest),
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
                        "a message is not deferred, it comes back when its visibility ends: {error}"
                    );
                }
                false
            }
        }
    }
}
