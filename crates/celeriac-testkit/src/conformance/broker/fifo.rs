//! FIFO queues: order within a group, nothing twice.

use celeriac_core::{Broker, DeadLetter, Delivery, Outgoing, QueueSpec};

use crate::conformance::broker_bench::{
    assert_invalid, assert_over_limit, bodies, message, only, secs,
};
use crate::conformance::{BrokerBench, Quirk};

/// A group comes in the order it was sent in, over many receives and more than one request's worth
/// of sends.
pub async fn a_group_keeps_its_order(bench: BrokerBench) {
    let queue = bench.fifo_queue().await;
    let sent: Vec<String> = (0..25).map(|n| format!("{n:02}")).collect();
    bench
        .send(
            &queue,
            sent.iter().map(|body| in_group("g", body)).collect(),
        )
        .await;
    assert_eq!(drain(&bench, &queue, 25).await, sent);
    bench.assert_silent(&queue, secs(1)).await;
}

/// While a message of a group is in flight nobody gets a later one of it; other groups go on.
pub async fn a_group_waits_for_its_message_in_flight(bench: BrokerBench) {
    let queue = bench.fifo_queue().await;
    bench
        .send(
            &queue,
            vec![
                in_group("a", "a1"),
                in_group("a", "a2"),
                in_group("b", "b1"),
            ],
        )
        .await;
    let first = one(&*bench.broker, &queue).await;
    assert_eq!(
        (first.body.as_str(), first.group_id.as_deref()),
        ("a1", Some("a"))
    );

    let next = one(&*bench.broker, &queue).await;
    if bench.has(Quirk::FifoGroupNotBlocked) {
        assert_eq!(next.body, "a2");
        return;
    }
    assert_eq!(next.body, "b1");
    bench.assert_silent(&queue, secs(1)).await;
    bench
        .ack(&queue, &first.receipt)
        .await
        .expect("the message is deleted");
    assert_eq!(one(&*bench.broker, &queue).await.body, "a2");
}

/// A message that is given back comes again before the rest of its group.
pub async fn a_released_message_comes_before_its_group(bench: BrokerBench) {
    let queue = bench.fifo_queue().await;
    bench
        .send(&queue, vec![in_group("g", "1"), in_group("g", "2")])
        .await;
    let first = one(&*bench.broker, &queue).await;
    bench
        .set_visibility(&queue, &first.receipt, secs(0))
        .await
        .expect("it is held");
    let again = one(&*bench.broker, &queue).await;
    assert_eq!((again.body.as_str(), again.receive_count), ("1", 2));
    bench
        .ack(&queue, &again.receipt)
        .await
        .expect("the message is deleted");
    assert_eq!(one(&*bench.broker, &queue).await.body, "2");
}

/// A deferred message (the retry of a FIFO queue) holds its group back until it comes again.
pub async fn a_deferred_message_holds_its_group_back(bench: BrokerBench) {
    let queue = bench.fifo_queue().await;
    bench
        .send(&queue, vec![in_group("g", "1"), in_group("g", "2")])
        .await;
    let first = one(&*bench.broker, &queue).await;
    bench
        .set_visibility(&queue, &first.receipt, secs(2))
        .await
        .expect("it is held");
    if bench.has(Quirk::FifoGroupNotBlocked) {
        assert_eq!(one(&*bench.broker, &queue).await.body, "2");
        return;
    }
    bench.assert_silent(&queue, secs(1)).await;
    assert_eq!(drain(&bench, &queue, 2).await, ["1", "2"]);
}

/// A second message with a deduplication id is taken and dropped, even after the first was deleted.
pub async fn a_deduplication_id_goes_once(bench: BrokerBench) {
    let queue = bench.fifo_queue().await;
    let entry = |body: &str, dedup_id: &str| Outgoing {
        dedup_id: Some(dedup_id.to_owned()),
        ..in_group("g", body)
    };
    bench
        .send(&queue, vec![entry("first", "d1"), entry("second", "d2")])
        .await;
    bench.send(&queue, vec![entry("first again", "d1")]).await;
    assert_eq!(drain(&bench, &queue, 2).await, ["first", "second"]);

    bench
        .send(
            &queue,
            vec![entry("first again", "d1"), entry("third", "d3")],
        )
        .await;
    assert_eq!(drain(&bench, &queue, 1).await, ["third"]);
    bench.assert_silent(&queue, secs(1)).await;
}

