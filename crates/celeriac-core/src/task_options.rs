use std::time::Duration;

use celeriac_protocol::{Compression, Serializer};

use crate::{ErrorType, RetryPolicy, SendOptions};

/// A task's own options, in Celery's names. `None`: the setting of that name applies.
#[derive(Clone, Debug, Default)]
pub struct TaskOptions {
    /// Sent to this queue, unless the call names another; wins over `task_routes`, as in Celery.
    pub queue: Option<String>,
    /// `task_acks_late`.
    pub acks_late: Option<bool>,
    /// `task_ignore_result`.
    pub ignore_result: Option<bool>,
    /// `task_store_errors_even_if_ignored`.
    pub store_errors_even_if_ignored: Option<bool>,
    /// `task_track_started`.
    pub track_started: Option<bool>,
    /// `task_time_limit`: the run is ended.
    pub time_limit: Option<Duration>,
    /// `task_soft_time_limit`: the run is told.
    pub soft_time_limit: Option<Duration>,
    /// Retries.
    pub retry: RetryPolicy,
    /// Whether plain errors are retried: on with `retry_backoff`, `autoretry` or `autoretry_for`.
    pub autoretry: bool,
    /// Only these error types; empty: all.
    pub autoretry_for: Vec<ErrorType>,
    /// Not these.
    pub dont_autoretry_for: Vec<ErrorType>,
    /// 0 to 9; SQS ignores it.
    pub priority: Option<u8>,
    /// Sent messages lapse after this.
    pub expires: Option<Duration>,
    /// Of sent messages.
    pub serializer: Option<Serializer>,
    /// Of sent messages.
    pub compression: Option<Compression>,
    /// Uses the ledger although the result is ignored.
    pub ledger: Option<bool>,
    /// A task that gave up goes to the dead-letter queue, with FAILURE stored.
    pub dead_letter: bool,
    /// A Lambda function does not run it, but hands it to this queue of a long-running worker.
    pub spill: Option<String>,
}

impl TaskOptions {
    /// What these options give to every message of the task, under the options of the call (SPEC 5,
    /// step 1).
    ///
    /// ```
    /// use celeriac_core::{SendOptions, TaskOptions};
    ///
    /// let queue = Some("reports".to_owned());
    /// let task = TaskOptions { queue, priority: Some(3), ..TaskOptions::default() };
    /// let call = SendOptions { queue: Some("urgent".to_owned()), ..SendOptions::default() };
    /// let sent = task.send_options().overlaid(call);
    /// assert_eq!((sent.queue.as_deref(), sent.priority), (Some("urgent"), Some(3)));
    /// ```
    pub fn send_options(&self) -> SendOptions {
        SendOptions {
            queue: self.queue.clone(),
            priority: self.priority,
            expires: self.expires,
            serializer: self.serializer,
            compression: self.compression,
            time_limit: self.time_limit,
            soft_time_limit: self.soft_time_limit,
            ignore_result: self.ignore_result,
            ..SendOptions::default()
        }
    }
}
