//! 100,000 broken bodies through `execute`: none stops it, each ends in the dead-letter queue with
//! its reason or as FAILURE, and the good ones in between all run. Without a dead-letter queue none
//! is deleted.

use std::sync::Arc;

use crate::support::{App, QUEUE, Setup};
use base64::Engine;
use celeriac_core::{
    BrokerErrorKind, Clock, Delivery, QueueAdmin as _, QueueSpec, Receipt, SystemClock,
};
use celeriac_protocol::{Envelope, Limits, State, UtcTime, Value};
use celeriac_worker::{Outcome, Shutdown};

const BODIES: usize = 100_000;
const GOOD_EVERY: usize = 100;

/// Bodies as producers sent them.
fn seeds() -> Vec<String> {
    let folder = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/fixtures/wire/messages"
    );
    let mut seeds = Vec::new();
    for entry in std::fs::read_dir(folder).expect("fixtures") {
        let text = std::fs::read_to_string(entry.expect("an entry").path()).expect("a fixture");
        collect(&serde_json::from_str(&text).unwrap_or_default(), &mut seeds);
    }
    seeds.retain(|seed| seed.len() < 8 << 10);
    assert!(seeds.len() > 50, "{}", seeds.len());
    seeds
}

fn collect(json: &serde_json::Value, seeds: &mut Vec<String>) {
    match json {
        serde_json::Value::Object(object) => {
            if let Some(body) = object.get("MessageBody").and_then(|body| body.as_str()) {
                seeds.push(body.to_owned());
            }
            object.values().for_each(|value| collect(value, seeds));
        }
        serde_json::Value::Array(list) => list.iter().for_each(|value| collect(value, seeds)),
        _ => {}
    }
}

/// Breaks a body somewhere: in its outer text, or in the envelope within.
fn broken(seed: &str, random: &mut fastrand::Rng) -> String {
    let base64 = base64::engine::general_purpose::STANDARD;
    let inner = base64.decode(seed).ok().filter(|_| random.u8(..) < 200);
    let mut bytes = inner.clone().unwrap_or_else(|| seed.as_bytes().to_vec());
    for _ in 0..random.usize(1..6) {
        let at = random
            .usize(..bytes.len().max(1))
            .min(bytes.len().saturating_sub(1));
        match random.u8(..6) {
            0 => bytes.truncate(at.max(1)),
            1 => bytes[at] = random.u8(0x20..0x7f),
            2 => bytes.insert(at, random.u8(0x20..0x7f)),
            3 => {
                bytes.remove(at);
                if bytes.is_empty() {
                    bytes.push(b'x');
                }
            }
            4 => {
                let end = (at + random.usize(1..40)).min(bytes.len());
                let piece = bytes[at..end].to_vec();
                bytes.splice(at..at, piece);
            }
            _ => {
                let end = (at + random.usize(1..20)).min(bytes.len());
                let choices: [&[u8]; 8] = [
                    b"null",
                    b"{}",
                    b"[]",
                    b"-1",
                    b"1e999",
                    b"\"\"",
                    b"\\ud800",
                    b"99999999999999999999",
                ];
                bytes.splice(
                    at..end,
                    random.choice(choices).expect("one").iter().copied(),
                );
            }
        }
    }
    if inner.is_some() {
        base64.encode(&bytes)
    } else {
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

fn delivery(number: usize, body: String) -> Delivery {
    Delivery {
        queue: QUEUE.to_owned(),
        receipt: Receipt(number.to_string()),
        message_id: number.to_string(),
        body,
        receive_count: 1,
        sent_at: None,
        group_id: None,
        dedup_id: None,
        attributes: std::collections::BTreeMap::new(),
    }
}

/// What was acknowledged has a final state, unless its breaking made it a message with an eta, or
/// one without a result.
async fn assert_ended(app: &App, body: &str) {
    let headers = Envelope::decode(body, &Limits::default())
        .expect("it was readable")
        .headers;
    let early = headers
        .eta
        .as_deref()
        .and_then(|eta| UtcTime::parse(eta).ok())
        .is_some_and(|eta| eta > SystemClock.now());
    if early || headers.ignore_result == Some(true) {
        return;
    }
    let state = app
        .client
        .result::<Value>(&headers.id)
        .state()
        .await
        .expect("a state");
    assert!(state.is_ready(), "{state}: {body}");
}

fn good(number: usize) -> String {
    format!(
        r#"{{"body":"[[{number}, 1], {{}}, {{}}]","content-encoding":"utf-8","content-type":"application/json",
        "headers":{{"task":"tasks.add","id":"good-{number}"}},"properties":{{"body_encoding":"utf-8"}}}}"#
    )
}

