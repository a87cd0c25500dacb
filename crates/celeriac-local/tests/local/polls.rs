//! Long polls of a FIFO queue end at once when this process lets its group go on.

use std::sync::Arc;
use std::time::{Duration, Instant};

use celeriac_core::{Broker, DeadLetter, Delivery, Outgoing};
use celeriac_local::{Database, LocalBroker};

const QUEUE: &str = "tasks.fifo";
const DEAD: &str = "tasks-dlq.fifo";

/// A queue with two messages of one group, the first of them in flight.
async fn two_messages() -> (Arc<LocalBroker>, Delivery) {
    let broker = Arc::new(LocalBroker::new(
        Database::memory().expect("a database in memory"),
    ));
    let message = |body: &str| Outgoing {
        body: body.into(),
        group_id: Some("g".into()),
        ..Outgoing::default()
    };
    for sent in broker
        .send(QUEUE, vec![message("first"), message("second")])
        .await
    {
        sent.expect("the message is sent");
    }
    let first = take(&broker, QUEUE).await;
    (broker, first)
}

async fn take(broker: &LocalBroker, queue: &str) -> Delivery {
    let hour = Duration::from_hours(1);
    let mut received = broker
        .receive(queue, 1, Duration::from_secs(10), hour)
        .await
        .expect("the receive succeeds");
    received.pop().expect("a message comes within 10 s")
}

/// Asserts that a poll that has nothing to receive gets `body` at once when `change` was made.
async fn assert_ends(
    broker: &Arc<LocalBroker>,
    queue: &'static str,
    body: &str,
    change: impl Future<Output = ()>,
) {
    let polling = Arc::clone(broker);
    let poll = tokio::spawn(async move { (take(&polling, queue).await.body, Instant::now()) });
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!poll.is_finished(), "there is nothing to receive yet");
    let changed = Instant::now();
    change.await;
    let (received, ended) = poll.await.expect("the poll ends");
    assert_eq!(received, body);
    assert!(
        ended.duration_since(changed) < Duration::from_secs(1),
        "after {:?}",
        ended.duration_since(changed)
    );
}

async fn dead_letter(broker: &LocalBroker, delivery: Delivery) {
    let letter = DeadLetter {
        delivery,
        reason: "poison".into(),
        error: "it ends the process".into(),
    };
    broker
        .dead_letter(QUEUE, vec![letter])
        .await
        .remove(0)
        .expect("the message is moved");
}

#[tokio::test]
async fn an_ack_lets_the_group_go_on() {
    let (broker, first) = two_messages().await;
    assert_ends(&broker, QUEUE, "second", async {
        broker
            .ack(QUEUE, vec![first.receipt])
            .await
            .remove(0)
            .expect("the message is deleted");
    })
    .await;
}

#[tokio::test]
async fn a_dead_letter_lets_the_group_go_on() {
    let (broker, first) = two_messages().await;
    assert_ends(&broker, QUEUE, "second", dead_letter(&broker, first)).await;
}

#[tokio::test]
async fn a_dead_letter_ends_a_poll_of_the_dead_letter_queue() {
    let (broker, first) = two_messages().await;
    assert_ends(&broker, DEAD, "first", dead_letter(&broker, first)).await;
}
