//! What is sent for a run, and what an operator holds back.

use std::time::Duration;

use celeriac_beat::{CatchUp, Entry};
use celeriac_core::{ScheduledRun, SendOptions};
use celeriac_protocol::{UtcTime, Value};
use jiff::Timestamp;

use crate::scene::{LEASE, Scene, at, every, named};

fn utc(time: Timestamp) -> UtcTime {
    UtcTime(time.as_microsecond())
}

fn with(options: SendOptions) -> Entry {
    every(10.0).under(options)
}

/// The options of the first run, whose time is 10 s after midnight.
async fn first_run(entry: Entry) -> SendOptions {
    let scene = Scene::new();
    let _beat = scene.start(vec![entry]);
    scene.until(11).await;
    let sent = scene.recorder.sent();
    assert_eq!(sent.len(), 1);
    sent[0].options.clone()
}

#[tokio::test(start_paused = true)]
async fn a_run_says_what_it_is() {
    let options = first_run(every(10.0)).await;
    let id = options.task_id.as_deref();
    assert_eq!(id, Some("pulse:2027-01-01T00:00:10Z"));
    assert_eq!(options.eta, None, "it runs at once");
    let header = |name: &str| options.headers.get(name).cloned();
    assert_eq!(header("celery_beat_task"), Some(Value::Bool(true)));
    let run = ScheduledRun {
        entry: Some("pulse".to_owned()),
        scheduled_time: Some(utc(at(10))),
        timezone: Some("UTC".to_owned()),
        ..ScheduledRun::default()
    };
    assert_eq!(header(ScheduledRun::HEADER), Some(run.to_value()));
}

#[tokio::test(start_paused = true)]
async fn a_countdown_and_a_relative_expires_count_from_the_time_due() {
    let options = SendOptions {
        countdown: Some(Duration::from_secs(30)),
        expires: Some(Duration::from_mins(5)),
        ..SendOptions::default()
    };
    let sent = first_run(with(options)).await;
    assert_eq!((sent.countdown, sent.expires), (None, None));
    assert_eq!(sent.eta, Some(utc(at(40))));
    assert_eq!(sent.expires_at, Some(utc(at(310))));
}

#[tokio::test(start_paused = true)]
async fn jitter_is_an_eta_that_every_beat_would_choose() {
    let jitter = Duration::from_secs(5);
    let entry = || every(10.0).jitter(jitter);
    let sent = first_run(entry()).await;
    assert_eq!(sent.eta, first_run(entry()).await.eta);
    let runs: Vec<_> = (1..=100_i64)
        .map(|n| (at(10 * n), entry().run(at(10 * n), "UTC").1))
        .collect();
    let late = |(due, run): &(Timestamp, SendOptions)| {
        run.eta.map_or(0, |eta| eta.0 - due.as_microsecond())
    };
    let late: Vec<_> = runs.iter().map(late).collect();
    assert!(late.iter().all(|late| (0..=5_000_000).contains(late)));
    let early_half = late.iter().filter(|late| **late < 2_500_000).count();
    assert!((30..=70).contains(&early_half), "{early_half} of 100");
}

#[tokio::test(start_paused = true)]
async fn a_relative_expires_leaves_a_late_run_its_whole_time() {
    let options = SendOptions {
        expires: Some(Duration::from_secs(1)),
        ..SendOptions::default()
    };
    let entry = with(options).jitter(Duration::from_mins(10));
    let (_, run) = entry.run(at(10), "UTC");
    let (eta, expires) = (run.eta.expect("an eta"), run.expires_at.expect("an end"));
    assert_eq!(expires.0 - eta.0, 1_000_000);
}

#[tokio::test(start_paused = true)]
async fn a_paused_entry_is_left_out_until_it_is_resumed() {
    let scene = Scene::new();
    let _beat = scene.start(vec![every(10.0), named("other", 10.0)]);
    scene.until(11).await;
    assert!(scene.pauses().pause("pulse").await.expect("a store"));
    assert!(!scene.pauses().pause("pulse").await.expect("a store"));
    scene.pass(LEASE.as_secs_f64() / 4.0 + 0.1).await;
    scene.until(31).await;
    let resumed = scene.pauses().resume("pulse", at(31)).await;
    assert!(resumed.expect("a store"));
    scene.until(41).await;
    let counts = scene.counts();
    let pulse = counts.keys().filter(|id| id.starts_with("pulse"));
    let pulse: Vec<_> = pulse.map(String::as_str).collect();
    assert_eq!(
        pulse,
        ["pulse:2027-01-01T00:00:10Z", "pulse:2027-01-01T00:00:40Z"]
    );
    assert_eq!(counts.len(), 6, "the other one goes on");
}

#[tokio::test(start_paused = true)]
async fn a_pause_holds_from_a_beats_first_moment() {
    let scene = Scene::new();
    let beat = scene.start(vec![every(10.0)]);
    scene.until(5).await;
    beat.stop().await.expect("a good end");
    scene.pauses().pause("pulse").await.expect("a store");
    scene.until(15).await;
    let _beat = scene.start(vec![every(10.0)]);
    scene.until(29).await;
    assert_eq!(scene.times(), Vec::<i64>::new());
}

#[tokio::test(start_paused = true)]
async fn what_was_due_in_a_pause_is_left_out_also_if_no_beat_was_there() {
    let scene = Scene::new();
    let all = || vec![every(10.0).catch_up(CatchUp::RunAll)];
    let beat = scene.start(all());
    scene.until(5).await;
    beat.stop().await.expect("a good end");
    scene.pauses().pause("pulse").await.expect("a store");
    scene.until(65).await;
    scene
        .pauses()
        .resume("pulse", at(65))
        .await
        .expect("a store");
    let _beat = scene.start(all());
    scene.until(81).await;
    assert_eq!(scene.times(), [70, 80]);
}
