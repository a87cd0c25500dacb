use std::time::Duration;

/// When and how often a failed task runs again (SPEC 3). Celery's names and defaults.
#[derive(Clone, Debug, PartialEq)]
pub struct RetryPolicy {
    /// Retries after the first run; `None` is for ever. 3.
    pub max_retries: Option<u32>,
    /// The wait without backoff. 180 s.
    pub default_retry_delay: Duration,
    /// Exponential backoff with this factor in seconds; `None`: off.
    pub retry_backoff: Option<f64>,
    /// The longest backoff. 600 s.
    pub retry_backoff_max: Duration,
    /// Full jitter: a whole number of seconds from 0 to the backoff. On.
    pub retry_jitter: bool,
}

impl RetryPolicy {
    /// The countdown before the next try of a task that failed while its `retries` header was `retries`.
    pub fn countdown(&self, _retries: u32) -> Duration { todo!() }
    /// Whether one more retry is allowed after the run with this `retries` header.
    pub fn allows(&self, _retries: u32) -> bool { todo!() }
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max_retries: Some(3),
            default_retry_delay: Duration::from_secs(180),
            retry_backoff: None,
            retry_backoff_max: Duration::from_secs(600),
            retry_jitter: true,
        }
    }
}
