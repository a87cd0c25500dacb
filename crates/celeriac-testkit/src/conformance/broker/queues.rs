//! Queues themselves: declared, listed, counted, emptied, missing.

use std::time::{Duration, Instant};

use celeriac_core::{
    BrokerError, BrokerErrorKind, Outgoing, QueueChange, QueueSpec, QueueStats, Receipt,
};

use crate::conformance::broker_bench::{bodies, message, only, secs};
use crate::conformance::{BrokerBench, Quirk};

/// Declaring twice is success and keeps the messages.
pub async fn declaring_is_idempotent(bench: BrokerBench) {
    let spec = QueueSpec::new(bench.name());
    bench.declare(spec.clone()).await;
    bench.send_bodies(&spec.name, ["kept"]).await;
    bench.declare(spec.clone()).await;
    assert_eq!(bench.receive_one(&spec.name, secs(30)).await.body, "kept");
}

/// Declaring adds the redrive policy that an older queue lacks.
pub async fn declaring_adds_a_missing_dead_letter_queue(bench: BrokerBench) {
    let spec = QueueSpec::new(bench.name());
    bench
        .declare(QueueSpec {
            dead_letter: None,
            ..spec.clone()
        })
        .await;
    assert_eq!(stats(&bench, &spec.name).await.dead_letter_queue, None);
    bench.declare(spec.clone()).await;
    let expected = (Some(format!("{}-dlq", spec.name)), Some(100));
    counts_become(&bench, &spec.name, |stats| {
        (stats.dead_letter_queue.clone(), stats.max_receive_count) == expected
    })
    .await;
}

/// A queue that has a dead-letter queue keeps it, its count and its times, and no second one is
/// made.
pub async fn declaring_leaves_what_is_there(bench: BrokerBench) {
    let queue = bench.name();
    let other = format!("{queue}-other");
    let spec = QueueSpec {
        dead_letter: Some((other.clone(), 3)),
        ..QueueSpec::new(&queue)
    };
    bench.declare(spec.clone()).await;
    let asked = QueueSpec {
        visibility: secs(300),
        retention: secs(120),
        ..QueueSpec::new(&queue)
    };
    bench.declare(asked).await;
    let stats = stats(&bench, &queue).await;
    assert_eq!(
        (stats.dead_letter_queue, stats.max_receive_count),
        (Some(other), Some(3))
    );
    assert_eq!(
        (stats.visibility, stats.retention),
        (Some(spec.visibility), Some(spec.retention))
    );
    let listed = bench.broker.list().await.expect("the queues are listed");
    let unused = format!("{queue}-dlq");
    assert!(!listed.contains(&unused), "`{unused}` is in {listed:?}");
}

/// An update changes what it is given, keeps the rest and the messages, and makes no queue.
pub async fn an_update_changes_what_is_given(bench: BrokerBench) {
    let spec = QueueSpec {
        dead_letter: Some((format!("{}-other", bench.name()), 3)),
        ..QueueSpec::new(bench.name())
    };
    let queue = bench.declare(spec.clone()).await;
    bench.send_bodies(&queue, ["kept"]).await;
    let change = QueueChange {
        visibility: Some(secs(300)),
        max_receives: Some(100),
        ..QueueChange::default()
    };
    let updated = bench.broker.update(&queue, &change).await;
    updated.expect("the queue is changed");
    let dead_letter = spec.dead_letter.map(|(name, _)| name);
    counts_become(&bench, &queue, |stats| {
        (stats.visibility, stats.retention) == (Some(secs(300)), Some(spec.retention))
            && (&stats.dead_letter_queue, stats.max_receive_count) == (&dead_letter, Some(100))
    })
    .await;
    assert_eq!(bench.receive_one(&queue, secs(30)).await.body, "kept");

    let too_long = QueueChange {
        retention: Some(secs(15 * 24 * 3600)),
        ..QueueChange::default()
    };
    let refused = bench.broker.update(&queue, &too_long).await;
    let kind = refused.expect_err("over the limit").kind;
    assert!(
        matches!(kind, BrokerErrorKind::LimitExceeded { .. }),
        "{kind}"
    );
    let lone = bench
        .declare(QueueSpec {
            dead_letter: None,
            ..QueueSpec::new(bench.name())
        })
        .await;
    let refused = bench.broker.update(&lone, &change).await;
    let kind = refused.expect_err("nothing to count for").kind;
    assert!(matches!(kind, BrokerErrorKind::NoDeadLetterQueue), "{kind}");
}

/// Both queues of a declaration are listed, FIFO ones with their suffix.
pub async fn queues_are_listed(bench: BrokerBench) {
    let (standard, fifo) = (bench.queue().await, bench.fifo_queue().await);
    let stem = fifo.strip_suffix(".fifo").expect("a FIFO name");
    let listed = bench
        .another()
        .await
        .list()
        .await
        .expect("the queues are listed");
    for name in [
        &standard,
        &format!("{standard}-dlq"),
        &fifo,
        &format!("{stem}-dlq.fifo"),
    ] {
        assert!(listed.contains(name), "`{name}` is listed in {listed:?}");
    }
}

