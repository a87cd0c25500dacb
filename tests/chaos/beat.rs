//! Two beats, of which the one that sends is killed again and again.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use celeriac::prelude::Value;
use jiff::Timestamp;
use tokio::time::Instant;

use crate::beat_process::BeatProcess;
use crate::effects::Effects;
use crate::scene::{Scene, all_succeeded};

/// How long the beats run: `CELERIAC_TEST_BEAT_SECONDS`, else this.
const SPAN: Duration = Duration::from_secs(28);
const KILLS: u32 = 3;
const LEASE: Duration = Duration::from_secs(2);
const PERIOD: i64 = 2;
/// Of the takeover, beside the lease: the new holder's first send, on a busy machine.
const SLACK: Duration = Duration::from_secs(1);

#[tokio::test(flavor = "multi_thread")]
async fn kill_9_of_the_sending_beat_loses_and_doubles_no_run_on_sqlite() {
    kill_the_sender(Scene::sqlite().await, span()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_9_of_the_sending_beat_loses_and_doubles_no_run_on_ministack() {
    kill_the_sender(Scene::ministack().await, SPAN * 3 / 4).await;
}

fn span() -> Duration {
    let seconds = std::env::var("CELERIAC_TEST_BEAT_SECONDS").ok();
    seconds.map_or(SPAN, |seconds| {
        Duration::from_secs(seconds.parse().expect("seconds"))
    })
}

async fn kill_the_sender(scene: Scene, span: Duration) {
    let effects = scene.effects();
    let worker = scene.worker(Duration::from_secs(30), &[]).await;
    let mut beats = Beats::start(&scene, &effects).await;
    let first = seconds_now() + 1;
    let began = Instant::now();
    let mut takeovers = Vec::new();
    for kill in 1..=KILLS {
        let at = span * kill / (KILLS + 1) + random(Duration::from_secs(2));
        tokio::time::sleep_until(began + at).await;
        takeovers.push(beats.kill_the_sender().await);
    }
    tokio::time::sleep_until(began + span).await;
    let last = seconds_now();
    beats.end().await;

    let ids = scheduled(&effects);
    let expected: BTreeSet<String> = (first..=last)
        .filter(|second| second % PERIOD == 0)
        .map(id)
        .collect();
    each_ran(&scene, &expected).await;
    scene.is_empty(Duration::from_secs(30)).await;
    worker.stop().await;
    let runs = scheduled(&effects);
    let sends = beats.sends();
    eprintln!(
        "{} times due in {span:?}, {} sends, {} runs; takeovers after {takeovers:?}",
        expected.len(),
        sends.values().sum::<usize>(),
        runs.values().sum::<usize>(),
    );
    assert!(ids.len() >= expected.len() / 2, "nothing was sent early on");
    for id in &expected {
        assert_eq!(runs.get(id), Some(&1), "runs of {id}");
    }
    for id in runs.keys().chain(sends.keys()) {
        assert!(is_due(id), "`{id}` is no time due");
    }
    for takeover in takeovers {
        assert!(takeover <= LEASE + SLACK, "a takeover took {takeover:?}");
    }
}

/// Every one of these tasks has ended, in a SUCCESS.
async fn each_ran(scene: &Scene, ids: &BTreeSet<String>) {
    let results = scene.client().results::<Value>(ids.iter().cloned());
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let metas = results.metas().await.expect("the results");
        if metas.iter().all(|meta| meta.status.is_ready()) {
            return all_succeeded(&metas);
        }
        let left: Vec<_> = metas
            .iter()
            .zip(ids)
            .filter(|(meta, _)| !meta.status.is_ready())
            .map(|(_, id)| id)
            .collect();
        assert!(Instant::now() < deadline, "these never ran: {left:?}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// How often the task of each id began.
fn scheduled(effects: &Effects) -> BTreeMap<String, usize> {
    let counts = effects.counts().into_iter();
    counts
        .filter(|(name, _)| name.starts_with("pulse:"))
        .collect()
}

fn id(second: i64) -> String {
    let due = Timestamp::from_second(second).expect("a time");
    format!("pulse:{due}")
}

fn is_due(id: &str) -> bool {
    let time = id.strip_prefix("pulse:").and_then(|time| time.parse().ok());
    time.is_some_and(|time: Timestamp| time.as_microsecond() % (PERIOD * 1_000_000) == 0)
}

fn seconds_now() -> i64 {
    let since = SystemTime::UNIX_EPOCH.elapsed().expect("a later time");
    i64::try_from(since.as_secs()).expect("a time")
}

fn random(most: Duration) -> Duration {
    most.mul_f64(fastrand::f64())
}

/// Two beats, and the logs of those that have ended.
struct Beats<'a> {
    scene: &'a Scene,
    schedule: String,
    running: Vec<BeatProcess>,
    logs: Vec<String>,
}

impl<'a> Beats<'a> {
    async fn start(scene: &'a Scene, effects: &Effects) -> Self {
        let schedule = serde_json::json!({
            "pulse": {
                "task": "w.slow_effects",
                "schedule": PERIOD,
                "args": [effects.path(), "done", 0.0],
                "catch_up": "run_all",
            }
        })
        .to_string();
        let mut beats = Self {
            scene,
            schedule,
            running: Vec::new(),
            logs: Vec::new(),
        };
        beats.add();
        beats.sender().await;
        beats.add();
        beats.running[1].waits().await;
        beats
    }

    fn add(&mut self) {
        let beat = BeatProcess::start(self.scene, &self.schedule, LEASE);
        self.running.push(beat);
    }

    /// The place of the one that sends: on a busy machine the lease may have gone to another by
    /// itself.
    async fn sender(&self) -> usize {
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            if let Some(sender) = self.running.iter().position(BeatProcess::sends) {
                return sender;
            }
            assert!(Instant::now() < deadline, "no beat sends");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Kills it and starts another. How long one of the others needed to send.
    async fn kill_the_sender(&mut self) -> Duration {
        let sender = self.sender().await;
        let killed = self.running.remove(sender);
        self.logs.push(killed.kill().await);
        let began = Instant::now();
        self.sender().await;
        let took = began.elapsed();
        self.add();
        took
    }

    /// Stops both, the one that waits first.
    async fn end(&mut self) {
        let sender = self.sender().await;
        self.running.swap(0, sender);
        for beat in self.running.iter_mut().rev() {
            self.logs.push(beat.stop().await);
        }
    }

    /// How often each id was sent, as the logs tell.
    fn sends(&self) -> BTreeMap<String, usize> {
        let mut sends = BTreeMap::new();
        let lines = self.logs.iter().flat_map(|log| log.lines());
        for id in lines.filter_map(sent_id) {
            *sends.entry(id).or_default() += 1;
        }
        sends
    }
}

/// Of a line such as `... sent pulse id="pulse:2027-01-01T00:00:02Z" task="w.noop"`.
fn sent_id(line: &str) -> Option<String> {
    let start = line
        .contains("sent pulse")
        .then(|| line.find("pulse:2"))??;
    let id = line[start..].split(['"', ' ']).next()?;
    Some(id.to_owned())
}
