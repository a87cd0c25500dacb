use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_sdk_sqs::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextRef,
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::config_bag::{Storable, StoreReplace};
use celeriac_core::Clock;
use celeriac_protocol::UtcTime;

/// Answers that are remembered: a clock that is set is noticed after so many.
const REMEMBERED: usize = 16;
/// A clock that may be right but for this is taken to be right.
const UNSURE_MICROS: i64 = 500_000;
/// A clock that is corrected drifts on until the next answer.
const DRIFT_MICROS: i64 = 1_000_000;
/// `Date` has whole seconds.
const SECOND_MICROS: i64 = 1_000_000;

/// The service's own time, from the `Date` of its answers. Leases are in this time, so that
/// machines whose clocks are apart agree on when one ends.
#[derive(Clone)]
pub(crate) struct ServiceTime {
    local: Arc<dyn Clock>,
    seen: Arc<Mutex<VecDeque<Ahead>>>,
}

/// How far the service may be ahead of the local clock, in microseconds.
#[derive(Clone, Copy, Debug)]
struct Ahead {
    least: i64,
    most: i64,
}

impl Ahead {
    /// By one answer: its second began before it was received, and ended after its request was
    /// sent, however long either was under way.
    fn of(date: UtcTime, sent: UtcTime, received: UtcTime) -> Self {
        Self {
            least: date.0 - received.0,
            most: date.0 + SECOND_MICROS - sent.0,
        }
    }

    /// What both say. Where they do not agree, the clock was set between them: the newer counts.
    fn and(self, newer: Self) -> Self {
        let least = self.least.max(newer.least);
        let most = self.most.min(newer.most);
        if least <= most {
            Self { least, most }
        } else {
            newer
        }
    }

    fn may_be_none(self) -> bool {
        self.least <= UNSURE_MICROS && self.most >= -UNSURE_MICROS
    }

    fn middle(self) -> i64 {
        i64::midpoint(self.least, self.most)
    }

    /// What the middle may be off by.
    fn margin(self) -> i64 {
        (self.most - self.least) / 2 + DRIFT_MICROS
    }
}

impl std::fmt::Debug for ServiceTime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServiceTime")
            .field("ahead_micros", &self.correction().0)
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

    /// An answer of this second has just come, to what was sent then.
    pub(crate) fn answered(&self, date: UtcTime, sent: UtcTime) {
        let ahead = Ahead::of(date, sent, self.local.now());
        let mut seen = self.seen();
        if seen.len() == REMEMBERED {
            seen.pop_front();
        }
        seen.push_back(ahead);
    }

    /// Of a lease that is given now. One that is given by a wrong clock is a little longer.
    pub(crate) fn for_holder(&self) -> UtcTime {
        let (ahead, margin) = self.correction();
        UtcTime(self.local.now().0 + ahead + margin)
    }

    /// By which it is judged whether another's lease is over. A wrong clock waits a little longer.
    pub(crate) fn for_taker(&self) -> UtcTime {
        let (ahead, margin) = self.correction();
        UtcTime(self.local.now().0 + ahead - margin)
    }

    /// A time of the service's, by the local clock.
    pub(crate) fn to_local(&self, at: UtcTime) -> UtcTime {
        UtcTime(at.0 - self.correction().0)
    }

    /// A time by the local clock, as the service has it.
    pub(crate) fn of_local(&self, at: UtcTime) -> UtcTime {
        UtcTime(at.0 + self.correction().0)
    }

    /// How far the service is ahead, in microseconds, and what that may be off by; nothing for a
    /// clock that may well be right.
    fn correction(&self) -> (i64, i64) {
        let ahead = self.seen().iter().copied().reduce(Ahead::and);
        match ahead {
            Some(ahead) if !ahead.may_be_none() => (ahead.middle(), ahead.margin()),
            _ => (0, 0),
        }
    }

    fn seen(&self) -> MutexGuard<'_, VecDeque<Ahead>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// When a try of a request was sent, by the local clock.
#[derive(Debug)]
struct Sent(UtcTime);

impl Storable for Sent {
    type Storer = StoreReplace<Self>;
}

/// Hooks a service's time into an SDK client.
#[derive(Debug)]
pub(crate) struct ReadDates(pub(crate) ServiceTime);

impl Intercept for ReadDates {
    fn name(&self) -> &'static str {
        "ReadDates"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        config
            .interceptor_state()
            .store_put(Sent(self.0.local.now()));
        Ok(())
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let (Some(date), Some(Sent(at))) = (date_of(context.response()), config.load::<Sent>()) {
            self.0.answered(date, *at);
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

    const SECOND: i64 = 1_000_000;

    fn at(seconds: i64) -> UtcTime {
        UtcTime(seconds * SECOND)
    }

    #[test]
    fn a_clock_that_may_be_right_is_left_alone() {
        let time = ServiceTime::new(Arc::new(Hand(AtomicI64::new(10_900_000))));
        time.answered(at(10), UtcTime(10_850_000));
        assert_eq!(time.for_holder(), UtcTime(10_900_000));
        assert_eq!(time.for_taker(), UtcTime(10_900_000));
    }

    #[test]
    fn an_answer_that_was_slow_says_nothing_against_the_clock() {
        for date in 1..=10 {
            let time = ServiceTime::new(Arc::new(Hand(AtomicI64::new(10_900_000))));
            time.answered(at(date), UtcTime(1_200_000));
            assert_eq!(time.of_local(at(250)), at(250), "{date}");
            assert_eq!(time.for_taker(), UtcTime(10_900_000), "{date}");
        }
    }

    #[test]
    fn a_wrong_clock_is_corrected_and_careful() {
        let hand = Arc::new(Hand(AtomicI64::new(100 * SECOND)));
        let time = ServiceTime::new(Arc::clone(&hand) as Arc<dyn Clock>);
        // ahead by 26 to 33 seconds
        time.answered(at(126), at(94));
        assert_eq!(time.of_local(at(0)), UtcTime(29_500_000));
        assert_eq!(
            time.for_holder(),
            at(134),
            "3.5 s either way, and the drift"
        );
        assert_eq!(time.for_taker(), at(125));
        // ahead by 31 to 32 seconds
        time.answered(at(131), at(100));
        assert_eq!(time.for_holder(), at(133));
        assert_eq!(time.for_taker(), at(130));
        assert_eq!(time.to_local(time.of_local(UtcTime(7))), UtcTime(7));

        hand.0.store(140 * SECOND, Relaxed); // it was set
        time.answered(at(140), at(140));
        assert_eq!(time.for_taker(), at(140));
    }

    #[test]
    fn dates_are_those_of_http() {
        let read = read_date("Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(read, Some(UtcTime(784_111_777_000_000)));
        assert_eq!(read_date("yesterday"), None);
    }
}
