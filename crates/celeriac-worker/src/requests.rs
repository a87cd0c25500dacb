use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use celeriac_core::{
    Batch, Batcher, BatcherOptions, Broker, BrokerError, BrokerErrorKind, DeadLetter, Receipt,
    SetVisibility,
};

use crate::per_queue::PerQueue;
use crate::waits;

/// Deletions may linger this long: nobody waits for them, and half-empty ones are what a slow
/// worker would spend its requests on.
const LINGER: Duration = Duration::from_millis(100);
/// But other workers get nothing of a FIFO group until its message is deleted.
const FIFO_LINGER: Duration = Duration::from_millis(20);
/// Tries of a deletion before it is given up; the adapter has its own behind each.
const ACK_TRIES: u32 = 5;

/// The broker's requests about messages that were received, gathered into batches by queue.
pub(crate) struct Requests {
    acks: PerQueue<Acks>,
    early_acks: PerQueue<Acks>,
    visibilities: PerQueue<Visibilities>,
    dead_letters: PerQueue<DeadLetters>,
}

impl Requests {
    pub(crate) fn new(broker: &Arc<dyn Broker>) -> Self {
        Self {
            acks: per_queue(broker, LINGER, Acks),
            early_acks: per_queue(broker, Duration::ZERO, Acks),
            visibilities: per_queue(broker, Duration::ZERO, Visibilities),
            dead_letters: per_queue(broker, Duration::ZERO, DeadLetters),
        }
    }

    /// Deletes a message whose outcome is durable, with others where there are some.
    pub(crate) async fn ack(&self, queue: &str, receipt: Receipt) -> Result<(), BrokerError> {
        ack(&self.acks.of(queue), queue, receipt).await
    }

    /// Deletes a message before its task runs, at once.
    pub(crate) async fn ack_early(&self, queue: &str, receipt: Receipt) -> Result<(), BrokerError> {
        ack(&self.early_acks.of(queue), queue, receipt).await
    }

    pub(crate) async fn set_visibility(
        &self,
        queue: &str,
        change: SetVisibility,
    ) -> Result<(), BrokerError> {
        self.visibilities
            .of(queue)
            .submit(change)
            .await
            .unwrap_or_else(|_| Err(closed("set_visibility", queue)))
    }

    pub(crate) async fn dead_letter(
        &self,
        queue: &str,
        dead_letter: DeadLetter,
    ) -> Result<(), BrokerError> {
        self.dead_letters
            .of(queue)
            .submit(dead_letter)
            .await
            .unwrap_or_else(|_| Err(closed("dead_letter", queue)))
    }
}

async fn ack(batcher: &Batcher<Acks>, queue: &str, receipt: Receipt) -> Result<(), BrokerError> {
    for tries in 1.. {
        let answer = batcher
            .submit(receipt.clone())
            .await
            .unwrap_or_else(|_| Err(closed("ack", queue)));
        match answer {
            Err(error) if error.is_retryable() && tries < ACK_TRIES => {
                tokio::time::sleep(waits::retry(tries)).await;
            }
            answer => return answer,
        }
    }
    Ok(())
}

fn closed(operation: &'static str, queue: &str) -> BrokerError {
    BrokerError::new(
        operation,
        queue,
        BrokerErrorKind::Unavailable("the request was dropped".to_owned()),
    )
}

fn per_queue<B: Batch>(
    broker: &Arc<dyn Broker>,
    linger: Duration,
    make: fn(Target) -> B,
) -> PerQueue<B> {
    let broker = Arc::clone(broker);
    PerQueue::new(move |queue| {
        let limits = broker.capabilities(queue);
        let options = BatcherOptions {
            max_items: limits.max_batch,
            max_bytes: limits.max_bytes,
            max_in_flight: 8,
            linger: if limits.fifo {
                linger.min(FIFO_LINGER)
            } else {
                linger
            },
            buffer: 1_000,
            ..BatcherOptions::default()
        };
        Batcher::spawn(
            make(Target {
                broker: Arc::clone(&broker),
                queue: queue.to_owned(),
            }),
            options,
        )
    })
}

struct Target {
    broker: Arc<dyn Broker>,
    queue: String,
}

struct Acks(Target);
struct Visibilities(Target);
struct DeadLetters(Target);

fn message_size(body: &str, attributes: &std::collections::BTreeMap<String, String>) -> usize {
    let kind = "String".len(); // SQS counts each attribute's name, type and value
    body.len()
        + attributes
            .iter()
            .map(|(name, value)| name.len() + value.len() + kind)
            .sum::<usize>()
}

#[async_trait]
impl Batch for Acks {
    type Item = Receipt;
    type Output = Result<(), BrokerError>;

    async fn run(&self, batch: Vec<Receipt>) -> Vec<Self::Output> {
        self.0.broker.ack(&self.0.queue, batch).await
    }
}

#[async_trait]
impl Batch for Visibilities {
    type Item = SetVisibility;
    type Output = Result<(), BrokerError>;

    async fn run(&self, batch: Vec<SetVisibility>) -> Vec<Self::Output> {
        self.0.broker.set_visibility(&self.0.queue, batch).await
    }
}

#[async_trait]
impl Batch for DeadLetters {
    type Item = DeadLetter;
    type Output = Result<(), BrokerError>;

    fn size(&self, item: &DeadLetter) -> usize {
        message_size(&item.delivery.body, &item.delivery.attributes) + item.error.len()
    }

    async fn run(&self, batch: Vec<DeadLetter>) -> Vec<Self::Output> {
        self.0.broker.dead_letter(&self.0.queue, batch).await
    }
}
