//! Finding queues, and what messages cost.

use std::time::Duration;

use celeriac_aws::{AwsConfig, AwsIdentity, SqsBroker};
use celeriac_core::{Broker, BrokerErrorKind, DeadLetter, Outgoing, QueueAdmin as _, QueueSpec};
use celeriac_testkit::emulator::{Ministack, unique_name};

async fn config() -> AwsConfig {
    AwsConfig::emulator(Ministack::shared().await.url())
}

fn messages(count: usize) -> Vec<Outgoing> {
    (0..count)
        .map(|n| Outgoing {
            body: format!("message {n}"),
            ..Outgoing::default()
        })
        .collect()
}

const VISIBILITY: Duration = Duration::from_secs(30);

#[tokio::test]
async fn making_a_broker_makes_no_request() {
    let broker = SqsBroker::new(&AwsConfig::emulator("http://127.0.0.1:1"));
    assert_eq!(broker.capabilities("q").max_batch, 10);
    assert_eq!(broker.requests().total(), 0);
}

#[tokio::test]
async fn a_message_costs_less_than_a_third_of_a_request() {
    let broker = SqsBroker::new(&config().await);
    let queue = unique_name("cost");
    broker
        .declare(&QueueSpec::new(&queue))
        .await
        .expect("declared");
    let before = broker.requests().snapshot();
    for sent in broker.send(&queue, messages(100)).await {
        sent.expect("sent");
    }
    let mut receipts = Vec::new();
    while receipts.len() < 100 {
        let received = broker
            .receive(&queue, 10, Duration::from_secs(1), VISIBILITY)
            .await
            .expect("received");
        receipts.extend(received.into_iter().map(|delivery| delivery.receipt));
    }
    for deleted in broker.ack(&queue, receipts).await {
        deleted.expect("deleted");
    }
    let requests = broker.requests();
    assert_eq!(
        (
            requests.of("SendMessageBatch"),
            requests.of("DeleteMessageBatch")
        ),
        (10, 10)
    );
    assert!(
        (10..=12).contains(&requests.of("ReceiveMessage")),
        "{:?}",
        requests.snapshot()
    );
    assert_eq!(
        before.get("GetQueueUrl").copied(),
        requests.snapshot().get("GetQueueUrl").copied(),
        "the URL is asked for once"
    );
}

#[tokio::test]
async fn many_who_start_together_look_a_queue_up_once() {
    let config = config().await;
    let queue = unique_name("together");
    let made = SqsBroker::new(&config);
    made.declare(&QueueSpec::new(&queue))
        .await
        .expect("declared");
    let broker = SqsBroker::new(&config);
    let sends = (0..20).map(|_| broker.send(&queue, messages(1)));
    for sent in futures_util::future::join_all(sends).await {
        for message in sent {
            message.expect("sent");
        }
    }
    assert_eq!(broker.requests().of("GetQueueUrl"), 1);
}

#[tokio::test]
async fn predefined_queues_are_used_without_asking() {
    let mut config = config().await;
    let maker = SqsBroker::new(&config);
    let real = unique_name("real");
    maker
        .declare(&QueueSpec::new(&real))
        .await
        .expect("declared");
    let url = config.sqs.endpoint.url.clone().expect("an emulator's") + "/000000000000/" + &real;
    config.sqs.predefined_queues.insert("short".to_owned(), url);

    let broker = SqsBroker::new(&config);
    broker
        .send("short", messages(1))
        .await
        .remove(0)
        .expect("sent");
    let received = broker
        .receive("short", 1, Duration::from_secs(5), VISIBILITY)
        .await
        .expect("received");
    let letter = DeadLetter {
        delivery: received[0].clone(),
        reason: "poison".to_owned(),
        error: "x".to_owned(),
    };
    broker
        .dead_letter("short", vec![letter])
        .await
        .remove(0)
        .expect("moved");
    assert_eq!(broker.list().await.expect("listed"), ["short"]);
    let asked = broker.requests().of("GetQueueUrl") + broker.requests().of("Other");
    assert_eq!(asked, 0, "{:?}", broker.requests().snapshot());

    let stats = broker.stats("short").await.expect("described");
    let dead_letters = stats.dead_letter_queue.expect("it has one");
    assert_eq!(
        broker
            .stats(&dead_letters)
            .await
            .expect("described")
            .visible,
        1
    );
    let refused = broker
        .send("other", messages(1))
        .await
        .remove(0)
        .expect_err("not listed");
    assert!(
        matches!(refused.kind, BrokerErrorKind::Invalid(_)),
        "{refused}"
    );
}

#[tokio::test]
async fn prefixes_are_added_and_taken_off() {
    let mut config = config().await;
    config.sqs.queue_name_prefix = format!("{}.", unique_name("shop"));
    let broker = SqsBroker::new(&config);
    broker
        .declare(&QueueSpec::new("orders.new"))
        .await
        .expect("declared");
    assert_eq!(
        broker.list().await.expect("listed"),
        ["orders-new", "orders-new-dlq"]
    );
    broker
        .send("orders.new", messages(1))
        .await
        .remove(0)
        .expect("sent");
    let bare = SqsBroker::new(&AwsConfig::emulator(Ministack::shared().await.url()));
    let sqs_name = config.sqs.queue_name_prefix.replace('.', "-") + "orders-new";
    assert_eq!(bare.stats(&sqs_name).await.expect("it is there").visible, 1);
}

#[tokio::test]
async fn a_missing_queue_is_named_in_every_answer_and_found_once_it_is_made() {
    let broker = SqsBroker::new(&config().await);
    let queue = unique_name("late");
    let refused = [
        broker
            .send(&queue, messages(2))
            .await
            .pop()
            .expect("two answers")
            .err(),
        broker
            .receive(&queue, 1, Duration::ZERO, VISIBILITY)
            .await
            .err(),
        broker.stats(&queue).await.err(),
        broker.purge(&queue).await.err(),
    ];
    for error in refused {
        let error = error.expect("there is no queue");
        assert!(
            matches!(error.kind, BrokerErrorKind::QueueNotFound) && error.queue == queue,
            "{error}"
        );
    }
    let other = SqsBroker::new(&config().await);
    other
        .declare(&QueueSpec::new(&queue))
        .await
        .expect("declared");
    broker
        .send(&queue, messages(1))
        .await
        .remove(0)
        .expect("sent");
}

#[tokio::test]
async fn an_operator_learns_who_and_when() {
    let operator = AwsIdentity::new(config().await.sqs.endpoint);
    let who = operator.identity().await.expect("answered");
    assert_eq!(who.account.len(), 12);
    assert!(who.arn.starts_with("arn:aws:"), "{}", who.arn);
    assert!(operator.clock_skew().await.expect("answered").abs() <= 2);
    assert_eq!(operator.region().await.as_deref(), Some("us-east-1"));
}