/// Without a deduplication id equal messages are messages of their own.
pub async fn without_a_deduplication_id_nothing_is_dropped(bench: BrokerBench) {
    let queue = bench.fifo_queue().await;
    bench
        .send(&queue, vec![in_group("g", "same"), in_group("g", "same")])
        .await;
    assert_eq!(drain(&bench, &queue, 2).await, ["same", "same"]);
}

/// What belongs to one kind of queue is refused by the other.
pub async fn delays_and_missing_groups_are_refused(bench: BrokerBench) {
    let queue = bench.fifo_queue().await;
    assert!(bench.broker.capabilities(&queue).fifo);
    let delayed = Outgoing {
        delay: secs(1),
        ..in_group("g", "delayed")
    };
    assert_over_limit(&only(bench.broker.send(&queue, vec![delayed]).await), 1, 0);
    assert_invalid(&only(
        bench.broker.send(&queue, vec![message("no group")]).await,
    ));
    for group in ["", "with space", "größe"] {
        assert_invalid(&only(
            bench.broker.send(&queue, vec![in_group(group, "x")]).await,
        ));
    }
    assert_over_limit(
        &only(
            bench
                .broker
                .send(&queue, vec![in_group(&"g".repeat(129), "x")])
                .await,
        ),
        129,
        128,
    );

    let standard = bench.queue().await;
    let deduplicated = Outgoing {
        dedup_id: Some("d".into()),
        ..message("x")
    };
    assert_invalid(&only(
        bench.broker.send(&standard, vec![deduplicated]).await,
    ));
}

/// A dead letter of a FIFO queue keeps its group, and its group goes on.
pub async fn a_dead_letter_frees_its_group(bench: BrokerBench) {
    let spec = QueueSpec::new(format!("{}.fifo", bench.name()));
    let (dead, _) = spec
        .dead_letter
        .clone()
        .expect("a dead-letter queue by default");
    let queue = bench.declare(spec).await;
    bench
        .send(&queue, vec![in_group("g", "bad"), in_group("g", "good")])
        .await;
    let delivery = one(&*bench.broker, &queue).await;
    let letter = DeadLetter {
        delivery,
        reason: "poison".into(),
        error: "it ends the process".into(),
    };
    only(bench.broker.dead_letter(&queue, vec![letter]).await).expect("the message is moved");

    assert_eq!(one(&*bench.broker, &queue).await.body, "good");
    let moved = one(&*bench.broker, &dead).await;
    assert_eq!(
        (moved.body.as_str(), moved.group_id.as_deref()),
        ("bad", Some("g"))
    );
    assert_eq!(moved.attributes["celeriac-reason"], "poison");
}

fn in_group(group: &str, body: &str) -> Outgoing {
    Outgoing {
        group_id: Some(group.to_owned()),
        ..message(body)
    }
}

async fn one(broker: &dyn Broker, queue: &str) -> Delivery {
    let mut received = broker
        .receive(queue, 1, secs(5), secs(600))
        .await
        .expect("the receive succeeds");
    assert_eq!(received.len(), 1, "a message comes within 5 s");
    received.remove(0)
}

/// Receives and acknowledges until `count` messages have come; their bodies.
async fn drain(bench: &BrokerBench, queue: &str, count: usize) -> Vec<String> {
    let mut drained = Vec::new();
    while drained.len() < count {
        let received = bench.receive(queue, 1, secs(600)).await;
        drained.extend(bodies(&received).into_iter().map(str::to_owned));
        let receipts = received
            .into_iter()
            .map(|delivery| delivery.receipt)
            .collect();
        assert!(
            bench
                .broker
                .ack(queue, receipts)
                .await
                .iter()
                .all(Result::is_ok)
        );
    }
    drained
}
