//! Who sees a message, and when.

use std::time::{Duration, Instant};

use celeriac_core::Outgoing;

use crate::conformance::BrokerBench;
use crate::conformance::broker_bench::{message, secs};

/// Brokers count whole seconds; a timer may be this much early.
const EARLY: Duration = Duration::from_millis(150);

/// A delayed message waits for its time, and others do not wait for it.
pub async fn a_delay_is_honoured(bench: BrokerBench) {
    let queue = bench.queue().await;
    let started = Instant::now();
    bench
        .send(
            &queue,
            vec![
                Outgoing {
                    delay: secs(2),
                    ..message("late")
                },
                message("now"),
            ],
        )
        .await;

    assert_eq!(bench.receive_one(&queue, secs(30)).await.body, "now");
    assert!(
        bench.peek(&queue, secs(30)).await.is_empty(),
        "the delayed message is not visible yet"
    );
    let late = bench.receive_one(&queue, secs(30)).await;
    assert_eq!((late.body.as_str(), late.receive_count), ("late", 1));
    assert!(
        started.elapsed() + EARLY >= secs(2),
        "it came after {:?}",
        started.elapsed()
    );
}

/// What is not acknowledged comes again, with its count raised and another receipt.
pub async fn a_message_comes_again_when_its_visibility_ends(bench: BrokerBench) {
    let queue = bench.queue().await;
    bench.send_bodies(&queue, ["again"]).await;
    let started = Instant::now();
    let first = bench.receive_one(&queue, secs(1)).await;
    assert!(
        bench.peek(&queue, secs(1)).await.is_empty(),
        "it is invisible to others"
    );

    let second = bench.receive_one(&queue, secs(30)).await;
    assert!(
        started.elapsed() + EARLY >= secs(1),
        "it came after {:?}",
        started.elapsed()
    );
    assert_eq!((first.receive_count, second.receive_count), (1, 2));
    assert_eq!(first.message_id, second.message_id);
    assert_ne!(first.receipt, second.receipt);
    assert_eq!(first.sent_at, second.sent_at);
}

/// An extension counts from the moment it is made, again and again.
pub async fn extensions_keep_a_message_invisible(bench: BrokerBench) {
    let queue = bench.queue().await;
    bench.send_bodies(&queue, ["held"]).await;
    let held = bench.receive_one(&queue, secs(2)).await;
    for _ in 0..3 {
        bench.assert_silent(&queue, secs(1)).await;
        bench
            .set_visibility(&queue, &held.receipt, secs(2))
            .await
            .expect("it is still held");
    }
    bench
        .ack(&queue, &held.receipt)
        .await
        .expect("the receipt of the receive stays good");
    bench.assert_silent(&queue, secs(3)).await;
}

/// A release (visibility zero) lets anybody have the message at once.
pub async fn a_release_makes_a_message_visible_at_once(bench: BrokerBench) {
    let queue = bench.queue().await;
    bench.send_bodies(&queue, ["released"]).await;
    let first = bench.receive_one(&queue, secs(600)).await;
    let started = Instant::now();
    bench
        .set_visibility(&queue, &first.receipt, secs(0))
        .await
        .expect("it is held");
    let second = bench.receive_one(&queue, secs(600)).await;
    assert_eq!(second.receive_count, 2);
    assert!(
        started.elapsed() < secs(2),
        "it came after {:?}",
        started.elapsed()
    );
}

/// A shortened visibility is as good as a long one.
pub async fn a_visibility_can_be_shortened(bench: BrokerBench) {
    let queue = bench.queue().await;
    bench.send_bodies(&queue, ["deferred"]).await;
    let first = bench.receive_one(&queue, secs(600)).await;
    let started = Instant::now();
    bench
        .set_visibility(&queue, &first.receipt, secs(1))
        .await
        .expect("it is held");
    bench.receive_one(&queue, secs(30)).await;
    assert!(
        started.elapsed() + EARLY >= secs(1),
        "it came after {:?}",
        started.elapsed()
    );
}

/// A visibility of zero in a receive leaves the message visible.
pub async fn a_receive_may_leave_messages_visible(bench: BrokerBench) {
    let queue = bench.queue().await;
    bench.send_bodies(&queue, ["seen"]).await;
    assert_eq!(bench.receive_one(&queue, secs(0)).await.receive_count, 1);
    assert_eq!(bench.receive_one(&queue, secs(0)).await.receive_count, 2);
}
