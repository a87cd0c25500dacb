use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use celeriac_core::{
    Broker, BrokerError, BrokerErrorKind, Capabilities, DeadLetter, Delivery, Outgoing, QueueStats,
    Receipt, SetVisibility,
};

/// Keeps what it is sent, or only counts it.
#[derive(Default)]
pub(crate) struct MemoryBroker {
    pub(crate) sent: Mutex<Vec<(String, Outgoing)>>,
    pub(crate) count: AtomicUsize,
    pub(crate) requests: AtomicUsize,
    /// Keeps nothing: for a million messages.
    pub(crate) count_only: bool,
    /// How long a request takes.
    pub(crate) latency: Duration,
    /// The outcomes of the next messages, before all is well again: `None` is success.
    pub(crate) failures: Mutex<VecDeque<Option<BrokerErrorKind>>>,
}

impl MemoryBroker {
    pub(crate) fn counting(latency: Duration) -> Self {
        Self {
            count_only: true,
            latency,
            ..Self::default()
        }
    }

    pub(crate) fn failing(failures: impl IntoIterator<Item = Option<BrokerErrorKind>>) -> Self {
        Self {
            failures: Mutex::new(failures.into_iter().collect()),
            ..Self::default()
        }
    }

    pub(crate) fn count(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }

    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    /// The only message sent.
    pub(crate) fn only(&self) -> (String, Outgoing) {
        let sent = self.sent.lock().unwrap();
        assert_eq!(sent.len(), 1);
        sent[0].clone()
    }

    fn take(&self, queue: &str, message: Outgoing) -> Result<String, BrokerError> {
        let failed = |kind| BrokerError::new("send", queue, kind);
        if let Some(Some(kind)) = self.failures.lock().unwrap().pop_front() {
            return Err(failed(kind));
        }
        message.check(&self.capabilities(queue)).map_err(failed)?;
        let number = self.count.fetch_add(1, Ordering::SeqCst);
        if !self.count_only {
            self.sent.lock().unwrap().push((queue.to_owned(), message));
        }
        Ok(number.to_string())
    }
}

#[async_trait]
impl Broker for MemoryBroker {
    fn capabilities(&self, queue: &str) -> Capabilities {
        Capabilities::sqs(queue)
    }

    async fn send(&self, queue: &str, batch: Vec<Outgoing>) -> Vec<Result<String, BrokerError>> {
        assert!(batch.len() <= 10, "a batch over the broker's own size");
        self.requests.fetch_add(1, Ordering::SeqCst);
        if !self.latency.is_zero() {
            tokio::time::sleep(self.latency).await;
        }
        batch
            .into_iter()
            .map(|message| self.take(queue, message))
            .collect()
    }
    async fn receive(
        &self,
        _: &str,
        _: usize,
        _: Duration,
        _: Duration,
    ) -> Result<Vec<Delivery>, BrokerError> {
        unreachable!("a producer receives nothing")
    }
    async fn ack(&self, _: &str, _: Vec<Receipt>) -> Vec<Result<(), BrokerError>> {
        unreachable!("a producer deletes nothing")
    }
    async fn set_visibility(&self, _: &str, _: Vec<SetVisibility>) -> Vec<Result<(), BrokerError>> {
        unreachable!("a producer holds nothing")
    }
    async fn dead_letter(&self, _: &str, _: Vec<DeadLetter>) -> Vec<Result<(), BrokerError>> {
        unreachable!("a producer buries nothing")
    }
    async fn stats(&self, _: &str) -> Result<QueueStats, BrokerError> {
        unreachable!("a producer counts nothing")
    }
}
