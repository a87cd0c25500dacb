//! `celeriac import`, on what real Celery apps and Django have printed (`tests/fixtures/beat`).

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/fixtures/beat")
        .join(name)
}

/// Exit code, stdout and stderr of `celeriac import celery-beat -` with this on stdin.
fn import(stdin: &str, arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_celeriac"))
        .args(["import", "celery-beat", "-"])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("celeriac starts");
    let mut input = child.stdin.take().expect("a pipe");
    input.write_all(stdin.as_bytes()).expect("it reads");
    drop(input);
    let output = child.wait_with_output().expect("celeriac ends");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

fn import_fixture(name: &str) -> (Option<i32>, String, String) {
    let json = std::fs::read_to_string(fixture(name)).expect("the fixture");
    import(&json, &[])
}

fn task(fields: &Value) -> String {
    let mut all = json!({"name": "e", "task": "t", "interval": 1});
    for (name, value) in fields.as_object().expect("an object") {
        all[name] = value.clone();
    }
    json!([
        {"model": "django_celery_beat.intervalschedule", "pk": 1, "fields": {"every": 1, "period": "hours"}},
        {"model": "django_celery_beat.periodictask", "pk": 1, "fields": all},
    ])
    .to_string()
}

#[test]
fn a_celery_apps_schedule() {
    let (code, stdout, stderr) = import_fixture("beat_schedule.json");
    assert_eq!(code, Some(1), "three entries are left out: {stderr}");
    insta::assert_snapshot!("celery_toml", stdout);
    insta::assert_snapshot!("celery_notes", stderr);
}

#[test]
fn a_fixture_of_django_celery_beat() {
    let (code, stdout, stderr) = import_fixture("django_celery_beat.json");
    assert_eq!(code, Some(1), "two entries are left out: {stderr}");
    insta::assert_snapshot!("django_toml", stdout);
    insta::assert_snapshot!("django_notes", stderr);
}

#[test]
fn json_holds_what_toml_cannot() {
    let dump = json!({"beat_schedule": {"e": {"task": "t", "schedule": 60, "args": [null, 1]}}});
    let (code, stdout, stderr) = import(&dump.to_string(), &["--json"]);
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    let expected = json!({"e": {"task": "t", "schedule": 60, "args": [null, 1]}});
    let beat_schedule: Value = serde_json::from_str(&stdout).expect("JSON");
    assert_eq!(beat_schedule, expected);
}

#[test]
fn what_is_neither_is_wrong_usage() {
    for (text, reason) in [
        ("nonsense", "stdin is not JSON"),
        ("3", "stdin: neither a list of Django objects nor a dump"),
        ("{}", "stdin: there is no object `beat_schedule` in it"),
        ("[]", "stdin: there is no object of the model"),
    ] {
        let (code, stdout, stderr) = import(text, &[]);
        assert_eq!((code, stdout.as_str()), (Some(2), ""), "{text}");
        assert!(stderr.starts_with(&format!("error: {reason}")), "{stderr}");
        assert!(
            stderr.contains("hint: give what docs/beat_schedule_dump.py prints"),
            "{stderr}"
        );
    }
}

#[test]
fn an_error_names_file_entry_and_field() {
    for (fields, reason) in [
        (json!({"args": "[1"}), "`args` is not JSON: "),
        (json!({"args": "{}"}), "`args`: expected a list"),
        (
            json!({"priority": "high"}),
            "`priority`: expected a whole number",
        ),
        (
            json!({"interval": 2}),
            "`interval`: its intervalschedule is not in the file",
        ),
        (
            json!({"interval": null}),
            "it has none of crontab, interval, solar, clocked",
        ),
        (
            json!({"crontab": 1}),
            "it has crontab and interval: only one may be",
        ),
        (
            json!({"start_time": "soon"}),
            "`start`: `soon` is not a time",
        ),
        (json!({"task": ""}), "`task` is missing"),
    ] {
        let (code, stdout, stderr) = import(&task(&fields), &[]);
        assert_eq!((code, stdout.trim()), (Some(1), ""), "{stderr}");
        let line = stderr.lines().find(|line| line.starts_with("left out: "));
        let expected = format!("left out: stdin: beat entry `e`: {reason}");
        assert!(
            line.is_some_and(|line| line.starts_with(&expected)),
            "{stderr}"
        );
    }
}

/// What `send_task` and kombu's `publish` take and no message has.
const NO_EQUIVALENT: [&str; 22] = [
    "add_to_parent",
    "body_encoding",
    "confirm_timeout",
    "connection",
    "content_encoding",
    "content_type",
    "declare",
    "delivery_info",
    "delivery_tag",
    "event_dispatcher",
    "exchange_type",
    "immediate",
    "mandatory",
    "producer",
    "publisher",
    "result_cls",
    "retry",
    "retry_policy",
    "route_name",
    "router",
    "task_type",
    "timeout",
];

#[test]
fn an_option_without_an_equivalent_is_told_of() {
    for option in NO_EQUIVALENT {
        for (value, told) in [
            (json!(true), 1),
            (json!(false), 1),
            (json!({"max_retries": 3}), 1),
            (Value::Null, 0),
        ] {
            let entry =
                json!({"task": "t", "schedule": 60, "options": {"queue": "q", option: value}});
            let dump = json!({"beat_schedule": {"e": entry}});
            let (code, stdout, stderr) = import(&dump.to_string(), &[]);
            assert_eq!(code, Some(0), "{stderr}");
            assert!(
                stdout.ends_with("options = { queue = \"q\" }\n"),
                "{stdout}"
            );
            let begin = format!("note: stdin: beat entry `e`: option `{option}` is left out: ");
            let lines: Vec<_> = stderr.lines().collect();
            assert_eq!(lines.len(), told, "{option} {value}: {stderr}");
            assert!(
                lines.iter().all(|line| line.starts_with(&begin)),
                "{stderr}"
            );
        }
    }
}

#[test]
fn options_that_are_no_object_are_named() {
    let dump = json!({"beat_schedule": {
        "e": {"task": "t", "schedule": 60, "options": ["queue"]},
        "good": {"task": "t", "schedule": 60},
    }});
    let (code, stdout, stderr) = import(&dump.to_string(), &[]);
    assert_eq!(code, Some(1), "{stderr}");
    assert!(stdout.starts_with("[beat_schedule.\"good\"]"), "{stdout}");
    assert!(
        stderr.starts_with("left out: stdin: beat entry `e`: `options`: "),
        "{stderr}"
    );
}

#[test]
fn a_local_time_of_django_is_told_of() {
    let (code, stdout, stderr) = import(&task(&json!({"start_time": "2030-01-01T09:00:00"})), &[]);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(
        stdout.contains("start = \"2030-01-01T09:00:00Z\""),
        "{stdout}"
    );
    assert!(
        stderr.contains("beat entry `e`: `start_time` has no offset and is read as UTC"),
        "{stderr}"
    );
}

/// Exit code, stdout and stderr of `celeriac import celery-beat FILE`.
fn import_file(path: &Path) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_celeriac"))
        .args(["import", "celery-beat"])
        .arg(path)
        .stdin(Stdio::null())
        .output()
        .expect("celeriac runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.code(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

/// As Windows PowerShell's `>` and editors there write.
#[test]
fn a_file_of_windows_is_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("beat.json");
    let utf16 = |text: &str, bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    };
    for name in ["beat_schedule.json", "django_celery_beat.json"] {
        let plain = std::fs::read_to_string(fixture(name)).expect("the fixture");
        let expected = import_file(&fixture(name)).1;
        let text = plain.replace('\n', "\r\n");
        let marked = format!("\u{feff}{text}");
        for bytes in [
            marked.clone().into_bytes(),
            utf16(&text, u16::to_le_bytes),
            utf16(&text, u16::to_be_bytes),
            utf16(&marked, u16::to_le_bytes),
            utf16(&marked, u16::to_be_bytes),
        ] {
            std::fs::write(&path, bytes).expect("a file");
            let (code, stdout, stderr) = import_file(&path);
            assert_eq!(code, Some(1), "{stderr}");
            assert_eq!(stdout, expected);
        }
    }
}

