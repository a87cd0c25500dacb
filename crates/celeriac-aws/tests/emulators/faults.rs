//! Lost answers, throttles and outages, made by the fault proxy.

use std::time::{Duration, Instant};

use celeriac_aws::{AwsConfig, DynamoStore, SqsBroker};
use celeriac_core::{
    Broker, BrokerErrorKind, Claim, ClaimOutcome, Claimed, CompletionOutcome, Ledger, Outgoing,
    QueueAdmin as _, QueueSpec, Receipt, SetVisibility, StoreErrorKind,
};
use celeriac_testkit::emulator::{Ministack, unique_name};
use celeriac_testkit::fault_proxy::{Fault, FaultProxy, Rule};

use crate::ledger::{claim, success, table_at};

const WRITE: &[&str] = &["BatchExecuteStatement"];

async fn proxy() -> FaultProxy {
    FaultProxy::start(Ministack::shared().await.url(), Vec::new()).await
}

async fn store(proxy: &FaultProxy) -> DynamoStore {
    DynamoStore::new(&table_at(&proxy.url()).await)
}

#[tokio::test]
async fn a_claim_whose_answer_was_lost_is_still_ours() {
    let proxy = proxy().await;
    let store = store(&proxy).await;
    proxy.set_rules(vec![Rule::every(1, Fault::DropResponse).of(WRITE).times(1)]);
    let outcome = store
        .claim(vec![claim("lost")])
        .await
        .remove(0)
        .expect("answered");
    assert_eq!(
        outcome,
        ClaimOutcome::Claimed(Claimed {
            attempt: 1,
            runs: 1
        })
    );
    assert_eq!(
        proxy.requests_of(WRITE),
        2,
        "it was written, and tried again"
    );
    assert_eq!(store.requests().failed(), 1);

    // the same where an item stood there
    proxy.set_rules(Vec::new());
    store
        .claim(vec![Claim {
            lease: Duration::ZERO,
            ..claim("known")
        }])
        .await
        .remove(0)
        .expect("claimed");
    tokio::time::sleep(Duration::from_millis(5)).await;
    proxy.set_rules(vec![Rule::every(1, Fault::DropResponse).of(WRITE).times(1)]);
    let taken = store
        .claim(vec![Claim {
            sent_by: None,
            isolate_at: None,
            to_run: true,
            takes_over: false,
            replaces: false,
            unanswered: Vec::new(),
            likely_known: true,
            ..claim("known")
        }])
        .await
        .remove(0)
        .expect("answered");
    assert_eq!(
        taken,
        ClaimOutcome::Claimed(Claimed {
            attempt: 2,
            runs: 2
        })
    );
}

#[tokio::test]
async fn a_completion_whose_answer_was_lost_is_stored_once() {
    let proxy = proxy().await;
    let store = store(&proxy).await;
    store
        .claim(vec![claim("lost")])
        .await
        .remove(0)
        .expect("claimed");
    proxy.set_rules(vec![Rule::every(1, Fault::DropResponse).of(WRITE).times(1)]);
    assert_eq!(
        store
            .complete(vec![success("lost", 1)])
            .await
            .remove(0)
            .expect("answered"),
        CompletionOutcome::Stored
    );
    assert_eq!(
        store
            .complete(vec![success("lost", 1)])
            .await
            .remove(0)
            .expect("answered"),
        CompletionOutcome::AlreadyFinal
    );
}

#[tokio::test]
async fn statements_throttled_inside_a_200_are_tried_again() {
    let proxy = proxy().await;
    let store = store(&proxy).await;
    let codes = [
        "ThrottlingError",
        "ProvisionedThroughputExceeded",
        "TransactionConflict",
        "InternalServerError",
        "RequestLimitExceeded",
    ];
    // 150 in a row hit a batch of 25 six times at most, which is within its tries
    let rules = codes.iter().map(|code| {
        let fault = Fault::WithholdStatement {
            code: (*code).to_owned(),
        };
        Rule::every(1, fault).times(30)
    });
    proxy.set_rules(rules.collect());
    let ids: Vec<String> = (0..120).map(|n| format!("t{n}")).collect();
    for outcome in store.claim(ids.iter().map(|id| claim(id)).collect()).await {
        assert_eq!(
            outcome.expect("answered"),
            ClaimOutcome::Claimed(Claimed {
                attempt: 1,
                runs: 1
            })
        );
    }
    for outcome in store
        .complete(ids.iter().map(|id| success(id, 1)).collect())
        .await
    {
        assert_eq!(outcome.expect("answered"), CompletionOutcome::Stored);
    }
    assert_eq!(store.requests().failed(), 150);
}

