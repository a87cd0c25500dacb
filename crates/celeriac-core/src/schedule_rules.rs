//! The limits of EventBridge Scheduler, checked before anything is sent, since emulators let
//! through what AWS refuses.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use crate::message_rules::check_text;
use crate::schedule_limits as limits;
use crate::{ScheduleSpec, ScheduleTarget, SchedulerErrorKind};

impl ScheduleSpec {
    /// Refuses what EventBridge Scheduler would refuse by its shape. Whether the expression means
    /// anything, and whether the zone, the role and the queue are there, only the service knows.
    pub fn check(&self) -> Result<(), SchedulerErrorKind> {
        check_schedule_name(&self.name)?;
        let description = self.description.as_deref().unwrap_or_default();
        check_length(
            "description",
            description,
            0,
            limits::DESCRIPTION_CHARACTERS,
        )?;
        check_length(
            "expression",
            &self.expression,
            1,
            limits::EXPRESSION_CHARACTERS,
        )?;
        if let Some(timezone) = &self.timezone {
            check_length("time zone", timezone, 1, limits::TIME_ZONE_CHARACTERS)?;
        }
        if self.flexible_minutes > 0 {
            let minutes = u64::from(self.flexible_minutes);
            check_range(
                "flexible window in minutes",
                minutes,
                limits::FLEXIBLE_WINDOW_MINUTES,
            )?;
        }
        self.check_span()?;
        self.check_retries()?;
        self.target.check()
    }

    fn check_span(&self) -> Result<(), SchedulerErrorKind> {
        match (self.start, self.end) {
            (Some(start), Some(end)) if end <= start => Err(invalid(format!(
                "its end {} is not after its start {}",
                end.to_iso(),
                start.to_iso()
            ))),
            _ => Ok(()),
        }
    }

    fn check_retries(&self) -> Result<(), SchedulerErrorKind> {
        let attempts = u64::from(self.maximum_retry_attempts);
        check_range("number of retry attempts", attempts, limits::RETRY_ATTEMPTS)?;
        check_event_age(self.maximum_event_age)?;
        let Some(arn) = &self.dead_letter_arn else {
            return Ok(());
        };
        check_length(
            "ARN of the dead-letter queue",
            arn,
            1,
            limits::ARN_CHARACTERS,
        )?;
        if is_queue_arn(arn) {
            return Ok(());
        }
        // also a FIFO queue's: the service takes a standard queue only
        Err(invalid(format!(
            "the dead-letter queue `{arn}` is not the ARN of a standard SQS queue"
        )))
    }
}

impl ScheduleTarget {
    fn check(&self) -> Result<(), SchedulerErrorKind> {
        check_length("ARN of the target", &self.arn, 1, limits::ARN_CHARACTERS)?;
        check_length("ARN of the role", &self.role_arn, 1, limits::ARN_CHARACTERS)?;
        if !is_role_arn(&self.role_arn) {
            return Err(invalid(format!(
                "the role `{}` is not the ARN of an IAM role",
                self.role_arn
            )));
        }
        check_size(
            "size of the input in bytes",
            self.input.len(),
            limits::INPUT_BYTES,
        )?;
        // SQS would refuse it each time it fires
        check_text("input", &self.input).map_err(|error| invalid(error.to_string()))?;
        self.check_group()
    }

    fn check_group(&self) -> Result<(), SchedulerErrorKind> {
        let of_queue = self.arn.split(':').nth(2) == Some("sqs");
        match &self.message_group_id {
            Some(_) if !of_queue => Err(invalid(
                "a universal target has its message group id in the input",
            )),
            Some(id) => check_length("message group id", id, 1, limits::MESSAGE_GROUP_CHARACTERS),
            // the queue would refuse each message
            None if of_queue && self.arn.strip_suffix(".fifo").is_some() => {
                Err(invalid("a FIFO queue needs a message group id"))
            }
            None => Ok(()),
        }
    }
}

/// Refuses a schedule's name that EventBridge Scheduler would refuse.
pub fn check_schedule_name(name: &str) -> Result<(), SchedulerErrorKind> {
    check_name("schedule name", name)
}

/// Refuses a group's name that EventBridge Scheduler would refuse.
pub fn check_schedule_group(group: &str) -> Result<(), SchedulerErrorKind> {
    check_name("schedule group", group)
}

/// Refuses tags that EventBridge Scheduler would refuse on a group.
pub fn check_schedule_tags(tags: &BTreeMap<String, String>) -> Result<(), SchedulerErrorKind> {
    check_size("number of tags", tags.len(), limits::TAGS)?;
    for (key, value) in tags {
        check_length("tag's key", key, 1, limits::TAG_KEY_CHARACTERS)?;
        check_length("tag's value", value, 1, limits::TAG_VALUE_CHARACTERS)?;
    }
    Ok(())
}

