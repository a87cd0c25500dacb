//! Batches, retries, the end.

use std::sync::Arc;
use std::time::Duration;

use celeriac_core::{
    BrokerErrorKind, MessageForm, SendError, SendOptions, TaskSender, TaskSignature,
};
use celeriac_protocol::{Dict, Envelope, Limits, Signature};
use futures_util::StreamExt;
use futures_util::future::join_all;
use futures_util::stream::FuturesUnordered;
use tokio::time::{Instant, timeout};

use crate::memory_broker::MemoryBroker;
use crate::support::{Parts, ints};

fn unavailable() -> BrokerErrorKind {
    BrokerErrorKind::Unavailable("for a moment".to_owned())
}

fn call() -> TaskSignature<i64> {
    TaskSignature::new("tasks.add").arg(1).arg(2)
}

#[tokio::test]
async fn a_sent_task_is_with_the_broker() {
    let broker = Arc::new(MemoryBroker::default());
    let client = Parts::default().client(broker.clone());
    let result = client.send(call()).await.unwrap();
    let (queue, message) = broker.only();
    let envelope = Envelope::decode(&message.body, &Limits::default()).unwrap();
    assert_eq!(queue, "celery");
    assert_eq!(
        (envelope.headers.id.as_str(), envelope.headers.task.as_str()),
        (result.id(), "tasks.add")
    );
    assert_eq!(
        envelope.payload(&Limits::default()).unwrap().args,
        ints([1, 2])
    );
}

/// SQS keeps a message 14 days at most, and on a FIFO queue it cannot be sent again for its `eta`.
#[tokio::test]
async fn an_eta_beyond_what_a_fifo_queue_keeps_is_refused() {
    const DAY: u64 = 24 * 3600;
    for (queue, days, goes) in [
        ("orders.fifo", 13, true),
        ("orders.fifo", 15, false),
        ("orders", 15, true),
    ] {
        let client = Parts::default().client(Arc::new(MemoryBroker::default()));
        let options = SendOptions {
            queue: Some(queue.to_owned()),
            countdown: Some(Duration::from_secs(days * DAY)),
            ..SendOptions::default()
        };
        let sent = client
            .send_task("tasks.add", ints([1, 2]), Dict::new(), options)
            .await;
        match sent {
            Ok(_) => assert!(goes, "{queue} in {days} days"),
            Err(error @ SendError::Invalid { .. }) => {
                assert!(!goes, "{error}");
                assert!(error.to_string().contains("over 14 days away"), "{error}");
            }
            Err(error) => panic!("{error}"),
        }
    }
}

#[tokio::test]
async fn by_name_and_as_a_task_sender() {
    let broker = Arc::new(MemoryBroker::default());
    let client = Parts::default().client(broker.clone());
    let result = client
        .send_task(
            "notify.send",
            ints([1]),
            Dict::new(),
            SendOptions::default(),
        )
        .await
        .unwrap();
    let id = TaskSender::send_task(
        &client,
        Signature::new("notify.send"),
        SendOptions::default(),
    )
    .await
    .unwrap();
    assert_eq!(broker.count(), 2);
    assert_ne!(result.id(), id);
}

#[tokio::test]
async fn the_message_form_is_a_setting() {
    let broker = Arc::new(MemoryBroker::default());
    let mut parts = Parts::default();
    parts.settings.task_message_form = MessageForm::Compact;
    parts.client(broker.clone()).send(call()).await.unwrap();
    assert!(broker.only().1.body.starts_with('{'));
}

#[tokio::test(start_paused = true)]
async fn sends_at_once_share_requests_over_all_clones() {
    let broker = Arc::new(MemoryBroker::counting(Duration::from_millis(10)));
    let client = Parts::default().client(broker.clone());
    let sends = (0..500).map(|_| {
        let clone = client.clone();
        async move { clone.send(call()).await }
    });
    assert!(join_all(sends).await.iter().all(Result::is_ok));
    assert_eq!(broker.count(), 500);
    assert!(
        broker.requests() <= 58,
        "{} requests for 500 messages",
        broker.requests()
    );
}

