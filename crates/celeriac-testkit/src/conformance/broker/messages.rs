//! Messages arrive as they were sent.

use std::collections::{BTreeMap, HashMap, HashSet};

use celeriac_core::Outgoing;

use crate::conformance::broker_bench::{bodies, message, only, secs};
use crate::conformance::{BrokerBench, Quirk};

/// What is sent is received once, and gone after it is acknowledged.
pub async fn round_trip(bench: BrokerBench) {
    let queue = bench.queue().await;
    let ids = bench.send_bodies(&queue, ["hello"]).await;

    let delivery = bench.receive_one(&queue, secs(1)).await;
    assert_eq!(delivery.queue, queue);
    assert_eq!(delivery.body, "hello");
    assert_eq!(delivery.message_id, ids[0]);
    assert_eq!(delivery.receive_count, 1);
    assert!(delivery.attributes.is_empty());
    assert!(delivery.sent_at.is_some());
    assert_eq!((delivery.group_id, delivery.dedup_id), (None, None));

    bench
        .ack(&queue, &delivery.receipt)
        .await
        .expect("the message is deleted");
    bench.assert_silent(&queue, secs(2)).await;
}

/// Bodies are text of any script, and come back to the character.
pub async fn non_ascii_bodies_round_trip(bench: BrokerBench) {
    let queue = bench.queue().await;
    let mut sent = vec![
        "Grüße, 世界, мир",
        "\u{202e}right to left\u{202c} \u{fffd} \u{e000}",
        "<a href='x'>&amp;</a> ]]> \"quoted\" \\u0041",
        " leading, trailing, \t tabs and \r\n lines \n",
        "{\"json\": [1, null, \"\\u0000\"]}",
        "aGVsbG8=",
        "%20+%2B&Action=SendMessage",
    ];
    let astral = "🌍 👩‍👩‍👧";
    if bench.has(Quirk::AstralCharactersRefused) {
        let refused = bench.broker.send(&queue, vec![message(astral)]).await;
        only(refused).expect_err("the emulator refuses them");
    } else {
        sent.push(astral);
    }
    bench.send_bodies(&queue, sent.iter().copied()).await;

    let received = bench.receive(&queue, sent.len(), secs(30)).await;
    let mut received = bodies(&received);
    received.sort_unstable();
    sent.sort_unstable();
    assert_eq!(received, sent);
}

/// Ten attributes of any script travel with the body.
pub async fn attributes_round_trip(bench: BrokerBench) {
    let queue = bench.queue().await;
    let names = (0..9).map(|n| (format!("attribute-{n}"), format!("value {n}")));
    let attributes: BTreeMap<_, _> = names
        .chain([("Dotted.name_x".to_owned(), "größer 🌍\n".to_owned())])
        .collect();
    bench
        .send(
            &queue,
            vec![Outgoing {
                attributes: attributes.clone(),
                ..message("with attributes")
            }],
        )
        .await;

    assert_eq!(
        bench.receive_one(&queue, secs(30)).await.attributes,
        attributes
    );
}

/// On a standard queue a message group is allowed (it marks a fair-queue tenant) and comes back.
pub async fn a_standard_queue_takes_a_message_group(bench: BrokerBench) {
    let queue = bench.queue().await;
    bench
        .send(
            &queue,
            vec![Outgoing {
                group_id: Some("tenant-1".into()),
                ..message("fair")
            }],
        )
        .await;
    assert_eq!(bench.receive_one(&queue, secs(30)).await.body, "fair");
}

/// A message of exactly the largest size passes.
pub async fn the_largest_body_passes(bench: BrokerBench) {
    let queue = bench.queue().await;
    let body = "ü".repeat(bench.broker.capabilities(&queue).max_bytes / 2);
    bench.send_bodies(&queue, [body.as_str()]).await;
    assert!(
        bench.receive_one(&queue, secs(30)).await.body == body,
        "a body of 1 MiB comes back as it was"
    );
}

/// One call takes more entries than one request does, and answers them in their order.
pub async fn a_batch_of_25_has_25_results_in_order(bench: BrokerBench) {
    let queue = bench.queue().await;
    let sent: Vec<String> = (0..25).map(|n| format!("message {n}")).collect();
    let ids = bench
        .send_bodies(&queue, sent.iter().map(String::as_str))
        .await;
    let expected: HashMap<String, String> = ids.into_iter().zip(sent).collect();
    assert_eq!(expected.len(), 25, "every message has an id of its own");

    let received = bench.receive(&queue, 25, secs(30)).await;
    let receipts = received
        .iter()
        .map(|delivery| delivery.receipt.clone())
        .collect();
    let received: HashMap<String, String> = received
        .into_iter()
        .map(|delivery| (delivery.message_id, delivery.body))
        .collect();
    assert_eq!(received, expected);

    let acked = bench.broker.ack(&queue, receipts).await;
    assert_eq!(acked.len(), 25);
    assert!(acked.iter().all(Result::is_ok), "{acked:?}");
    let stats = bench
        .broker
        .stats(&queue)
        .await
        .expect("the queue is counted");
    assert_eq!((stats.visible, stats.in_flight), (0, 0));
}

/// Messages that fit one by one, but not together into one request, all go.
pub async fn a_batch_may_be_larger_than_a_request(bench: BrokerBench) {
    let queue = bench.queue().await;
    let sent: Vec<String> = ["a", "b", "c"]
        .iter()
        .map(|letter| letter.repeat(600_000))
        .collect();
    bench
        .send_bodies(&queue, sent.iter().map(String::as_str))
        .await;

    let received = bench.receive(&queue, 3, secs(30)).await;
    let received: HashSet<&str> = bodies(&received).into_iter().collect();
    assert!(
        received == sent.iter().map(String::as_str).collect(),
        "each body comes back once"
    );
}

/// A receive answers no more than it was asked for.
pub async fn a_receive_keeps_to_its_maximum(bench: BrokerBench) {
    let queue = bench.queue().await;
    bench.send_bodies(&queue, ["1", "2", "3", "4", "5"]).await;
    for _ in 0..2 {
        let received = bench
            .broker
            .receive(&queue, 2, secs(2), secs(30))
            .await
            .expect("the receive succeeds");
        assert!((1..=2).contains(&received.len()), "{received:?}");
    }
    let none = bench
        .broker
        .receive(&queue, 0, secs(0), secs(30))
        .await
        .expect("asking for none is no error");
    assert!(none.is_empty());
}

/// A receive may ask for more than one request answers.
pub async fn a_receive_may_ask_for_more_than_ten(bench: BrokerBench) {
    let queue = bench.queue().await;
    let sent: Vec<String> = (0..15).map(|n| n.to_string()).collect();
    bench
        .send_bodies(&queue, sent.iter().map(String::as_str))
        .await;
    let received = bench
        .broker
        .receive(&queue, 15, secs(2), secs(30))
        .await
        .expect("the receive succeeds");
    assert!((1..=15).contains(&received.len()), "{}", received.len());
}

/// Nothing in, nothing out.
pub async fn empty_batches_are_answered_with_nothing(bench: BrokerBench) {
    let queue = bench.queue().await;
    assert!(bench.broker.send(&queue, vec![]).await.is_empty());
    assert!(bench.broker.ack(&queue, vec![]).await.is_empty());
    assert!(bench.broker.set_visibility(&queue, vec![]).await.is_empty());
    assert!(bench.broker.dead_letter(&queue, vec![]).await.is_empty());
}
