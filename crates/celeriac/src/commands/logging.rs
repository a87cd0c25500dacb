use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use celeriac_core::{LogFormat, Settings, plain_text};
use celeriac_worker::TASK_SPAN;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

use super::CommandError;
use super::log_line::{LogLine, TaskNames};
use super::output::styled_stderr;

/// The libraries below talk of every connection at `info`, and of every source that has no
/// credentials at `warn`; a person wants that only when asked for by name, in `RUST_LOG`.
const QUIET: &str = "aws_config=error,aws_smithy_runtime=warn,aws_sdk_sqs=warn,aws_sdk_dynamodb=warn,hyper=warn,hyper_util=warn,rustls=warn";

/// Celery's `--loglevel` names and tracing's.
const LEVELS: [(&str, &str); 8] = [
    ("trace", "trace"),
    ("debug", "debug"),
    ("info", "info"),
    ("warning", "warn"),
    ("warn", "warn"),
    ("error", "error"),
    ("critical", "error"),
    ("off", "off"),
];

/// Reads a log level, in any case.
pub(super) fn level(text: &str) -> Result<String, String> {
    let lower = text.to_lowercase();
    let known = LEVELS.iter().find(|(name, _)| *name == lower);
    known
        .map(|(_, level)| (*level).to_owned())
        .ok_or_else(|| "one of trace, debug, info, warning, error, critical, off".to_owned())
}

/// Sends logs to stderr, as text or as JSON. An explicit level wins over `RUST_LOG`, which wins
/// over `default`. A subscriber that the program has set already stays.
pub(super) fn init(
    settings: &Settings,
    explicit: Option<&str>,
    default: &str,
) -> Result<(), CommandError> {
    let filter = match (explicit, std::env::var(EnvFilter::DEFAULT_ENV)) {
        (None, Ok(text)) if !text.is_empty() => EnvFilter::try_new(with_task_spans(&text))
            .map_err(|error| {
                CommandError::usage(format!(
                    "environment variable `RUST_LOG` is `{text}`: {error}"
                ))
                .hint("RUST_LOG=info, or unset it")
            })?,
        (level, _) => {
            let level = level.unwrap_or(default);
            EnvFilter::new(with_task_spans(&format!("{level},{QUIET}")))
        }
    };
    let is_json = matches!(settings.worker_log_format, LogFormat::Json);
    IS_JSON.store(is_json, Ordering::Relaxed);
    let layer = match settings.worker_log_format {
        LogFormat::Json => fmt::layer()
            .json()
            .flatten_event(true)
            .with_current_span(false) // it is the last of `spans`
            .with_writer(|| PlainJson)
            .boxed(),
        LogFormat::Text => TaskNames
            .and_then(
                fmt::layer()
                    .event_format(LogLine)
                    .with_ansi(styled_stderr())
                    .with_writer(io::stderr),
            )
            .boxed(),
    };
    let _ = tracing_subscriber::registry()
        .with(filter)
        .with(layer)
        .try_init();
    Ok(())
}

/// Whether each line on stderr is to be JSON.
static IS_JSON: AtomicBool = AtomicBool::new(false);

/// Writes a command's error as a line of the log, where that is JSON; whether it did.
pub(super) fn error(error: &CommandError) -> bool {
    let is_json = IS_JSON.load(Ordering::Relaxed);
    if is_json {
        tracing::error!("{}", error.report(false).trim_end());
    }
    is_json
}

/// Stderr, for lines of JSON; what a terminal would act on is escaped in their texts.
struct PlainJson;

impl io::Write for PlainJson {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        io::Write::write_all(&mut io::stderr(), plain_text::json(&text).as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::Write::flush(&mut io::stderr())
    }
}

/// Lets the spans of tasks through whatever is asked for: a span is no line, but says whose one is.
fn with_task_spans(directives: &str) -> String {
    format!("{directives},{TASK_SPAN}=error")
}