/// Visible, in flight and delayed messages are counted apart.
pub async fn messages_are_counted(bench: BrokerBench) {
    let spec = QueueSpec {
        visibility: secs(77),
        ..QueueSpec::new(bench.name())
    };
    let queue = bench.declare(spec).await;
    let delayed = Outgoing {
        delay: secs(600),
        ..message("delayed")
    };
    bench
        .send(
            &queue,
            vec![message("1"), message("2"), message("3"), delayed],
        )
        .await;
    counts_become(&bench, &queue, |stats| {
        (stats.visible, stats.in_flight, stats.delayed) == (3, 0, 1)
    })
    .await;

    let held = bench.receive_one(&queue, secs(600)).await;
    counts_become(&bench, &queue, |stats| {
        (stats.visible, stats.in_flight, stats.delayed) == (2, 1, 1)
    })
    .await;
    bench
        .ack(&queue, &held.receipt)
        .await
        .expect("the message is deleted");
    counts_become(&bench, &queue, |stats| {
        (stats.visible, stats.in_flight, stats.delayed) == (2, 0, 1)
    })
    .await;

    let stats = stats(&bench, &queue).await;
    assert_eq!(stats.visibility, Some(secs(77)));
    assert_eq!(stats.dead_letter_queue, Some(format!("{queue}-dlq")));
    assert_eq!(stats.max_receive_count, Some(100));
}

/// Purging deletes waiting, held and delayed messages, of this queue alone.
pub async fn a_purge_empties_one_queue(bench: BrokerBench) {
    let (queue, other) = (bench.queue().await, bench.queue().await);
    bench.send_bodies(&other, ["stays"]).await;
    bench
        .send(
            &queue,
            vec![
                message("1"),
                message("2"),
                Outgoing {
                    delay: secs(1),
                    ..message("3")
                },
            ],
        )
        .await;
    bench.receive_one(&queue, secs(1)).await;
    bench
        .broker
        .purge(&queue)
        .await
        .expect("the queue is purged");
    counts_become(&bench, &queue, |stats| {
        stats.visible + stats.in_flight + stats.delayed == 0
    })
    .await;

    bench.assert_silent(&queue, secs(2)).await;
    assert_eq!(bench.receive_one(&other, secs(30)).await.body, "stays");
    bench.send_bodies(&queue, ["new"]).await;
    assert_eq!(bench.receive_one(&queue, secs(30)).await.body, "new");
}

/// Queues do not see each other's messages.
pub async fn queues_are_apart(bench: BrokerBench) {
    let (left, right) = (bench.queue().await, bench.queue().await);
    bench.send_bodies(&left, ["left"]).await;
    bench.send_bodies(&right, ["right"]).await;
    assert_eq!(bodies(&bench.receive(&left, 1, secs(30)).await), ["left"]);
    assert_eq!(bodies(&bench.receive(&right, 1, secs(30)).await), ["right"]);
    bench.assert_silent(&left, secs(0)).await;
}

/// A missing queue is an error that says so, in every method.
pub async fn a_missing_queue_is_an_error(bench: BrokerBench) {
    let queue = bench.name();
    let stats = bench.broker.stats(&queue).await;
    assert!(is_missing(&stats), "{stats:?}");
    let purged = bench.broker.purge(&queue).await;
    assert!(is_missing(&purged), "{purged:?}");
    let acked = only(
        bench
            .broker
            .ack(&queue, vec![Receipt("1-unknown".into())])
            .await,
    );
    assert!(is_missing(&acked), "{acked:?}");

    if bench.has(Quirk::CreatesMissingQueues) {
        bench.assert_silent(&queue, secs(0)).await;
        let sent = bench.name();
        bench.send_bodies(&sent, ["created"]).await;
        assert_eq!(bench.receive_one(&sent, secs(30)).await.body, "created");
        let listed = bench.broker.list().await.expect("the queues are listed");
        assert!(
            [&queue, &sent, &format!("{sent}-dlq")]
                .iter()
                .all(|name| listed.contains(name)),
            "{listed:?}"
        );
        return;
    }
    let received = bench.broker.receive(&queue, 1, secs(0), secs(30)).await;
    assert!(is_missing(&received), "{received:?}");
    let sent = bench
        .broker
        .send(&queue, vec![message("1"), message("2")])
        .await;
    assert!(sent.len() == 2 && sent.iter().all(is_missing), "{sent:?}");
}

fn is_missing<T>(answer: &Result<T, BrokerError>) -> bool {
    matches!(
        answer,
        Err(BrokerError {
            kind: BrokerErrorKind::QueueNotFound,
            ..
        })
    )
}

async fn stats(bench: &BrokerBench, queue: &str) -> QueueStats {
    bench
        .broker
        .stats(queue)
        .await
        .expect("the queue is counted")
}

/// Counts are approximate, so they are asked for until they are right, at most 5 s.
async fn counts_become(bench: &BrokerBench, queue: &str, right: impl Fn(&QueueStats) -> bool) {
    let deadline = Instant::now() + secs(5);
    loop {
        let stats = stats(bench, queue).await;
        if right(&stats) {
            return;
        }
        assert!(Instant::now() < deadline, "the counts are {stats:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
