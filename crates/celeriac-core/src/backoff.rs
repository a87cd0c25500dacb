use std::time::Duration;

use crate::random;

/// When and how often a failed task runs again (SPEC 3). Celery's names and defaults.
///
/// ```
/// use celeriac_core::RetryPolicy;
/// use std::time::Duration;
///
/// let policy = RetryPolicy {
///     retry_backoff: Some(1.0),
///     retry_jitter: false,
///     ..RetryPolicy::default()
/// };
/// assert_eq!(policy.countdown(3), Duration::from_secs(8));
/// assert!(policy.allows(2) && !policy.allows(3)); // three retries: four runs
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct RetryPolicy {
    /// Retries after the first run; `None` is for ever. 3.
    pub max_retries: Option<u32>,
    /// The wait without backoff. 180 s.
    pub default_retry_delay: Duration,
    /// Exponential backoff with this factor in seconds, of which Celery uses the whole part, at
    /// least 1; `None` and zero: off.
    pub retry_backoff: Option<f64>,
    /// The longest backoff. 600 s.
    pub retry_backoff_max: Duration,
    /// Full jitter: a whole number of seconds from 0 to the backoff. On.
    pub retry_jitter: bool,
}

impl RetryPolicy {
    /// The countdown before the next try of a task that failed while its `retries` header was
    /// `retries`.
    pub fn countdown(&self, retries: u32) -> Duration {
        let Some(factor) = self.retry_backoff.filter(|factor| *factor != 0.0) else {
            return self.default_retry_delay;
        };
        let longest = exponential(factor.max(1.0) as u64, retries, self.retry_backoff_max);
        if self.retry_jitter {
            jittered(longest)
        } else {
            longest
        }
    }

    /// Whether one more retry is allowed after the run with this `retries` header.
    pub fn allows(&self, retries: u32) -> bool {
        self.max_retries.is_none_or(|most| retries < most)
    }
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max_retries: Some(3),
            default_retry_delay: Duration::from_mins(3),
            retry_backoff: None,
            retry_backoff_max: Duration::from_mins(10),
            retry_jitter: true,
        }
    }
}

/// `min(maximum, factor * 2**retries)` seconds, for any `retries`.
fn exponential(factor: u64, retries: u32, maximum: Duration) -> Duration {
    let seconds = 2_u64
        .checked_pow(retries)
        .and_then(|power| power.checked_mul(factor));
    match seconds {
        Some(seconds) => Duration::from_secs(seconds).min(maximum),
        None if factor == 0 => Duration::ZERO,
        None => maximum,
    }
}

/// A whole number of seconds from 0 to `longest`, both included.
fn jittered(longest: Duration) -> Duration {
    Duration::from_secs(random::up_to(longest.as_secs()))
}
