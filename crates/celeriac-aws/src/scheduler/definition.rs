use std::time::Duration;

use aws_sdk_scheduler::Client;
use aws_sdk_scheduler::operation::get_schedule::GetScheduleOutput;
use aws_sdk_scheduler::primitives::DateTime;
use aws_sdk_scheduler::types::{
    ActionAfterCompletion, DeadLetterConfig, FlexibleTimeWindow, FlexibleTimeWindowMode,
    RetryPolicy, ScheduleState, SqsParameters, Target,
};
use celeriac_core::{ScheduleSpec, ScheduleTarget, SchedulerErrorKind, schedule_limits};
use celeriac_protocol::UtcTime;

use crate::fault::Fault;

const MICROS: i64 = 1_000_000;
/// The service's own time zone.
const UTC: &str = "UTC";

/// All that a request to create or to update a schedule says: an update replaces all of it.
#[derive(Clone, Debug)]
pub(super) struct Definition {
    group: String,
    name: String,
    expression: Option<String>,
    timezone: Option<String>,
    start: Option<DateTime>,
    end: Option<DateTime>,
    description: Option<String>,
    pub(super) state: ScheduleState,
    window: Option<FlexibleTimeWindow>,
    target: Option<Target>,
    after: Option<ActionAfterCompletion>,
    kms_key: Option<String>,
}

impl Definition {
    pub(super) fn of_spec(group: &str, spec: &ScheduleSpec) -> Self {
        Self {
            group: group.to_owned(),
            name: spec.name.clone(),
            expression: Some(spec.expression.clone()),
            timezone: spec.timezone.clone(),
            start: spec.start.map(whole_second),
            end: spec.end.map(whole_second),
            description: spec.description.clone(),
            state: state(spec.enabled),
            window: Some(window(spec.flexible_minutes)),
            target: Some(target(spec)),
            after: Some(after(spec.delete_after)),
            kms_key: None,
        }
    }

    /// What stands there, also what [`ScheduleSpec`] does not know.
    pub(super) fn of_answer(group: &str, name: &str, answer: GetScheduleOutput) -> Self {
        Self {
            group: group.to_owned(),
            name: name.to_owned(),
            expression: answer.schedule_expression,
            timezone: answer.schedule_expression_timezone,
            start: answer.start_date,
            end: answer.end_date,
            description: answer.description,
            state: answer.state.unwrap_or(ScheduleState::Enabled),
            window: answer.flexible_time_window,
            target: answer.target,
            after: answer.action_after_completion,
            kms_key: answer.kms_key_arn,
        }
    }

    /// The SDK gives each call a token of its own, which its retries share: one whose answer was
    /// lost is not a conflict.
    pub(super) async fn create(self, client: &Client) -> Result<(), Fault> {
        client
            .create_schedule()
            .group_name(self.group)
            .name(self.name)
            .set_schedule_expression(self.expression)
            .set_schedule_expression_timezone(self.timezone)
            .set_start_date(self.start)
            .set_end_date(self.end)
            .set_description(self.description)
            .state(self.state)
            .set_flexible_time_window(self.window)
            .set_target(self.target)
            .set_action_after_completion(self.after)
            .set_kms_key_arn(self.kms_key)
            .send()
            .await?;
        Ok(())
    }

    pub(super) async fn update(self, client: &Client) -> Result<(), Fault> {
        client
            .update_schedule()
            .group_name(self.group)
            .name(self.name)
            .set_schedule_expression(self.expression)
            .set_schedule_expression_timezone(self.timezone)
            .set_start_date(self.start)
            .set_end_date(self.end)
            .set_description(self.description)
            .state(self.state)
            .set_flexible_time_window(self.window)
            .set_target(self.target)
            .set_action_after_completion(self.after)
            .set_kms_key_arn(self.kms_key)
            .send()
            .await?;
        Ok(())
    }

    /// As the seam has it.
    pub(super) fn into_spec(self) -> Result<ScheduleSpec, SchedulerErrorKind> {
        let missing = |what: &str| {
            SchedulerErrorKind::Other(format!("the answer leaves out the schedule's {what}"))
        };
        let target = self.target.ok_or_else(|| missing("target"))?;
        let retries = target.retry_policy.as_ref();
        Ok(ScheduleSpec {
            name: self.name,
            description: self.description.filter(|text| !text.is_empty()),
            expression: self.expression.ok_or_else(|| missing("expression"))?,
            timezone: self.timezone.filter(|zone| zone != UTC),
            start: self.start.as_ref().map(utc_time),
            end: self.end.as_ref().map(utc_time),
            enabled: self.state == ScheduleState::Enabled,
            flexible_minutes: self.window.as_ref().map_or(0, flexible_minutes),
            maximum_retry_attempts: retries
                .and_then(|policy| u32::try_from(policy.maximum_retry_attempts?).ok())
                .unwrap_or(schedule_limits::DEFAULT_RETRY_ATTEMPTS),
            maximum_event_age: Duration::from_secs(
                retries
                    .and_then(|policy| u64::try_from(policy.maximum_event_age_in_seconds?).ok())
                    .unwrap_or(schedule_limits::DEFAULT_EVENT_AGE_SECONDS.into()),
            ),
            dead_letter_arn: target.dead_letter_config.and_then(|config| config.arn),
            delete_after: self.after == Some(ActionAfterCompletion::Delete),
            target: ScheduleTarget {
                arn: target.arn,
                role_arn: target.role_arn,
                input: target.input.unwrap_or_default(),
                message_group_id: target
                    .sqs_parameters
                    .and_then(|parameters| parameters.message_group_id),
            },
        })
    }
}

