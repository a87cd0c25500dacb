use std::fmt::Write as _;
use std::path::Path;

use celeriac_core::{Setting, Settings};
use celeriac_protocol::Serializer;

const INTRODUCTION: &str = "\
<!-- made from the settings in crates/celeriac-core/src/settings.rs: UPDATE_DOCS=1 cargo test -p celeriac-core settings_doc -->

# Settings

Settings have Celery's names. They come from code (`App`), then from a TOML file, then from the environment; each
overrides the one before.

- **File**: `celeriac.toml` in the working directory, or the file that `CELERIAC_CONFIG` names. An unknown name is an
  error that says which one is near. It is UTF-8 or UTF-16, with or without a byte order mark, and 16 MiB at most.
- **Environment**: `CELERIAC_` and the name in capitals: `CELERIAC_TASK_DEFAULT_QUEUE=shop`. A setting inside of a table
  has two underscores: `CELERIAC_BROKER_TRANSPORT_OPTIONS__REGION=eu-west-1`. Tables are inline TOML or JSON:
  `CELERIAC_TASK_ROUTES='{\"mail.*\" = \"mail\"}'`.
- **Durations** are numbers of seconds or texts such as `90s`, `5m`, `1h 30m`. `none`, or an empty text, is none.

```toml
broker_url = \"sqs://\"
result_backend = \"dynamodb://eu-west-1/celery\"
task_time_limit = \"5m\"

[broker_transport_options]
region = \"eu-west-1\"
visibility_timeout = 120

[task_routes]
\"mail.*\" = \"mail\"
\"video.encode\" = { queue = \"video\", priority = 3 }
're:report\\.(daily|weekly)' = \"reports\"
```

The log is filtered by `RUST_LOG`, such as `info,celeriac_worker=debug`. What is logged while a task runs, by the task itself too, has its name:

```text
2026-11-27T03:00:00.000000Z  INFO tasks.add[4f2c...]: adding 1 and 2
2026-11-27T03:00:00.010000Z  INFO Task tasks.add[4f2c...] succeeded in 0.010s: 3
```

As JSON, `spans` has the fields `task`, `id`, `retries` and `attempt`. A subscriber of your own finds them in the span `task`, with the
target `celeriac::task` at level `error`, so that it is there whatever level is asked for.
";

const PASSED_OVER: &str = "
## Celery's settings without a meaning here

So that a Celery user's config carries over, these are ignored, with a warning in the log:
";

fn document() -> String {
    let mut text = INTRODUCTION.to_owned();
    for list in Settings::reference() {
        if list.group.is_empty() {
            text.push_str("\n## All\n\n");
        } else {
            let _ = write!(text, "\n## In `{}`\n\n", list.group);
        }
        text.push_str("| setting | value | default | |\n|---|---|---|---|\n");
        for setting in list.settings {
            text.push_str(&row(setting));
        }
    }
    text.push_str(PASSED_OVER);
    for list in Settings::reference() {
        let place = if list.group.is_empty() {
            "setting".to_owned()
        } else {
            format!("in `{}`", list.group)
        };
        let _ = write!(text, "\n| {place} | why, or what instead |\n|---|---|\n");
        for some in list.passed_over {
            let names: Vec<String> = some.names.iter().map(|name| format!("`{name}`")).collect();
            let _ = writeln!(text, "| {} | {} |", names.join(", "), capitalized(some.why));
        }
    }
    text
}

fn capitalized(text: &str) -> String {
    let mut rest = text.chars();
    let first = rest.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(rest).collect()
}

fn row(setting: &Setting) -> String {
    let doc: Vec<&str> = setting.doc.iter().map(|line| line.trim()).collect();
    let cell = |text: &str| text.replace('|', "\\|");
    format!(
        "| `{}` | {} | {} | {} |\n",
        setting.name,
        cell(setting.kind),
        cell(setting.default),
        cell(&doc.join(" "))
    )
}

#[test]
fn settings_doc_is_fresh() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/settings.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, document()).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == document(),
        "docs/settings.md is stale: run `UPDATE_DOCS=1 cargo test -p celeriac-core settings_doc` and commit it"
    );
}

/// The example in the introduction is a settings file.
#[test]
fn the_example_is_read() {
    let example = INTRODUCTION
        .split("```")
        .nth(1)
        .unwrap()
        .strip_prefix("toml")
        .unwrap();
    let mut settings = Settings::default();
    settings.apply_toml(example, Path::new("example")).unwrap();
    let router = settings.router().unwrap();
    let queue = |task| {
        router
            .lookup(task)
            .and_then(|target| target.queue.as_deref())
    };
    assert_eq!(
        (queue("report.daily"), queue("mail.send")),
        (Some("reports"), Some("mail"))
    );
}

/// The defaults that people read are those that hold.
#[test]
fn shown_defaults_are_the_defaults() {
    let defaults = Settings::default();
    let shown = |name: &str| {
        let lists = Settings::reference();
        let settings: Vec<Setting> = lists
            .iter()
            .flat_map(|list| list.settings.iter().copied())
            .collect();
        settings
            .into_iter()
            .find(|setting| setting.name == name)
            .unwrap()
            .default
    };
    for (name, value) in [
        (
            "worker_prefetch_multiplier",
            defaults.worker_prefetch_multiplier,
        ),
        ("worker_prefetch_bytes", defaults.worker_prefetch_bytes),
        ("task_max_lost_runs", defaults.task_max_lost_runs as usize),
    ] {
        assert!(shown(name).starts_with(&format!("`{value}`")), "{name}");
    }
    let serializer = "json".to_owned();
    assert_eq!(defaults.task_serializer, Serializer::Json);
    for (name, value) in [
        ("task_default_queue", defaults.task_default_queue),
        ("task_serializer", serializer),
        ("task_message_form", defaults.task_message_form.to_string()),
        ("unknown_task", defaults.unknown_task.to_string()),
        (
            "worker_queue_order",
            defaults.worker_queue_order.to_string(),
        ),
        ("worker_log_format", defaults.worker_log_format.to_string()),
        ("metrics", defaults.metrics.to_string()),
    ] {
        assert_eq!(shown(name), format!("`{value}`"), "{name}");
    }
    assert!(shown("task_acks_late").starts_with(&format!("`{}`", defaults.task_acks_late)));
    assert!(shown("visibility_timeout").starts_with(
        &format!("{} s", defaults.broker_transport_options.visibility_timeout.as_secs())
    ));
    assert!(shown("wait_time_seconds").starts_with(
        &format!("{} s", defaults.broker_transport_options.wait_time_seconds.as_secs())
    ));
    assert_eq!(
        shown("worker_shutdown_timeout"),
        format!("{} s", defaults.worker_shutdown_timeout.as_secs())
    );
}
