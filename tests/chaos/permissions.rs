//! Each role of the manifest has the rights that its programs use, and no other: every request that
//! they make to an emulator is recorded by a proxy, named as IAM names it (`iam_actions.json`,
//! after AWS's service authorization reference: a batch call of SQS needs the single call's action,
//! a statement that of its kind), and held against the policy, both ways.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use celeriac::canvas::Open;
use celeriac::prelude::*;
use celeriac_core::{Delivery, SendOptions};
use celeriac_protocol::Dict;
use celeriac_testkit::emulator::unique_name;
use celeriac_testkit::fault_proxy::FaultProxy;
use celeriac_testkit::lambda_service::{LambdaService, sqs_event};
use serde_json::Value as Json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::process::Command;

use crate::scene::Scene;

/// An IAM action on a queue or a table.
type Right = (String, String);

/// The emulator, and the proxy that records.
struct Stage {
    scene: Scene,
    proxy: FaultProxy,
    queue: String,
    table: String,
    /// Beat entries of the app, as JSON, and their schedule group.
    entries: String,
    group: String,
}

impl Stage {
    async fn new() -> Self {
        let scene = Scene::ministack().await;
        let proxy = scene.place.proxied(vec![]).await;
        let (queue, table) = (scene.queue.clone(), scene.place.table());
        Self {
            scene,
            proxy,
            queue,
            table,
            entries: "{}".to_owned(),
            group: unique_name("group"),
        }
    }

    /// With a queue and a table that are not there yet.
    async fn bare() -> Self {
        Self {
            queue: unique_name("bare"),
            table: unique_name("bare"),
            ..Self::new().await
        }
    }

    /// Of a program of ours with settings for this stage.
    fn command(&self, program: &str) -> Command {
        let place = self.scene.place.through(&self.proxy);
        let beside = Path::new(env!("CARGO_BIN_EXE_interop-worker")).with_file_name(program);
        let mut command = Command::new(beside);
        command
            .env("AWS_REGION", "us-east-1")
            .env("CELERIAC_BROKER_URL", place.broker_url())
            .env("CELERIAC_RESULT_BACKEND", place.results_in(&self.table))
            .env("CELERIAC_TASK_DEFAULT_QUEUE", &self.queue)
            .env("CELERIAC_BEAT_SCHEDULE", &self.entries)
            .env("CELERIAC_BEAT_SCHEDULE_GROUP", &self.group)
            .stdin(Stdio::null());
        command
    }

    async fn output(&self, program: &str, arguments: &[&str]) -> String {
        let output = self.command(program).args(arguments).output().await;
        let output = output.expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{program} {arguments:?}: {said}");
        String::from_utf8(output.stdout).expect("text")
    }

    /// From now on with one beat entry.
    fn has_entry(&mut self, cron: &str) {
        self.entries =
            serde_json::json!({"report": {"task": "tasks.add", "args": [1, 2], "schedule": cron}})
                .to_string();
    }

    /// The rights of a role, by the app's own manifest.
    async fn policy(&self, role: &str) -> BTreeSet<Right> {
        let manifest = self.output("interop-worker", &["manifest"]).await;
        let manifest: Json = serde_json::from_str(&manifest).expect("JSON");
        let mut rights = BTreeSet::new();
        for statement in list(&manifest["roles"][role]["statements"]) {
            for action in list(&statement["actions"]) {
                for resource in list(&statement["resources"]) {
                    rights.insert((text(action), resource_name(&text(resource))));
                }
            }
        }
        rights
    }

    /// What was asked for, as rights.
    fn used(&self) -> BTreeSet<Right> {
        let actions: BTreeMap<String, Option<String>> =
            serde_json::from_str(include_str!("iam_actions.json")).expect("a table");
        let calls = self.proxy.calls().into_iter().filter_map(|call| {
            let action = actions
                .get(&call.operation)
                .unwrap_or_else(|| panic!("{} is not in iam_actions.json", call.operation));
            Some((action.clone()?, call.resource))
        });
        calls.collect()
    }

    /// The role has what was used, on what it was used on, and no action that nothing used.
    async fn is_just(&self, role: &str, used: BTreeSet<Right>) {
        let policy = self.policy(role).await;
        let missing: Vec<_> = used
            .iter()
            .filter(|(action, resource)| {
                !policy.iter().any(|(allowed, on)| {
                    allowed == action
                        && (on == resource
                            || on
                                .strip_suffix('*')
                                .is_some_and(|start| resource.starts_with(start)))
                })
            })
            .collect();
        assert!(missing.is_empty(), "the {role} lacks {missing:?}");
        let actions = |rights: &BTreeSet<Right>| -> BTreeSet<String> {
            rights.iter().map(|(action, _)| action.clone()).collect()
        };
        let unused: Vec<_> = actions(&policy)
            .difference(&actions(&used))
            .cloned()
            .collect();
        assert!(unused.is_empty(), "nothing uses {unused:?} of the {role}");
    }
}

fn list(json: &Json) -> &[Json] {
    json.as_array().map_or(&[], Vec::as_slice)
}

fn text(json: &Json) -> String {
    json.as_str().expect("a text").to_owned()
}

