//! The `celeriac` program as an operator runs it, on a SQLite file.

use std::process::{Command, Stdio};

use tempfile::TempDir;

/// A folder with a database of its own.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().expect("a folder"),
        }
    }

    /// Without `broker_url`: `celeriac.sqlite` in the folder.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_celeriac"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .stdin(Stdio::null());
        let ours =
            std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("CELERIAC_"));
        ours.for_each(|(name, _)| {
            command.env_remove(name);
        });
        command.env_remove("RUST_LOG");
        command
    }

    /// Runs and wants this exit code; the answer is stdout and stderr.
    fn wants(&self, code: i32, arguments: &[&str]) -> (String, String) {
        let output = self.command(arguments).output().expect("celeriac runs");
        let text = |bytes: Vec<u8>| {
            String::from_utf8(bytes)
                .expect("UTF-8")
                .replace(&*self.folder.path().to_string_lossy(), "FOLDER")
        };
        let (stdout, stderr) = (text(output.stdout), text(output.stderr));
        assert_eq!(
            output.status.code(),
            Some(code),
            "{arguments:?}\nstdout: {stdout}\nstderr: {stderr}"
        );
        (stdout, stderr)
    }
}

#[test]
fn help_names_every_command_and_exit_code() {
    let (stdout, _) = Place::new().wants(0, &["--help"]);
    insta::assert_snapshot!("help", stdout);
}

#[test]
fn the_default_is_announced_on_stderr_and_data_goes_to_stdout() {
    let place = Place::new();
    let (id, note) = place.wants(0, &["send", "tasks.add", "--args", "[1, 2]"]);
    assert_eq!(
        note,
        "note: no `broker_url` is set: using SQLite in FOLDER/celeriac.sqlite\n"
    );
    assert_eq!(id.trim().len(), 36, "{id}");
    let (stdout, _) = place.wants(4, &["result", id.trim()]);
    assert!(stdout.contains("PENDING"), "{stdout}");
    let (stdout, _) = place.wants(4, &["result", id.trim(), "--json"]);
    let meta: serde_json::Value = serde_json::from_str(&stdout).expect("JSON");
    assert_eq!(meta["status"], "PENDING");
}

/// What Windows PowerShell's `>` and editors there write.
#[test]
fn a_settings_file_of_windows_is_read_and_another_encoding_is_refused_with_its_cure() {
    let toml = "# größer\r\nbroker_url = \"sqlite:settings.sqlite\"\r\nresult_backend = \"disabled://\"\r\n";
    let marked = format!("\u{feff}{toml}");
    let utf16 =
        |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
    for bytes in [marked.clone().into_bytes(), utf16(&marked), utf16(toml)] {
        let place = Place::new();
        std::fs::write(place.folder.path().join("celeriac.toml"), bytes).expect("a file");
        place.wants(0, &["queues", "create", "orders"]);
        assert!(place.folder.path().join("settings.sqlite").exists());
    }
    let place = Place::new();
    let file = place.folder.path().join("celeriac.toml");
    std::fs::write(file, b"# gr\xf6\xdfer\n").expect("a file");
    let (_, stderr) = place.wants(2, &["queues", "list"]);
    assert!(
        stderr.contains("cannot be read: it is neither UTF-8 nor UTF-16: save it as UTF-8"),
        "{stderr}"
    );
}

#[test]
fn queues_are_created_listed_and_purged() {
    let place = Place::new();
    place.wants(0, &["queues", "create", "orders", "mail.fifo", "--table"]);
    for number in ["[1]", "[2]", "[3]"] {
        place.wants(0, &["send", "tasks.add", "--args", number, "-Q", "orders"]);
    }
    let (stdout, _) = place.wants(0, &["queues", "list"]);
    insta::assert_snapshot!("queues", stdout);

    let (_, stderr) = place.wants(2, &["queues", "purge", "orders"]);
    assert!(
        stderr.contains("would delete about 3 messages of queue `orders`"),
        "{stderr}"
    );
    assert!(
        stderr.contains("hint: celeriac queues purge orders --yes"),
        "{stderr}"
    );
    let (stdout, _) = place.wants(0, &["queues", "purge", "orders", "--yes"]);
    assert_eq!(stdout, "purged about 3 messages of queue `orders`\n");
    let (stdout, _) = place.wants(0, &["queues", "list", "--json"]);
    let queues: serde_json::Value = serde_json::from_str(&stdout).expect("JSON");
    assert!(
        queues
            .as_array()
            .expect("a list")
            .iter()
            .all(|queue| queue["visible"] == 0),
        "{stdout}"
    );
}

