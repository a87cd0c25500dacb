//! A store, a broker and a clock that are not always there.

use std::sync::atomic::Ordering;
use std::time::Duration;

use celeriac_beat::{CatchUp, Entry};
use jiff::SignedDuration;
use proptest::prelude::*;

use crate::faults::Fault;
use crate::scene::{Running, SEEN, Scene, at, due, every, named};

const DOWN: Fault = Fault {
    down: true,
    unanswered: 0,
    slow: 0,
};

#[tokio::test(start_paused = true)]
async fn what_the_broker_did_not_take_is_sent_when_it_is_back() {
    let scene = Scene::new();
    let _beat = scene.start(vec![every(2.0)]);
    scene.pass(5.0).await;
    scene.recorder.faults.set(DOWN);
    scene.pass(6.0).await;
    assert_eq!(scene.times(), [2, 4]);
    scene.recorder.faults.set(Fault::default());
    scene.pass(9.5).await;
    let counts = scene.counts();
    assert_eq!(counts.len(), 10, "{counts:?}");
    assert!(counts.values().all(|sent| *sent == 1), "{counts:?}");
}

#[tokio::test(start_paused = true)]
async fn a_broker_that_was_away_for_long_gets_no_storm() {
    let scene = Scene::new();
    let entries = vec![
        named("skip", 30.0).catch_up(CatchUp::Skip),
        named("once", 30.0),
        named("all", 30.0).catch_up(CatchUp::RunAll),
    ];
    let _beat = scene.start(entries);
    scene.pass(1.0).await;
    scene.recorder.faults.set(DOWN);
    scene.until(200).await;
    scene.recorder.faults.set(Fault::default());
    scene.pass(9.0).await;
    let mut tasks: Vec<_> = scene
        .recorder
        .sent()
        .iter()
        .map(|sent| sent.task.clone())
        .collect();
    tasks.sort_unstable();
    tasks.dedup_by_key(|task| task.clone());
    assert_eq!(tasks, ["shop.all", "shop.once"]);
    assert_eq!(scene.recorder.sent().len(), 7, "six of all, and one");
}

#[tokio::test(start_paused = true)]
async fn one_queue_that_is_gone_holds_back_no_other_entry() {
    let scene = Scene::new();
    *scene.recorder.lost_task.lock().expect("no panic") = Some("shop.lost".to_owned());
    let entries = || vec![named("lost", 60.0), every(1.0), named("rare", 100.0)];
    let beat = scene.start(entries());
    scene.until(160).await;
    beat.kill();
    let _beat = scene.start(entries());
    scene.until(180).await;
    let counts = scene.counts();
    assert_eq!(
        counts.len(),
        180,
        "179 or 180 of the pulse, and the rare one"
    );
    assert_eq!(
        counts["rare:2027-01-01T00:01:40Z"], 1,
        "not again after the kill"
    );
    let twice = counts.values().filter(|sent| **sent > 1).count();
    assert!(twice <= 1, "{twice} were sent twice by one kill");
}

