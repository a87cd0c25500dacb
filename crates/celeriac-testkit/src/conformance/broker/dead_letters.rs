//! What cannot be done goes to the dead-letter queue with its reason, or stays.

use std::collections::BTreeMap;

use celeriac_core::{BrokerError, BrokerErrorKind, DeadLetter, Delivery, Outgoing, QueueSpec};

use crate::conformance::BrokerBench;
use crate::conformance::broker_bench::{bodies, message, only, secs};

/// The copy has the body, the message's own attributes and why; the message is gone.
pub async fn a_dead_letter_is_moved_with_its_reason(bench: BrokerBench) {
    let (queue, dead) = with_dead_letters(&bench).await;
    let attributes: BTreeMap<_, _> = [("trace".to_owned(), "größer".to_owned())].into();
    bench
        .send(
            &queue,
            vec![Outgoing {
                attributes,
                ..message("bad ü")
            }],
        )
        .await;
    let delivery = bench.receive_one(&queue, secs(1)).await;
    move_one(
        &bench,
        &queue,
        letter(delivery, "unreadable", "no JSON \u{0} at all"),
    )
    .await
    .expect("the message is moved");

    let moved = bench.receive_one(&dead, secs(30)).await;
    assert_eq!(moved.body, "bad ü");
    assert_eq!(moved.attributes["celeriac-reason"], "unreadable");
    assert_eq!(moved.attributes["celeriac-queue"], queue);
    assert_eq!(
        moved.attributes["celeriac-error"],
        "no JSON \u{fffd} at all"
    );
    assert_eq!(moved.attributes["trace"], "größer");
    bench.assert_silent(&queue, secs(2)).await;
}

/// A long error is cut, an empty one left out, and the ten attributes are kept to.
pub async fn a_dead_letter_keeps_to_the_limits(bench: BrokerBench) {
    let (queue, dead) = with_dead_letters(&bench).await;
    let attributes: BTreeMap<_, _> = (0..10).map(|n| (format!("a{n}"), "v".to_owned())).collect();
    bench
        .send(
            &queue,
            vec![Outgoing {
                attributes,
                ..message("ten attributes")
            }],
        )
        .await;
    let delivery = bench.receive_one(&queue, secs(30)).await;
    move_one(
        &bench,
        &queue,
        letter(delivery, "poison", &"ü".repeat(5000)),
    )
    .await
    .expect("the message is moved");
    let moved = bench.receive_one(&dead, secs(30)).await;
    assert_eq!(moved.attributes.len(), 10);
    assert_eq!(moved.attributes["celeriac-error"], "ü".repeat(512));

    bench.send_bodies(&queue, ["no error"]).await;
    let delivery = bench.receive_one(&queue, secs(30)).await;
    move_one(&bench, &queue, letter(delivery, "rejected", ""))
        .await
        .expect("the message is moved");
    let moved = bench.receive_one(&dead, secs(30)).await;
    assert_eq!(
        moved.attributes.keys().collect::<Vec<_>>(),
        ["celeriac-queue", "celeriac-reason"]
    );
}

/// Where a message leaves no room for the reason, the body goes all the same.
pub async fn a_dead_letter_of_the_largest_size_is_moved(bench: BrokerBench) {
    let (queue, dead) = with_dead_letters(&bench).await;
    let body = "x".repeat(bench.broker.capabilities(&queue).max_bytes);
    bench.send_bodies(&queue, [body.as_str()]).await;
    let delivery = bench.receive_one(&queue, secs(30)).await;
    move_one(&bench, &queue, letter(delivery, "unreadable", "too large"))
        .await
        .expect("the message is moved");
    assert!(
        bench.receive_one(&dead, secs(30)).await.body == body,
        "the body is whole"
    );
}

