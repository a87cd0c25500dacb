//! What an old receipt is good for.

use celeriac_core::{Receipt, SetVisibility};

use crate::conformance::broker_bench::{assert_expired, secs};
use crate::conformance::{BrokerBench, Quirk};

/// Acknowledging twice is success.
pub async fn an_ack_is_idempotent(bench: BrokerBench) {
    let queue = bench.queue().await;
    bench.send_bodies(&queue, ["once"]).await;
    let delivery = bench.receive_one(&queue, secs(1)).await;
    bench
        .ack(&queue, &delivery.receipt)
        .await
        .expect("the message is deleted");
    bench
        .ack(&queue, &delivery.receipt)
        .await
        .expect("what is gone already is success");
    bench.assert_silent(&queue, secs(2)).await;
}

/// The newest receipt deletes even after its visibility ended, as long as nobody received the
/// message since.
pub async fn a_late_ack_deletes_what_nobody_took(bench: BrokerBench) {
    let queue = bench.queue().await;
    bench.send_bodies(&queue, ["late"]).await;
    let delivery = bench.receive_one(&queue, secs(1)).await;
    tokio::time::sleep(secs(2)).await;
    bench
        .ack(&queue, &delivery.receipt)
        .await
        .expect("the message is deleted");
    bench.assert_silent(&queue, secs(1)).await;
}

/// An old receipt does not delete what somebody else holds.
pub async fn an_ack_with_an_old_receipt_deletes_nothing(bench: BrokerBench) {
    let queue = bench.queue().await;
    bench.send_bodies(&queue, ["mine"]).await;
    let old = bench.receive_one(&queue, secs(1)).await;
    let new = bench.receive_one(&queue, secs(1)).await;
    bench
        .ack(&queue, &old.receipt)
        .await
        .expect("an old receipt is success");

    if bench.has(Quirk::StaleReceiptDeletes) {
        bench.assert_silent(&queue, secs(2)).await;
        return;
    }
    let again = bench.receive_one(&queue, secs(30)).await;
    assert_eq!((again.message_id, again.receive_count), (new.message_id, 3));
}

/// An old receipt does not hide or release what somebody else holds.
pub async fn an_old_receipt_changes_no_visibility(bench: BrokerBench) {
    let queue = bench.queue().await;
    bench.send_bodies(&queue, ["mine"]).await;
    let old = bench.receive_one(&queue, secs(1)).await;
    bench.receive_one(&queue, secs(600)).await;

    let released = bench.set_visibility(&queue, &old.receipt, secs(0)).await;
    if bench.has(Quirk::StaleReceiptExtends) {
        released.expect("the emulator takes an old receipt");
        bench.receive_one(&queue, secs(30)).await;
        return;
    }
    assert_expired(&released);
    bench.assert_silent(&queue, secs(1)).await;
}

/// Once its visibility ended, a message cannot be held again: it may be elsewhere.
pub async fn a_visible_message_cannot_be_extended(bench: BrokerBench) {
    let queue = bench.queue().await;
    bench.send_bodies(&queue, ["lapsed"]).await;
    let delivery = bench.receive_one(&queue, secs(1)).await;
    tokio::time::sleep(secs(2)).await;

    let extended = bench
        .set_visibility(&queue, &delivery.receipt, secs(600))
        .await;
    if bench.has(Quirk::VisibleMessageExtends) {
        extended.expect("the emulator hides a visible message");
        bench.assert_silent(&queue, secs(1)).await;
        return;
    }
    if bench.has(Quirk::VisibleMessageAccepted) {
        extended.expect("the emulator takes a visible message");
    } else {
        assert_expired(&extended);
    }
    bench.receive_one(&queue, secs(30)).await;
}

/// A deleted message has no visibility.
pub async fn a_deleted_message_cannot_be_extended(bench: BrokerBench) {
    let queue = bench.queue().await;
    bench.send_bodies(&queue, ["gone"]).await;
    let delivery = bench.receive_one(&queue, secs(30)).await;
    bench
        .ack(&queue, &delivery.receipt)
        .await
        .expect("the message is deleted");
    assert_expired(
        &bench
            .set_visibility(&queue, &delivery.receipt, secs(30))
            .await,
    );
}

/// In a batch every entry has its own answer, in order, whatever the others are.
pub async fn a_batch_of_changes_answers_each_entry(bench: BrokerBench) {
    let queue = bench.queue().await;
    let sent: Vec<String> = (0..12).map(|n| n.to_string()).collect();
    bench
        .send_bodies(&queue, sent.iter().map(String::as_str))
        .await;
    let held = bench.receive(&queue, 12, secs(600)).await;
    let receipts: Vec<Receipt> = held.into_iter().map(|delivery| delivery.receipt).collect();
    for deleted in [0, 5, 11] {
        bench
            .ack(&queue, &receipts[deleted])
            .await
            .expect("the message is deleted");
    }

    let release = |receipt: &Receipt| SetVisibility {
        receipt: receipt.clone(),
        visibility: secs(0),
    };
    let answers = bench
        .broker
        .set_visibility(&queue, receipts.iter().map(release).collect())
        .await;
    assert_eq!(answers.len(), 12);
    for (place, answer) in answers.iter().enumerate() {
        if [0, 5, 11].contains(&place) {
            assert_expired(answer);
        } else {
            assert!(answer.is_ok(), "{place}: {answer:?}");
        }
    }
    bench.receive(&queue, 9, secs(600)).await;
    bench.assert_silent(&queue, secs(1)).await;
}
