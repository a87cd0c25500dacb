use std::fmt;

use celeriac_core::plain_text;
use celeriac_worker::{LIFE, TASK_SPAN};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime as _, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::{LookupSpan, Scope, SpanRef};

/// A line of the log, with a task's name where Celery has it. What the worker says of a task reads
/// on from the name, `Task tasks.add[4f] succeeded in 0.010s: 3`; any other line of its run, such
/// as the task's own, comes after it: `tasks.add[4f]: adding`. Needs [`TaskNames`].
pub(super) struct LogLine;

/// Keeps the name of each task with the span of its run.
pub(super) struct TaskNames;

/// Characters of a line, its time and task apart.
const LONGEST: usize = 8_000;

/// `tasks.add[4f]`
struct TaskName(String);

impl<S> Layer<S> for TaskNames
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if attributes.metadata().target() != TASK_SPAN {
            return;
        }
        if let Some(span) = context.span(id) {
            let mut fields = TaskFields::default();
            attributes.record(&mut fields);
            let name = format!("{}[{}]", fields.task, fields.id);
            span.extensions_mut().insert(TaskName(name));
        }
    }
}

#[derive(Default)]
struct TaskFields {
    task: String,
    id: String,
}

impl Visit for TaskFields {
    fn record_str(&mut self, field: &Field, value: &str) {
        let safe = plain_text::line(value).into_owned();
        match field.name() {
            "task" => self.task = safe,
            "id" => self.id = safe,
            _ => {}
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}

impl<S, N> FormatEvent<S, N> for LogLine
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        write_time(&mut writer)?;
        write_level(&mut writer, *event.metadata().level())?;
        let target = event.metadata().target();
        let of_worker = target.starts_with("celeriac_worker");
        for span in context.event_scope().into_iter().flat_map(Scope::from_root) {
            match span.extensions().get::<TaskName>() {
                Some(TaskName(name)) if of_worker => write!(writer, "Task {name} ")?,
                Some(TaskName(name)) => write!(writer, "{name}: ")?,
                None => write_span::<S, N>(&mut writer, &span)?,
            }
        }
        // what comes from a message must not write lines of its own, or to the terminal
        let mut line = String::new();
        if target == LIFE {
            event.record(&mut Words(&mut line)); // its fields say the same to machines
        } else {
            context.format_fields(Writer::new(&mut line), event)?;
        }
        let line = plain_text::line(&line);
        writeln!(writer, "{}", plain_text::cut(&line, LONGEST))
    }
}

/// The message alone.
struct Words<'a>(&'a mut String);

impl Visit for Words<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            let _ = fmt::Write::write_fmt(self.0, format_args!("{value:?}"));
        }
    }
}

fn write_time(writer: &mut Writer<'_>) -> fmt::Result {
    let (dimmed, plain) = if writer.has_ansi_escapes() {
        ("\x1b[2m", "\x1b[0m")
    } else {
        ("", "")
    };
    writer.write_str(dimmed)?;
    SystemTime.format_time(writer)?;
    write!(writer, "{plain} ")
}

fn write_level(writer: &mut Writer<'_>, level: Level) -> fmt::Result {
    if !writer.has_ansi_escapes() {
        return write!(writer, "{level:>5} ");
    }
    let color = match level {
        Level::ERROR => 31,
        Level::WARN => 33,
        Level::INFO => 32,
        Level::DEBUG => 34,
        Level::TRACE => 35,
    };
    write!(writer, "\x1b[{color}m{level:>5}\x1b[0m ")
}

/// Any other span: `fetch{url="..."}: `.
fn write_span<S, N>(writer: &mut Writer<'_>, span: &SpanRef<'_, S>) -> fmt::Result
where
    S: for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    writer.write_str(span.name())?;
    if let Some(fields) = span.extensions().get::<FormattedFields<N>>()
        && !fields.is_empty()
    {
        write!(writer, "{{{}}}", plain_text::line(fields))?;
    }
    writer.write_str(": ")
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::fmt;
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("not poisoned").extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What is logged, without the times.
    fn logged(work: impl FnOnce()) -> Vec<String> {
        let lines = Lines::default();
        let writer = lines.clone();
        let layer = fmt::layer()
            .event_format(LogLine)
            .with_ansi(false)
            .with_writer(move || writer.clone());
        let subscriber = tracing_subscriber::registry().with(TaskNames).with(layer);
        tracing::subscriber::with_default(subscriber, work);
        let bytes = lines.0.lock().expect("not poisoned").clone();
        let text = String::from_utf8(bytes).expect("UTF-8");
        let without_time = |line: &str| line.split_once(' ').map(|(_, rest)| rest.to_owned());
        text.lines().filter_map(without_time).collect()
    }

    fn task(name: &str) -> tracing::Span {
        tracing::error_span!(target: TASK_SPAN, "task", task = name, id = "4f", retries = 0)
    }

    #[test]
    fn the_worker_s_lines_are_celery_s() {
        let lines = logged(|| {
            let _in_task = task("tasks.add").entered();
            tracing::info!(target: LIFE, state = "SUCCESS", "succeeded in 0.010s: 3");
            tracing::warn!(target: "celeriac_worker::run", tries = 2, "cannot be claimed");
        });
        assert_eq!(
            lines,
            [
                " INFO Task tasks.add[4f] succeeded in 0.010s: 3",
                " WARN Task tasks.add[4f] cannot be claimed tries=2",
            ]
        );
    }

    #[test]
    fn a_task_s_own_lines_have_its_name_in_front() {
        let lines = logged(|| {
            tracing::info!("outside");
            let _in_task = task("tasks.add").entered();
            tracing::error!(target: "shop", "no stock");
            let _in_fetch = tracing::info_span!("fetch", url = "/a").entered();
            tracing::info!(target: "shop", status = 200, "fetched");
        });
        assert_eq!(
            lines,
            [
                " INFO outside",
                "ERROR tasks.add[4f]: no stock",
                " INFO tasks.add[4f]: fetch{url=\"/a\"}: fetched status=200",
            ]
        );
    }

    #[test]
    fn a_name_from_a_message_stays_in_its_line() {
        let lines = logged(|| {
            let _in_task = task("a\nERROR all is lost\x1b[2J").entered();
            tracing::info!(target: "shop", "fine");
        });
        assert_eq!(lines, [" INFO a\\nERROR all is lost\\u{1b}[2J[4f]: fine"]);
    }

    #[test]
    fn a_text_from_a_message_stays_in_its_line() {
        let lines = logged(|| {
            let name = "no\nERROR such\u{1b}]52;c;x\u{7} task\u{9b}";
            tracing::error!(target: "celeriac_worker::admission", task = name, "unknown: {name}");
            tracing::info!("{}", "x".repeat(1 << 20));
        });
        let [one, two] = <[String; 2]>::try_from(lines).expect("two lines");
        assert!(one.starts_with("ERROR unknown: no\\nERROR such"), "{one}");
        assert!(!one.contains(char::is_control), "{one:?}");
        assert!(two.len() < 9_000 && two.ends_with("x..."));
    }
}
