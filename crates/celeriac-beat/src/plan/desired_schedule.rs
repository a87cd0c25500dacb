use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

/// A schedule as it is to be in EventBridge Scheduler. Serialized it is the form that a manifest
/// has, which Terraform, CloudFormation and `localstack/up` read.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DesiredSchedule {
    /// Its name there, with a digest of all that follows but `enabled`: another definition has
    /// another name.
    pub name: String,
    /// Of which entry.
    #[serde(skip)]
    pub entry: String,
    /// For people.
    pub description: Option<String>,
    /// `cron(...)`, `rate(...)` or `at(...)`.
    pub schedule_expression: String,
    /// The zone it is evaluated in; `None`: UTC.
    pub schedule_expression_timezone: Option<String>,
    /// It does not fire before.
    #[serde(serialize_with = "time")]
    pub start_date: Option<Timestamp>,
    /// It does not fire after.
    #[serde(serialize_with = "time")]
    pub end_date: Option<Timestamp>,
    /// Whether it fires.
    pub enabled: bool,
    /// Flexible time window; 0: none.
    pub flexible_minutes: u32,
    /// The queue, by Celery's name.
    pub queue: String,
    /// For the templated target on a FIFO queue.
    pub message_group_id: Option<String>,
    /// The finished message.
    pub input: String,
    /// How often EventBridge Scheduler tries again.
    pub maximum_retry_attempts: u32,
    /// And for how long.
    pub maximum_event_age_in_seconds: u32,
    /// Where the templated target cannot say it.
    pub universal: Option<UniversalTarget>,
    /// Deleted by itself after its last run.
    pub delete_after: bool,
    /// A rate is to start at a multiple of its period since the Unix epoch, and this much later.
    #[serde(skip)]
    pub phase: Option<(Duration, Duration)>,
    /// It fires no more: it may be there or not.
    #[serde(skip)]
    pub over: bool,
    /// What the settings say of every schedule, which only the service's own form has.
    #[serde(skip)]
    pub delivery: Delivery,
}

/// With what right schedules send, and what becomes of runs that EventBridge Scheduler gives up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delivery {
    /// `beat_scheduler_role`.
    pub role: Option<String>,
    /// `beat_dead_letter_queue`.
    pub dead_letter_queue: Option<String>,
}

/// What `aws-sdk:sqs:sendMessage` is given beside queue and message.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct UniversalTarget {
    /// 0 to 900.
    pub delay_seconds: u32,
    /// FIFO order, or fair-queue tenant.
    pub message_group_id: Option<String>,
    /// FIFO only.
    pub message_deduplication_id: Option<String>,
    /// As text.
    pub message_attributes: BTreeMap<String, String>,
}

impl DesiredSchedule {
    /// When it begins if it is created now: a rate counts from there, so it starts on its grid. A
    /// start that has been is none: EventBridge Scheduler refuses one in the past.
    pub fn start(&self, now: Timestamp) -> Option<Timestamp> {
        let given = self.start_date.filter(|start| *start > now);
        if self.phase.is_none() {
            return given;
        }
        let soonest = now.as_second() + 1;
        let from = given.map_or(soonest, Timestamp::as_second);
        Timestamp::from_second(from + self.until_grid(from)).ok()
    }

    /// Whether it counts from a time at which a local beat would run it.
    pub fn is_on_grid(&self, start: Timestamp) -> bool {
        self.until_grid(start.as_second()) == 0
    }

    /// Seconds to the next time of the grid; 0 where there is no grid.
    fn until_grid(&self, seconds: i64) -> i64 {
        let Some((period, phase)) = self.phase else {
            return 0;
        };
        let (period, phase) = (period.as_secs() as i64, phase.as_secs() as i64);
        (phase - seconds).rem_euclid(period)
    }

    /// The request of the universal target.
    pub fn universal_input(&self, queue_url: &str) -> Option<String> {
        let universal = self.universal.as_ref()?;
        let mut request = serde_json::json!({"QueueUrl": queue_url, "MessageBody": self.input});
        if universal.delay_seconds > 0 {
            request["DelaySeconds"] = universal.delay_seconds.into();
        }
        if let Some(group) = &universal.message_group_id {
            request["MessageGroupId"] = group.as_str().into();
        }
        if let Some(id) = &universal.message_deduplication_id {
            request["MessageDeduplicationId"] = id.as_str().into();
        }
        if !universal.message_attributes.is_empty() {
            request["MessageAttributes"] = attributes(&universal.message_attributes);
        }
        Some(request.to_string())
    }

    /// Whether it is a rate that has to start at a certain time for others to be in step with it.
    pub fn is_one_of_a_grid(&self) -> bool {
        self.phase.is_some_and(|(_, phase)| !phase.is_zero())
            || (self.phase.is_some()
                && self
                    .universal
                    .as_ref()
                    .is_some_and(|to| to.delay_seconds > 0))
    }

    /// For plans: where it goes.
    pub fn zone_name(&self) -> &str {
        self.schedule_expression_timezone
            .as_deref()
            .unwrap_or("UTC")
    }
}

fn attributes(attributes: &BTreeMap<String, String>) -> serde_json::Value {
    attributes
        .iter()
        .map(|(name, text)| {
            let value = serde_json::json!({"DataType": "String", "StringValue": text});
            (name.clone(), value)
        })
        .collect::<serde_json::Map<_, _>>()
        .into()
}

#[expect(clippy::ref_option, reason = "serde calls it so")]
fn time<S: Serializer>(time: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    time.map(|time| time.to_string()).serialize(serializer)
}
