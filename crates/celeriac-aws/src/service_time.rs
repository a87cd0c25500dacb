use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_sdk_sqs::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::BeforeDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use celeriac_core::Clock;
use celeriac_protocol::UtcTime;

/// Answers that are remembered: a clock that is set is noticed after so many.
const REMEMBERED: usize = 16;
/// `Date` has whole seconds, and an answer is under way for a while: a clock within this is taken
/// to be right.
const UNSURE_MICROS: i64 = 1_500_000;
/// What a clock that is wrong may still be off by, once it is corrected.
const MARGIN: Duration = Duration::from_millis(1_500);

/// The service's own time, from the `Date` of its answers. Leases are in this time, so that
/// machines whose clocks are apart agree on when one ends.
#[derive(Clone)]
pub(crate) struct ServiceTime {
    local: Arc<dyn Clock>,
    seen: Arc<Mutex<VecDeque<i64>>>,
}

impl std::fmt::Debug for ServiceTime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServiceTime")
            .field("ahead_micros", &self.ahead())
            .finish_non_exhaustive()
    }
}

impl ServiceTime {
    pub(crate) fn new(local: Arc<dyn Clock>) -> Self {
        Self {
            local,
            seen: Arc::default(),
        }
    }

    /// An answer of this second has just come.
    pub(crate) fn answered(&self, date: UtcTime) {
        let ahead = date.0 - self.local.now().0;
        let mut seen = self.seen();
        if seen.len() == REMEMBERED {
            seen.pop_front();
        }
        seen.push_back(ahead);
    }

    /// Of a lease that is given now. One that is given by a wrong clock is a little longer.
    pub(crate) fn for_holder(&self) -> UtcTime {
        let ahead = self.ahead();
        let now = UtcTime(self.local.now().0 + ahead);
        if ahead == 0 { now } else { now.after(MARGIN) }
    }

    /// By which it is judged whether another's lease is over. A wrong clock waits a little longer.
    pub(crate) fn for_taker(&self) -> UtcTime {
        let ahead = self.ahead();
        let margin = if ahead == 0 {
            0
        } else {
            MARGIN.as_micros() as i64
        };
        UtcTime(self.local.now().0 + ahead - margin)
    }

    /// A time of the service's, by the local clock.
    pub(crate) fn to_local(&self, at: UtcTime) -> UtcTime {
        UtcTime(at.0 - self.ahead())
    }

    /// A time by the local clock, as the service has it.
    pub(crate) fn of_local(&self, at: UtcTime) -> UtcTime {
        UtcTime(at.0 + self.ahead())
    }

    /// How far the service is ahead, in microseconds; 0 for a clock that may well be right. The
    /// answer that was under way the shortest says most.
    fn ahead(&self) -> i64 {
        let best = self.seen().iter().copied().max().unwrap_or(0);
        if best.abs() <= UNSURE_MICROS {
            return 0;
        }
        best + 500_000 // the middle of its second
    }

    fn seen(&self) -> MutexGuard<'_, VecDeque<i64>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Hooks a service's time into an SDK client.
#[derive(Debug)]
pub(crate) struct ReadDates(pub(crate) ServiceTime);

impl Intercept for ReadDates {
    fn name(&self) -> &'static str {
        "ReadDates"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(date) = date_of(context.response()) {
            self.0.answered(date);
        }
        Ok(())
    }
}

/// When a service says that it answered.
pub(crate) fn date_of(response: &HttpResponse) -> Option<UtcTime> {
    response.headers().get("date").and_then(read_date)
}

/// The time of a `Date` header (RFC 9110: `Sun, 06 Nov 1994 08:49:37 GMT`).
fn read_date(text: &str) -> Option<UtcTime> {
    let format = aws_smithy_types::date_time::Format::HttpDate;
    let date = aws_smithy_types::DateTime::from_str(text, format).ok()?;
    Some(UtcTime(date.secs().checked_mul(1_000_000)?))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

    use super::*;

    #[derive(Default)]
    struct Hand(AtomicI64);

    impl Clock for Hand {
        fn now(&self) -> UtcTime {
            UtcTime(self.0.load(Relaxed))
        }
    }

    #[test]
    fn a_clock_that_may_be_right_is_left_alone() {
        let time = ServiceTime::new(Arc::new(Hand(AtomicI64::new(10_900_000))));
        time.answered(UtcTime(10_000_000));
        assert_eq!(time.for_holder(), UtcTime(10_900_000));
        assert_eq!(time.for_taker(), UtcTime(10_900_000));
    }

    #[test]
    fn a_wrong_clock_is_corrected_and_careful() {
        let hand = Arc::new(Hand(AtomicI64::new(100_000_000)));
        let time = ServiceTime::new(Arc::clone(&hand) as Arc<dyn Clock>);
        time.answered(UtcTime(131_000_000));
        time.answered(UtcTime(125_000_000)); // was under way for long
        assert_eq!(time.for_holder(), UtcTime(133_000_000));
        assert_eq!(time.for_taker(), UtcTime(130_000_000));
        assert_eq!(time.to_local(time.of_local(UtcTime(7))), UtcTime(7));

        hand.0.store(140_000_000, Relaxed); // it was set
        for _ in 0..REMEMBERED {
            time.answered(UtcTime(140_000_000));
        }
        assert_eq!(time.for_taker(), UtcTime(140_000_000));
    }

    #[test]
    fn dates_are_those_of_http() {
        let read = read_date("Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(read, Some(UtcTime(784_111_777_000_000)));
        assert_eq!(read_date("yesterday"), None);
    }
}
