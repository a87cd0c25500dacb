use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use celeriac_core::{
    AcceptContent, LogFormat, MessageForm, MetricsFormat, QueueOrder, RouteTarget, Settings,
    SettingsError, UnknownTask,
};
use celeriac_protocol::{Compression, Serializer, Value};

use crate::dict;

fn toml(text: &str) -> Result<Settings, SettingsError> {
    let mut settings = Settings::default();
    settings
        .apply_toml(text, Path::new("celeriac.toml"))
        .map(|()| settings)
}

fn env(variables: &[(&str, &str)]) -> Result<Settings, SettingsError> {
    let mut settings = Settings::default();
    let variables = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    settings.apply_env(variables).map(|()| settings)
}

fn toml_error(text: &str) -> String {
    toml(text).unwrap_err().to_string()
}

#[test]
fn a_toml_file_has_celerys_names() {
    let settings = toml(
        r#"
        broker_url = "sqs://key:secret@localhost:4566"
        result_backend = "dynamodb://us-east-1/results"
        task_default_queue = "shop"
        task_acks_late = false
        task_time_limit = 300
        task_soft_time_limit = "4m"
        result_expires = 1.5
        worker_concurrency = 4

        [broker_transport_options]
        region = "eu-west-1"
        visibility_timeout = 120
        predefined_queues = { mail = { url = "https://a/mail" }, shop = "https://a/shop" }

        [task_routes]
        "mail.*" = "mail"
        "video.add" = { queue = "video", priority = 3 }
        "re:a+" = "as"
        "#,
    )
    .unwrap();
    assert_eq!(settings.task_default_queue, "shop");
    assert_eq!(
        (settings.task_acks_late, settings.worker_concurrency),
        (false, 4)
    );
    assert_eq!(settings.task_time_limit, Some(Duration::from_secs(300)));
    assert_eq!(
        settings.task_soft_time_limit,
        Some(Duration::from_secs(240))
    );
    assert_eq!(settings.result_expires, Some(Duration::from_millis(1_500)));
    let broker = &settings.broker_transport_options;
    assert_eq!(
        (broker.region.as_deref(), broker.visibility_timeout),
        (Some("eu-west-1"), Duration::from_secs(120))
    );
    assert_eq!(
        broker.wait_time_seconds,
        Duration::from_secs(20),
        "what is not named stays"
    );
    assert_eq!(broker.predefined_queues["mail"], "https://a/mail");
    assert_eq!(broker.predefined_queues["shop"], "https://a/shop");
    let names: Vec<&str> = settings
        .task_routes
        .iter()
        .map(|(pattern, _)| pattern.as_str())
        .collect();
    assert_eq!(
        names,
        ["mail.*", "video.add", "re:a+"],
        "in the file's order"
    );
    let video = RouteTarget {
        queue: Some("video".to_owned()),
        options: dict([("priority", Value::Int(3))]),
    };
    assert_eq!(settings.task_routes[1].1, video);
}

