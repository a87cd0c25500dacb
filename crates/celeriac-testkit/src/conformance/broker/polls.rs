//! Long polls end when there is something, and not before.

use std::sync::Arc;
use std::time::{Duration, Instant};

use celeriac_core::{Delivery, Outgoing};
use tokio::task::JoinHandle;

use crate::conformance::broker_bench::{bodies, message, secs};
use crate::conformance::{BrokerBench, Queues};

/// A wake-up may take this long, on any lane.
const AT_ONCE: Duration = Duration::from_secs(1);
/// LocalStack looks once a second for messages whose time has come.
const LOOKS: Duration = Duration::from_secs(1);

/// An empty queue is waited on for the whole time.
pub async fn a_poll_waits_when_the_queue_is_empty(bench: BrokerBench) {
    let queue = bench.queue().await;
    let started = Instant::now();
    bench.assert_silent(&queue, secs(2)).await;
    let waited = started.elapsed();
    assert!(
        waited >= Duration::from_millis(1900) && waited < secs(5),
        "it waited {waited:?}"
    );
}

/// A receive without a wait answers at once.
pub async fn a_receive_without_wait_does_not_wait(bench: BrokerBench) {
    let queue = bench.queue().await;
    let started = Instant::now();
    bench.assert_silent(&queue, secs(0)).await;
    assert!(
        started.elapsed() < AT_ONCE,
        "it waited {:?}",
        started.elapsed()
    );
}

/// A message from the same client ends a poll.
pub async fn a_message_ends_a_poll(bench: BrokerBench) {
    let queue = bench.queue().await;
    let polling = poll(&bench.broker, &queue).await;
    let sent = Instant::now();
    bench.send_bodies(&queue, ["come"]).await;
    ended(polling, "come", sent).await;
}

/// A message from another client ends a poll.
pub async fn a_message_of_another_client_ends_a_poll(bench: BrokerBench) {
    let queue = bench.queue().await;
    let polling = poll(&bench.another().await, &queue).await;
    let sent = Instant::now();
    bench.send_bodies(&queue, ["come"]).await;
    ended(polling, "come", sent).await;
}

/// A delayed message ends a poll when it is due.
pub async fn a_message_that_becomes_due_ends_a_poll(bench: BrokerBench) {
    let queue = bench.queue().await;
    let polling = poll(&bench.broker, &queue).await;
    let sent = Instant::now();
    bench
        .send(
            &queue,
            vec![Outgoing {
                delay: secs(1),
                ..message("due")
            }],
        )
        .await;
    ended(polling, "due", sent + secs(1)).await;
}

/// A message that another receiver gives back ends a poll.
pub async fn a_released_message_ends_a_poll(bench: BrokerBench) {
    let queue = bench.queue().await;
    bench.send_bodies(&queue, ["back"]).await;
    let held = bench.receive_one(&queue, secs(600)).await;
    let polling = poll(&bench.another().await, &queue).await;
    let released = Instant::now();
    bench
        .set_visibility(&queue, &held.receipt, secs(0))
        .await
        .expect("it is held");
    ended(polling, "back", released).await;
}

/// A message whose receiver is dead ends a poll when its visibility ends.
pub async fn a_lapsed_message_ends_a_poll(bench: BrokerBench) {
    let queue = bench.queue().await;
    bench.send_bodies(&queue, ["back"]).await;
    let received = Instant::now();
    bench.receive_one(&queue, secs(2)).await;
    let polling = poll(&bench.broker, &queue).await;
    ended(polling, "back", received + secs(2)).await;
}

/// Two messages end two polls.
pub async fn two_messages_end_two_polls(bench: BrokerBench) {
    let queue = bench.queue().await;
    let one = |broker: &Arc<dyn Queues>| {
        let (broker, queue) = (Arc::clone(broker), queue.clone());
        tokio::spawn(async move {
            broker
                .receive(&queue, 1, secs(10), secs(30))
                .await
                .expect("the poll succeeds")
        })
    };
    let polls = [one(&bench.broker), one(&bench.broker)];
    tokio::time::sleep(Duration::from_millis(300)).await;
    let sent = Instant::now();
    bench.send_bodies(&queue, ["one", "two"]).await;
    for polling in polls {
        assert_eq!(polling.await.expect("the poll ends").len(), 1);
    }
    assert!(
        sent.elapsed() < AT_ONCE * 2,
        "both end at once, not after {:?}",
        sent.elapsed()
    );
}

/// A poll of 10 s that has certainly begun.
async fn poll(broker: &Arc<dyn Queues>, queue: &str) -> JoinHandle<Vec<Delivery>> {
    let (broker, queue) = (Arc::clone(broker), queue.to_owned());
    let polling = tokio::spawn(async move {
        broker
            .receive(&queue, 10, secs(10), secs(30))
            .await
            .expect("the poll succeeds")
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!polling.is_finished(), "there is nothing to receive yet");
    polling
}

async fn ended(polling: JoinHandle<Vec<Delivery>>, body: &str, due: Instant) {
    let received = polling.await.expect("the poll ends");
    assert_eq!(bodies(&received), [body]);
    assert!(
        due.elapsed() < LOOKS + AT_ONCE,
        "the poll ended {:?} after the message was due",
        due.elapsed()
    );
}
