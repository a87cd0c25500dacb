use std::collections::BTreeMap;
use std::time::Duration;

use celeriac_core::Outgoing;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::Value as Json;

use crate::evaluator::{Cron, rate};
use crate::local_clock::LocalClock;

const UNIVERSAL: &str = ":scheduler:::aws-sdk:sqs:sendMessage";
const TWO_DAYS_OF_MINUTES: i64 = 2 * 24 * 60;

/// A schedule as `GetSchedule` answers it, fired as AWS's documentation says: emulators know
/// neither zones nor universal targets nor the scheduled time.
pub(crate) struct StoredSchedule(Json);

/// The target's call: a message to a queue, by its name in SQS.
pub(crate) struct Call {
    pub(crate) queue: String,
    pub(crate) message: Outgoing,
}

impl StoredSchedule {
    pub(crate) fn new(stored: Json) -> Self {
        Self(stored)
    }

    pub(crate) fn is_universal(&self) -> bool {
        self.0["Target"]["Arn"]
            .as_str()
            .expect("an ARN")
            .ends_with(UNIVERSAL)
    }

    /// Seconds since the epoch at which it fires, from `from` and before `to`.
    pub(crate) fn fires(&self, from: i64, to: i64) -> Vec<i64> {
        if self.0["State"] != "ENABLED" {
            return Vec::new();
        }
        let expression = self.0["ScheduleExpression"]
            .as_str()
            .expect("an expression");
        let bound = |name: &str, otherwise: i64| self.0[name].as_i64().unwrap_or(otherwise);
        let (start, end) = (bound("StartDate", i64::MIN), bound("EndDate", i64::MAX));
        let fires = if let Some(wall) = expression.strip_prefix("at(") {
            vec![self.once(wall.trim_end_matches(')'))]
        } else if let Some(minutes) = rate(expression) {
            assert_ne!(
                start,
                i64::MIN,
                "a rate without a start fires from when it was created"
            );
            let steps = (start..to).step_by(usize::try_from(minutes * 60).expect("a period"));
            steps.collect()
        } else {
            // the minute that `to` is in has begun before it
            let (from, to) = (from.div_euclid(60), to.div_euclid(60) + 1);
            let years = (from - TWO_DAYS_OF_MINUTES, to + TWO_DAYS_OF_MINUTES);
            let clock = LocalClock::new(&self.zone(), years.0, years.1);
            let fires = Cron::read(expression).fires(&clock, from, to);
            fires.into_iter().map(|minute| minute * 60).collect()
        };
        let is_due = |time: &i64| (from..to).contains(time) && (start..=end).contains(time);
        fires.into_iter().filter(is_due).collect()
    }

    fn zone(&self) -> TimeZone {
        let name = self.0["ScheduleExpressionTimezone"]
            .as_str()
            .unwrap_or("UTC");
        TimeZone::get(name).expect("a zone")
    }

    fn once(&self, wall: &str) -> i64 {
        let wall: DateTime = wall.parse().expect("a date and time");
        let zoned = wall.to_zoned(self.zone()).expect("a time that there is");
        zoned.timestamp().as_second()
    }

    /// What the service does at a time for which it fires.
    pub(crate) fn call(&self, scheduled_time: i64) -> Call {
        let target = &self.0["Target"];
        let input = target["Input"].as_str().expect("an input");
        let input = replaced(input, scheduled_time);
        if self.is_universal() {
            return universal(&serde_json::from_str(&input).expect("a request in JSON"));
        }
        let arn = target["Arn"].as_str().expect("an ARN");
        let group = target["SqsParameters"]["MessageGroupId"].as_str();
        Call {
            queue: arn.rsplit(':').next().expect("a queue's name").to_owned(),
            message: Outgoing {
                body: input,
                delay: Duration::ZERO,
                group_id: group.map(str::to_owned),
                dedup_id: None,
                attributes: BTreeMap::new(),
            },
        }
    }
}

/// The keywords of the user guide's "Adding context attributes in EventBridge Scheduler".
fn replaced(input: &str, scheduled_time: i64) -> String {
    let time = Timestamp::from_second(scheduled_time).expect("a time");
    let replaced = input
        .replace("<aws.scheduler.scheduled-time>", &time.to_string())
        .replace(
            "<aws.scheduler.schedule-arn>",
            "arn:aws:scheduler:us-east-1:123456789012:schedule/a/b",
        )
        .replace("<aws.scheduler.execution-id>", "d32c5kddcf5bb8c3")
        .replace("<aws.scheduler.attempt-number>", "1");
    assert!(
        !replaced.contains("<aws."),
        "an unknown keyword: {replaced}"
    );
    replaced
}

/// A request of SQS's `SendMessage`.
fn universal(request: &Json) -> Call {
    const KNOWN: [&str; 6] = [
        "QueueUrl",
        "MessageBody",
        "DelaySeconds",
        "MessageGroupId",
        "MessageDeduplicationId",
        "MessageAttributes",
    ];
    let members = request.as_object().expect("an object");
    for name in members.keys() {
        assert!(
            KNOWN.contains(&name.as_str()),
            "SendMessage has no `{name}`"
        );
    }
    let text = |name: &str| request[name].as_str().map(str::to_owned);
    let url = text("QueueUrl").expect("a queue's URL");
    let attributes = request["MessageAttributes"]
        .as_object()
        .into_iter()
        .flatten();
    let attribute = |(name, value): (&String, &Json)| {
        assert_eq!(value["DataType"], "String", "{name}");
        let text = value["StringValue"].as_str().expect("a text");
        (name.clone(), text.to_owned())
    };
    Call {
        queue: url.rsplit('/').next().expect("a queue's name").to_owned(),
        message: Outgoing {
            body: text("MessageBody").expect("a body"),
            delay: Duration::from_secs(request["DelaySeconds"].as_u64().unwrap_or_default()),
            group_id: text("MessageGroupId"),
            dedup_id: text("MessageDeduplicationId"),
            attributes: attributes.map(attribute).collect(),
        },
    }
}
