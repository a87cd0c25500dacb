//! The shop as its users run it: its own program, on a SQLite file.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A folder with a database of its own.
struct Shop {
    folder: TempDir,
}

/// A worker, ended by SIGTERM at the latest when the test ends.
struct Worker(Child);

impl Shop {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().expect("a folder"),
        }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_shop"));
        let settings: PathBuf = [env!("CARGO_MANIFEST_DIR"), "celeriac.toml"]
            .iter()
            .collect();
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env_remove("RUST_LOG")
            .env("CELERIAC_CONFIG", settings);
        command.env(
            "CELERIAC_BROKER_URL",
            format!(
                "sqlite:{}",
                self.folder.path().join("shop.sqlite").display()
            ),
        );
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the shop runs")
    }

    /// Runs and wants this exit code; the answer is stdout and stderr.
    fn wants(&self, code: i32, arguments: &[&str]) -> (String, String) {
        let output = self.run(arguments);
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        let (stdout, stderr) = (text(output.stdout), text(output.stderr));
        assert_eq!(
            output.status.code(),
            Some(code),
            "{arguments:?}\nstdout: {stdout}\nstderr: {stderr}"
        );
        (stdout, stderr)
    }

    fn worker(&self) -> Worker {
        Worker(
            self.command(&["worker", "--concurrency", "4"])
                .stderr(Stdio::piped())
                .spawn()
                .expect("a worker"),
        )
    }
}

