//! What SQS allows beyond what [`celeriac_core::Capabilities`] says.

use std::time::Duration;

use celeriac_core::BrokerErrorKind;

/// Bytes of one request's messages together.
pub(super) const MAX_BYTES: usize = 1_048_576;
/// Entries of one request.
pub(super) const MAX_ENTRIES: usize = 10;
/// `WaitTimeSeconds`.
const MAX_WAIT: Duration = Duration::from_secs(20);

pub(crate) fn is_fifo(queue: &str) -> bool {
    queue.strip_suffix(".fifo").is_some()
}

/// Whole seconds, never fewer than asked for.
pub(super) fn whole_seconds(duration: Duration) -> i32 {
    let seconds = duration
        .as_secs()
        .saturating_add(u64::from(duration.subsec_nanos() > 0));
    i32::try_from(seconds).unwrap_or(i32::MAX)
}

pub(super) fn check_wait(wait: Duration) -> Result<(), BrokerErrorKind> {
    if wait <= MAX_WAIT {
        return Ok(());
    }
    let actual = whole_seconds(wait) as u64;
    Err(BrokerErrorKind::LimitExceeded {
        what: "wait in seconds",
        actual,
        limit: MAX_WAIT.as_secs(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_rounded_up() {
        assert_eq!(whole_seconds(Duration::ZERO), 0);
        assert_eq!(whole_seconds(Duration::from_millis(1)), 1);
        assert_eq!(whole_seconds(Duration::from_mins(15)), 900);
        assert_eq!(whole_seconds(Duration::MAX), i32::MAX);
    }

    #[test]
    fn polls_wait_twenty_seconds_at_most() {
        assert!(check_wait(MAX_WAIT).is_ok());
        let refused = check_wait(Duration::from_millis(20_001)).expect_err("over the limit");
        assert_eq!(
            refused.to_string(),
            "wait in seconds is 21, over the limit of 20"
        );
    }
}
