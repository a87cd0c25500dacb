//! Messages arrive as they were sent.

use crate::conformance::BrokerBench;
use crate::conformance::broker_bench::{bodies, secs};

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
        "Grüße, 世界, мир, 🌍 👩‍👩‍👧",
        "\u{202e}right to left\u{202c} \u{fffd} \u{e000}",
        "<a href='x'>&amp;</a> ]]> \"quoted\" \\u0041",
        " leading, trailing, \t tabs and \r\n lines \n",
        "{\"json\": [1, null, \"\\u0000\"]}",
        "aGVsbG8=",
        "%20+%2B&Action=SendMessage",
    ];
    bench.send_bodies(&queue, sent.iter().copied()).await;

    let received = bench.receive(&queue, sent.len(), secs(30)).await;
    let mut received = bodies(&received);
    received.sort_unstable();
    sent.sort_unstable();
    assert_eq!(received, sent);
}