#[test]
fn creating_says_what_stands_there_and_changes_it_when_told() {
    let place = Place::new();
    let create = |arguments: &[&str]| {
        let all = [&["queues", "create", "orders"], arguments].concat();
        place.wants(0, &all).0
    };
    insta::assert_snapshot!(create(&["--no-dlq"]), @"queue `orders`: created, visibility 60 s, kept 4 days, no dead-letter queue");
    insta::assert_snapshot!(create(&["--max-receives", "3"]), @"queue `orders`: dead-letter queue added, visibility 60 s, kept 4 days, dead-letter queue `orders-dlq` after 3 receives");
    insta::assert_snapshot!(create(&[]), @"queue `orders`: exists, visibility 60 s, kept 4 days, dead-letter queue `orders-dlq` after 3 receives");
    let asked = ["--visibility", "5m", "--max-receives", "100"];
    insta::assert_snapshot!(create(&asked), @"queue `orders`: exists and is unchanged, visibility 60 s, kept 4 days, dead-letter queue `orders-dlq` after 3 receives; with --update it gets visibility 300 s, kept 4 days, dead-letter queue `orders-dlq` after 100 receives");
    let updated = create(&[&asked[..], &["--update"]].concat());
    insta::assert_snapshot!(updated, @"queue `orders`: updated, visibility 300 s, kept 4 days, dead-letter queue `orders-dlq` after 100 receives");
    insta::assert_snapshot!(create(&asked), @"queue `orders`: exists, visibility 300 s, kept 4 days, dead-letter queue `orders-dlq` after 100 receives");
}

#[test]
fn what_is_in_memory_is_said_to_be_lost() {
    let place = Place::new();
    let memory = ["--broker", "sqlite::memory:"];
    let (_, stderr) = place.wants(0, &[&memory[..], &["send", "tasks.add"]].concat());
    assert!(
        stderr.contains("note: the broker is in this command's memory"),
        "{stderr}"
    );
    let (_, stderr) = place.wants(4, &[&memory[..], &["result", "some-id"]].concat());
    assert!(
        stderr.contains("note: the results are in this command's memory"),
        "{stderr}"
    );
}

#[test]
fn no_error_shows_a_secret() {
    let place = Place::new();
    for url in [
        "u:s3cret@host",
        "sqs:u:s3cret@host",
        "sqs://u:s3cret@host:port",
        "amqp://u:s3cret@host",
    ] {
        let (stdout, stderr) = place.wants(2, &["--broker", url, "send", "tasks.add"]);
        assert!(
            !format!("{stdout}{stderr}").contains("s3cret"),
            "{url}: {stderr}"
        );
    }
}

#[test]
fn a_queue_that_is_not_there_says_how_to_create_it() {
    let (_, stderr) = Place::new().wants(1, &["queues", "purge", "no_such_queue", "--yes"]);
    assert!(
        stderr.contains("queue `no_such_queue`: the queue does not exist"),
        "{stderr}"
    );
    assert!(
        stderr.contains("hint: celeriac queues create no_such_queue"),
        "{stderr}"
    );
}

