use std::collections::VecDeque;
use std::sync::Arc;

use celeriac_core::{BrokerErrorKind, SendError, SendOptions, TaskSender};
use celeriac_protocol::Signature;
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;

use super::agenda::Due;

/// Sends at once; the sender gathers them into batches.
const AT_ONCE: usize = 200;

/// Runs on their way to the broker. If dropped, some are still sent.
pub(super) struct Sends {
    sender: Arc<dyn TaskSender>,
    waiting: VecDeque<Due>,
    flying: FuturesUnordered<BoxFuture<'static, (Due, Result<String, SendError>)>>,
}

impl Sends {
    pub(super) fn new(sender: &Arc<dyn TaskSender>) -> Self {
        Self {
            sender: Arc::clone(sender),
            waiting: VecDeque::new(),
            flying: FuturesUnordered::new(),
        }
    }

    /// Queues a run.
    pub(super) fn wait(&mut self, due: Due) {
        self.waiting.push_back(due);
    }

    /// The next run that may start.
    pub(super) fn next_to_start(&mut self) -> Option<Due> {
        if self.flying.len() >= AT_ONCE {
            return None;
        }
        self.waiting.pop_front()
    }

    pub(super) fn start(&mut self, due: Due, call: Signature, options: SendOptions) {
        let sender = Arc::clone(&self.sender);
        self.flying.push(Box::pin(async move {
            (due, sender.send_task(call, options).await)
        }));
    }

    /// The next run whose send has ended; waits for ever where none is on its way.
    pub(super) async fn ended(&mut self) -> (Due, Result<String, SendError>) {
        match self.flying.next().await {
            Some(ended) => ended,
            None => std::future::pending().await,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.flying.is_empty()
    }

    /// Leaves out what was not started.
    pub(super) fn clear_waiting(&mut self) {
        self.waiting.clear();
    }
}

/// Whether this send would fail whenever it is tried.
pub(super) fn is_hopeless(error: &SendError) -> bool {
    match error {
        SendError::Encode { .. } | SendError::Invalid { .. } => true,
        SendError::Broker(error) => matches!(
            error.kind,
            BrokerErrorKind::LimitExceeded { .. } | BrokerErrorKind::Invalid(_)
        ),
        _ => false,
    }
}
