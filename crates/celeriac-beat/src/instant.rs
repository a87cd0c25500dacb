//! Instants moved by a duration; at the ends of the calendar they stay there.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

pub(crate) fn before(time: Timestamp, duration: Duration) -> Timestamp {
    time.checked_sub(signed(duration)).unwrap_or(Timestamp::MIN)
}

pub(crate) fn after(time: Timestamp, duration: Duration) -> Timestamp {
    time.checked_add(signed(duration)).unwrap_or(Timestamp::MAX)
}

fn signed(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}
