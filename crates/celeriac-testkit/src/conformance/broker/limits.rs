//! What SQS refuses is refused before it is sent, since emulators let much of it through.

use std::time::Instant;

use celeriac_core::{Outgoing, QueueSpec};

use crate::conformance::BrokerBench;
use crate::conformance::broker_bench::{
    assert_invalid, assert_over_limit, bodies, message, only, secs,
};

const MAX_BYTES: usize = 1_048_576;

/// An entry that is too large fails alone; its neighbours go.
pub async fn an_oversize_entry_is_refused_alone(bench: BrokerBench) {
    let queue = bench.queue().await;
    let batch = vec![
        message("before"),
        message(&"x".repeat(MAX_BYTES + 1)),
        message("after"),
    ];
    let sent = bench.broker.send(&queue, batch).await;
    assert_eq!(sent.len(), 3);
    assert!(sent[0].is_ok() && sent[2].is_ok(), "{sent:?}");
    assert_over_limit(&sent[1], MAX_BYTES as u64 + 1, MAX_BYTES as u64);

    let received = bench.receive(&queue, 2, secs(30)).await;
    let mut received = bodies(&received);
    received.sort_unstable();
    assert_eq!(received, ["after", "before"]);
}

/// Names, types and values of attributes count into the size of a message.
pub async fn attributes_count_into_the_size(bench: BrokerBench) {
    let queue = bench.queue().await;
    // name 4 + `String` 6 + value 10
    let attributes = [("name".to_owned(), "0123456789".to_owned())];
    let fits = Outgoing {
        attributes: attributes.into(),
        ..message(&"x".repeat(MAX_BYTES - 20))
    };
    let over = Outgoing {
        body: "x".repeat(MAX_BYTES - 19),
        ..fits.clone()
    };
    let sent = bench.broker.send(&queue, vec![fits, over]).await;
    assert!(sent[0].is_ok(), "{:?}", sent[0]);
    assert_over_limit(&sent[1], MAX_BYTES as u64 + 1, MAX_BYTES as u64);
}

/// Delays go up to 900 s.
pub async fn a_delay_over_the_limit_is_refused(bench: BrokerBench) {
    let queue = bench.queue().await;
    assert_eq!(bench.broker.capabilities(&queue).max_delay, secs(900));
    let longest = Outgoing {
        delay: secs(900),
        ..message("longest")
    };
    let over = Outgoing {
        delay: secs(901),
        ..message("over")
    };
    let sent = bench.broker.send(&queue, vec![longest, over]).await;
    assert!(sent[0].is_ok(), "{:?}", sent[0]);
    assert_over_limit(&sent[1], 901, 900);
}

/// Visibilities go up to 43,200 s, in a receive as in a change, and nothing is touched when one is
/// over.
pub async fn a_visibility_over_the_limit_is_refused(bench: BrokerBench) {
    let queue = bench.queue().await;
    bench.send_bodies(&queue, ["held"]).await;
    let refused = bench.broker.receive(&queue, 1, secs(0), secs(43_201)).await;
    assert_over_limit(&refused, 43_201, 43_200);

    let delivery = bench.receive_one(&queue, secs(30)).await;
    assert_eq!(
        delivery.receive_count, 1,
        "the refused receive took nothing"
    );
    assert_over_limit(
        &bench
            .set_visibility(&queue, &delivery.receipt, secs(43_201))
            .await,
        43_201,
        43_200,
    );
    // 12 h count from the receive, so a little less than that is what can still be asked for
    bench
        .set_visibility(&queue, &delivery.receipt, secs(43_000))
        .await
        .expect("a long visibility is taken");
}

/// A long poll waits 20 s at most.
pub async fn a_wait_over_the_limit_is_refused(bench: BrokerBench) {
    let queue = bench.queue().await;
    let started = Instant::now();
    assert_over_limit(
        &bench.broker.receive(&queue, 1, secs(21), secs(30)).await,
        21,
        20,
    );
    assert!(
        started.elapsed() < secs(10),
        "it is refused without waiting"
    );
}