#[tokio::test(start_paused = true)]
async fn a_slow_broker_does_not_cost_the_lease() {
    let scene = Scene::new();
    let slow = Fault {
        slow: 60_000,
        ..Fault::default()
    };
    scene.recorder.faults.set(slow);
    let _first = scene.start(vec![every(5.0)]);
    let _second = scene.start(vec![every(5.0)]);
    scene.pass(300.0).await;
    let holder = scene.store.json(crate::scene::STATE)["holder"].clone();
    assert!(holder.as_str().expect("a holder").starts_with("beat0:"));
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_away_is_waited_for_and_nothing_is_sent_meanwhile() {
    let scene = Scene::new();
    scene.store.faults.set(DOWN);
    let beat = scene.start(vec![every(1.0)]);
    scene.pass(30.0).await;
    assert!(!beat.has_ended());
    scene.store.faults.set(Fault::default());
    scene.pass(5.0).await;
    assert_eq!(scene.times().first(), Some(&31), "new from then on");
    scene.store.faults.set(DOWN);
    scene.pass(8.0).await;
    let sent = scene.times();
    scene.pass(30.0).await;
    assert_eq!(scene.times(), sent, "no lease, no sends");
    scene.store.faults.set(Fault::default());
    scene.pass(5.0).await;
    assert!(scene.times().last() > Some(&75));
}

#[tokio::test(start_paused = true)]
async fn an_unanswered_write_is_no_takeover() {
    let scene = Scene::new();
    let fault = Fault {
        unanswered: 40,
        ..Fault::default()
    };
    scene.store.faults.set(fault);
    let _beat = scene.start(vec![every(1.0)]);
    scene.pass(100.5).await;
    assert!(scene.times().len() >= 98, "{}", scene.times().len());
}

#[tokio::test(start_paused = true)]
async fn a_store_that_cannot_be_used_ends_it() {
    let scene = Scene::new();
    scene.store.lost.store(true, Ordering::Relaxed);
    let beat = scene.start(vec![every(1.0)]);
    let error = beat.ended().await.expect_err("no table");
    assert!(error.to_string().contains("does not exist"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_clock_set_back_or_ahead_makes_no_storm() {
    let scene = Scene::new();
    let _beat = scene.start(vec![every(10.0)]);
    scene.until(35).await;
    scene.clock.set_by(SignedDuration::from_hours(-1));
    scene.pass(30.0).await;
    assert_eq!(scene.times().len(), 6);
    scene.clock.set_by(SignedDuration::from_hours(1));
    scene.until(95).await;
    let expected = [10, 20, 30, -3560, -3550, -3540, 50, 60, 70, 80, 90];
    assert_eq!(scene.times(), expected);
    scene.clock.set_by(SignedDuration::from_hours(24 * 365));
    scene.pass(2.0).await;
    assert!(
        scene.times().len() <= expected.len() + 2,
        "{:?}",
        scene.times()
    );
    for sent in scene.recorder.sent() {
        assert!(due(&sent).as_microsecond() <= sent.at.0, "{sent:?}");
    }
}

/// What happens to the beats.
#[derive(Clone, Copy, Debug)]
enum Step {
    Start,
    Kill,
    Stop,
    Store(Fault),
    Broker(Fault),
}

fn fault() -> impl Strategy<Value = Fault> {
    let slow = prop_oneof![Just(0), 0..400_u64, 0..20_000_u64];
    let faults = (prop::bool::weighted(0.3), 0..50_u8, slow);
    faults.prop_map(|(down, unanswered, slow)| Fault {
        down,
        unanswered,
        slow,
    })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => Just(Step::Start),
        2 => Just(Step::Kill),
        1 => Just(Step::Stop),
        2 => fault().prop_map(Step::Store),
        2 => fault().prop_map(Step::Broker),
        2 => Just(Step::Store(Fault::default())),
        2 => Just(Step::Broker(Fault::default())),
    ]
}

fn entries() -> Vec<Entry> {
    let all = |entry: Entry| entry.catch_up(CatchUp::RunAll);
    vec![
        all(named("two", 2.0)),
        all(named("odd", 0.7)),
        all(named("rare", 13.0)),
    ]
}

async fn play(seed: u64, steps: Vec<(u64, Step)>) {
    let scene = Scene::seeded(seed);
    let mut beats = vec![scene.start(entries())];
    for (gap, step) in steps {
        tokio::time::sleep(Duration::from_millis(gap)).await;
        take(&scene, &mut beats, step).await;
    }
    scene.store.faults.set(Fault::default());
    scene.recorder.faults.set(Fault::default());
    beats.push(scene.start(entries()));
    // a send may take 20 s, a lease 8, the longest wait for the next try 8 more
    scene.pass(70.0).await;
    all_were_sent(&scene);
}

async fn take(scene: &Scene, beats: &mut Vec<Running>, step: Step) {
    match step {
        Step::Start if beats.len() < 3 => beats.push(scene.start(entries())),
        Step::Kill if !beats.is_empty() => beats.remove(0).kill(),
        Step::Stop if !beats.is_empty() => beats.remove(0).stop().await.expect("a good end"),
        Step::Start | Step::Kill | Step::Stop => {} // enough of them, or none
        Step::Store(fault) => scene.store.faults.set(fault),
        Step::Broker(fault) => scene.recorder.faults.set(fault),
    }
}

/// Each time due since the entries were seen has its own id, and was sent once or more, and not
/// before.
fn all_were_sent(scene: &Scene) {
    let seen = scene.store.json(SEEN);
    let seen = seen.as_object().expect("a document").keys().next();
    let seen = seen.expect("a time").parse().expect("a time");
    let settled = scene.clock.time() - SignedDuration::from_secs(3);
    let mut counts = scene.counts();
    for sent in scene.recorder.sent() {
        assert!(due(&sent).as_microsecond() <= sent.at.0, "early: {sent:?}");
        assert!(due(&sent) > seen, "before it was seen: {sent:?}");
    }
    for entry in entries() {
        let utc = jiff::tz::TimeZone::UTC;
        let next = |time| entry.next_after(time, &utc);
        for time in std::iter::successors(next(seen), |time| next(*time)) {
            let sent = counts.remove(&entry.task_id(time));
            if time > settled {
                break;
            }
            assert!(sent.is_some(), "{} was never sent", entry.task_id(time));
        }
    }
    counts.retain(|id, _| {
        let (_, time) = id.split_once(':').expect("a time");
        time.parse::<jiff::Timestamp>().expect("a time") <= settled
    });
    assert!(counts.is_empty(), "ids of no time due: {counts:?}");
    assert!(seen >= at(0));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_fails_each_time_due_is_sent_under_one_id(
        seed in any::<u64>(),
        steps in prop::collection::vec((0..8_000_u64, step()), 1..25),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build();
        runtime.expect("a runtime").block_on(play(seed, steps));
    }
}
