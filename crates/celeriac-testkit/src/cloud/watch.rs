use super::{Item, Message};

/// Is told of every change, in the order of the changes and before their answers. MUST NOT call the
/// cloud.
pub trait Watch: Send + Sync + 'static {
    /// A message stands in a queue.
    fn sent(&self, _queue: &str, _message: &Message) {}

    /// A message was handed out.
    fn received(&self, _queue: &str, _message: &Message) {}

    /// A message is gone: deleted by a receiver (`expired` is false), or by the queue's retention.
    fn removed(&self, _queue: &str, _message: &Message, _expired: bool) {}

    /// A message went to the dead-letter queue for having been received too often.
    fn redriven(&self, _from: &str, _to: &str, _message: &Message) {}

    /// An item changed, by whom, and to nothing if it is gone.
    fn item_changed(
        &self,
        _by: &str,
        _table: &str,
        _id: &str,
        _before: Option<&Item>,
        _after: Option<&Item>,
    ) {
    }
}

/// Looks away.
#[derive(Clone, Copy, Debug)]
pub struct NoWatch;

impl Watch for NoWatch {}
