//! When a message is to be seen: countdown, eta, expires, the broker's own delays, and FIFO queues,
//! which know none.

use std::time::Duration;

use celeriac_protocol::Value;

use crate::golden::{Sent, add, build, check, check_at, proj};
use crate::support::{Parts, keywords, text};

#[test]
fn countdown_and_eta() {
    let seconds = Duration::from_secs;
    let sent = check_at(
        "countdown_short",
        "eta",
        seconds(10),
        keywords([("countdown", Value::Int(10))]),
    );
    assert_eq!(sent.outgoing.delay, seconds(10));
    let sent = check_at(
        "countdown_over_900",
        "eta",
        seconds(3600),
        keywords([("countdown", Value::Int(3600))]),
    );
    assert_eq!(
        sent.outgoing.delay,
        seconds(900),
        "the longest of SQS; the worker that gets it sends it on"
    );
    let sent = check_at(
        "eta_utc",
        "eta",
        Duration::from_millis(1500),
        keywords([("eta", text("2027-01-02T03:04:05.678901+00:00"))]),
    );
    assert_eq!(
        sent.outgoing.delay,
        seconds(2),
        "rounded up, so that it does not arrive early"
    );
    check(
        "eta_utc_no_micros",
        add(keywords([("eta", text("2027-01-02T03:04:05+00:00"))])),
    );
    let options = keywords([("countdown", Value::Int(5)), ("expires", Value::Int(10))]);
    check_at("eta_and_expires", "eta", seconds(5), options);
    let past = check(
        "eta_utc_no_micros",
        add(keywords([("eta", text("2027-01-02T03:04:05Z"))])),
    );
    assert_eq!(past.outgoing.delay, Duration::ZERO);
}

#[test]
fn expires() {
    check_at(
        "expires_int",
        "expires",
        Duration::from_mins(1),
        keywords([("expires", Value::Int(60))]),
    );
    check_at(
        "expires_float",
        "expires",
        Duration::from_millis(1500),
        keywords([("expires", Value::Float(1.5))]),
    );
}

#[test]
fn an_expiry_in_the_past_is_sent() {
    let (signature, options) = add(keywords([("expires", text("2020-01-01T00:00:00+00:00"))]));
    let sent = build(proj(Parts::default()), signature, options);
    assert_eq!(
        sent.message.envelope.headers.expires.as_deref(),
        Some("2020-01-01T00:00:00+00:00")
    );
    assert_eq!(sent.message.envelope.properties.expiration, Some(text("0")));
}

#[test]
fn native_delays() {
    let delay = |sent: &Sent| sent.outgoing.delay.as_secs();
    let sent = check(
        "delay_seconds_property",
        add(keywords([("delay_seconds", Value::Int(30))])),
    );
    assert_eq!(delay(&sent), 30);
    let sent = check(
        "DelaySeconds_property",
        add(keywords([("DelaySeconds", Value::Int(30))])),
    );
    assert_eq!(delay(&sent), 30);
    let sent = check(
        "delay_seconds_clamped",
        add(keywords([("delay_seconds", Value::Int(5000))])),
    );
    assert_eq!(delay(&sent), 900);
    for wrong in [Value::Int(-1), text("soon"), Value::List(vec![])] {
        let (signature, options) = add(keywords([("delay_seconds", wrong)]));
        assert_eq!(delay(&build(Parts::default(), signature, options)), 0);
    }
}

#[test]
fn fifo() {
    let sent = check(
        "fifo_default",
        add(keywords([("queue", text("orders.fifo"))])),
    );
    assert_eq!(
        sent.outgoing.dedup_id.as_deref(),
        Some(sent.message.task_id())
    );
    let ids = [
        ("queue", text("orders.fifo")),
        ("MessageGroupId", text("customer-1")),
        ("MessageDeduplicationId", text("dedup-1")),
    ];
    for id in ["order 17, paid", &"i".repeat(129)] {
        let own = keywords([("queue", text("orders.fifo")), ("task_id", text(id))]);
        let (signature, options) = add(own);
        let sent = build(Parts::default(), signature, options);
        let dedup_id = sent.outgoing.dedup_id.expect("FIFO has one");
        assert!(
            dedup_id.len() == 36 && !dedup_id.contains(' '),
            "{dedup_id}"
        );
    }
    let sent = check("fifo_explicit", add(keywords(ids)));
    assert_eq!(sent.outgoing.dedup_id.as_deref(), Some("dedup-1"));
    let options = keywords([
        ("queue", text("orders.fifo")),
        ("countdown", Value::Int(30)),
    ]);
    let sent = check_at("fifo_countdown", "eta", Duration::from_secs(30), options);
    assert_eq!(
        sent.outgoing.delay,
        Duration::ZERO,
        "FIFO queues know no delay of one message"
    );
    let sent = check(
        "fair_queue_group",
        add(keywords([("MessageGroupId", text("tenant-1"))])),
    );
    assert_eq!(sent.outgoing.dedup_id, None, "standard queues refuse one");
}
