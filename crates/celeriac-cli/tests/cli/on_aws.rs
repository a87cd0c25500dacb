//! The `celeriac` program on an emulator of AWS.

use std::process::{Command, Output};

use celeriac_testkit::emulator::{Ministack, unique_name};

/// One emulator, with a prefix of its own for queues and a table of its own.
struct Account {
    broker: String,
    results: String,
    prefix: String,
}

impl Account {
    async fn new(name: &str) -> Self {
        let host = Ministack::shared()
            .await
            .url()
            .trim_start_matches("http://");
        let unique = unique_name(name);
        Self {
            broker: format!("sqs://test:test@{host}"),
            results: format!("dynamodb://test:test@{host}/{unique}"),
            prefix: format!("{unique}-"),
        }
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_celeriac"));
        command
            .args(arguments)
            .env("AWS_REGION", "us-east-1")
            .current_dir(env!("CARGO_TARGET_TMPDIR"));
        command
            .env("CELERIAC_BROKER_URL", &self.broker)
            .env("CELERIAC_RESULT_BACKEND", &self.results);
        let prefix = format!(r#"{{queue_name_prefix = "{}"}}"#, self.prefix);
        command
            .env("CELERIAC_BROKER_TRANSPORT_OPTIONS", prefix)
            .output()
            .expect("celeriac runs")
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
}

#[tokio::test]
async fn doctor_leads_from_an_empty_account_to_a_sound_one() {
    let account = Account::new("doctor").await;
    let (stdout, _) = account.wants(1, &["doctor"]);
    assert!(
        stdout.contains("does not exist\n      -> celeriac queues create --table\n"),
        "{stdout}"
    );
    assert!(
        stdout.contains(
            "fail  queue `celery`: does not exist\n      -> celeriac queues create celery\n"
        ),
        "{stdout}"
    );
    assert!(!stdout.contains("test:test"), "{stdout}");

    account.wants(0, &["queues", "create", "celery", "--table"]);
    let (stdout, _) = account.wants(0, &["doctor"]);
    assert!(stdout.contains("0 warnings, 0 failures"), "{stdout}");
    for subject in [
        "region: us-east-1",
        "credentials: arn:aws:",
        "clock:",
        "TTL: on",
        "go to `celery-dlq`",
        "dynamodb:PartiQLUpdate",
    ] {
        assert!(stdout.contains(subject), "no {subject} in {stdout}");
    }
}

#[tokio::test]
async fn doctor_warns_of_what_will_hurt() {
    let account = Account::new("warn").await;
    account.wants(
        0,
        &[
            "queues",
            "create",
            "short",
            "--max-receives",
            "3",
            "--visibility",
            "5s",
            "--table",
        ],
    );
    account.wants(0, &["queues", "create", "lone", "--no-dlq"]);
    let (stdout, _) = account.wants(0, &["doctor", "--queue", "short,lone"]);
    assert!(
        stdout.contains(
            "warn  queue `short`, dead letters: SQS moves a message to `short-dlq` after 3 receives"
        ),
        "{stdout}"
    );
    assert!(
        stdout.contains("warn  queue `short`, visibility: its own visibility timeout is 5 s"),
        "{stdout}"
    );
    assert!(
        stdout.contains("warn  queue `lone`, dead letters: it has no dead-letter queue"),
        "{stdout}"
    );
}

#[tokio::test]
async fn creating_leaves_an_older_queue_alone_until_told() {
    let account = Account::new("older").await;
    account.wants(0, &["queues", "create", "old", "--max-receives", "3"]);
    let create = [
        "queues",
        "create",
        "old",
        "--visibility",
        "5m",
        "--max-receives",
        "100",
    ];
    let (stdout, _) = account.wants(0, &create);
    assert!(
        stdout.contains("exists and is unchanged, visibility 60 s, kept 4 days, dead-letter queue `old-dlq` after 3 receives; with --update it gets visibility 300 s"),
        "{stdout}"
    );
    account.wants(0, &[&create[..], &["--update"]].concat());
    let (stdout, _) = account.wants(0, &create);
    let prefix = &account.prefix;
    assert_eq!(
        stdout,
        format!(
            "queue `old` (in full `{prefix}old`): exists, visibility 300 s, kept 4 days, dead-letter queue `old-dlq` after 100 receives\n"
        )
    );
}

#[tokio::test]
async fn queues_are_listed_sent_to_and_purged() {
    let account = Account::new("queues").await;
    let (_, stderr) = account.wants(1, &["send", "tasks.add", "-Q", "orders"]);
    assert!(
        stderr.contains("hint: celeriac queues create orders"),
        "{stderr}"
    );
    account.wants(0, &["queues", "create", "orders"]);
    account.wants(
        0,
        &["send", "tasks.add", "-Q", "orders", "--args", "[1, 2]"],
    );
    let (stdout, _) = account.wants(0, &["queues", "list", "--json"]);
    let queues: Vec<serde_json::Value> = serde_json::from_str(&stdout).expect("JSON");
    let names: Vec<&str> = queues
        .iter()
        .filter_map(|queue| queue["queue"].as_str())
        .collect();
    assert_eq!(names, ["orders", "orders-dlq"]);
    assert_eq!(
        (&queues[0]["visible"], &queues[0]["max_receive_count"]),
        (&1.into(), &100.into())
    );
    let (stdout, _) = account.wants(0, &["queues", "purge", "orders", "--yes"]);
    assert_eq!(stdout, "purged about 1 messages of queue `orders`\n");
}
