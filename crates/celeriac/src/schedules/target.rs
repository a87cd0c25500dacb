use std::time::Duration;

use celeriac_aws::{AwsConfig, AwsPlace};
use celeriac_beat::plan::DesiredSchedule;
use celeriac_core::{ScheduleSpec, ScheduleTarget};
use celeriac_protocol::UtcTime;
use jiff::Timestamp;

use crate::Connection;

/// A queue's name in SQS; that of a predefined queue is in its URL.
pub(super) fn sqs_name(config: &AwsConfig, queue: &str) -> String {
    config.sqs.real_name(queue)
}

/// Where schedules send to: names made into ARNs and URLs.
pub(super) struct Targets {
    place: AwsPlace,
    config: AwsConfig,
    role_arn: String,
    dead_letter_arn: Option<String>,
}

impl Targets {
    pub(super) fn new(connection: &Connection, config: AwsConfig, place: AwsPlace) -> Self {
        let role = connection.schedule_role();
        let role_arn = if role.starts_with("arn:") {
            role
        } else {
            place.role_arn(&role)
        };
        let dead_letters = connection.settings().beat_dead_letter_queue.as_ref();
        Self {
            dead_letter_arn: dead_letters.map(|queue| place.queue_arn(&sqs_name(&config, queue))),
            role_arn,
            config,
            place,
        }
    }

    /// The schedule as the service takes it.
    pub(super) fn spec(&self, desired: &DesiredSchedule, now: Timestamp) -> ScheduleSpec {
        ScheduleSpec {
            name: desired.name.clone(),
            description: desired.description.clone(),
            expression: desired.schedule_expression.clone(),
            timezone: desired.schedule_expression_timezone.clone(),
            start: desired.start(now).map(utc),
            end: desired.end_date.map(utc),
            enabled: desired.enabled,
            flexible_minutes: desired.flexible_minutes,
            target: self.target(desired),
            maximum_retry_attempts: desired.maximum_retry_attempts,
            maximum_event_age: Duration::from_secs(desired.maximum_event_age_in_seconds.into()),
            dead_letter_arn: self.dead_letter_arn.clone(),
            delete_after: desired.delete_after,
        }
    }

    fn target(&self, desired: &DesiredSchedule) -> ScheduleTarget {
        let sqs_name = sqs_name(&self.config, &desired.queue);
        let (arn, input) = match desired.universal_input(&self.queue_url(&desired.queue, &sqs_name))
        {
            Some(request) => (self.place.send_message_arn(), request),
            None => (self.place.queue_arn(&sqs_name), desired.input.clone()),
        };
        ScheduleTarget {
            arn,
            role_arn: self.role_arn.clone(),
            input,
            message_group_id: desired.message_group_id.clone(),
        }
    }

    fn queue_url(&self, queue: &str, sqs_name: &str) -> String {
        if let Some(url) = self.config.sqs.predefined_queues.get(queue) {
            return url.clone();
        }
        let AwsPlace { region, account } = &self.place;
        match &self.config.sqs.endpoint.url {
            // a private endpoint of SQS is not where EventBridge Scheduler is
            Some(endpoint) if !endpoint.contains(".amazonaws.com") => {
                format!("{}/{account}/{sqs_name}", endpoint.trim_end_matches('/'))
            }
            _ => {
                let domain = if region.starts_with("cn-") {
                    "amazonaws.com.cn"
                } else {
                    "amazonaws.com"
                };
                format!("https://sqs.{region}.{domain}/{account}/{sqs_name}")
            }
        }
    }
}

fn utc(time: Timestamp) -> UtcTime {
    UtcTime(time.as_microsecond())
}
