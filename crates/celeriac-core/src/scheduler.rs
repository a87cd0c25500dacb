use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use celeriac_protocol::UtcTime;
use thiserror::Error;

/// Where schedules live that fire without a process of ours: EventBridge Scheduler.
///
/// Schedules are in groups, and names are unique within a group. Every method checks what it is
/// given against the service's limits ([`ScheduleSpec::check`],
/// [`check_schedule_group`](crate::check_schedule_group)) before a request is made. Methods that
/// take a batch take any number of entries, send them a few at a time, retry throttles entry by
/// entry, and answer one result per entry, in the entries' order. No method is cancel-safe unless
/// it says so: a dropped future may or may not have had its effect; but each is idempotent, so the
/// call may be made again.
#[async_trait]
pub trait Scheduler: Send + Sync + 'static {
    /// Creates the group with these tags where it is missing, and answers whether it was. A group
    /// that is there keeps the tags it has. Idempotent. `SchedulerErrorKind::Unavailable` while a
    /// group of this name is being deleted.
    async fn ensure_group(
        &self,
        group: &str,
        tags: &BTreeMap<String, String>,
    ) -> Result<bool, SchedulerError>;

    /// The tags of the group; `None` if there is no such group. Cancel-safe: it only reads.
    async fn group_tags(
        &self,
        group: &str,
    ) -> Result<Option<BTreeMap<String, String>>, SchedulerError>;

    /// What the group holds, by name; `None` if there is no such group. List pages only: one
    /// request for each hundred schedules, and one more where there are none, to tell an empty
    /// group from a missing one. A schedule that is created or deleted meanwhile may be in the
    /// answer or not. Cancel-safe: it only reads.
    async fn list(&self, group: &str) -> Result<Option<Vec<ListedSchedule>>, SchedulerError>;

    /// The whole schedule; `None` if the group or the schedule is not there. Cancel-safe: it only
    /// reads.
    async fn get(&self, group: &str, name: &str) -> Result<Option<ScheduleSpec>, SchedulerError>;

    /// Creates each schedule, or makes the one of that name equal to it, whatever it was, its
    /// `enabled` included. Idempotent. An update replaces all there is: what [`ScheduleSpec`] does
    /// not know (such as a key of the customer's) goes back to its default.
    /// `SchedulerErrorKind::GroupNotFound` if the group is missing; nothing creates it here.
    async fn put(
        &self,
        group: &str,
        batch: Vec<ScheduleSpec>,
    ) -> Vec<Result<PutOutcome, SchedulerError>>;

    /// Lets a schedule fire or keeps it from firing, and answers `false` if there is no such
    /// schedule. All else about it stays, also what [`ScheduleSpec`] does not know. The service
    /// knows no such change of its own, so this reads the schedule and writes all of it: a change
    /// that someone makes in between is lost. Idempotent: one that is as asked for already is not
    /// written.
    async fn set_enabled(
        &self,
        group: &str,
        name: &str,
        enabled: bool,
    ) -> Result<bool, SchedulerError>;

    /// Deletes schedules. Idempotent: one that is absent, or whose group is, is success.
    async fn remove(&self, group: &str, names: Vec<String>) -> Vec<Result<(), SchedulerError>>;
}

/// What a list page says of a schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedSchedule {
    /// Unique within the group.
    pub name: String,
    /// Whether it fires.
    pub enabled: bool,
    /// The queue's ARN, or a universal target's.
    pub target_arn: String,
    /// When it was created.
    pub created_at: UtcTime,
    /// When it was created or last updated.
    pub last_modified: UtcTime,
}

/// A schedule, whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduleSpec {
    /// Unique within the group.
    pub name: String,
    /// For people.
    pub description: Option<String>,
    /// `cron(...)`, `rate(...)` or `at(...)`.
    pub expression: String,
    /// An IANA time zone in which the expression is read; `None`: UTC.
    pub timezone: Option<String>,
    /// It does not fire before. Whole seconds; a fraction is cut.
    pub start: Option<UtcTime>,
    /// It does not fire after. Whole seconds; a fraction is cut.
    pub end: Option<UtcTime>,
    /// Whether it fires.
    pub enabled: bool,
    /// It fires within this many minutes of the due time; zero: at the due time.
    pub flexible_minutes: u32,
    /// What it calls.
    pub target: ScheduleTarget,
    /// How often a failed call is made again.
    pub maximum_retry_attempts: u32,
    /// For how long a failed call is made again. Whole seconds; a fraction is cut.
    pub maximum_event_age: Duration,
    /// The queue that gets what was given up; `None`: it is lost.
    pub dead_letter_arn: Option<String>,
    /// Whether the service deletes the schedule once it will not fire again.
    pub delete_after: bool,
}

/// What a schedule calls: `SendMessage` on a queue whose ARN it names, with `input` as the
/// message's body; or, with the universal target's ARN
/// (`arn:aws:scheduler:::aws-sdk:sqs:sendMessage`), with `input` as the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduleTarget {
    /// The queue's, or the universal target's.
    pub arn: String,
    /// The role that the service takes for the call.
    pub role_arn: String,
    /// The message's body, or the request's JSON. The service replaces
    /// `<aws.scheduler.scheduled-time>` and its like in it.
    pub input: String,
    /// Of a queue that is named by its ARN; a FIFO queue needs one, and content-based
    /// deduplication, since the service gives no id (EventBridge Scheduler API reference,
    /// SqsParameters).
    pub message_group_id: Option<String>,
}

/// What [`Scheduler::put`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PutOutcome {
    /// There was no schedule of that name.
    Created,
    /// There was one, and it is now equal to the given one. Also where a lost answer hid that we
    /// created it ourselves.
    Updated,
}

/// A failed operation on schedules: on what, why, and whether to try again.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{operation} of `{subject}`: {kind}")]
pub struct SchedulerError {
    /// `put`, `list`, ...
    pub operation: &'static str,
    /// The group, or `group/name` of a schedule.
    pub subject: String,
    /// Why.
    pub kind: SchedulerErrorKind,
}

/// Why an operation on schedules failed.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum SchedulerErrorKind {
    /// The group is not there.
    #[error("the schedule group does not exist")]
    GroupNotFound,
    /// Something that the service would refuse, or did.
    #[error("{0}")]
    Invalid(String),
    /// No right to do this, or to hand over the role.
    #[error("access denied: {0}")]
    AccessDenied(String),
    /// Throttled, 5xx or the network, after the adapter's own retries; or another change of the
    /// same thing is under way.
    #[error("temporarily unavailable: {0}")]
    Unavailable(String),
    /// The account has as many schedules or groups as it may have.
    #[error("a quota of the account is used up: {0}")]
    Quota(String),
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

impl SchedulerError {
    /// A failure of `operation` on `subject`.
    pub fn new(
        operation: &'static str,
        subject: impl Into<String>,
        kind: SchedulerErrorKind,
    ) -> Self {
        Self {
            operation,
            subject: subject.into(),
            kind,
        }
    }

    /// Whether the same call may go through later.
    pub fn is_retryable(&self) -> bool {
        matches!(self.kind, SchedulerErrorKind::Unavailable(_))
    }
}