/// A message has ten attributes at most.
pub async fn eleven_attributes_are_refused(bench: BrokerBench) {
    let queue = bench.queue().await;
    let attributes = (0..11).map(|n| (format!("a{n}"), "v".to_owned())).collect();
    let sent = bench
        .broker
        .send(
            &queue,
            vec![Outgoing {
                attributes,
                ..message("eleven")
            }],
        )
        .await;
    assert_over_limit(&only(sent), 11, 10);
}

/// Characters outside of XML 1.0, and empty texts, are refused in bodies and attributes.
pub async fn characters_that_sqs_refuses_are_refused(bench: BrokerBench) {
    let queue = bench.queue().await;
    for refused in [
        "",
        "nul \u{0}",
        "\u{8}",
        "\u{b}",
        "\u{1f}",
        "\u{fffe}",
        "\u{ffff}",
    ] {
        assert_invalid(&only(
            bench.broker.send(&queue, vec![message(refused)]).await,
        ));
        let attributes = [("name".to_owned(), refused.to_owned())].into();
        assert_invalid(&only(
            bench
                .broker
                .send(
                    &queue,
                    vec![Outgoing {
                        attributes,
                        ..message("x")
                    }],
                )
                .await,
        ));
    }
    bench.assert_silent(&queue, secs(1)).await;
}

/// Attribute names of AWS's own, with odd dots or odd characters are refused.
pub async fn attribute_names_that_sqs_refuses_are_refused(bench: BrokerBench) {
    let queue = bench.queue().await;
    for name in [
        "",
        "AWS.trace",
        "amazon.x",
        ".x",
        "x.",
        "x..y",
        "x y",
        "größe",
        &"n".repeat(257),
    ] {
        let attributes = [(name.to_owned(), "v".to_owned())].into();
        assert_invalid(&only(
            bench
                .broker
                .send(
                    &queue,
                    vec![Outgoing {
                        attributes,
                        ..message("x")
                    }],
                )
                .await,
        ));
    }
}

/// Queues that SQS would not create are refused, by every method that names one.
pub async fn queue_names_that_sqs_refuses_are_refused(bench: BrokerBench) {
    assert_over_limit(
        &bench
            .broker
            .declare(&QueueSpec {
                dead_letter: None,
                ..QueueSpec::new("q".repeat(81))
            })
            .await,
        81,
        80,
    );
    for name in ["", "größe", "a b", ".fifo"] {
        assert_invalid(
            &bench
                .broker
                .declare(&QueueSpec {
                    dead_letter: None,
                    ..QueueSpec::new(name)
                })
                .await,
        );
    }
    assert_invalid(&only(bench.broker.send("a b", vec![message("x")]).await));
    assert_invalid(&bench.broker.receive("a b", 1, secs(0), secs(30)).await);
}

/// Queue attributes that SQS would not take are refused.
pub async fn queue_specs_that_sqs_refuses_are_refused(bench: BrokerBench) {
    let spec = QueueSpec::new(bench.name());
    assert_over_limit(
        &bench
            .broker
            .declare(&QueueSpec {
                visibility: secs(43_201),
                ..spec.clone()
            })
            .await,
        43_201,
        43_200,
    );
    assert_invalid(
        &bench
            .broker
            .declare(&QueueSpec {
                retention: secs(59),
                ..spec.clone()
            })
            .await,
    );
    let dead_letter = Some(("dead".to_owned(), 1001));
    assert_over_limit(
        &bench
            .broker
            .declare(&QueueSpec {
                dead_letter,
                ..spec.clone()
            })
            .await,
        1001,
        1000,
    );
    let dead_letter = Some(("dead.fifo".to_owned(), 10));
    assert_invalid(
        &bench
            .broker
            .declare(&QueueSpec {
                dead_letter,
                ..spec
            })
            .await,
    );
}