#[test]
fn doctor_looks_at_all_queues_of_a_manifest() {
    let place = Place::new();
    let manifest = place.folder.path().join("manifest.json");
    let queues =
        serde_json::json!({"queues": [{"name": "celery", "fifo": false}, {"name": "reports"}]});
    std::fs::write(&manifest, queues.to_string()).expect("written");
    place.wants(0, &["queues", "create", "celery", "reports"]);
    let (stdout, stderr) = place.wants(0, &["doctor", "--manifest", "manifest.json"]);
    assert!(stdout.contains("queue `reports`: 0 waiting"), "{stdout}");
    assert!(!stderr.contains("not looked at"), "{stderr}");
    let (stdout, stderr) = place.wants(0, &["doctor"]);
    assert!(!stdout.contains("reports"), "{stdout}");
    assert!(stderr.contains("celeriac doctor --manifest -"), "{stderr}");
    let hostile = serde_json::json!({"queues": [{"name": "a\u{1b}[2J\nok    all\u{9b}\u{202e}"}]});
    std::fs::write(&manifest, hostile.to_string()).expect("written");
    for json in [&["--json"][..], &[]] {
        let command = [&["doctor", "--manifest", "manifest.json"], json].concat();
        let output = place.command(&command).output().expect("celeriac runs");
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        let raw = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(
            !text.contains(raw) && !text.contains("\nok    all"),
            "{text:?}"
        );
    }
    for (file, reason) in [
        ("nowhere.json", "No such file"),
        ("celeriac.sqlite", "UTF-8"),
    ] {
        let (_, stderr) = place.wants(2, &["doctor", "--manifest", file]);
        let begins = format!("error: the manifest `{file}`: ");
        assert!(
            stderr.starts_with(&begins) && stderr.contains(reason),
            "{stderr}"
        );
    }
}

#[test]
fn doctor_looks_at_sqlite() {
    let place = Place::new();
    place.wants(0, &["queues", "create", "celery"]);
    let (stdout, _) = place.wants(0, &["--broker", "sqlite:celeriac.sqlite", "doctor"]);
    assert!(stdout.contains("integrity"), "{stdout}");
    assert!(stdout.contains("0 warnings, 0 failures"), "{stdout}");
    let (stdout, _) = place.wants(
        0,
        &["--broker", "sqlite:celeriac.sqlite", "doctor", "--json"],
    );
    let checks: serde_json::Value = serde_json::from_str(&stdout).expect("JSON");
    assert!(
        checks
            .as_array()
            .expect("a list")
            .iter()
            .all(|check| check["status"] == "ok"),
        "{stdout}"
    );
}

#[test]
fn doctor_warns_that_nothing_is_configured() {
    let (stdout, _) = Place::new().wants(0, &["doctor", "--queue", "orders"]);
    assert!(
        stdout.starts_with("warn  settings: no `broker_url` is set"),
        "{stdout}"
    );
    assert!(
        stdout.contains("      -> set CELERIAC_BROKER_URL=sqs://"),
        "{stdout}"
    );
    assert!(
        stdout.contains("queue `orders`: does not exist yet"),
        "{stdout}"
    );
}

#[test]
fn doctor_fails_where_aws_cannot_be_reached_and_says_what_to_do() {
    let place = Place::new();
    let nobody = "sqs://test:test@127.0.0.1:9"; // the discard port: nothing listens there
    let mut doctor = place.command(&[
        "--broker",
        nobody,
        "--result-backend",
        "disabled://",
        "doctor",
        "--json",
    ]);
    let output = doctor
        .env("AWS_REGION", "us-east-1")
        .output()
        .expect("celeriac runs");
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let checks: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout).expect("JSON");
    let queue = checks
        .iter()
        .find(|check| check["subject"] == "queue `celery`")
        .expect("a line for the queue");
    assert_eq!(
        (&queue["status"], &queue["advice"]),
        (
            &"fail".into(),
            &"check the network, the endpoint and the region".into()
        )
    );
}

#[test]
fn doctor_survives_a_file_that_is_no_database() {
    let place = Place::new();
    std::fs::write(
        place.folder.path().join("notes.txt"),
        "these are notes, and long enough to be no database",
    )
    .expect("a file");
    let (_, stderr) = place.wants(2, &["--broker", "sqlite:notes.txt", "doctor"]);
    assert!(stderr.contains("notes.txt"), "{stderr}");
}

