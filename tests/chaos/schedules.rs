use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use celeriac::Value;
use celeriac::broker::QueueSpec;
use celeriac_protocol::{ResultMeta, State};
use celeriac_testkit::scheduler_model::SchedulerModel;
use celeriac_testkit::scheduler_service::SchedulerService;
use jiff::Timestamp;
use serde_json::Value as Json;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::process::Command;

use crate::effects::Effects;
use crate::scene::Scene;
use crate::schedule_evaluator::{Call, StoredSchedule};

const GROUP: &str = "interop";
const HOUR: i64 = 3600;

/// An app's entries as the program itself has put them into EventBridge Scheduler, and what AWS
/// would then do, done by the tests.
struct Fired {
    scene: Scene,
    service: SchedulerService,
    folder: TempDir,
    fifo: String,
    effects: Effects,
    now: i64,
}

impl Fired {
    async fn new() -> Self {
        let scene = Scene::ministack().await;
        let fifo = format!("{}.fifo", scene.queue);
        let admin = scene.connection.queue_admin();
        let spec = QueueSpec {
            dead_letter: None,
            ..QueueSpec::new(&fifo)
        };
        admin.declare(&spec).await.expect("the FIFO queue");
        Self {
            effects: scene.effects(),
            scene,
            service: SchedulerService::start().await,
            folder: TempDir::new().expect("a folder"),
            fifo,
            now: Timestamp::now().as_second(),
        }
    }

    fn entries(&self) -> String {
        // a guard lets nothing through on days of the month of this week that are weekdays of
        // another
        let day = |days: i64| {
            let time = Timestamp::from_second(self.now + days * 24 * HOUR).expect("a time");
            time.to_zoned(jiff::tz::TimeZone::UTC).date()
        };
        let days = format!("{},{},{}", day(-1).day(), day(0).day(), day(1).day());
        let weekday = day(3).weekday().to_sunday_zero_offset();
        let launch = Timestamp::from_second(self.now + 900).expect("a time");
        format!(
            r#"
[beat_schedule."in Kolkata"]
task = "w.scheduled"
schedule = "*/20 * * * *"
timezone = "Asia/Kolkata"

[beat_schedule.poll]
task = "w.scheduled"
schedule = 300

[beat_schedule.often]
task = "w.scheduled"
schedule = 59

[beat_schedule.launch]
task = "w.scheduled"
schedule = {{at = "{launch}"}}

[beat_schedule.twice]
task = "w.effects"
schedule = "*/30 * * * *"
args = ["{path}", "twice"]

[beat_schedule.guarded]
task = "w.effects"
schedule = "*/30 * {days} * {weekday}"
args = ["{path}", "guarded"]
celeriac_only = true

[beat_schedule.precise]
task = "w.slow_effects"
schedule = "* * * * *"
args = ["{path}", "precise", 0.0]
celeriac_only = true
precise = true

[beat_schedule.lapsed]
task = "w.effects"
schedule = "*/30 * * * *"
args = ["{path}", "lapsed"]
options = {{expires = 30}}
celeriac_only = true

[beat_schedule.ordered]
task = "w.effects"
schedule = "*/30 * * * *"
args = ["{path}", "ordered"]
options = {{queue = "{fifo}"}}

[beat_schedule.tenant]
task = "w.request_info"
schedule = "*/30 * * * *"
options = {{MessageGroupId = "tenant"}}

[beat_schedule.off]
task = "w.effects"
schedule = "* * * * *"
args = ["{path}", "off"]
enabled = false
"#,
            path = self.effects.path(),
            fifo = self.fifo,
        )
    }

    /// The app's own program.
    async fn schedules(&self, words: &[&str]) -> Output {
        let file: PathBuf = self.folder.path().join("celeriac.toml");
        fs::write(&file, self.entries()).expect("the settings");
        let url = self.service.url().replace("http://", "sqs://test:test@");
        let mut command = Command::new(env!("CARGO_BIN_EXE_interop-worker"));
        command
            .arg("schedules")
            .args(words)
            .current_dir(self.folder.path())
            .env("AWS_REGION", "us-east-1")
            .env("CELERIAC_BROKER_URL", url)
            .env("CELERIAC_TASK_DEFAULT_QUEUE", &self.scene.queue)
            .stdin(Stdio::null());
        command.output().await.expect("the program runs")
    }

