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
    /// `file:line:column`, and the backtrace with `RUST_BACKTRACE=1`.
    pub(crate) place: Option<String>,
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
        Self {
            message: text.unwrap_or("a panic without a text").to_owned(),
            place: None,
        }
    }

    fn of_hook(info: &PanicHookInfo<'_>) -> Self {
        let backtrace = Backtrace::capture();
        let place = info.location().map(|location| match backtrace.status() {
            BacktraceStatus::Captured => format!("{location}\n{backtrace}"),
            _ => location.to_string(),
        });
        Self {
            place,
            ..Self::of_payload(info.payload())
        }
    }

    /// What readers see: `PanicError` of module `celeriac`, with the place as the traceback.
    pub(crate) fn failure(&self) -> Failure {
        let place = self.place.as_deref().unwrap_or("an unknown place");
        Failure {
            exception: ExceptionInfo::new("celeriac", "PanicError", self.message.clone()),
            traceback: Some(format!("panicked at {place}:\n{}", self.message)),
        }
    }
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
    fn a_panic_payload_of_any_type_is_reported() {
        install_hook();
        let report = catch(|| std::panic::panic_any(7)).expect_err("it panics");
        assert_eq!(report.message, "a panic without a text");
        assert_eq!(catch(|| 3), Ok(3));
    }
}