#[test]
fn wrong_usage_says_what_is_right() {
    let place = Place::new();
    let (_, stderr) = place.wants(2, &["send", "tasks.add", "--kwargs", "x=1"]);
    insta::assert_snapshot!("wrong_json", stderr);
    let (_, stderr) = place.wants(2, &["send", "tasks.add", "--countdown", "soon"]);
    assert!(stderr.contains("not a duration such as"), "{stderr}");
    let (_, stderr) = place.wants(2, &["queues", "create"]);
    assert!(stderr.contains("<NAME>"), "{stderr}");
}

#[test]
fn a_chord_is_sent_listed_and_repaired() {
    let place = Place::new();
    let (_, stderr) = place.wants(0, &["chords", "list"]);
    assert!(stderr.contains("no chord is open"), "{stderr}");
    let chord = r#"{"task": "celery.chord", "subtask_type": "chord", "kwargs": {
        "header": [{"task": "tasks.add", "args": [1]}, {"task": "tasks.add", "args": [2]}],
        "body": {"task": "tasks.total"}}}"#;
    let (body, _) = place.wants(0, &["send", "--workflow", chord]);
    let (stdout, _) = place.wants(0, &["chords", "list"]);
    assert!(
        stdout.contains("tasks.total") && stdout.contains("0/2"),
        "{stdout}"
    );
    let (stdout, _) = place.wants(0, &["chords", "list", "--json"]);
    let chords: serde_json::Value = serde_json::from_str(&stdout).expect("JSON");
    assert_eq!(chords[0]["body_id"], body.trim());
    assert_eq!(
        (&chords[0]["members"], &chords[0]["layout"]),
        (&2.into(), &"set".into())
    );

    let gid = chords[0]["group_id"].as_str().expect("an id");
    let (stdout, _) = place.wants(1, &["chords", "repair", gid]);
    assert!(
        stdout.contains("2 members have not ended") && stdout.contains("--fail-missing"),
        "{stdout}"
    );
    let (stdout, _) = place.wants(0, &["chords", "repair", gid, "--fail-missing"]);
    assert!(stdout.contains("a worker was told"), "{stdout}");
    let (stdout, _) = place.wants(0, &["queues", "list", "--json"]);
    assert!(stdout.contains(r#""visible":3"#), "{stdout}");
    let (stdout, _) = place.wants(1, &["chords", "repair", "nobody"]);
    assert!(stdout.contains("no chord of this id is known"), "{stdout}");
}

#[test]
fn a_graph_is_written_in_five_forms() {
    let place = Place::new();
    let (_, stderr) = place.wants(1, &["graph", "nobody"]);
    assert!(
        stderr.contains("nothing is stored under the id `nobody`"),
        "{stderr}"
    );
    let chord = r#"{"task": "celery.chord", "subtask_type": "chord", "options": {"task_id": "g"}, "kwargs": {
        "header": [{"task": "a", "options": {"task_id": "one"}}, {"task": "b", "options": {"task_id": "two"}}],
        "body": {"task": "tasks.total", "options": {"task_id": "body"}}}}"#;
    place.wants(0, &["send", "--workflow", chord]);
    let (text, _) = place.wants(0, &["graph", "g"]);
    insta::assert_snapshot!(text, @r"
    chord g  2 PENDING
        task  one  PENDING
        task  two  PENDING
    → tasks.total  body  PENDING
    ");
    let (json, _) = place.wants(0, &["graph", "g", "--json"]);
    let graph: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(
        graph["steps"][0]["group"]["branches"][1][0]["task"]["id"],
        "two"
    );
    assert_eq!(graph["states"]["PENDING"], 3);
    for (form, sign) in [
        ("--dot", "digraph workflow {"),
        ("--mermaid", "flowchart LR"),
        ("--svg", "<svg xmlns="),
    ] {
        let (text, _) = place.wants(0, &["graph", "g", form]);
        assert!(text.starts_with(sign), "{text}");
    }
    place.wants(2, &["graph", "g", "--dot", "--svg"]);
}