async fn execute(app: &App, number: usize, body: &str) -> Outcome {
    let outcome = app
        .executor
        .execute(delivery(number, body.to_owned()), &Shutdown::new())
        .await;
    if matches!(outcome, Outcome::Ack) {
        assert_ended(app, body).await;
    }
    outcome
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_thousand_broken_bodies() {
    let app = Arc::new(Setup::default().add().app());
    let seeds = seeds();
    let mut random = fastrand::Rng::with_seed(20_261_122);
    let mut running = tokio::task::JoinSet::new();
    let (mut letters, mut acked, mut later) = (0, 0, Vec::new());
    for number in 0..BODIES {
        let body = if number % GOOD_EVERY == 0 {
            good(number)
        } else {
            broken(&seeds[random.usize(..seeds.len())], &mut random)
        };
        let app = Arc::clone(&app);
        running.spawn(async move { (execute(&app, number, &body).await, number, body) });
        while running.len() > 200 || (number + 1 == BODIES && !running.is_empty()) {
            match running
                .join_next()
                .await
                .expect("one runs")
                .expect("no panic")
            {
                (Outcome::DeadLetter(letter), ..) => {
                    assert!(!letter.reason.is_empty() && !letter.error.is_empty());
                    letters += 1;
                }
                (Outcome::Ack, ..) => acked += 1,
                // another copy with the same id is just ending
                (Outcome::Defer(_), number, body) => later.push((number, body)),
                outcome => panic!("{outcome:?}"),
            }
        }
    }
    assert_eq!(letters + acked + later.len(), BODIES);
    assert!(letters > BODIES / 4, "{letters}");
    // those come back, and then nothing is in their way
    for (number, body) in later {
        let outcome = execute(&app, number, &body).await;
        assert!(
            matches!(outcome, Outcome::Ack | Outcome::DeadLetter(_)),
            "{outcome:?}: {body}"
        );
    }
    for number in (0..BODIES).step_by(GOOD_EVERY) {
        let meta = app
            .client
            .result::<Value>(format!("good-{number}"))
            .meta()
            .await
            .expect("a result");
        assert_eq!(
            (meta.status, meta.result),
            (State::Success, Value::Int(number as i64 + 1))
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_dead_letter_queue_nothing_is_deleted() {
    let app = Setup::default().add().app();
    app.queues
        .declare(&QueueSpec {
            dead_letter: None,
            ..QueueSpec::new(QUEUE)
        })
        .await
        .expect("declared");
    for number in 0..20 {
        app.send_body(QUEUE, format!("not a message {number}"))
            .await;
    }
    app.send_body(QUEUE, good(1)).await;
    let worker = app.start();
    let result = app.client.result::<Value>("good-1");
    crate::support::until("the good one runs", || async {
        result
            .state()
            .await
            .is_ok_and(|state| state == State::Success)
    })
    .await;
    crate::support::until("all were seen", || async {
        app.broker
            .stats(QUEUE)
            .await
            .is_ok_and(|stats| stats.visible == 0)
    })
    .await;
    let report = worker.stop().await;
    assert_eq!(report.dead_lettered, 0);
    let stats = app.broker.stats(QUEUE).await.expect("stats");
    assert_eq!(stats.visible + stats.in_flight, 20);
    let letter = celeriac_core::DeadLetter {
        delivery: delivery(0, "x".into()),
        reason: "unreadable".into(),
        error: "x".into(),
    };
    let refused = app
        .broker
        .dead_letter(QUEUE, vec![letter])
        .await
        .remove(0)
        .expect_err("there is none");
    assert!(
        matches!(
            refused.kind,
            BrokerErrorKind::NoDeadLetterQueue | BrokerErrorKind::ReceiptExpired
        ),
        "{refused}"
    );
}