#[tokio::test(start_paused = true)]
async fn a_single_send_waits_for_nobody() {
    let broker = Arc::new(MemoryBroker::counting(Duration::from_millis(10)));
    let client = Parts::default().client(broker);
    let start = Instant::now();
    client.send(call()).await.unwrap();
    assert!(
        start.elapsed() <= Duration::from_millis(11),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn a_broker_away_for_a_moment_is_asked_again() {
    let broker = Arc::new(MemoryBroker::failing(vec![Some(unavailable()); 3]));
    let start = Instant::now();
    Parts::default()
        .client(broker.clone())
        .send(call())
        .await
        .unwrap();
    assert_eq!((broker.count(), broker.requests()), (1, 4));
    let waited = start.elapsed();
    assert!(
        (600..=610).contains(&waited.as_millis()),
        "at once, 0.2 s, 0.4 s, not {waited:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn only_what_failed_is_sent_again() {
    let broker = Arc::new(MemoryBroker::failing([
        None,
        Some(unavailable()),
        None,
        None,
    ]));
    let client = Parts::default().client(broker.clone());
    let queue = "orders.fifo"; // one request at a time, so that the four share one
    let options = |id: &str| SendOptions {
        queue: Some(queue.to_owned()),
        task_id: Some(id.to_owned()),
        ..SendOptions::default()
    };
    let sends =
        ["first", "b", "c", "d"].map(|id| client.send_task("t", vec![], Dict::new(), options(id)));
    assert!(join_all(sends).await.iter().all(Result::is_ok));
    assert_eq!(broker.count(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_broker_that_stays_away_is_an_error_after_three_retries() {
    let broker = Arc::new(MemoryBroker::failing(vec![Some(unavailable()); 10]));
    let error = Parts::default()
        .client(broker.clone())
        .send(call())
        .await
        .unwrap_err();
    assert!(
        matches!(&error, SendError::Broker(error) if error.is_retryable()),
        "{error:?}"
    );
    assert_eq!(broker.requests(), 4);
}

#[tokio::test]
async fn what_the_broker_refuses_is_not_tried_again() {
    let broker = Arc::new(MemoryBroker::failing([Some(
        BrokerErrorKind::QueueNotFound,
    )]));
    let error = Parts::default()
        .client(broker.clone())
        .send(call())
        .await
        .unwrap_err();
    assert!(
        matches!(&error, SendError::Broker(error) if matches!(error.kind, BrokerErrorKind::QueueNotFound)),
        "{error:?}"
    );
    assert_eq!(broker.requests(), 1);

    let large = TaskSignature::<()>::new("t").arg("x".repeat(800_000));
    let error = Parts::default()
        .client(broker.clone())
        .send(large)
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("over the limit of 1048576"),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn close_awaits_what_was_accepted() {
    let broker = Arc::new(MemoryBroker::counting(Duration::from_millis(50)));
    let client = Parts::default().client(broker.clone());
    let sends: Vec<_> = (0..300)
        .map(|_| {
            tokio::spawn({
                let client = client.clone();
                async move { client.send(call()).await }
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(1)).await; // all are accepted, few are sent
    client.close().await;
    assert_eq!(broker.count(), 300);
    for send in sends {
        send.await.unwrap().unwrap();
    }
    assert!(matches!(client.send(call()).await, Err(SendError::Closed)));
    client.close().await; // again is nothing
}

#[tokio::test(start_paused = true)]
async fn what_was_accepted_outlives_the_caller_and_the_client() {
    let broker = Arc::new(MemoryBroker::counting(Duration::from_millis(50)));
    let client = Parts::default().client(broker.clone());
    for _ in 0..100 {
        let send = timeout(Duration::from_millis(1), client.send(call()));
        assert!(send.await.is_err(), "dropped while in flight");
    }
    drop(client);
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(broker.count(), 100);
}

#[tokio::test(start_paused = true)]
async fn many_queues_are_served() {
    let broker = Arc::new(MemoryBroker::counting(Duration::from_millis(1)));
    let client = Parts::default().client(broker.clone());
    for n in 0..500 {
        let options = SendOptions {
            queue: Some(format!("queue-{n}")),
            ..SendOptions::default()
        };
        client
            .send_task("t", vec![], Dict::new(), options)
            .await
            .unwrap();
    }
    assert_eq!(broker.count(), 500);
}

#[tokio::test(start_paused = true)]
async fn waiting_bytes_are_bounded() {
    let broker = Arc::new(MemoryBroker::counting(Duration::from_millis(100)));
    let client = Parts::default().client(broker.clone());
    let large = "x".repeat(512 << 10);
    let mut sends: FuturesUnordered<_> = (0..90)
        .map(|_| client.send(TaskSignature::<()>::new("t").arg(&large)))
        .collect();
    assert!(
        timeout(Duration::from_millis(1), sends.next())
            .await
            .is_err()
    );
    drop(sends); // what was accepted goes, what waits for room does not
    client.close().await;
    let accepted = broker.count();
    // 64 MiB of messages that are each about 0.9 MiB
    assert!((60..=80).contains(&accepted), "{accepted} were accepted");
}
