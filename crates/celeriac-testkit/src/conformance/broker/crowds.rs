//! Many senders and receivers at once.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use celeriac_core::Delivery;
use tokio::task::JoinSet;

use crate::conformance::broker_bench::{message, secs};
use crate::conformance::{BrokerBench, Queues};

const MESSAGES: usize = 200;

/// Four receivers, each a client of its own, get 200 messages between them, each message once.
pub async fn four_receivers_get_each_message_once(bench: BrokerBench) {
    let queue = bench.queue().await;
    let sent = send_from_four_clients(&bench, &queue).await;
    assert_eq!(sent.len(), MESSAGES);

    let received = Arc::new(AtomicUsize::new(0));
    let mut receivers = JoinSet::new();
    for _ in 0..4 {
        receivers.spawn(receive_and_ack(
            bench.another().await,
            queue.clone(),
            Arc::clone(&received),
        ));
    }
    let deliveries: Vec<Delivery> = receivers.join_all().await.into_iter().flatten().collect();

    assert_eq!(
        deliveries.len(),
        MESSAGES,
        "none is lost, none comes twice while it is held"
    );
    assert!(
        deliveries
            .iter()
            .all(|delivery| delivery.receive_count == 1)
    );
    let received: HashMap<String, String> = deliveries
        .into_iter()
        .map(|delivery| (delivery.message_id, delivery.body))
        .collect();
    assert_eq!(received, sent);
    bench.assert_silent(&queue, secs(1)).await;
}

/// Every receiver that competes for messages that come one by one gets them as they come.
pub async fn messages_that_trickle_in_reach_waiting_receivers(bench: BrokerBench) {
    let queue = bench.queue().await;
    let received = Arc::new(AtomicUsize::new(MESSAGES - 20));
    let mut receivers = JoinSet::new();
    for _ in 0..3 {
        receivers.spawn(receive_and_ack(
            bench.another().await,
            queue.clone(),
            Arc::clone(&received),
        ));
    }
    for n in 0..20 {
        bench.send_bodies(&queue, [n.to_string().as_str()]).await;
    }
    let deliveries = receivers.join_all().await.into_iter().flatten();
    let bodies: HashSet<String> = deliveries.map(|delivery| delivery.body).collect();
    assert_eq!(bodies.len(), 20);
}

async fn send_from_four_clients(bench: &BrokerBench, queue: &str) -> HashMap<String, String> {
    let mut senders = JoinSet::new();
    for sender in 0..4 {
        let (broker, queue) = (bench.another().await, queue.to_owned());
        senders.spawn(async move {
            let bodies: Vec<String> = (0..MESSAGES / 4).map(|n| format!("{sender} {n}")).collect();
            let batch = bodies.iter().map(|body| message(body)).collect();
            let ids = broker
                .send(&queue, batch)
                .await
                .into_iter()
                .map(|id| id.expect("the message is sent"));
            ids.zip(bodies).collect::<Vec<_>>()
        });
    }
    senders.join_all().await.into_iter().flatten().collect()
}

/// Receives until all receivers together have got every message, at most 30 s.
async fn receive_and_ack(
    broker: Arc<dyn Queues>,
    queue: String,
    together: Arc<AtomicUsize>,
) -> Vec<Delivery> {
    let deadline = Instant::now() + secs(30);
    let mut deliveries = Vec::new();
    while together.load(Ordering::SeqCst) < MESSAGES && Instant::now() < deadline {
        let received = broker
            .receive(&queue, 10, secs(1), secs(60))
            .await
            .expect("the receive succeeds");
        together.fetch_add(received.len(), Ordering::SeqCst);
        let receipts = received
            .iter()
            .map(|delivery| delivery.receipt.clone())
            .collect();
        assert!(broker.ack(&queue, receipts).await.iter().all(Result::is_ok));
        deliveries.extend(received);
    }
    deliveries
}