#[tokio::test]
async fn a_statement_throttled_for_good_is_unavailable_alone() {
    let proxy = proxy().await;
    let store = store(&proxy).await;
    // the second of two statements at first, and then the only one that is left
    proxy.set_rules(vec![
        Rule::every(
            1,
            Fault::WithholdStatement {
                code: "ThrottlingError".to_owned(),
            },
        )
        .times(8),
    ]);
    let refused = store
        .claim(vec![claim("refused")])
        .await
        .remove(0)
        .expect_err("throttled");
    assert!(
        matches!(refused.kind, StoreErrorKind::Unavailable(_)) && refused.is_retryable(),
        "{refused}"
    );
    assert_eq!(proxy.requests_of(WRITE), 8);
    store
        .claim(vec![claim("refused")])
        .await
        .remove(0)
        .expect("claimed later");
}

#[tokio::test]
async fn every_tenth_answer_lost_loses_and_doubles_nothing() {
    let proxy = proxy().await;
    let store = store(&proxy).await;
    proxy.set_rules(vec![Rule::every(10, Fault::DropResponse)]);
    for round in 0..30 {
        let ids: Vec<String> = (0..50).map(|n| format!("{round}-{n}")).collect();
        for outcome in store.claim(ids.iter().map(|id| claim(id)).collect()).await {
            assert_eq!(
                outcome.expect("answered"),
                ClaimOutcome::Claimed(Claimed {
                    attempt: 1,
                    runs: 1
                })
            );
        }
        for outcome in store
            .complete(ids.iter().map(|id| success(id, 1)).collect())
            .await
        {
            assert_eq!(outcome.expect("answered"), CompletionOutcome::Stored);
        }
    }
    assert!(store.requests().failed() >= 10);
}

async fn queue(proxy: &FaultProxy) -> (SqsBroker, String) {
    let broker = SqsBroker::new(&AwsConfig::emulator(proxy.url()));
    let queue = unique_name("faults");
    broker
        .declare(&QueueSpec::new(&queue))
        .await
        .expect("declared");
    (broker, queue)
}

fn message(body: String) -> Outgoing {
    Outgoing {
        body,
        ..Outgoing::default()
    }
}

#[tokio::test]
async fn sqs_requests_are_tried_again_over_lost_answers_throttles_and_errors() {
    let proxy = proxy().await;
    let (broker, queue) = queue(&proxy).await;
    let answer = |status, code: &str| Fault::Answer {
        status,
        code: code.to_owned(),
    };
    let operations = [
        "SendMessageBatch",
        "ReceiveMessage",
        "DeleteMessageBatch",
        "ChangeMessageVisibilityBatch",
    ];
    let rules = operations.iter().flat_map(|operation| {
        // at most four of a request's six tries
        let mut rules = vec![
            Rule::every(1, Fault::DropRequest).times(1),
            Rule::every(2, answer(400, "ThrottlingException")).times(1),
            Rule::every(3, answer(500, "InternalFailure")).times(1),
        ];
        if operation.ends_with("VisibilityBatch") || operation.starts_with("Delete") {
            // others it would double, or swallow for a minute
            rules.push(Rule::every(4, Fault::DropResponse).times(1));
        }
        rules.into_iter().map(|rule| rule.of(&[operation]))
    });
    proxy.set_rules(rules.collect());
    for sent in broker
        .send(&queue, (0..100).map(|n| message(n.to_string())).collect())
        .await
    {
        sent.expect("sent");
    }
    let mut deliveries = Vec::new();
    while deliveries.len() < 100 {
        deliveries.extend(
            broker
                .receive(&queue, 10, Duration::from_secs(1), Duration::from_mins(1))
                .await
                .expect("received"),
        );
    }
    let hold = deliveries.iter().map(|delivery| SetVisibility {
        receipt: delivery.receipt.clone(),
        visibility: Duration::from_secs(90),
    });
    for held in broker.set_visibility(&queue, hold.collect()).await {
        held.expect("held");
    }
    for deleted in broker
        .ack(
            &queue,
            deliveries
                .into_iter()
                .map(|delivery| delivery.receipt)
                .collect(),
        )
        .await
    {
        deleted.expect("deleted");
    }
    let stats = broker.stats(&queue).await.expect("counted");
    assert_eq!((stats.visible, stats.in_flight), (0, 0));
    assert_eq!(broker.requests().failed(), 14);
}