#[test]
fn routes_may_be_a_list_as_in_celery() {
    let pairs = toml(r#"task_routes = [["a.*", "a"], ["b", {queue = "b"}]]"#).unwrap();
    let tables = toml(r#"task_routes = [{"a.*" = "a"}, {"b" = "b"}]"#).unwrap();
    assert_eq!(pairs.task_routes, tables.task_routes);
    assert_eq!(
        pairs.router().unwrap().lookup("a.x"),
        Some(&RouteTarget::queue("a"))
    );
}

#[test]
fn a_router_is_asked_before_the_next_one() {
    let nested =
        toml(r#"task_routes = [[["a.*", "first"]], {"a.b" = "second", "b" = "second"}]"#).unwrap();
    let router = nested.router().unwrap();
    let queue = |task| {
        router
            .lookup(task)
            .and_then(|target| target.queue.as_deref())
    };
    assert_eq!((queue("a.b"), queue("b")), (Some("first"), Some("second")));
    // within one router the exact name wins
    let pairs = toml(r#"task_routes = [["a.*", "first"], ["a.b", "second"]]"#).unwrap();
    assert_eq!(
        pairs.router().unwrap().lookup("a.b"),
        Some(&RouteTarget::queue("second"))
    );
}

#[test]
fn the_environment_reads_texts() {
    let settings = env(&[
        ("CELERIAC_TASK_ACKS_LATE", "no"),
        ("CELERIAC_WORKER_PREFETCH_BYTES", "1_000"),
        ("CELERIAC_TASK_TIME_LIMIT", "90"),
        ("CELERIAC_RESULT_EXPIRES", "none"),
        ("CELERIAC_TASK_ROUTES", r#"{"mail.*" = "mail"}"#),
        (
            "CELERIAC_BROKER_TRANSPORT_OPTIONS",
            r#"{"region": "eu-west-1", "is_secure": true}"#,
        ),
        ("CELERIAC_BROKER_TRANSPORT_OPTIONS__REGION", "us-east-2"),
        (
            "CELERIAC_BROKER_TRANSPORT_OPTIONS__VISIBILITY_TIMEOUT",
            "30s",
        ),
        ("CELERIAC_CONFIG", "elsewhere.toml"),
        ("CELERIAC_TEST_LANE", "of a test"),
        ("HOME", "/"),
    ])
    .unwrap();
    assert!(!settings.task_acks_late);
    assert_eq!(
        (settings.worker_prefetch_bytes, settings.task_time_limit),
        (1_000, Some(Duration::from_secs(90)))
    );
    assert_eq!(settings.result_expires, None);
    assert_eq!(
        settings.task_routes,
        [("mail.*".to_owned(), RouteTarget::queue("mail"))]
    );
    let broker = settings.broker_transport_options;
    assert_eq!(
        (broker.region.as_deref(), broker.is_secure),
        (Some("us-east-2"), true)
    );
    assert_eq!(broker.visibility_timeout, Duration::from_secs(30));
}

/// What Celery users have in their files: capitals, Django's namespace, names before 4.0.
#[test]
fn old_names_are_told_the_new_ones() {
    for (name, near) in [
        ("TASK_ACKS_LATE", "`task_acks_late`"),
        ("CELERY_TASK_ROUTES", "`task_routes`"),
        ("CELERY_BROKER_URL", "`broker_url`"),
        ("CELERYD_CONCURRENCY", "`worker_concurrency`"),
        (
            "CELERYD_PREFETCH_MULTIPLIER",
            "`worker_prefetch_multiplier`",
        ),
        ("CELERY_ACKS_LATE", "`task_acks_late`"),
        ("CELERY_DEFAULT_QUEUE", "`task_default_queue`"),
        ("CELERY_TASK_RESULT_EXPIRES", "`result_expires`"),
        ("CELERYBEAT_SCHEDULE", "`beat_schedule`"),
        ("BROKER_TRANSPORT_OPTIONS", "`broker_transport_options`"),
        ("backend", "`result_backend`"),
        (
            "task_default_retry_delay",
            "`default_retry_delay` is an option of each task",
        ),
        ("worker_concurency", "`worker_concurrency`"),
    ] {
        let error = toml(&format!("{name} = \"x\"")).unwrap_err().to_string();
        assert!(error.contains(near), "{name}: {error}");
    }
}

/// A Service that is named as we are, or as one of our workers.
#[test]
fn variables_of_kubernetes_services_are_passed_over() {
    let settings = env(&[
        ("CELERIAC_SERVICE_HOST", "10.0.0.12"),
        ("CELERIAC_SERVICE_PORT", "8080"),
        ("CELERIAC_SERVICE_PORT_HEALTH", "8080"),
        ("CELERIAC_PORT", "tcp://10.0.0.12:8080"),
        ("CELERIAC_PORT_8080_TCP", "tcp://10.0.0.12:8080"),
        ("CELERIAC_PORT_8080_TCP_PROTO", "tcp"),
        ("CELERIAC_PORT_8080_TCP_PORT", "8080"),
        ("CELERIAC_PORT_8080_TCP_ADDR", "10.0.0.12"),
        ("CELERIAC_WORKER_PORT", "udp://10.0.0.13:53"),
        ("CELERIAC_WORKER_PORT_53_UDP_ADDR", "10.0.0.13"),
    ]);
    assert_eq!(settings.unwrap(), Settings::default());
    for (name, value) in [
        ("CELERIAC_PORT", "8080"),
        ("CELERIAC_PORT_EIGHTY_TCP", "tcp://10.0.0.12:8080"),
        ("CELERIAC_SERVICE", "10.0.0.12"),
    ] {
        env(&[(name, value)]).expect_err(name);
    }
}

#[test]
fn schemes_may_be_in_capitals() {
    for (broker, results) in [("SQS://", "DynamoDB://"), ("Sqlite:a", "DISABLED://")] {
        env(&[
            ("CELERIAC_BROKER_URL", broker),
            ("CELERIAC_RESULT_BACKEND", results),
        ])
        .unwrap();
    }
}

#[test]
fn a_later_source_wins() {
    let mut settings = Settings {
        task_default_queue: "code".to_owned(),
        worker_concurrency: 1,
        ..Settings::default()
    };
    settings
        .apply_toml(
            "task_default_queue = 'file'\nworker_concurrency = 2",
            Path::new("f"),
        )
        .unwrap();
    settings
        .apply_env([("CELERIAC_WORKER_CONCURRENCY".to_owned(), "3".to_owned())])
        .unwrap();
    assert_eq!(
        (
            settings.task_default_queue.as_str(),
            settings.worker_concurrency
        ),
        ("file", 3)
    );
}

#[test]
fn unknown_names_are_errors_that_name_the_nearest() {
    assert_eq!(
        toml_error("task_rotues = {}"),
        "setting `task_rotues` (celeriac.toml): there is no such setting; did you mean `task_routes`?"
    );
    assert_eq!(
        toml_error("[broker_transport_options]\nvisibilty_timeout = 3"),
        "setting `broker_transport_options.visibilty_timeout` (celeriac.toml): there is no such setting; did you mean `visibility_timeout`?"
    );
    assert_eq!(
        env(&[("CELERIAC_WORKER_CONCURENCY", "3")])
            .unwrap_err()
            .to_string(),
        "setting `worker_concurency` (environment variable CELERIAC_WORKER_CONCURENCY): there is no such setting; did you mean `worker_concurrency`?"
    );
    assert_eq!(
        toml_error("zzz = 1"),
        "setting `zzz` (celeriac.toml): there is no such setting"
    );
}

#[test]
fn wrong_values_say_what_would_be_right() {
    let of = |text: &str| {
        let error = toml(text).unwrap_err();
        format!("{}: {}", error.name, error.reason)
    };
    assert_eq!(
        of("worker_concurrency = 0"),
        "worker_concurrency: expected 1 to 1000000, got 0"
    );
    assert_eq!(
        of("worker_concurrency = '18446744073709551615'"),
        "worker_concurrency: expected 1 to 1000000, got 18446744073709551615"
    );
    assert_eq!(
        of("worker_prefetch_multiplier = 1000001"),
        "worker_prefetch_multiplier: expected 1 to 1000000, got 1000001"
    );
    assert_eq!(
        of("worker_concurrency = 'many'"),
        "worker_concurrency: expected a whole number, zero or more, got `many`"
    );
    assert_eq!(
        of("worker_concurrency = -1"),
        "worker_concurrency: expected a whole number, zero or more, got -1"
    );
    assert_eq!(
        of("task_acks_late = 'perhaps'"),
        "task_acks_late: expected `true` or `false`, got `perhaps`"
    );
    assert_eq!(
        of("worker_shutdown_timeout = 'soon'"),
        "worker_shutdown_timeout: expected a number of seconds, or a text such as `90s`, `5m`, `1h 30m`, got `soon`"
    );
    assert_eq!(
        of("unknown_task = 'forward:'"),
        "unknown_task: expected `fail`, `dead_letter`, `release` or `forward:QUEUE`, got `forward:`"
    );
    assert_eq!(
        of("worker_log_format = 'xml'"),
        "worker_log_format: expected `text` or `json`, got `xml`"
    );
    assert_eq!(
        of("task_serializer = 'pickle'"),
        "task_serializer: pickle can run any code and is never read: use `json`, `msgpack` or `yaml`"
    );
    assert_eq!(
        of("result_serializer = 'xml'"),
        "result_serializer: expected `json`, `msgpack` or `yaml`, got `xml`"
    );
    assert_eq!(
        of("task_compression = 'rar'"),
        "task_compression: expected `gzip`, `bzip2`, `lzma`, `brotli` or `zstd`, got `rar`"
    );
    assert_eq!(
        of("task_message_form = 'tiny'"),
        "task_message_form: expected `celery` or `compact`, got `tiny`"
    );
    assert_eq!(
        of("metrics = true"),
        "metrics: expected `none` or `emf`, got true"
    );
    assert_eq!(
        of("worker_queue_order = 'STRICT'"),
        "worker_queue_order: expected `weighted` or `strict`, got `STRICT`"
    );
    assert_eq!(
        of("broker_url = 'redis://:hunter2@localhost'"),
        "broker_url: expected `sqs://...` or `sqlite:PATH`, got `redis://...`",
        "without the password"
    );
    assert_eq!(
        of("broker_url = 'u:hunter2@localhost://'"),
        "broker_url: expected `sqs://...` or `sqlite:PATH`, got a text without a scheme"
    );
    assert_eq!(
        of("broker_transport_options = {visibility_timeout = 50000}"),
        "broker_transport_options.visibility_timeout: expected 1 to 43200 seconds, got 50000 seconds"
    );
    assert_eq!(
        of("broker_transport_options = {wait_time_seconds = 21}"),
        "broker_transport_options.wait_time_seconds: expected 0 to 20 seconds, got 21 seconds"
    );
    assert!(
        of("task_routes = {'re:(' = 'q'}")
            .starts_with("task_routes: `re:(`: not a regular expression")
    );
    assert!(of("task_routes = {'a' = 3}").starts_with("task_routes: `a`: expected a queue's name"));
    assert!(
        of("task_routes = {a = {queue = 'q', countdown = 'x'}}").contains("option `countdown`")
    );
    assert!(of("worker_health_address = '8080'").contains("`127.0.0.1:8080`"));
    assert!(toml_error("not toml").contains("`celeriac.toml`: not TOML"));
}

#[test]
fn a_refused_value_changes_nothing() {
    let mut settings = Settings::default();
    assert!(
        settings
            .apply_toml("worker_concurrency = 0", Path::new("f"))
            .is_err()
    );
    assert_eq!(settings, Settings::default());
}

#[test]
fn values_from_code_are_checked_too() {
    let settings = Settings {
        worker_concurrency: 0,
        ..Settings::default()
    };
    let error = settings.load().unwrap_err();
    assert_eq!(
        error.to_string(),
        "setting `worker_concurrency` (code): expected 1 to 1000000, got 0"
    );
}

#[test]
fn a_forward_without_a_queue_is_refused_from_code_too() {
    let settings = Settings {
        unknown_task: UnknownTask::Forward(" ".to_owned()),
        ..Settings::default()
    };
    assert_eq!(
        settings.load().unwrap_err().to_string(),
        "setting `unknown_task` (code): expected `fail`, `dead_letter`, `release` or `forward:QUEUE`, got `forward: `"
    );
}

#[test]
fn choices_are_read_as_what_they_mean() {
    let settings = env(&[
        ("CELERIAC_TASK_SERIALIZER", "application/x-yaml"),
        ("CELERIAC_RESULT_COMPRESSION", "zlib"),
        ("CELERIAC_TASK_MESSAGE_FORM", "compact"),
        ("CELERIAC_UNKNOWN_TASK", "forward:python"),
        ("CELERIAC_WORKER_QUEUE_ORDER", "strict"),
        ("CELERIAC_WORKER_LOG_FORMAT", "json"),
        ("CELERIAC_METRICS", "emf"),
    ]);
    let expected = Settings {
        task_serializer: Serializer::Yaml,
        result_compression: Some(Compression::Gzip),
        task_message_form: MessageForm::Compact,
        unknown_task: UnknownTask::Forward("python".to_owned()),
        worker_queue_order: QueueOrder::Strict,
        worker_log_format: LogFormat::Json,
        metrics: MetricsFormat::Emf,
        ..Settings::default()
    };
    assert_eq!(settings, Ok(expected));
}

#[test]
fn the_dynamodb_endpoint_is_read_where_celery_has_it() {
    let settings = toml("dynamodb_endpoint_url = 'http://localhost:8000'").unwrap();
    assert_eq!(
        settings
            .result_backend_transport_options
            .endpoint_url
            .as_deref(),
        Some("http://localhost:8000")
    );
}

#[test]
fn logs_show_no_secrets() {
    let settings = toml("broker_url = 'sqs://key:secret@localhost:4566'").unwrap();
    let shown = format!("{settings:?}");
    assert!(
        shown.contains("sqs://***@localhost:4566") && !shown.contains("secret"),
        "{shown}"
    );
}

/// A log that is kept in memory.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn settings_of_celery_without_meaning_here_are_passed_over_with_a_warning() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(move || writer.clone())
        .with_ansi(false)
        .finish();
    let settings = tracing::subscriber::with_default(subscriber, || {
        toml(
            "accept_content = ['json', 'pickle']\ntask_routes = {'mail.*' = {queu = 'mail'}}\nenable_utc = true\nworker_pool = 'prefork'\nbroker_connection_retry_on_startup = true\n\
             worker_log_format = '[%(asctime)s] %(message)s'\n[broker_transport_options]\npolling_interval = 0.2\n\
             [broker_transport_options.predefined_queues.jobs]\nurl = 'https://host/1/jobs'\naccess_key_id = 'AKIAEXAMPLE'",
        )
    });
    let mut expected = Settings {
        accept_content: AcceptContent::new(["json", "pickle"]).ok(),
        task_routes: vec![(
            "mail.*".to_owned(),
            RouteTarget {
                queue: None,
                options: dict([("queu", Value::from("mail"))]),
            },
        )],
        ..Settings::default()
    };
    let predefined = &mut expected.broker_transport_options.predefined_queues;
    predefined.insert("jobs".to_owned(), "https://host/1/jobs".to_owned());
    assert_eq!(settings.unwrap(), expected);
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    for name in [
        "accept_content: pickle",
        "task_routes.\"mail.*\".queu` (celeriac.toml) has no effect here and is ignored: did you mean `queue`?",
        "enable_utc",
        "worker_pool",
        "broker_connection_retry_on_startup",
        "worker_log_format",
        "broker_transport_options.polling_interval",
        "broker_transport_options.predefined_queues.jobs.access_key_id",
    ] {
        assert!(
            log.lines()
                .any(|line| line.contains("WARN") && line.contains(name)),
            "{name}: {log}"
        );
    }
    assert!(
        !log.contains("AKIAEXAMPLE") && !log.contains("jobs.url"),
        "{log}"
    );
}

/// What sources give comes back as it was, by the environment alone.
#[test]
fn variables_make_the_same_settings() {
    let settings = toml(
        r#"
        broker_url = "sqs://"
        result_backend = "dynamodb://us-east-1/results?ttl_seconds=604800"
        task_default_queue = "jobs"
        task_acks_late = false
        task_time_limit = "90s"
        task_compression = "zstd"
        task_serializer = "yaml"
        result_expires = "none"
        unknown_task = "forward:other"
        worker_queue_order = "strict"
        worker_shutdown_timeout = 2.5
        worker_concurrency = 4
        task_max_lost_runs = 7
        timezone = "Asia/Seoul"
        accept_content = ["json", "zstd"]
        worker_follow_up_queues = ["celery", "a,b"]
        beat_schedule = { daily = { task = "shop.report", schedule = 86400, kwargs = { text = 'a "b" é' } } }

        [broker_transport_options]
        queue_name_prefix = "staging-"
        predefined_queues = { "mail.high" = "https://sqs.us-east-1.amazonaws.com/1/mail" }

        [result_backend_transport_options]
        global_keyprefix = "shop"

        [task_routes]
        "z.*" = "last-name-first"
        "mail.*" = { queue = "mail", priority = 3 }
        're:report\.(daily|weekly)' = "reports"
        "quick" = { priority = 1 }
        "#,
    )
    .unwrap();
    let variables = settings.variables_over(&Settings::default());
    let mut read = Settings::default();
    read.apply_env(variables.clone()).unwrap();
    assert!(read == settings, "{variables:?}");
    assert_eq!(settings.variables_over(&settings).len(), 0);
    let no_more = Settings::default().variables_over(&settings);
    let mut back = settings;
    back.apply_env(no_more).unwrap();
    back.beat_schedule.clear();
    assert!(back == Settings::default(), "{back:?}");
}