pub(super) fn state(enabled: bool) -> ScheduleState {
    if enabled {
        ScheduleState::Enabled
    } else {
        ScheduleState::Disabled
    }
}

pub(super) fn utc_time(time: &DateTime) -> UtcTime {
    let micros = i64::from(time.subsec_nanos() / 1000);
    UtcTime(time.secs().saturating_mul(MICROS).saturating_add(micros))
}

fn whole_second(time: UtcTime) -> DateTime {
    DateTime::from_secs(time.0.div_euclid(MICROS))
}

fn after(delete: bool) -> ActionAfterCompletion {
    if delete {
        ActionAfterCompletion::Delete
    } else {
        ActionAfterCompletion::None
    }
}

fn window(minutes: u32) -> FlexibleTimeWindow {
    let window = FlexibleTimeWindow::builder();
    let window = if minutes == 0 {
        window.mode(FlexibleTimeWindowMode::Off)
    } else {
        window
            .mode(FlexibleTimeWindowMode::Flexible)
            .maximum_window_in_minutes(to_i32(minutes.into()))
    };
    window.build().expect("the mode is set")
}

fn flexible_minutes(window: &FlexibleTimeWindow) -> u32 {
    match window.maximum_window_in_minutes {
        Some(minutes) if window.mode == FlexibleTimeWindowMode::Flexible => {
            u32::try_from(minutes).unwrap_or_default()
        }
        _ => 0,
    }
}

fn target(spec: &ScheduleSpec) -> Target {
    let retries = RetryPolicy::builder()
        .maximum_retry_attempts(to_i32(spec.maximum_retry_attempts.into()))
        .maximum_event_age_in_seconds(to_i32(spec.maximum_event_age.as_secs()));
    let dead_letters = spec
        .dead_letter_arn
        .as_ref()
        .map(|arn| DeadLetterConfig::builder().arn(arn).build());
    let group = spec.target.message_group_id.as_ref();
    Target::builder()
        .arn(&spec.target.arn)
        .role_arn(&spec.target.role_arn)
        .input(&spec.target.input)
        .retry_policy(retries.build())
        .set_dead_letter_config(dead_letters)
        .set_sqs_parameters(group.map(|id| SqsParameters::builder().message_group_id(id).build()))
        .build()
        .expect("both ARNs are set")
}

fn to_i32(number: u64) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec() -> ScheduleSpec {
        ScheduleSpec {
            name: "nightly".to_owned(),
            description: Some("of the shop".to_owned()),
            expression: "cron(0 3 * * ? *)".to_owned(),
            timezone: Some("Europe/Berlin".to_owned()),
            start: Some(UtcTime(1_800_000_000_000_000)),
            end: Some(UtcTime(1_900_000_000_000_000)),
            enabled: false,
            flexible_minutes: 15,
            target: ScheduleTarget {
                arn: "arn:aws:sqs:eu-west-1:123456789012:celery.fifo".to_owned(),
                role_arn: "arn:aws:iam::123456789012:role/beat".to_owned(),
                input: "{}".to_owned(),
                message_group_id: Some("shop".to_owned()),
            },
            maximum_retry_attempts: 3,
            maximum_event_age: Duration::from_hours(1),
            dead_letter_arn: Some("arn:aws:sqs:eu-west-1:123456789012:dead".to_owned()),
            delete_after: true,
        }
    }

    fn there_and_back(spec: &ScheduleSpec) -> ScheduleSpec {
        Definition::of_spec("shop", spec)
            .into_spec()
            .expect("a whole one")
    }

    #[test]
    fn a_spec_survives_the_way_there_and_back() {
        let full = spec();
        assert_eq!(there_and_back(&full), full);
        let bare = ScheduleSpec {
            description: None,
            timezone: None,
            start: None,
            end: None,
            enabled: true,
            flexible_minutes: 0,
            dead_letter_arn: None,
            delete_after: false,
            ..spec()
        };
        assert_eq!(there_and_back(&bare), bare);
    }

    #[test]
    fn fractions_of_seconds_are_cut() {
        let cut = |micros| {
            let start = Some(UtcTime(micros));
            there_and_back(&ScheduleSpec { start, ..spec() }).start
        };
        assert_eq!(cut(1_999_999), Some(UtcTime(1_000_000)));
        assert_eq!(cut(-1), Some(UtcTime(-1_000_000)));
    }

    #[test]
    fn what_an_answer_leaves_out_is_the_services_default() {
        let target = Target::builder().arn("a").role_arn("r").build();
        let answer = GetScheduleOutput::builder()
            .schedule_expression("rate(1 day)")
            .schedule_expression_timezone("UTC")
            .description("")
            .target(target.expect("both ARNs are set"))
            .build();
        let spec = Definition::of_answer("g", "n", answer)
            .into_spec()
            .expect("whole enough");
        assert_eq!((spec.timezone, spec.description), (None, None));
        assert_eq!(spec.maximum_retry_attempts, 185);
        assert_eq!(spec.maximum_event_age, Duration::from_hours(24));
        assert!(spec.enabled && !spec.delete_after);
        assert_eq!(spec.flexible_minutes, 0);
        let empty = GetScheduleOutput::builder().build();
        assert!(
            Definition::of_answer("g", "n", empty)
                .into_spec()
                .expect_err("no target")
                .to_string()
                .contains("target")
        );
    }
}