fn check_name(what: &str, name: &str) -> Result<(), SchedulerErrorKind> {
    check_length(what, name, 1, limits::NAME_CHARACTERS)?;
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if name.chars().all(allowed) {
        return Ok(());
    }
    Err(invalid(format!(
        "{what} `{name}` is not valid: EventBridge Scheduler allows ASCII letters, digits, `-`, `_` and `.`"
    )))
}

fn check_event_age(age: Duration) -> Result<(), SchedulerErrorKind> {
    check_range(
        "maximum event age in seconds",
        age.as_secs(),
        limits::EVENT_AGE_SECONDS,
    )
}

/// `arn:PARTITION:sqs:REGION:ACCOUNT:NAME` without a dot, which only a FIFO queue's name has.
fn is_queue_arn(arn: &str) -> bool {
    let parts: Vec<&str> = arn.split(':').collect();
    let [_, _, "sqs", region, account, name] = parts[..] else {
        return false;
    };
    let of_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    is_arn(arn)
        && !region.is_empty()
        && is_account(account)
        && !name.is_empty()
        && name.chars().all(of_name)
}

/// `arn:PARTITION:iam::ACCOUNT:role/PATH/NAME`.
fn is_role_arn(arn: &str) -> bool {
    let parts: Vec<&str> = arn.split(':').collect();
    let [_, _, "iam", "", account, resource] = parts[..] else {
        return false;
    };
    let of_path = |c: char| c.is_ascii_alphanumeric() || "_+=,.@/-".contains(c);
    is_arn(arn)
        && is_account(account)
        && resource
            .strip_prefix("role/")
            .is_some_and(|path| !path.is_empty() && path.chars().all(of_path))
}

fn is_arn(arn: &str) -> bool {
    arn.starts_with("arn:aws:") || arn.starts_with("arn:aws-")
}

fn is_account(account: &str) -> bool {
    account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit())
}

fn check_length(
    what: &str,
    text: &str,
    least: usize,
    most: usize,
) -> Result<(), SchedulerErrorKind> {
    let length = text.chars().count();
    if length < least {
        return Err(invalid(format!("the {what} is empty")));
    }
    check_size(&format!("length of the {what}"), length, most)
}

fn check_size(what: &str, actual: usize, limit: usize) -> Result<(), SchedulerErrorKind> {
    if actual <= limit {
        return Ok(());
    }
    Err(invalid(format!(
        "{what} is {actual}, over the limit of {limit}"
    )))
}

fn check_range(
    what: &str,
    actual: u64,
    allowed: RangeInclusive<u32>,
) -> Result<(), SchedulerErrorKind> {
    let (least, most) = (*allowed.start(), *allowed.end());
    if (u64::from(least)..=u64::from(most)).contains(&actual) {
        return Ok(());
    }
    Err(invalid(format!(
        "{what} is {actual}, and must be from {least} to {most}"
    )))
}

fn invalid(reason: impl Into<String>) -> SchedulerErrorKind {
    SchedulerErrorKind::Invalid(reason.into())
}

#[cfg(test)]
mod tests {
    use celeriac_protocol::UtcTime;

    use super::*;

    fn good() -> ScheduleSpec {
        ScheduleSpec {
            name: "nightly.report_1-a".to_owned(),
            description: None,
            expression: "rate(1 minute)".to_owned(),
            timezone: None,
            start: None,
            end: None,
            enabled: true,
            flexible_minutes: 0,
            target: ScheduleTarget {
                arn: "arn:aws:sqs:eu-west-1:123456789012:celery".to_owned(),
                role_arn: "arn:aws:iam::123456789012:role/path/celeriac-scheduler".to_owned(),
                input: "{}".to_owned(),
                message_group_id: None,
            },
            maximum_retry_attempts: 185,
            maximum_event_age: Duration::from_hours(24),
            dead_letter_arn: None,
            delete_after: false,
        }
    }

    /// What the refusal of a spec says that was good until `change`.
    fn refusal(change: impl FnOnce(&mut ScheduleSpec)) -> String {
        let mut spec = good();
        change(&mut spec);
        match spec.check() {
            Err(SchedulerErrorKind::Invalid(reason)) => reason,
            other => panic!("not refused: {other:?}"),
        }
    }

    fn accepted(change: impl FnOnce(&mut ScheduleSpec)) {
        let mut spec = good();
        change(&mut spec);
        assert_eq!(spec.check(), Ok(()), "{spec:?}");
    }

    #[test]
    fn names_are_those_of_the_service() {
        for name in ["a", "A-b_9.x", &"x".repeat(64)] {
            assert!(check_schedule_name(name).is_ok(), "{name}");
            assert!(check_schedule_group(name).is_ok(), "{name}");
        }
        for name in ["", "a b", "a/b", "ä", "a:b", &"x".repeat(65)] {
            assert!(check_schedule_name(name).is_err(), "{name}");
            assert!(check_schedule_group(name).is_err(), "{name}");
        }
    }

