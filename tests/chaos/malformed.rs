use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use celeriac::broker::{Broker, QueueSpec};
use celeriac::{TaskSignature, UtcTime, Value};
use celeriac_core::{Clock as _, Delivery, Outgoing, SystemClock};
use celeriac_protocol::{Envelope, Limits};
use celeriac_testkit::emulator::unique_name;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::broken_bodies::BrokenBodies;
use crate::scene::{Scene, all_succeeded, dead_letters};

const BODIES: usize = 2000;
/// As many valid tasks go with each batch of broken ones.
const BATCH: usize = 100;
const VALID: usize = 5;
/// Messages on the queue at a time: with a deep backlog the emulator is what is measured.
const MOST: u64 = 300;

#[tokio::test(flavor = "multi_thread")]
async fn each_of_two_thousand_broken_bodies_ends_as_a_dead_letter_or_a_final_state() {
    let scene = Scene::ministack().await;
    let effects = scene.effects();
    let worker = scene
        .worker(
            Duration::from_secs(30),
            &[("WORKER_CONCURRENCY", "40"), ("WORKER_LOG_FORMAT", "json")],
        )
        .await;
    let broker = Arc::clone(scene.connection.broker());
    let letters = Letters::read(Arc::clone(&broker), dead_letters(&scene.queue));
    let mut source = BrokenBodies::new();
    let (mut bodies, mut valid) = (Vec::with_capacity(BODIES), Vec::new());
    while bodies.len() < BODIES {
        let batch: Vec<String> = (0..BATCH).map(|_| source.next()).collect();
        send(&*broker, &scene.queue, &batch).await;
        let calls = (0..VALID).map(|n| {
            TaskSignature::new("w.effects")
                .arg(effects.path())
                .arg(format!("done-{}-{n}", bodies.len()))
        });
        valid.extend(scene.send_all(calls.collect()).await);
        bodies.extend(batch);
        until_at_most(&*broker, &scene.queue, MOST).await;
    }
    all_succeeded(&scene.ended(&valid, Duration::from_mins(1)).await);
    until_at_most(&*broker, &scene.queue, 0).await;
    worker.stop().await; // it lives, and ends well

    let mut letters = letters.all().await;
    let (mut dead, mut known) = (0, Vec::new());
    for body in &bodies {
        if letters.get_mut(body).and_then(Vec::pop).is_some() {
            dead += 1;
        } else {
            known.push(body);
        }
    }
    assert!(
        letters.values().all(Vec::is_empty),
        "dead letters that nobody sent: {letters:?}"
    );
    let states = scene.client().results::<Value>(ids(&known)).states().await;
    let states = states.expect("the states");
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for (body, state) in known.iter().zip(&states) {
        *counts.entry(state.as_str()).or_default() += 1;
        assert!(state.is_ready() || leaves_nothing(body), "{state}: {body}");
    }
    eprintln!("{dead} dead letters; states of the others: {counts:?}");
    assert!(dead > BODIES / 10, "only {dead} dead letters");
    assert!(counts["FAILURE"] > BODIES / 20, "{counts:?}");
    assert_eq!(effects.counts().len(), valid.len());
    assert_eq!(effects.count(), valid.len(), "a valid one ran twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_dead_letter_queue_no_broken_body_is_deleted() {
    let scene = Scene::ministack().await;
    let effects = scene.effects();
    let broker = Arc::clone(scene.connection.broker());
    let queue = unique_name("chaos-no-dlq");
    let spec = QueueSpec {
        dead_letter: None,
        ..QueueSpec::new(&queue)
    };
    scene
        .connection
        .queue_admin()
        .declare(&spec)
        .await
        .expect("the queue");
    let mut source = BrokenBodies::new();
    let unreadable: Vec<String> = std::iter::repeat_with(|| source.next())
        .filter(|body| Envelope::decode(body, &Limits::default()).is_err())
        .take(200)
        .collect();
    send(&*broker, &queue, &unreadable).await;
    let client = scene.place.connect(&queue).await.client();
    let mut valid = Vec::new();
    for n in 0..20 {
        let call = TaskSignature::<Value>::new("w.effects");
        let call = call.arg(effects.path()).arg(format!("done-{n}"));
        valid.push(client.send(call).await.expect("sent"));
    }
    let worker = scene
        .worker_on(&queue, &scene.place, Duration::from_secs(30), &[], &[])
        .await;
    all_succeeded(&scene.ended(&valid, Duration::from_mins(1)).await);
    let deadline = Instant::now() + Duration::from_mins(1);
    while broker.stats(&queue).await.expect("the counts").visible > 0 {
        assert!(Instant::now() < deadline, "not all were looked at");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    worker.stop().await;
    let stats = broker.stats(&queue).await.expect("the counts");
    assert_eq!(
        stats.visible + stats.in_flight + stats.delayed,
        unreadable.len() as u64,
        "{stats:?}"
    );
    assert_eq!(effects.count(), valid.len());
}

async fn send(broker: &dyn Broker, queue: &str, bodies: &[String]) {
    let messages = bodies.iter().map(|body| Outgoing {
        body: body.clone(),
        ..Outgoing::default()
    });
    for sent in broker.send(queue, messages.collect()).await {
        sent.expect("sent");
    }
}

/// Waits until no more than `most` messages are there, apart from those with a time in the future.
async fn until_at_most(broker: &dyn Broker, queue: &str, most: u64) {
    let deadline = Instant::now() + Duration::from_mins(1);
    loop {
        let stats = broker.stats(queue).await.expect("the counts");
        if stats.visible + stats.in_flight <= most {
            return;
        }
        assert!(Instant::now() < deadline, "messages are left: {stats:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The ids of bodies that could be read.
fn ids(bodies: &[&String]) -> Vec<String> {
    let id = |body: &&String| {
        let envelope = Envelope::decode(body, &Limits::default());
        let envelope = envelope
            .unwrap_or_else(|error| panic!("neither read nor a dead letter: {error}: {body}"));
        envelope.headers.id
    };
    bodies.iter().map(id).collect()
}

/// Its breaking made it a message for later, or one that wants no result.
fn leaves_nothing(body: &str) -> bool {
    let headers = Envelope::decode(body, &Limits::default())
        .expect("it was read")
        .headers;
    let eta = headers
        .eta
        .as_deref()
        .and_then(|eta| UtcTime::parse(eta).ok());
    eta.is_some_and(|eta| eta > SystemClock.now()) || headers.ignore_result == Some(true)
}

/// Reads a dead-letter queue while it fills, to keep it short.
struct Letters {
    over: CancellationToken,
    reading: JoinHandle<HashMap<String, Vec<Delivery>>>,
}

impl Letters {
    fn read(broker: Arc<dyn Broker>, queue: String) -> Self {
        let over = CancellationToken::new();
        let ended = over.clone();
        let reading = tokio::spawn(async move {
            let mut letters: HashMap<String, Vec<Delivery>> = HashMap::new();
            loop {
                let last = ended.is_cancelled();
                let (wait, visibility) = (Duration::from_secs(1), Duration::from_mins(5));
                let found = broker.receive(&queue, 10, wait, visibility).await;
                let found = found.expect("received");
                if last && found.is_empty() {
                    return letters;
                }
                let receipts = found.iter().map(|letter| letter.receipt.clone()).collect();
                broker.ack(&queue, receipts).await;
                for letter in found {
                    let said = |name: &str| {
                        letter
                            .attributes
                            .get(name)
                            .is_some_and(|text| !text.is_empty())
                    };
                    assert!(
                        said("celeriac-reason") && said("celeriac-error"),
                        "{letter:?}"
                    );
                    letters.entry(letter.body.clone()).or_default().push(letter);
                }
            }
        });
        Self { over, reading }
    }

    /// By their bodies, once there are no more.
    async fn all(self) -> HashMap<String, Vec<Delivery>> {
        self.over.cancel();
        self.reading.await.expect("read")
    }
}
