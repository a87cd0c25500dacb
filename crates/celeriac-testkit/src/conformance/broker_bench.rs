use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use celeriac_core::{
    Broker, BrokerError, BrokerErrorKind, Delivery, Outgoing, QueueAdmin, QueueSpec, Receipt,
    SetVisibility,
};

use crate::conformance::Quirk;

/// Queues: to run with, and to operate.
pub trait Queues: Broker + QueueAdmin {}

impl<T: Broker + QueueAdmin> Queues for T {}

/// A broker under test.
#[async_trait]
pub trait BrokerFixture: Send + Sync + 'static {
    /// What is under test, for people: `SQLite file`, `ministack`.
    fn lane(&self) -> &str;

    /// A handle on the broker. Each call is a client of its own to the same queues, as another
    /// process would be.
    async fn open(&self) -> Arc<dyn Queues>;

    /// What this implementation gets wrong.
    fn quirks(&self) -> &[Quirk] {
        &[]
    }
}

/// What a broker case works with: the fixture, one handle, and short forms of what cases do.
pub struct BrokerBench {
    case: &'static str,
    fixture: Box<dyn BrokerFixture>,
    /// The handle most cases use.
    pub broker: Arc<dyn Queues>,
}

impl BrokerBench {
    pub(crate) async fn new(case: &'static str, fixture: Box<dyn BrokerFixture>) -> Self {
        let broker = fixture.open().await;
        Self {
            case,
            fixture,
            broker,
        }
    }

    /// Another client to the same queues.
    pub async fn another(&self) -> Arc<dyn Queues> {
        self.fixture.open().await
    }

    /// Whether the implementation declares this quirk; if so, says in one line that the case
    /// asserts it.
    pub fn has(&self, quirk: Quirk) -> bool {
        let declared = self.fixture.quirks().contains(&quirk);
        if declared {
            eprintln!(
                "conformance: {}: `{}` asserts the quirk {quirk:?}",
                self.fixture.lane(),
                self.case
            );
        }
        declared
    }

    /// A name no other case uses; it is the same after mangling.
    pub fn name(&self) -> String {
        format!(
            "{}-{}",
            self.case.replace('_', "-"),
            &uuid::Uuid::new_v4().simple().to_string()[..8]
        )
    }

    /// Declares a new standard queue with its dead-letter queue.
    pub async fn queue(&self) -> String {
        self.declare(QueueSpec::new(self.name())).await
    }

    /// Declares a new FIFO queue with its dead-letter queue.
    pub async fn fifo_queue(&self) -> String {
        self.declare(QueueSpec::new(format!("{}.fifo", self.name())))
            .await
    }

    /// Declares a queue and answers its name.
    pub async fn declare(&self, spec: QueueSpec) -> String {
        self.broker
            .declare(&spec)
            .await
            .expect("the queue is declared");
        spec.name
    }

    /// Sends messages that must be taken; answers their ids.
    pub async fn send(&self, queue: &str, batch: Vec<Outgoing>) -> Vec<String> {
        let sent = self.broker.send(queue, batch).await;
        sent.into_iter()
            .map(|id| id.expect("the message is sent"))
            .collect()
    }

    /// Sends bodies alone.
    pub async fn send_bodies<'a>(
        &self,
        queue: &str,
        bodies: impl IntoIterator<Item = &'a str>,
    ) -> Vec<String> {
        self.send(queue, bodies.into_iter().map(message).collect())
            .await
    }

    /// One receive without waiting.
    pub async fn peek(&self, queue: &str, visibility: Duration) -> Vec<Delivery> {
        let received = self
            .broker
            .receive(queue, 10, Duration::ZERO, visibility)
            .await;
        received.expect("the receive succeeds")
    }

    /// Receives until `count` messages are there, at most 10 s.
    pub async fn receive(&self, queue: &str, count: usize, visibility: Duration) -> Vec<Delivery> {
        receive_from(&*self.broker, queue, count, visibility).await
    }

    /// Receives exactly one message.
    pub async fn receive_one(&self, queue: &str, visibility: Duration) -> Delivery {
        self.receive(queue, 1, visibility).await.remove(0)
    }

    /// Deletes one message.
    pub async fn ack(&self, queue: &str, receipt: &Receipt) -> Result<(), BrokerError> {
        only(self.broker.ack(queue, vec![receipt.clone()]).await)
    }

    /// Changes one message's visibility.
    pub async fn set_visibility(
        &self,
        queue: &str,
        receipt: &Receipt,
        visibility: Duration,
    ) -> Result<(), BrokerError> {
        only(
            self.broker
                .set_visibility(
                    queue,
                    vec![SetVisibility {
                        receipt: receipt.clone(),
                        visibility,
                    }],
                )
                .await,
        )
    }

    /// Asserts that nothing comes for as long as `during`.
    pub async fn assert_silent(&self, queue: &str, during: Duration) {
        let received = self
            .broker
            .receive(queue, 10, during, secs(1))
            .await
            .expect("the receive succeeds");
        assert!(
            received.is_empty(),
            "nothing may come for {during:?}, got {received:?}"
        );
    }
}

/// Receives until `count` messages are there, at most 10 s.
pub(crate) async fn receive_from(
    broker: &dyn Broker,
    queue: &str,
    count: usize,
    visibility: Duration,
) -> Vec<Delivery> {
    let deadline = Instant::now() + secs(10);
    let mut received = Vec::new();
    while received.len() < count {
        assert!(
            Instant::now() < deadline,
            "{} of {count} messages came within 10 s",
            received.len()
        );
        let more = broker
            .receive(queue, count - received.len(), secs(1), visibility)
            .await;
        received.extend(more.expect("the receive succeeds"));
    }
    received
}

/// A message with only a body.
pub(crate) fn message(body: &str) -> Outgoing {
    Outgoing {
        body: body.to_owned(),
        ..Outgoing::default()
    }
}

/// The bodies of deliveries.
pub(crate) fn bodies(deliveries: &[Delivery]) -> Vec<&str> {
    deliveries
        .iter()
        .map(|delivery| delivery.body.as_str())
        .collect()
}

/// The one element of a batch's answer.
pub(crate) fn only<T>(mut answer: Vec<T>) -> T {
    assert_eq!(answer.len(), 1, "one entry has one result");
    answer.remove(0)
}

/// Whole seconds.
pub(crate) fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Asserts that an answer is the refusal of an expired receipt.
pub(crate) fn assert_expired(answer: &Result<(), BrokerError>) {
    let expired = matches!(
        answer,
        Err(BrokerError {
            kind: BrokerErrorKind::ReceiptExpired,
            ..
        })
    );
    assert!(expired, "the receipt has expired, got {answer:?}");
}

/// Asserts that an answer is `LimitExceeded` with these numbers.
pub(crate) fn assert_over_limit<T: std::fmt::Debug>(
    answer: &Result<T, BrokerError>,
    over: u64,
    max: u64,
) {
    match answer {
        Err(BrokerError {
            kind: BrokerErrorKind::LimitExceeded { actual, limit, .. },
            ..
        }) => {
            assert_eq!((*actual, *limit), (over, max));
        }
        other => panic!("{over} is over the limit of {max}, got {other:?}"),
    }
}

/// Asserts that an answer is `Invalid`.
pub(crate) fn assert_invalid<T: std::fmt::Debug>(answer: &Result<T, BrokerError>) {
    let invalid = matches!(
        answer,
        Err(BrokerError {
            kind: BrokerErrorKind::Invalid(_),
            ..
        })
    );
    assert!(invalid, "it is refused as invalid, got {answer:?}");
}