    #[test]
    fn texts_have_their_lengths() {
        accepted(|spec| spec.description = Some("ä".repeat(512)));
        accepted(|spec| spec.expression = "x".repeat(256));
        accepted(|spec| spec.timezone = Some("z".repeat(50)));
        accepted(|spec| spec.target.input = "x".repeat(262_144));
        accepted(|spec| spec.target.message_group_id = Some("g".repeat(128)));
        assert_eq!(
            refusal(|spec| spec.expression = "x".repeat(257)),
            "length of the expression is 257, over the limit of 256"
        );
        assert_eq!(
            refusal(|spec| spec.expression.clear()),
            "the expression is empty"
        );
        assert!(refusal(|spec| spec.description = Some("x".repeat(513))).contains("512"));
        assert!(refusal(|spec| spec.timezone = Some("z".repeat(51))).contains("50"));
        assert!(refusal(|spec| spec.timezone = Some(String::new())).contains("empty"));
        assert!(refusal(|spec| spec.target.input = "x".repeat(262_145)).contains("262144"));
        assert!(refusal(|spec| spec.target.input.clear()).contains("empty"));
        assert!(refusal(|spec| spec.target.input = "\u{0}".to_owned()).contains("input"));
        let group = |length| {
            move |spec: &mut ScheduleSpec| spec.target.message_group_id = Some("g".repeat(length))
        };
        assert!(refusal(group(129)).contains("128"));
        assert!(refusal(group(0)).contains("empty"));
    }

    #[test]
    fn numbers_have_their_ranges() {
        accepted(|spec| spec.flexible_minutes = 1440);
        accepted(|spec| spec.maximum_retry_attempts = 0);
        accepted(|spec| spec.maximum_event_age = Duration::from_mins(1));
        assert!(refusal(|spec| spec.flexible_minutes = 1441).contains("1 to 1440"));
        assert!(refusal(|spec| spec.maximum_retry_attempts = 186).contains("0 to 185"));
        for seconds in [59, 86_401] {
            let age = Duration::from_secs(seconds);
            assert!(refusal(|spec| spec.maximum_event_age = age).contains("60 to 86400"));
        }
        let at = |seconds: i64| Some(UtcTime(seconds * 1_000_000));
        accepted(|spec| (spec.start, spec.end) = (at(1), at(2)));
        assert!(refusal(|spec| (spec.start, spec.end) = (at(2), at(2))).contains("not after"));
    }

    #[test]
    fn arns_are_of_what_they_must_be() {
        let queue = "arn:aws-cn:sqs:cn-north-1:123456789012:dead";
        accepted(|spec| spec.dead_letter_arn = Some(queue.to_owned()));
        for arn in [
            "arn:aws:sqs:eu-west-1:123456789012:dead.fifo",
            "arn:aws:sqs:eu-west-1:1234:dead",
            "arn:aws:sns:eu-west-1:123456789012:dead",
            "https://sqs.eu-west-1.amazonaws.com/123456789012/dead",
            "",
        ] {
            let reason = refusal(|spec| spec.dead_letter_arn = Some(arn.to_owned()));
            assert!(reason.contains("dead-letter"), "{reason}");
        }
        for arn in [
            "arn:aws:iam::123456789012:user/me",
            "arn:aws:iam::123456789012:role/",
            "celeriac-scheduler",
            "",
        ] {
            let reason = refusal(|spec| arn.clone_into(&mut spec.target.role_arn));
            assert!(reason.contains("role"), "{reason}");
        }
        assert!(refusal(|spec| spec.target.arn = "x".repeat(1601)).contains("1600"));
    }

    #[test]
    fn message_groups_are_where_they_belong() {
        let fifo = "arn:aws:sqs:eu-west-1:123456789012:orders.fifo";
        let universal = "arn:aws:scheduler:::aws-sdk:sqs:sendMessage";
        let target = |arn: &str, group: Option<&str>| {
            let (arn, group) = (arn.to_owned(), group.map(str::to_owned));
            move |spec: &mut ScheduleSpec| {
                spec.target.arn = arn;
                spec.target.message_group_id = group;
            }
        };
        accepted(target(fifo, Some("shop")));
        accepted(target(universal, None));
        assert!(refusal(target(fifo, None)).contains("FIFO"));
        assert!(refusal(target(universal, Some("shop"))).contains("universal"));
    }

    #[test]
    fn tags_are_those_of_a_group() {
        let tag = |key: usize, value: usize| BTreeMap::from([("k".repeat(key), "v".repeat(value))]);
        assert!(check_schedule_tags(&tag(128, 256)).is_ok());
        for tags in [tag(129, 1), tag(1, 257), tag(0, 1), tag(1, 0)] {
            assert!(check_schedule_tags(&tags).is_err(), "{tags:?}");
        }
    }
}
