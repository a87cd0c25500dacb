use std::any::Any;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, set_hook, take_hook};
use std::pin::pin;
use std::sync::Once;
use std::task::Poll;

use celeriac_core::Failure;
use celeriac_protocol::ExceptionInfo;

thread_local! {
    static IN_TASK: Cell<bool> = const { Cell::new(false) };
    static REPORT: RefCell<Option<PanicReport>> = const { RefCell::new(None) };
}

/// A task's panic: its message and where it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PanicReport {
    pub(crate) message: String,
    /// `file:line:column`.
    pub(crate) place: Option<String>,
    /// The task's own frames, with `RUST_BACKTRACE=1`.
    pub(crate) backtrace: String,
}

/// Puts a panic hook in front of the present one, once per process. It notes the place of a task's
/// panic, which the log and the result then show; every other panic goes to the hook that was there
/// before.
pub(crate) fn install_hook() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let previous = take_hook();
        set_hook(Box::new(move |info| {
            if IN_TASK.get() {
                REPORT.set(Some(PanicReport::of_hook(info)));
            } else {
                previous(info);
            }
        }));
    });
}

/// Runs a task's code; its panic comes out as a report.
pub(crate) fn catch<T>(work: impl FnOnce() -> T) -> Result<T, PanicReport> {
    let outer = IN_TASK.replace(true);
    let result = catch_unwind(AssertUnwindSafe(work));
    IN_TASK.set(outer);
    result.map_err(|payload| {
        REPORT
            .take()
            .unwrap_or_else(|| PanicReport::of_payload(payload.as_ref()))
    })
}

/// Polls a task's future; its panic comes out as a report, after which it is not polled again.
pub(crate) async fn caught<F: Future>(future: F) -> Result<F::Output, PanicReport> {
    let mut future = pin!(future);
    poll_fn(|cx| match catch(|| future.as_mut().poll(cx)) {
        Ok(Poll::Pending) => Poll::Pending,
        Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
        Err(report) => Poll::Ready(Err(report)),
    })
    .await
}

impl PanicReport {
    pub(crate) fn of_payload(payload: &(dyn Any + Send)) -> Self {
        let text = payload
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| payload.downcast_ref::<&str>().copied());
        Self::without_a_place(text.unwrap_or("a panic without a text"))
    }

    pub(crate) fn without_a_place(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            place: None,
            backtrace: String::new(),
        }
    }

    fn of_hook(info: &PanicHookInfo<'_>) -> Self {
        let backtrace = Backtrace::capture();
        let captured = backtrace.status() == BacktraceStatus::Captured;
        let frames = captured.then(|| of_task(&backtrace.to_string()));
        Self {
            place: info.location().map(ToString::to_string),
            backtrace: frames.unwrap_or_default(),
            ..Self::of_payload(info.payload())
        }
    }

    /// What readers see: `PanicError` of module `celeriac`, with the place as the traceback.
    pub(crate) fn failure(&self) -> Failure {
        let place = self.place.as_deref().unwrap_or("an unknown place");
        let Self {
            message, backtrace, ..
        } = self;
        let text = format!("panicked at {place}:\n{message}\n{backtrace}");
        Failure {
            exception: ExceptionInfo::new("celeriac", "PanicError", self.message.clone()),
            traceback: Some(text.trim_end().to_owned()),
        }
    }
}

/// The frames of a backtrace that are the task's: not those of panicking, and not the worker's that
/// called it.
fn of_task(backtrace: &str) -> String {
    let is_first_line = |line: &str| {
        let (number, name) = line.trim_start().split_once(": ").unwrap_or_default();
        !name.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    };
    let mut frames: Vec<String> = Vec::new();
    for line in backtrace.lines() {
        match frames.last_mut() {
            Some(frame) if !is_first_line(line) => frame.extend(["\n", line]),
            _ => frames.push(line.to_owned()),
        }
    }
    let is_of_panicking = |frame: &String| {
        let parts = [
            "rust_begin_unwind",
            "::panicking::",
            "::panic_any",
            "_failed",
        ];
        parts.iter().any(|part| frame.contains(part))
    };
    let begin = frames
        .iter()
        .rposition(is_of_panicking)
        .map_or(0, |at| at + 1);
    let is_of_worker = |frame: &String| frame.contains("celeriac_worker::run::");
    let own = frames
        .iter()
        .skip(begin)
        .take_while(|frame| !is_of_worker(frame));
    own.map(String::as_str).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_in_a_future_is_reported_with_its_place() {
        install_hook();
        let report = caught(async {
            tokio::task::yield_now().await;
            assert_eq!(1, 2, "numbers");
        })
        .await
        .expect_err("it panics");
        assert!(report.message.contains("numbers"), "{report:?}");
        assert!(report.place.expect("a place").contains("panics.rs"));
    }

    #[test]
    fn of_a_backtrace_the_tasks_own_frames_are_kept() {
        let backtrace = "   0: __rustc::rust_begin_unwind\n             at /rustc/panicking.rs:1:2\n   \
             1: core::panicking::panic_fmt\n             at /rustc/panicking.rs:3:4\n   \
             2: shop::charge::{{closure}}\n             at ./src/main.rs:9:5\n   \
             3: celeriac_worker::run::panics::catch::{{closure}}\n             at /x/panics.rs:1:1\n   \
             4: tokio::runtime::task::raw::poll";
        assert_eq!(
            of_task(backtrace),
            "   2: shop::charge::{{closure}}\n             at ./src/main.rs:9:5"
        );
        assert_eq!(of_task(""), "");
    }

    #[test]
    fn a_panic_payload_of_any_type_is_reported() {
        install_hook();
        let report = catch(|| std::panic::panic_any(7)).expect_err("it panics");
        assert_eq!(report.message, "a panic without a text");
        assert_eq!(catch(|| 3), Ok(3));
    }
}
