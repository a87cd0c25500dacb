use std::time::Duration;

use celeriac::Connection;
use celeriac::broker::{BrokerError, BrokerErrorKind, QueueStats};
use futures_util::future::join_all;

use crate::check::Check;

/// Below this, releases, deferrals and throttles may carry healthy messages to the dead-letter
/// queue.
const ENOUGH_RECEIVES: u32 = 100;
const SHORT_VISIBILITY: Duration = Duration::from_secs(30);

/// Each queue: is it there, can it be read, where do its dead letters go.
pub(crate) async fn checks(connection: &Connection, queues: &[String]) -> Vec<Check> {
    let answers = join_all(queues.iter().map(|queue| connection.broker().stats(queue))).await;
    let checks = queues
        .iter()
        .zip(answers)
        .map(|(queue, answer)| async move {
            match answer {
                Ok(stats) => {
                    let mut checks = existing(queue, &stats);
                    checks.extend(waiting_dead_letters(connection, queue, &stats).await);
                    checks
                }
                Err(error) if !connection.broker_is_aws() => {
                    vec![missing_in_sqlite(queue, &error)]
                }
                Err(error) => vec![failed(queue, &error)],
            }
        });
    join_all(checks).await.into_iter().flatten().collect()
}

/// What waits in its dead-letter queue, if that can be seen.
async fn waiting_dead_letters(
    connection: &Connection,
    queue: &str,
    stats: &QueueStats,
) -> Option<Check> {
    let dead_letters = stats.dead_letter_queue.as_ref()?;
    let waiting = connection.broker().stats(dead_letters).await.ok()?.visible;
    let advice = "each says why in its message attributes `celeriac-reason` and `celeriac-error`; docs/operations.md says how to look and how to move them back";
    (waiting > 0).then(|| {
        Check::warn(
            format!("queue `{queue}`, dead letters"),
            format!("{waiting} waiting in `{dead_letters}`"),
            advice,
        )
    })
}

fn existing(queue: &str, stats: &QueueStats) -> Vec<Check> {
    let subject = format!("queue `{queue}`");
    let counts = format!(
        "{} waiting, {} running, {} delayed",
        stats.visible, stats.in_flight, stats.delayed
    );
    let mut checks = vec![Check::ok(&subject, counts)];
    checks.push(match (&stats.dead_letter_queue, stats.max_receive_count) {
        (None, _) => Check::warn(
            format!("{subject}, dead letters"),
            "it has no dead-letter queue: an unreadable message is never deleted and comes back again and again",
            format!("celeriac queues create {queue} gives it one"),
        ),
        (Some(dead_letters), Some(receives)) if receives < ENOUGH_RECEIVES => Check::warn(
            format!("{subject}, dead letters"),
            format!("SQS moves a message to `{dead_letters}` after {receives} receives, and every release, deferral and throttle is one"),
            format!("celeriac queues create {queue} --max-receives {ENOUGH_RECEIVES} --update (workers count lost runs themselves)"),
        ),
        (Some(dead_letters), _) => Check::ok(format!("{subject}, dead letters"), format!("go to `{dead_letters}`")),
    });
    if let Some(visibility) = stats
        .visibility
        .filter(|visibility| *visibility < SHORT_VISIBILITY)
    {
        checks.push(Check::warn(
            format!("{subject}, visibility"),
            format!("its own visibility timeout is {} s: Python workers on it may run long tasks twice", visibility.as_secs()),
            format!("make it longer than the longest Python task (celeriac's workers hold it by themselves): celeriac queues create {queue} --visibility TIME --update"),
        ));
    }
    checks
}

/// SQLite needs no creating.
fn missing_in_sqlite(queue: &str, error: &BrokerError) -> Check {
    match error.kind {
        BrokerErrorKind::QueueNotFound => Check::ok(
            format!("queue `{queue}`"),
            "does not exist yet; the first message creates it",
        ),
        _ => failed(queue, error),
    }
}

fn failed(queue: &str, error: &BrokerError) -> Check {
    let subject = format!("queue `{queue}`");
    match &error.kind {
        BrokerErrorKind::QueueNotFound => Check::fail(
            subject,
            "does not exist",
            format!("celeriac queues create {queue}"),
        ),
        BrokerErrorKind::AccessDenied(text) => Check::fail(
            subject,
            format!("access denied: {text}"),
            "allow sqs:GetQueueUrl and sqs:GetQueueAttributes on it",
        ),
        BrokerErrorKind::Unavailable(text) => Check::fail(
            subject,
            format!("no answer: {text}"),
            "check the network, the endpoint and the region",
        ),
        other => Check::fail(subject, other.to_string(), "see the message"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Status;

    fn stats(receives: u32) -> QueueStats {
        let visibility = Some(Duration::from_mins(1));
        QueueStats {
            dead_letter_queue: Some("a-dlq".into()),
            max_receive_count: Some(receives),
            visibility,
            ..QueueStats::default()
        }
    }

    fn worst(checks: &[Check]) -> Status {
        if checks.iter().any(|check| check.status() == Status::Warn) {
            Status::Warn
        } else {
            Status::Ok
        }
    }

    #[test]
    fn few_receives_are_warned_of() {
        assert_eq!(worst(&existing("a", &stats(99))), Status::Warn);
        assert_eq!(worst(&existing("a", &stats(100))), Status::Ok);
    }

    #[test]
    fn a_missing_dead_letter_queue_is_warned_of() {
        assert_eq!(worst(&existing("a", &QueueStats::default())), Status::Warn);
    }
}
