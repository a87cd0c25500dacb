//! What EventBridge Scheduler allows, from its API model (botocore,
//! `scheduler/2021-06-30/service-2.json`) and from the user guide's "Quotas for Amazon EventBridge
//! Scheduler". The only place that has these numbers.

use std::ops::RangeInclusive;

/// Characters of a schedule expression (shape `ScheduleExpression`).
pub const EXPRESSION_CHARACTERS: usize = 256;
/// Characters of a time zone's name (shape `ScheduleExpressionTimezone`).
pub const TIME_ZONE_CHARACTERS: usize = 50;
/// Characters of a schedule's name and of a group's (shapes `Name` and `ScheduleGroupName`), each
/// of `0-9a-zA-Z-_.`.
pub const NAME_CHARACTERS: usize = 64;
/// Characters of a schedule's description (shape `Description`).
pub const DESCRIPTION_CHARACTERS: usize = 512;
/// Characters of the ARN of a target, a role or a dead-letter queue (shapes `TargetArn`, `RoleArn`
/// and `DeadLetterConfigArnString`).
pub const ARN_CHARACTERS: usize = 1600;
/// Characters of a message group's id (shape `MessageGroupId`).
pub const MESSAGE_GROUP_CHARACTERS: usize = 128;
/// Bytes of a target's input. The API model names no limit; this is the quota of the user guide,
/// and what a message could hold on SQS when the service was made.
pub const INPUT_BYTES: usize = 256 << 10;
/// Tags of a group (shape `TagList`).
pub const TAGS: usize = 200;
/// Characters of a tag's key (shape `TagKey`).
pub const TAG_KEY_CHARACTERS: usize = 128;
/// Characters of a tag's value (shape `TagValue`).
pub const TAG_VALUE_CHARACTERS: usize = 256;
/// Schedules of an account in a Region unless a higher quota was granted ("Quotas for Amazon
/// EventBridge Scheduler"; it was 1,000,000 before).
pub const SCHEDULES: u64 = 10_000_000;
/// Seconds by which a `StartDate` may lie in the past: earlier ones are refused.
pub const START_DATE_PAST_SECONDS: u64 = 300;
/// Schedules on one page of a list (shape `MaxResults`).
pub const LIST_PAGE: u8 = 100;
/// Minutes of a flexible time window (shape `MaximumWindowInMinutes`).
pub const FLEXIBLE_WINDOW_MINUTES: RangeInclusive<u32> = 1..=1440;
/// Times that an invocation is tried again (shape `MaximumRetryAttempts`).
pub const RETRY_ATTEMPTS: RangeInclusive<u32> = 0..=185;
/// The tries where a schedule says nothing of them: the most.
pub const DEFAULT_RETRY_ATTEMPTS: u32 = *RETRY_ATTEMPTS.end();
/// Seconds for which a failed invocation is kept (shape `MaximumEventAgeInSeconds`).
pub const EVENT_AGE_SECONDS: RangeInclusive<u32> = 60..=86_400;
/// The seconds where a schedule says nothing of them: the most.
pub const DEFAULT_EVENT_AGE_SECONDS: u32 = *EVENT_AGE_SECONDS.end();
/// Years of a cron expression and of a one-time schedule.
pub const YEARS: RangeInclusive<i16> = 1970..=2199;
/// Seconds after its scheduled time within which a target is invoked.
pub const PRECISION_SECONDS: u64 = 60;