/// `orders` of a queue's ARN, `table/celery` of a table's.
fn resource_name(arn: &str) -> String {
    arn.splitn(6, ':').last().expect("a name").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_producer_has_just_the_rights_it_uses() {
    let stage = Stage::new().await;
    let recorded = stage.scene.place.through(&stage.proxy);
    let client = recorded.connect(&stage.scene.queue).await.client();
    let worker = stage.scene.worker(Duration::from_mins(1), &[]).await;
    let sent = client
        .send_task("w.add", args![1, 2], Dict::new(), SendOptions::default())
        .await
        .expect("sent");
    sent.get(secs(30)).await.expect("a result");
    let table = format!("table/{}", stage.table);
    let of_table = |(_, resource): &Right| *resource == table;
    let mut read: BTreeSet<Right> = stage.used().into_iter().filter(of_table).collect();
    client.send(small_chord()).await.expect("sent");
    let mut used = stage.used();
    sent.forget().await.expect("forgotten");
    worker.stop().await;
    let mut forgotten: BTreeSet<Right> = stage.used().difference(&used).cloned().collect();
    for action in OF_CELERYS_OWN_PRODUCER {
        let resource = match action.split_once(':') {
            Some(("dynamodb", _)) => &table,
            Some((_, "ListQueues")) => "*",
            _ => &stage.queue,
        };
        let right = (action.to_owned(), resource.to_owned());
        if of_table(&right) && action != "dynamodb:PutItem" {
            read.insert(right.clone());
        }
        used.insert(right);
    }
    forgotten.insert(("dynamodb:DeleteItem".to_owned(), table.clone()));
    stage.is_just("producer", used).await;
    stage.is_just("reader", read).await;
    stage.is_just("forgetter", forgotten).await;
}

/// What Celery's own client asks for besides, in its `forget` too: tests/interop/test_rights.py
/// records it.
const OF_CELERYS_OWN_PRODUCER: [&str; 6] = [
    "dynamodb:DescribeTable",
    "dynamodb:DescribeTimeToLive",
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "sqs:GetQueueAttributes",
    "sqs:ListQueues",
];

fn small_chord() -> Chord<Value, Open> {
    let total = |number| TaskSignature::<Value>::new("w.total").arg(number);
    chord([total(1), total(2)], TaskSignature::new("w.total"))
}

/// One of each kind of task, and one that still runs when the worker ends.
async fn send_all_kinds(stage: &Stage, effects: &str) -> Vec<AsyncResult> {
    let client = stage.scene.client();
    let mut sent = Vec::new();
    for (task, arguments) in [
        ("w.add", args![1, 2]),
        ("w.retry_once", args![effects, "once", 1]),
        ("w.progress", args![1]),
        ("w.reject", args![]),
        ("w.no_such_task", args![]),
    ] {
        let call = client.send_task(task, arguments, Dict::new(), SendOptions::default());
        sent.push(call.await.expect("sent"));
    }
    sent.push(client.send(small_chord()).await.expect("sent"));
    sent
}

async fn send_long(stage: &Stage) {
    let client = stage.scene.client();
    let long = client.send_task("w.sleep", args![60.0], Dict::new(), SendOptions::default());
    long.await.expect("sent");
}

/// Until the message that is still running was received.
async fn begun(stage: &Stage) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while stage.scene.visible().await > 0 {
        assert!(Instant::now() < deadline, "it was never received");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_has_just_the_rights_it_uses() {
    let stage = Stage::new().await;
    let agent = EcsAgent::start().await;
    let effects = stage.scene.effects();
    let place = stage.scene.place.through(&stage.proxy);
    let mut worker = stage
        .scene
        .worker_on(
            &stage.scene.queue,
            &place,
            Duration::from_secs(4),
            &[("WORKER_SHUTDOWN_TIMEOUT", "2")],
            &[("ECS_AGENT_URI", agent.url.as_str())],
        )
        .await;
    let sent = send_all_kinds(&stage, effects.path()).await;
    stage.scene.ended(&sent, Duration::from_secs(30)).await;
    send_long(&stage).await;
    begun(&stage).await;
    tokio::time::sleep(Duration::from_secs(4)).await; // its visibility is extended
    worker.terminate().await;
    worker.ended(Duration::from_secs(30)).await;
    let mut used = stage.used();
    let put = agent.requests.await.expect("no panic");
    assert!(
        put.starts_with("PUT /api/task-protection/v1/state ")
            && put.contains("\"ProtectionEnabled\":true"),
        "{put}"
    );
    used.insert(("ecs:UpdateTaskProtection".to_owned(), "task/*".to_owned()));
    stage.is_just("worker", used).await;
}

/// What the event source mapping does with the function's role
/// (<https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html#events-sqs-permissions>).
const EVENT_SOURCE_MAPPING: [&str; 3] = [
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "sqs:ReceiveMessage",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_function_has_just_the_rights_it_uses() {
    let stage = Stage::new().await;
    let effects = stage.scene.effects();
    let place = stage.scene.place.through(&stage.proxy);
    let service = LambdaService::start().await;
    let _function = stage.scene.function(&service, &place, &[]);
    let sent = send_all_kinds(&stage, effects.path()).await;
    send_long(&stage).await;
    let deadline = Instant::now() + Duration::from_secs(40);
    // until the retry has come and gone; what is returned is received again
    loop {
        let messages = received(&stage).await;
        if !messages.is_empty() {
            let event = sqs_event(&messages).to_string();
            service
                .invoke(event, Duration::from_secs(4))
                .await
                .expect("an answer");
        }
        let metas = stage
            .scene
            .client()
            .results::<celeriac::Value>(sent.iter().map(AsyncResult::id));
        let metas = metas.metas().await.expect("the results");
        if metas.iter().all(|meta| meta.status.is_ready()) {
            break;
        }
        assert!(Instant::now() < deadline, "not ended: {metas:?}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let mut used = stage.used();
    for action in EVENT_SOURCE_MAPPING {
        used.insert((action.to_owned(), stage.scene.queue.clone()));
    }
    stage.is_just("lambda", used).await;
}

async fn received(stage: &Stage) -> Vec<Delivery> {
    let broker = stage.scene.connection.broker();
    let received = broker.receive(
        &stage.scene.queue,
        10,
        Duration::ZERO,
        Duration::from_secs(30),
    );
    received.await.expect("received")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_has_just_the_rights_it_uses() {
    let mut stage = Stage::bare().await;
    let queue = stage.queue.clone();
    // first as somebody else made it, then with what is missing
    stage
        .output("celeriac", &["queues", "create", &queue, "--no-dlq"])
        .await;
    stage
        .output("celeriac", &["queues", "create", &queue, "--table"])
        .await;
    stage.output("celeriac", &["queues", "list"]).await;
    stage.output("celeriac", &["doctor", "-Q", &queue]).await;
    operate_chords(&stage).await;
    stage
        .output("celeriac", &["queues", "purge", &queue, "--yes"])
        .await;
    operate_schedules(&mut stage).await;
    let mut used = stage.used();
    // what the service checks beside the request itself: a group is created with tags, and a
    // schedule hands over its role
    for (action, resource) in [
        (
            "scheduler:TagResource",
            format!("schedule-group/{}", stage.group),
        ),
        ("iam:PassRole", "role/interop-scheduler".to_owned()),
    ] {
        used.insert((action.to_owned(), resource));
    }
    // `list` looks at every queue of the account, and shows those of others as denied
    used.retain(|(_, resource)| {
        resource == "*"
            || ["table/", "role/", "schedule"]
                .iter()
                .any(|kind| resource.starts_with(kind))
            || resource.starts_with(&queue)
    });
    stage.is_just("operator", used).await;
}

/// A chord that hangs: nobody runs its members.
async fn operate_chords(stage: &Stage) {
    let queue = stage.queue.clone();
    let task = || serde_json::json!({"task": "w.total", "options": {"queue": queue}});
    let chord = serde_json::json!({
        "task": "celery.chord",
        "subtask_type": "chord",
        "kwargs": {"header": [task(), task()], "body": task()},
    });
    let chord = chord.to_string();
    let send = ["send", "--workflow", &chord];
    stage.output("interop-worker", &send).await;
    let listed = stage
        .output("celeriac", &["chords", "list", "--json"])
        .await;
    let listed: Json = serde_json::from_str(&listed).expect("JSON");
    let gid = listed[0]["group_id"].as_str().expect("an id");
    stage.output("celeriac", &["graph", gid]).await;
    let repair = ["chords", "repair", gid, "--fail-missing"];
    stage.output("celeriac", &repair).await;
}

async fn operate_schedules(stage: &mut Stage) {
    for cron in ["0 9 * * *", "0 10 * * *"] {
        stage.has_entry(cron);
        for command in [
            &["plan"][..],
            &["apply"],
            &["plan", "--deep"],
            &["pause", "report"],
            &["resume", "report"],
            &["list"],
        ] {
            let arguments = [&["schedules"], command].concat();
            stage.output("interop-worker", &arguments).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scheduler_may_send_to_the_queues_of_its_schedules_alone() {
    let mut stage = Stage::new().await;
    stage.has_entry("0 9 * * *");
    let send = ("sqs:SendMessage".to_owned(), stage.queue.clone());
    assert_eq!(stage.policy("scheduler").await, BTreeSet::from([send]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scheduler_without_schedules_may_do_nothing() {
    let stage = Stage::new().await;
    assert!(stage.policy("scheduler").await.is_empty());
}

/// The ECS agent's endpoint, as far as a worker asks for it: takes one request.
struct EcsAgent {
    url: String,
    requests: tokio::task::JoinHandle<String>,
}

impl EcsAgent {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/api", listener.local_addr().expect("an address"));
        let requests = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("a request");
            let mut request = Vec::new();
            while !String::from_utf8_lossy(&request).contains('}') {
                assert!(stream.read_buf(&mut request).await.expect("a request") > 0);
            }
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
            stream.write_all(answer).await.expect("an answer");
            String::from_utf8_lossy(&request).into_owned()
        });
        Self { url, requests }
    }
}