#[tokio::test]
async fn what_a_refused_entry_means_depends_on_what_was_asked() {
    let proxy = proxy().await;
    let (broker, queue) = queue(&proxy).await;
    let ordered = format!("{queue}.fifo");
    broker
        .declare(&QueueSpec::new(&ordered))
        .await
        .expect("declared");
    proxy.set_rules(vec![Rule::every(
        1,
        Fault::RefuseEntries {
            code: "InvalidParameterValue".to_owned(),
        },
    )]);
    let in_group = |body: &str| Outgoing {
        group_id: Some("group".to_owned()),
        ..message(body.to_owned())
    };
    let mut sent = broker.send(&queue, vec![message("x".to_owned())]).await;
    // in a group each is asked for, since a refused message is passed over
    sent.extend(
        broker
            .send(&ordered, vec![in_group("a"), in_group("b")])
            .await,
    );
    assert_eq!(proxy.requests_of(&["SendMessageBatch"]), 3);
    for refused in sent {
        let refused = refused.expect_err("refused");
        assert!(
            matches!(refused.kind, BrokerErrorKind::Invalid(_)),
            "{refused}"
        );
    }
    let receipt = Receipt("of another receive".to_owned());
    let change = SetVisibility {
        receipt: receipt.clone(),
        visibility: Duration::from_mins(1),
    };
    let mut by_receipt = broker.ack(&queue, vec![receipt]).await;
    by_receipt.extend(broker.set_visibility(&queue, vec![change]).await);
    for refused in by_receipt {
        let refused = refused.expect_err("refused");
        assert!(
            matches!(refused.kind, BrokerErrorKind::ReceiptExpired),
            "{refused}"
        );
    }
}

#[tokio::test]
async fn an_outage_is_reported_in_time_and_can_be_tried_again() {
    let proxy = proxy().await;
    let (broker, queue) = queue(&proxy).await;
    proxy.set_rules(vec![Rule::every(
        1,
        Fault::Answer {
            status: 503,
            code: "ServiceUnavailable".to_owned(),
        },
    )]);
    let started = Instant::now();
    let refused = broker
        .send(&queue, vec![message("x".to_owned())])
        .await
        .remove(0)
        .expect_err("an outage");
    assert!(refused.is_retryable(), "{refused}");
    assert!(started.elapsed() < Duration::from_secs(30));
    proxy.set_rules(Vec::new());
    broker
        .send(&queue, vec![message("x".to_owned())])
        .await
        .remove(0)
        .expect("sent");
}

#[tokio::test]
async fn a_refused_right_is_said_at_once() {
    let proxy = proxy().await;
    let (broker, queue) = queue(&proxy).await;
    let store = store(&proxy).await;
    proxy.reset_requests();
    proxy.set_rules(vec![Rule::every(
        1,
        Fault::Answer {
            status: 400,
            code: "AccessDeniedException".to_owned(),
        },
    )]);
    let refused = broker
        .send(&queue, vec![message("x".to_owned())])
        .await
        .remove(0)
        .expect_err("refused");
    assert!(
        matches!(refused.kind, BrokerErrorKind::AccessDenied(_)),
        "{refused}"
    );
    let refused = store
        .claim(vec![claim("x")])
        .await
        .remove(0)
        .expect_err("refused");
    assert!(
        matches!(refused.kind, StoreErrorKind::AccessDenied(_)),
        "{refused}"
    );
    assert_eq!(proxy.requests().values().sum::<u64>(), 2);
}
