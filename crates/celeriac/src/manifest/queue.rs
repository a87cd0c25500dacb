use std::time::Duration;

use celeriac_core::{Capabilities, QueueSpec, TaskDefinition};
use serde::Serialize;

use super::deployment::Deployment;

/// Lambda's own limit of one invocation.
const MAX_FUNCTION_TIMEOUT: Duration = Duration::from_mins(15);
/// For claiming before a task's run and storing its outcome after it.
const AROUND_A_RUN: Duration = Duration::from_secs(15);
/// AWS: "set the queue's visibility timeout to at least six times the function timeout"
/// (<https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html>).
const VISIBILITY_PER_TIMEOUT: u32 = 6;

/// A queue and its dead-letter queue.
#[derive(Clone, Debug, Serialize)]
pub struct ManifestQueue {
    /// Celery's name.
    pub name: String,
    /// SQS's name: prefix and replacements applied.
    pub queue_name: String,
    /// Its ARN.
    pub arn: String,
    /// Of a predefined queue, which is there already and is not to be made.
    pub url: Option<String>,
    /// Whether it keeps order.
    pub fifo: bool,
    /// The queue's own, in seconds: six times `function_timeout`. Our worker asks for its own at
    /// each receive; Lambda and Python workers go by this one.
    pub visibility_timeout: u64,
    /// In seconds.
    pub message_retention: u64,
    /// Receives after which SQS itself moves a message away; a last guard.
    pub max_receive_count: u32,
    /// SQS's name.
    pub dead_letter_queue: Option<String>,
    /// In seconds.
    pub dead_letter_retention: u64,
    /// The app's own tasks that go here.
    pub tasks: Vec<String>,
    /// The greatest hard limit of its tasks in seconds; `None` if one has none.
    pub time_limit: Option<u64>,
    /// What a Lambda function on this queue needs, in seconds: the limit and some time around it,
    /// at most 900, which is also what tasks without a limit get.
    pub function_timeout: u64,
}

impl ManifestQueue {
    pub(super) fn new(
        name: &str,
        tasks: &[&TaskDefinition],
        default_limit: Option<Duration>,
        deployment: &Deployment<'_>,
    ) -> Self {
        let spec = QueueSpec::new(name);
        let queue_name = deployment.sqs_name(name);
        let time_limit = greatest_limit(tasks, default_limit);
        let timeout = function_timeout(time_limit);
        let url = deployment.predefined_url(name);
        // which one a predefined queue has is not known: the usual one of its real name
        let of_real_name = url.and_then(|_| QueueSpec::new(queue_name.clone()).dead_letter);
        let (dead_letter_queue, max_receive_count) = match (of_real_name, spec.dead_letter) {
            (Some((queue, receives)), _) => (Some(queue), receives),
            (None, Some((queue, receives))) => (Some(deployment.sqs_name(&queue)), receives),
            (None, None) => (None, 0),
        };
        Self {
            name: name.to_owned(),
            arn: deployment.queue_arn(name),
            url: url.cloned(),
            fifo: Capabilities::sqs(&queue_name).fifo,
            queue_name,
            visibility_timeout: (timeout * VISIBILITY_PER_TIMEOUT).as_secs(),
            message_retention: spec.retention.as_secs(),
            max_receive_count,
            dead_letter_queue,
            dead_letter_retention: QueueSpec::DEAD_LETTER_RETENTION.as_secs(),
            tasks: tasks.iter().map(|task| task.name.clone()).collect(),
            time_limit: time_limit.map(whole_seconds),
            function_timeout: timeout.as_secs(),
        }
    }
}

/// `None` where a task may run for ever, or where nothing is known of the tasks.
fn greatest_limit(tasks: &[&TaskDefinition], default: Option<Duration>) -> Option<Duration> {
    let limits = tasks.iter().map(|task| task.options.time_limit.or(default));
    limits.collect::<Option<Vec<_>>>()?.into_iter().max()
}

fn function_timeout(limit: Option<Duration>) -> Duration {
    limit.map_or(MAX_FUNCTION_TIMEOUT, |limit| {
        Duration::from_secs(whole_seconds(limit + AROUND_A_RUN)).min(MAX_FUNCTION_TIMEOUT)
    })
}

fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_has_time_for_the_longest_task_and_lambdas_limit_at_most() {
        let timeout = |limit| function_timeout(limit).as_secs();
        assert_eq!(timeout(Some(Duration::from_millis(1500))), 17);
        assert_eq!(timeout(Some(Duration::from_mins(20))), 900);
        assert_eq!(timeout(None), 900);
    }

    #[test]
    fn nothing_known_is_no_limit() {
        assert_eq!(greatest_limit(&[], Some(Duration::from_mins(1))), None);
    }
}