impl Worker {
    /// SIGTERM, and the end it comes to within ten seconds.
    fn end(mut self) -> Option<i32> {
        terminate(&self.0);
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            match self.0.try_wait().expect("the worker can be waited for") {
                Some(status) => return status.code(),
                None if Instant::now() > deadline => return None,
                None => std::thread::sleep(Duration::from_millis(20)),
            }
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn terminate(child: &Child) {
    let status = Command::new("kill")
        .args(["-TERM", &child.id().to_string()])
        .status()
        .expect("kill");
    assert!(status.success());
}

#[test]
fn a_task_goes_from_the_command_line_to_a_worker_and_back() {
    let shop = Shop::new();
    let worker = shop.worker();
    let (stdout, _) = shop.wants(
        0,
        &[
            "send",
            "shop.charge_card",
            "--args",
            r#"["1001"]"#,
            "--kwargs",
            r#"{"cents": 590}"#,
            "--wait",
            "30s",
            "--json",
        ],
    );
    let result: serde_json::Value = serde_json::from_str(&stdout).expect("JSON");
    assert_eq!(result["status"], "SUCCESS");
    assert_eq!(result["result"]["cents"], 590);

    let id = result["task_id"].as_str().expect("an id");
    let (stdout, _) = shop.wants(0, &["result", id]);
    assert!(
        stdout.contains("SUCCESS") && stdout.contains("\"order\":\"1001\""),
        "{stdout}"
    );
    assert_eq!(worker.end(), Some(0));
}

#[test]
fn a_task_that_sends_others_is_followed_to_its_children() {
    let shop = Shop::new();
    let worker = shop.worker();
    let orders = r#"[[{"id": "1", "product": "celeriac", "count": 2, "cents": 590, "email": "ada@example.org"}, {"id": "2", "product": "salsify", "count": 1, "cents": 300, "email": "bob@example.org"}]]"#;
    let (stdout, _) = shop.wants(
        0,
        &[
            "send",
            "shop.import_orders",
            "--args",
            orders,
            "--wait",
            "30s",
            "--json",
        ],
    );
    let result: serde_json::Value = serde_json::from_str(&stdout).expect("JSON");
    let children: Vec<&str> = result["result"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|id| id.as_str())
        .collect();
    assert_eq!(children.len(), 2);

    shop.wants(0, &["result", children[0], "--wait", "30s"]);
    let (_, stderr) = shop.wants(3, &["result", children[1], "--wait", "30s"]);
    assert!(
        stderr.contains("OutOfStock: only 0 of `salsify` left, 1 wanted")
            || stderr.contains("only 0 of `salsify` left"),
        "{stderr}"
    );
    assert_eq!(worker.end(), Some(0));
}

#[test]
fn failures_have_their_own_exit_code_and_say_what_failed() {
    let shop = Shop::new();
    let worker = shop.worker();
    let (_, stderr) = shop.wants(
        3,
        &[
            "send",
            "shop.charge_card",
            "--kwargs",
            r#"{"order": "2", "cents": 0}"#,
            "--wait",
            "30s",
        ],
    );
    assert!(
        stderr.contains("failed: NothingToPay: order 2 costs nothing"),
        "{stderr}"
    );
    let (_, stderr) = shop.wants(3, &["send", "shop.charge_card", "--wait", "30s"]);
    assert!(
        stderr.contains("TypeError") && stderr.contains("'order'"),
        "{stderr}"
    );
    let (_, stderr) = shop.wants(3, &["send", "shop.no_such_task", "--wait", "30s"]);
    assert!(
        stderr.contains("note: task `shop.no_such_task` is not registered")
            && stderr.contains("NotRegistered"),
        "{stderr}"
    );
    assert_eq!(worker.end(), Some(0));
}

#[test]
fn a_result_that_is_not_there_in_time_is_no_failure_of_the_task() {
    let shop = Shop::new();
    let (id, _) = shop.wants(0, &["send", "shop.generate_report"]);
    let (stdout, _) = shop.wants(4, &["result", id.trim()]);
    assert!(stdout.contains("PENDING"), "{stdout}");
    let (_, stderr) = shop.wants(4, &["result", id.trim(), "--wait", "0.1"]);
    assert!(
        stderr.contains("hint: is a worker running on its queue?"),
        "{stderr}"
    );
}

#[test]
fn tasks_are_listed_with_their_queues_and_limits() {
    let (stdout, stderr) = Shop::new().wants(0, &["tasks"]);
    assert_eq!(stderr, "");
    insta::assert_snapshot!("tasks", stdout);
}

#[test]
fn wrong_usage_changes_nothing_and_says_what_is_right() {
    let shop = Shop::new();
    let (_, stderr) = shop.wants(2, &["send", "shop.send_email", "--args", "ada@example.org"]);
    assert!(
        stderr.contains("--args <JSON>")
            && stderr.contains("not a JSON list")
            && stderr.contains("quote it"),
        "{stderr}"
    );
    let (_, stderr) = shop.wants(2, &["send", "shop.send_email", "--args", "1"]);
    assert!(stderr.contains("for one argument: '[1]'"), "{stderr}");
    let (_, stderr) = shop.wants(2, &["worker", "-Q", "a:0"]);
    assert!(stderr.contains("a weight must be 1 or more"), "{stderr}");
    let (_, stderr) = shop.wants(2, &["worker", "--concurrency", "0"]);
    assert!(stderr.contains("1 to 1000000"), "{stderr}");
    let (_, stderr) = shop.wants(
        2,
        &[
            "--broker",
            "amqp://guest:hunter2@localhost",
            "send",
            "shop.send_email",
        ],
    );
    assert!(
        stderr.contains("broker_url") && stderr.contains("sqs://") && !stderr.contains("hunter2"),
        "{stderr}"
    );
    assert!(
        !shop.folder.path().join("shop.sqlite").exists(),
        "nothing was sent"
    );
}

#[test]
fn an_unknown_setting_names_the_nearest_one() {
    let output = Shop::new()
        .command(&["tasks"])
        .env("CELERIAC_WORKER_CONCURENCY", "3")
        .output()
        .expect("the shop runs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(stderr.contains("worker_concurrency"), "{stderr}");
}

#[test]
fn logs_are_json_where_asked_for() {
    let shop = Shop::new();
    let worker = Worker(
        shop.command(&["worker", "--log-format", "json"])
            .stderr(Stdio::piped())
            .spawn()
            .expect("a worker"),
    );
    shop.wants(
        0,
        &[
            "send",
            "shop.charge_card",
            "--args",
            r#"["1", 2]"#,
            "--wait",
            "30s",
        ],
    );
    terminate(&worker.0);
    let mut worker = worker;
    let mut stderr = String::new();
    std::io::Read::read_to_string(worker.0.stderr.as_mut().expect("piped"), &mut stderr)
        .expect("UTF-8");
    assert!(stderr.lines().count() >= 2, "{stderr}");
    for line in stderr.lines() {
        serde_json::from_str::<serde_json::Value>(line)
            .unwrap_or_else(|error| panic!("{error}: {line}"));
    }
}

/// Also where the log is asked for nothing of celeriac's own.
#[test]
fn what_a_task_logs_has_its_name() {
    let shop = Shop::new();
    let mut worker = Worker(
        shop.command(&["worker"])
            .env("RUST_LOG", "shop=info")
            .stderr(Stdio::piped())
            .spawn()
            .expect("a worker"),
    );
    let mail = r#"["a@example.com", "hello", "world"]"#;
    let (id, _) = shop.wants(0, &["send", "shop.send_email", "--args", mail]);
    let mut log = BufReader::new(worker.0.stderr.take().expect("piped")).lines();
    let line = log.next().expect("a line").expect("UTF-8");
    let id = id.trim_end();
    let said = format!(" INFO shop.send_email[{id}]: mail to a@example.com: hello (5 bytes)");
    assert!(line.ends_with(&said), "{line}");
    assert_eq!(worker.end(), Some(0));
}

#[test]
fn the_manifest_tells_what_a_deployment_needs() {
    let shop = Shop::new();
    let (stdout, stderr) = shop.wants(0, &["manifest"]);
    assert_eq!(stderr, "");
    let left = std::fs::read_dir(shop.folder.path()).expect("the folder");
    assert_eq!(left.count(), 0, "it opened a database");
    insta::assert_snapshot!("manifest", stdout);
}

/// With the manifest's environment alone, a program has the queues, names and rights that the one
/// had that printed it, and prints the same environment.
#[test]
fn a_program_with_the_manifests_environment_prints_the_same_manifest() {
    let long = format!("a{}", "b".repeat(60));
    for variables in [
        &[][..],
        &[
            ("TASK_DEFAULT_QUEUE", "jobs"),
            (
                "TASK_ROUTES",
                r#"{"shop.send_*" = "mail", "z" = {queue = "a.b", priority = 3}}"#,
            ),
            ("LAMBDA_SPILL_QUEUE", "slow"),
            ("RESULT_BACKEND_TRANSPORT_OPTIONS__GLOBAL_KEYPREFIX", "shop"),
        ],
        &[
            ("BROKER_URL", "sqs://"),
            (
                "RESULT_BACKEND",
                "dynamodb://eu-west-1/orders?ttl_seconds=604800",
            ),
            (
                "BROKER_TRANSPORT_OPTIONS",
                r#"{"region": "eu-west-1", "queue_name_prefix": "staging-", "visibility_timeout": "90s"}"#,
            ),
            ("ENVIRONMENT", "stage"),
        ],
        &[
            ("BROKER_URL", "sqs://"),
            (
                "BROKER_TRANSPORT_OPTIONS__PREDEFINED_QUEUES",
                r#"{"celery": {"url": "https://sqs.us-east-1.amazonaws.com/123456789012/legacy-tasks"}}"#,
            ),
            ("UNKNOWN_TASK", "forward:others"),
            ("TASK_TIME_LIMIT", "5m"),
            ("TASK_COMPRESSION", "gzip"),
            ("RESULT_EXPIRES", "none"),
            ("WORKER_CONCURRENCY", "3"),
            ("TIMEZONE", "Asia/Seoul"),
        ],
        &[
            ("RESULT_BACKEND", "disabled://"),
            ("TASK_DEFAULT_QUEUE", &long),
        ],
    ] {
        let shop = Shop::new();
        let mut command = shop.command(&["manifest"]);
        for (name, value) in variables {
            command.env(format!("CELERIAC_{name}"), value);
        }
        let first = printed(command);
        let mut command = Command::new(env!("CARGO_BIN_EXE_shop"));
        command.arg("manifest").current_dir(shop.folder.path());
        let environment = first["environment"].as_object().expect("a table");
        for (name, value) in environment {
            let value = value.as_str().expect("a text");
            command.env(name, value.replace("${region}", "us-east-1"));
        }
        let text = printed(command).to_string();
        let text = text.replace("dynamodb://us-east-1", "dynamodb://${region}");
        let text = text.replace("dynamodb:us-east-1:", "dynamodb:${region}:");
        let mut second: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        if !first["table"].is_null() {
            second["table"]["region"] = first["table"]["region"].clone();
        }
        assert_eq!(second, first, "{variables:?}");
    }
}

fn printed(mut command: Command) -> serde_json::Value {
    let output = command.output().expect("the shop runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// The manifest of the deployment examples is this app's own, with a FIFO queue beside the others.
/// After a change: `UPDATE_DOCS=1 cargo test -p shop the_examples`, then
/// `infra/sam infra/manifest.json --all infra`.
#[test]
fn the_examples_of_deployments_are_of_this_manifest() {
    let routes = r#"{"shop.send_*" = "high_priority", "shop.import_order" = "orders.fifo"}"#;
    let shop = Shop::new();
    let output = shop
        .command(&["manifest"])
        .env("CELERIAC_TASK_ROUTES", routes)
        .output()
        .expect("the shop runs");
    let manifest = String::from_utf8(output.stdout).expect("UTF-8");
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for file in [
        "terraform/examples/complete/manifest.json",
        "infra/manifest.json",
    ] {
        let file = root.join(file);
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(&file, &manifest).expect("written");
        }
        let there = std::fs::read_to_string(&file).expect("a manifest");
        assert_eq!(there, manifest, "{} is stale", file.display());
    }
}