/// One call moves more than one request does.
pub async fn a_batch_of_12_is_moved(bench: BrokerBench) {
    let (queue, dead) = with_dead_letters(&bench).await;
    let sent: Vec<String> = (0..12).map(|n| format!("{n:02}")).collect();
    bench
        .send_bodies(&queue, sent.iter().map(String::as_str))
        .await;
    let received = bench.receive(&queue, 12, secs(1)).await;
    let letters = received
        .into_iter()
        .map(|delivery| letter(delivery, "gave-up", "tried enough"))
        .collect();
    let moved = bench.broker.dead_letter(&queue, letters).await;
    assert_eq!(moved.len(), 12);
    assert!(moved.iter().all(Result::is_ok), "{moved:?}");

    let received = bench.receive(&dead, 12, secs(30)).await;
    let mut received = bodies(&received);
    received.sort_unstable();
    assert_eq!(received, sent);
    bench.assert_silent(&queue, secs(2)).await;
}

/// Without a dead-letter queue nothing is deleted.
pub async fn without_a_dead_letter_queue_the_message_stays(bench: BrokerBench) {
    let queue = bench
        .declare(QueueSpec {
            dead_letter: None,
            ..QueueSpec::new(bench.name())
        })
        .await;
    bench.send_bodies(&queue, ["bad"]).await;
    let delivery = bench.receive_one(&queue, secs(1)).await;
    let refused = move_one(&bench, &queue, letter(delivery, "unreadable", "no JSON")).await;
    let none = matches!(
        refused,
        Err(BrokerError {
            kind: BrokerErrorKind::NoDeadLetterQueue,
            ..
        })
    );
    assert!(none, "there is no dead-letter queue, got {refused:?}");
    assert_eq!(bench.receive_one(&queue, secs(30)).await.body, "bad");
}

/// The last guard: after `maxReceiveCount` receives the broker moves a message by itself.
pub async fn a_message_received_too_often_is_moved(bench: BrokerBench) {
    let name = bench.name();
    let dead = format!("{name}-dlq");
    let queue = bench
        .declare(QueueSpec {
            dead_letter: Some((dead.clone(), 2)),
            ..QueueSpec::new(name)
        })
        .await;
    bench.send_bodies(&queue, ["poison"]).await;
    for count in 1..=2 {
        let delivery = bench.receive_one(&queue, secs(30)).await;
        assert_eq!(delivery.receive_count, count);
        bench
            .set_visibility(&queue, &delivery.receipt, secs(0))
            .await
            .expect("it is held");
    }
    bench.assert_silent(&queue, secs(2)).await;
    assert_eq!(bench.receive_one(&dead, secs(30)).await.body, "poison");
}

/// Messages behind one that is moved away are received as if it had not been there.
pub async fn a_message_behind_a_moved_one_is_received(bench: BrokerBench) {
    let name = bench.name();
    let dead = format!("{name}-dlq");
    let queue = bench
        .declare(QueueSpec {
            dead_letter: Some((dead, 1)),
            ..QueueSpec::new(name)
        })
        .await;
    bench.send_bodies(&queue, ["poison"]).await;
    let delivery = bench.receive_one(&queue, secs(30)).await;
    bench
        .set_visibility(&queue, &delivery.receipt, secs(0))
        .await
        .expect("it is held");
    bench.send_bodies(&queue, ["good"]).await;
    assert_eq!(bench.receive_one(&queue, secs(30)).await.body, "good");
    bench.assert_silent(&queue, secs(1)).await;
}

async fn with_dead_letters(bench: &BrokerBench) -> (String, String) {
    let spec = QueueSpec::new(bench.name());
    let (dead, _) = spec
        .dead_letter
        .clone()
        .expect("a dead-letter queue by default");
    (bench.declare(spec).await, dead)
}

fn letter(delivery: Delivery, reason: &str, error: &str) -> DeadLetter {
    DeadLetter {
        delivery,
        reason: reason.to_owned(),
        error: error.to_owned(),
    }
}

async fn move_one(bench: &BrokerBench, queue: &str, letter: DeadLetter) -> Result<(), BrokerError> {
    only(bench.broker.dead_letter(queue, vec![letter]).await)
}