#[test]
fn what_cannot_be_a_dump_is_refused_before_it_is_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let large = folder.path().join("large.json");
    let file = std::fs::File::create(&large).expect("a file");
    file.set_len(1 << 40).expect("a sparse file");
    let latin = folder.path().join("latin.json");
    std::fs::write(&latin, b"[\"gr\xf6\xdfer\"]").expect("a file");
    let mut refused = vec![
        (large, "it is over the limit of 16 MiB"),
        (
            latin,
            "it is neither UTF-8 nor UTF-16: save it as UTF-8 (in PowerShell",
        ),
        (folder.path().to_owned(), "it is not a regular file"),
        (folder.path().join("none"), "No such file"),
    ];
    if cfg!(unix) {
        let pipe = folder.path().join("pipe"); // nobody writes into it
        let made = Command::new("mkfifo").arg(&pipe).status();
        assert!(made.expect("mkfifo runs").success());
        refused.push((pipe, "it is not a regular file (`-` reads a pipe on stdin)"));
        refused.push(("/dev/zero".into(), "it is not a regular file"));
    }
    for (path, reason) in refused {
        let (code, stdout, stderr) = import_file(&path);
        assert_eq!((code, stdout.as_str()), (Some(2), ""), "{stderr}");
        let expected = format!("error: {} cannot be read: {reason}", path.display());
        assert!(stderr.starts_with(&expected), "{stderr}");
    }
}

#[test]
#[cfg(unix)]
fn stdin_is_read_up_to_the_limit() {
    let zero = std::fs::File::open("/dev/zero").expect("a device");
    let output = Command::new(env!("CARGO_BIN_EXE_celeriac"))
        .args(["import", "celery-beat", "-"])
        .stdin(zero)
        .output()
        .expect("celeriac runs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(
        stderr.starts_with("error: stdin cannot be read: it is over the limit of 16 MiB"),
        "{stderr}"
    );
}

#[test]
fn a_file_is_written_once_and_never_replaced() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("celeriac.toml");
    let dump = json!({"beat_schedule": {"e": {"task": "t", "schedule": 60}}}).to_string();
    let path = file.to_str().expect("UTF-8");
    let (code, stdout, stderr) = import(&dump, &["-o", path]);
    assert_eq!((code, stdout.as_str(), stderr.as_str()), (Some(0), "", ""));
    let written = std::fs::read_to_string(&file).expect("the file");
    assert_eq!(
        written,
        "[beat_schedule.\"e\"]\ntask = \"t\"\nschedule = 60\n"
    );
    let (code, _, stderr) = import(&dump, &["-o", path]);
    assert_eq!(code, Some(2));
    assert!(stderr.contains("celeriac.toml already exists"), "{stderr}");
    assert_eq!(std::fs::read_to_string(&file).expect("the file"), written);
}
