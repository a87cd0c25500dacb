use std::sync::Arc;
use std::time::{Duration, Instant};

use celeriac::TaskSignature;
use celeriac::prelude::*;
use celeriac_aws::SqsBroker;
use celeriac_core::{Broker, Outgoing, QueueAdmin as _, QueueSpec, StateMap};
use celeriac_testkit::emulator::unique_name;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::counted::Counted;

const SAMPLES: usize = 20;
const ALLOWED: Duration = Duration::from_millis(30);
const ROUNDS: usize = 3;
/// While a poll is open, ministack looks for messages this often: what a message waits for it is by
/// chance. So the samples are sent at times that are spread over it evenly.
const LOOKS: Duration = Duration::from_millis(100);

/// Tells when it starts.
#[task(name = "chaos.now")]
async fn now(started: State<UnboundedSender<Instant>>) -> TaskResult {
    started.send(Instant::now())?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn one_task_alone_starts_within_30_ms_over_the_emulators_own_wake_up() {
    let (started, mut starts) = unbounded_channel::<Instant>();
    let mut state = StateMap::default();
    state.insert(started);
    let app = Counted::new(1, |_| {}, state, now).await;
    let bare = unique_name("chaos-bare");
    app.broker
        .declare(&QueueSpec::new(&bare))
        .await
        .expect("a queue");
    let worker = app.start(Duration::from_secs(5));
    let mut polled = Instant::now();
    // looks up the queue and opens connections
    start(&app, &mut starts, &mut polled, Duration::ZERO).await;
    // another load on the machine can only add to it
    for round in 1.. {
        let (mut ours, mut emulators) = (Vec::new(), Vec::new());
        for sample in 0..SAMPLES {
            let phase = LOOKS * sample as u32 / SAMPLES as u32;
            ours.push(start(&app, &mut starts, &mut polled, phase).await);
            emulators.push(wake_up(&app.broker, &bare, phase).await);
        }
        let (ours, emulators) = (median(ours), median(emulators));
        eprintln!("sent to started: {ours:?}; the emulator's own wake-up: {emulators:?}");
        if ours <= emulators + ALLOWED {
            break;
        }
        assert!(round < ROUNDS, "{ours:?} over {emulators:?}");
    }
    worker.stop().await;
}

/// From a task's send to its start, `phase` after one of the emulator's looks. `polled` is when the
/// worker's poll began.
async fn start(
    app: &Counted,
    starts: &mut UnboundedReceiver<Instant>,
    polled: &mut Instant,
    phase: Duration,
) -> Duration {
    until(*polled, phase).await;
    let sent = Instant::now();
    let call = TaskSignature::<()>::new("chaos.now");
    let result = app.client.send(call).await.expect("sent");
    let started = starts.recv().await.expect("it starts");
    *polled = started; // just before, when the message came
    result.get(Duration::from_secs(10)).await.expect("it ends");
    started.duration_since(sent)
}

/// Waits until `phase` after one of the next looks of a poll that began at `polled`.
async fn until(polled: Instant, phase: Duration) {
    let earliest = Instant::now() + LOOKS;
    let mut at = polled + phase;
    while at < earliest {
        at += LOOKS;
    }
    tokio::time::sleep_until(at.into()).await;
}

/// From a message's send to the end of the long poll that was open.
async fn wake_up(broker: &Arc<SqsBroker>, queue: &str, phase: Duration) -> Duration {
    let polled = Instant::now();
    let (broker_of_poll, name) = (Arc::clone(broker), queue.to_owned());
    let poll = tokio::spawn(async move {
        let (wait, visibility) = (Duration::from_secs(20), Duration::from_mins(1));
        let found = broker_of_poll
            .receive(&name, 10, wait, visibility)
            .await
            .expect("received");
        (Instant::now(), found)
    });
    until(polled, phase).await;
    let sent = Instant::now();
    broker
        .send(queue, vec![message()])
        .await
        .remove(0)
        .expect("sent");
    let (received, found) = poll.await.expect("no panic");
    assert_eq!(found.len(), 1);
    let receipts = found.into_iter().map(|message| message.receipt).collect();
    broker
        .ack(queue, receipts)
        .await
        .remove(0)
        .expect("deleted");
    received.duration_since(sent)
}

fn message() -> Outgoing {
    Outgoing {
        body: "any".to_owned(),
        ..Outgoing::default()
    }
}

fn median(mut samples: Vec<Duration>) -> Duration {
    samples.sort();
    samples[samples.len() / 2]
}