    /// All that the group holds, by the entry's name: read back from the API, and each held to the
    /// API model.
    async fn stored(&self) -> BTreeMap<String, Vec<StoredSchedule>> {
        let page = self
            .get(&format!("/schedules?ScheduleGroup={GROUP}&MaxResults=100"))
            .await;
        assert_eq!(page["NextToken"], Json::Null, "one page");
        let mut stored: BTreeMap<String, Vec<StoredSchedule>> = BTreeMap::new();
        for listed in page["Schedules"].as_array().expect("a list") {
            let name = listed["Name"].as_str().expect("a name");
            let mut schedule = self
                .get(&format!("/schedules/{name}?groupName={GROUP}"))
                .await;
            let members = schedule.as_object_mut().expect("an object");
            for of_answers in ["Arn", "CreationDate", "LastModificationDate"] {
                members.remove(of_answers);
            }
            let problems = SchedulerModel::shared().problems_of("CreateScheduleInput", &schedule);
            assert_eq!(problems, Vec::<String>::new(), "{schedule}");
            let message = schedule["Target"]["Input"].as_str().expect("an input");
            stored
                .entry(entry_of(message))
                .or_default()
                .push(StoredSchedule::new(schedule));
        }
        stored
    }

    async fn get(&self, path: &str) -> Json {
        let url = self.service.url();
        let address = url.trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).await.expect("a connection");
        let request =
            format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.expect("sent");
        let mut answer = Vec::new();
        loop {
            stream.read_buf(&mut answer).await.expect("an answer");
            let text = String::from_utf8_lossy(&answer);
            assert!(
                "HTTP/1.1 200".starts_with(&text[..text.len().min(12)]),
                "{text}"
            );
            let body = text.split_once("\r\n\r\n").map(|(_, body)| body);
            if let Some(Ok(body)) = body.map(serde_json::from_str) {
                return body;
            }
        }
    }

    async fn perform(&self, call: Call) {
        let broker = self.scene.connection.broker();
        let mut sent = broker.send(&call.queue, vec![call.message]).await;
        sent.remove(0).expect("the queue takes the message");
    }

    /// Waits until every run has ended; their results by id.
    async fn ended(&self, ids: &BTreeSet<String>) -> BTreeMap<String, ResultMeta> {
        let client = self.scene.client();
        let results = client.results::<Value>(ids.iter().map(String::as_str));
        let deadline = Instant::now() + Duration::from_mins(1);
        loop {
            let metas = results.metas().await.expect("the results");
            if metas.iter().all(|meta| meta.status.is_ready()) {
                return ids.iter().cloned().zip(metas).collect();
            }
            let left: Vec<_> = metas
                .iter()
                .filter(|meta| !meta.status.is_ready())
                .collect();
            assert!(Instant::now() < deadline, "not ended: {left:?}");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}

fn entry_of(input: &str) -> String {
    let mut message: Json = serde_json::from_str(input).expect("JSON");
    if let Some(body) = message["MessageBody"].as_str() {
        message = serde_json::from_str(body).expect("JSON");
    }
    let entry = message["headers"]["celeriac_beat"]["entry"].as_str();
    entry.expect("the entry's name").to_owned()
}

/// The id in a message.
fn id_of(body: &str) -> String {
    let message: Json = serde_json::from_str(body).expect("JSON");
    message["headers"]["id"].as_str().expect("an id").to_owned()
}

fn zulu(time: i64) -> String {
    Timestamp::from_second(time).expect("a time").to_string()
}

fn text(meta: &ResultMeta) -> &str {
    meta.result.as_str().expect("a text")
}

#[tokio::test(flavor = "multi_thread")]
async fn schedules_fired_by_an_evaluator_of_the_tests_are_tasks_that_our_worker_runs_once() {
    let fired = Fired::new().await;
    let applied = fired.schedules(&["apply"]).await;
    assert!(applied.status.success(), "{applied:?}");
    assert_eq!(fired.service.refusals(), Vec::<String>::new());
    let plan = fired
        .schedules(&["plan", "--deep", "--detailed-exitcode"])
        .await;
    assert_eq!(plan.status.code(), Some(0), "{plan:?}");

    let stored = fired.stored().await;
    let queues = format!("{},{}", fired.scene.queue, fired.fifo);
    let minute = Duration::from_mins(1);
    let worker = fired
        .scene
        .worker_on(&queues, &fired.scene.place, minute, &[], &[])
        .await;
    let (from, to) = (fired.now, fired.now + HOUR);
    let mut expected = BTreeMap::new();

    // a zone of its own, by the templated target
    let [kolkata] = &stored["in Kolkata"][..] else {
        panic!("one schedule")
    };
    assert!(!kolkata.is_universal());
    let times = kolkata.fires(from, to);
    assert_eq!(times.len(), 3);
    for time in times {
        let local = Timestamp::from_second(time)
            .expect("a time")
            .in_tz("Asia/Kolkata");
        assert_eq!(local.as_ref().expect("a zone").minute() % 20, 0);
        expected.insert(
            format!("in Kolkata:{}", zulu(time)),
            local.expect("a zone").to_string(),
        );
        fired.perform(kolkata.call(time)).await;
    }
    // a rate on its grid
    let times = stored["poll"][0].fires(from, to);
    assert!((11..=12).contains(&times.len()), "{times:?}");
    for time in times {
        assert_eq!(time % 300, 0);
        expected.insert(format!("poll:{}", zulu(time)), in_utc(time));
        fired.perform(stored["poll"][0].call(time)).await;
    }
    // one time
    let times = stored["launch"][0].fires(from, to);
    assert_eq!(times, [fired.now + 900]);
    expected.insert(format!("launch:{}", zulu(times[0])), in_utc(times[0]));
    fired.perform(stored["launch"][0].call(times[0])).await;
    expected.extend(often(&fired, &stored["often"], from, to).await);

    let ids: BTreeSet<String> = expected.keys().cloned().collect();
    let ended = fired.ended(&ids).await;
    for (id, meta) in &ended {
        assert_eq!(meta.status, State::Success, "{id}: {meta:?}");
        assert_eq!(text(meta), expected[id], "{id}");
    }
    assert!(stored["off"][0].fires(from, to).is_empty());
    worker.stop().await;
}

/// Each second of the minute is a schedule of its own: their due times together are the multiples
/// of 59 s. Few are sent, since SQS delays the messages.
async fn often(
    fired: &Fired,
    stored: &[StoredSchedule],
    from: i64,
    to: i64,
) -> BTreeMap<String, String> {
    assert_eq!(stored.len(), 60);
    let mut due = BTreeSet::new();
    let mut expected = BTreeMap::new();
    for schedule in stored {
        for time in schedule.fires(from, to) {
            let call = schedule.call(time);
            let delay = call.message.delay.as_secs();
            let is_due = time + i64::try_from(delay).expect("seconds");
            assert!(due.insert(is_due), "{is_due} is due twice");
            if delay > 3 {
                continue;
            }
            let suffix = if delay == 0 {
                String::new()
            } else {
                format!("+{delay}s")
            };
            expected.insert(format!("often:{}{suffix}", zulu(time)), in_utc(is_due));
            fired.perform(call).await;
        }
    }
    let first = from.div_euclid(59) * 59;
    // the first minute's may have fired before
    let grid: BTreeSet<i64> = (first..to)
        .step_by(59)
        .filter(|time| *time >= from + 60)
        .collect();
    let due: BTreeSet<i64> = due
        .into_iter()
        .filter(|time| (from + 60..to).contains(time))
        .collect();
    assert_eq!(due, grid);
    assert!(expected.len() >= 3, "{expected:?}");
    expected
}

fn in_utc(time: i64) -> String {
    let time = Timestamp::from_second(time).expect("a time");
    time.to_zoned(jiff::tz::TimeZone::UTC).to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn schedules_fired_by_an_evaluator_of_the_tests_twice_too_late_or_too_early_run_as_their_entries_say()
 {
    let fired = Fired::new().await;
    let applied = fired.schedules(&["apply", "--json"]).await;
    assert!(applied.status.success(), "{applied:?}");
    let stored = fired.stored().await;
    let queues = format!("{},{}", fired.scene.queue, fired.fifo);
    // a copy that comes while the first runs is looked at again after this
    let visibility = Duration::from_secs(10);
    let worker = fired
        .scene
        .worker_on(&queues, &fired.scene.place, visibility, &[], &[])
        .await;
    let now = fired.now;
    let next = |entry: &str| stored[entry][0].fires(now, now + HOUR)[0];
    let id = |entry: &str, time: i64| format!("{entry}:{}", zulu(time));

    // precise: sent a minute early, and held until its time, which is 6 s ahead
    let early = Timestamp::now().as_second() - 54;
    assert_eq!(next("precise") % 60, 0);
    fired.perform(stored["precise"][0].call(early)).await;
    // fired twice, and again by a retry of the service
    let mut succeeded = BTreeSet::from([id("precise", early)]);
    for entry in ["twice", "ordered"] {
        let time = next(entry);
        for _ in 0..3 {
            let call = stored[entry][0].call(time);
            assert_eq!(id_of(&call.message.body), id(entry, time));
            fired.perform(call).await;
        }
        succeeded.insert(id(entry, time));
    }
    let ordered = stored["ordered"][0].call(next("ordered"));
    assert!(stored["ordered"][0].is_universal());
    assert_eq!(ordered.queue, fired.fifo);
    assert_eq!(
        ordered.message.dedup_id,
        Some(id("ordered", next("ordered")))
    );
    assert!(ordered.message.group_id.is_some());
    // the tenant of a fair queue
    let tenant = stored["tenant"][0].call(next("tenant"));
    assert_eq!(tenant.message.group_id.as_deref(), Some("tenant"));
    fired.perform(tenant).await;
    succeeded.insert(id("tenant", next("tenant")));
    // of an hour ago, and expired since
    let lapsed = stored["lapsed"][0].fires(now - HOUR, now - 60)[0];
    fired.perform(stored["lapsed"][0].call(lapsed)).await;
    // on a day that the entry does not have
    let guarded = next("guarded");
    fired.perform(stored["guarded"][0].call(guarded)).await;

    let mut ids = succeeded.clone();
    ids.insert(id("lapsed", lapsed));
    for (id, meta) in fired.ended(&ids).await {
        let expected = if succeeded.contains(&id) {
            State::Success
        } else {
            State::Revoked
        };
        assert_eq!(meta.status, expected, "{id}: {meta:?}");
    }
    fired.scene.is_empty(Duration::from_secs(30)).await;
    let counts = fired.effects.counts();
    let names: BTreeMap<&str, usize> = counts
        .iter()
        .map(|(name, count)| (name.as_str(), *count))
        .collect();
    let precise = id("precise", early);
    assert_eq!(
        names,
        [
            ("ordered", 1),
            ("precise", 1),
            (precise.as_str(), 1),
            ("twice", 1)
        ]
        .into()
    );
    let lines = fired.effects.lines();
    let (_, began) = lines
        .iter()
        .find(|(name, _)| *name == precise)
        .expect("it began");
    let late = began - (early + 60) as f64;
    assert!((0.0..5.0).contains(&late), "it ran {late} s after its time");
    assert!(
        worker.log().contains("skipped by its schedule entry"),
        "{}",
        worker.log()
    );
    worker.stop().await;
}
