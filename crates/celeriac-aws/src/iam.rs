//! The IAM actions behind what this crate does. Batch calls of SQS need the single call's action; a
//! statement of `BatchExecuteStatement` needs that of its kind, `PartiQLInsert` or `PartiQLUpdate`.

/// [`Broker::send`](celeriac_core::Broker::send).
pub const SEND: &[&str] = &["sqs:GetQueueUrl", "sqs:SendMessage"];

/// A dead-letter queue's part of [`Broker::dead_letter`](celeriac_core::Broker::dead_letter): its
/// URL follows from the redrive policy.
pub const DEAD_LETTER: &[&str] = &["sqs:SendMessage"];

/// [`Broker::receive`](celeriac_core::Broker::receive), `ack`, `set_visibility`, and the look at
/// the redrive policy before `dead_letter`.
pub const CONSUME: &[&str] = &[
    "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "sqs:GetQueueUrl",
    "sqs:ReceiveMessage",
];

/// What Celery's own client does beside [`SEND`] before it sends to a queue.
pub const DECLARE_LIKE_CELERY: &[&str] = &["sqs:GetQueueAttributes"];

/// [`Ledger::get`](celeriac_core::Ledger::get), and Celery's own `AsyncResult`, which looks at the
/// table first.
pub const READ_RESULTS: &[&str] = &[
    "dynamodb:BatchGetItem",
    "dynamodb:DescribeTable",
    "dynamodb:DescribeTimeToLive",
    "dynamodb:GetItem",
];

/// [`Ledger::forget`](celeriac_core::Ledger::forget), which leaves a tombstone, and Celery's own,
/// which deletes.
pub const FORGET_RESULTS: &[&str] = &["dynamodb:DeleteItem", "dynamodb:PartiQLUpdate"];

/// [`Ledger::claim`](celeriac_core::Ledger::claim) and `complete`, and all of
/// [`Documents`](celeriac_core::Documents) and [`Chords`](celeriac_core::Chords).
pub const LEDGER: &[&str] = &[
    "dynamodb:BatchGetItem",
    "dynamodb:PartiQLInsert",
    "dynamodb:PartiQLUpdate",
    "dynamodb:UpdateItem",
];

/// [`Chords::begin`](celeriac_core::Chords::begin), and how Celery's own client begins a chord.
pub const BEGIN_CHORDS: &[&str] = &[
    "dynamodb:BatchGetItem",
    "dynamodb:PartiQLInsert",
    "dynamodb:PutItem",
];

/// [`QueueAdmin::declare`](celeriac_core::QueueAdmin::declare), `purge`, `stats`, and the checks of
/// `celeriac doctor`.
pub const OPERATE_QUEUE: &[&str] = &[
    "sqs:ChangeMessageVisibility",
    "sqs:CreateQueue",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "sqs:GetQueueUrl",
    "sqs:PurgeQueue",
    "sqs:ReceiveMessage",
    "sqs:SendMessage",
    "sqs:SetQueueAttributes",
];

/// [`QueueAdmin::list`](celeriac_core::QueueAdmin::list), and Celery's own client where it has no
/// `predefined_queues`; IAM knows it on all queues of a region only.
pub const LIST_QUEUES: &[&str] = &["sqs:ListQueues"];

/// [`Ledger::declare`](celeriac_core::Ledger::declare), the checks of `celeriac doctor`, and
/// `forget`.
pub const OPERATE_TABLE: &[&str] = &[
    "dynamodb:BatchGetItem",
    "dynamodb:CreateTable",
    "dynamodb:DescribeTable",
    "dynamodb:DescribeTimeToLive",
    "dynamodb:PartiQLInsert",
    "dynamodb:PartiQLUpdate",
    "dynamodb:Scan",
    "dynamodb:UpdateItem",
    "dynamodb:UpdateTimeToLive",
];

/// Scale-in protection, which an ECS worker sets through its agent
/// (<https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-scale-in-protection-endpoint.html>).
pub const PROTECT_TASK: &[&str] = &["ecs:UpdateTaskProtection"];

/// [`Scheduler::put`](celeriac_core::Scheduler::put), `get`, `set_enabled` and `remove`, on the
/// group's schedules ([`AwsPlace::schedule_arn`](crate::AwsPlace::schedule_arn) with `*`). Writing
/// also needs [`PASS_SCHEDULE_ROLE`]. This and what follows of schedules: Service Authorization
/// Reference, Actions, resources, and condition keys for Amazon EventBridge Scheduler.
pub const OPERATE_SCHEDULES: &[&str] = &[
    "scheduler:CreateSchedule",
    "scheduler:DeleteSchedule",
    "scheduler:GetSchedule",
    "scheduler:UpdateSchedule",
];

/// [`Scheduler::ensure_group`](celeriac_core::Scheduler::ensure_group), `group_tags`, and how
/// `list` tells an empty group from a missing one, on the group
/// ([`AwsPlace::schedule_group_arn`](crate::AwsPlace::schedule_group_arn)). A group with tags is
/// not created without the right to tag it.
pub const OPERATE_SCHEDULE_GROUP: &[&str] = &[
    "scheduler:CreateScheduleGroup",
    "scheduler:GetScheduleGroup",
    "scheduler:ListTagsForResource",
    "scheduler:TagResource",
];

/// [`Scheduler::list`](celeriac_core::Scheduler::list); IAM knows it on all schedules only,
/// whatever group is asked for.
pub const LIST_SCHEDULES: &[&str] = &["scheduler:ListSchedules"];

/// To hand the role of [`RUN_SCHEDULES`] to [`SCHEDULER_SERVICE`], on that role. Limit it by the
/// condition `StringEquals` of `iam:PassedToService`.
pub const PASS_SCHEDULE_ROLE: &[&str] = &["iam:PassRole"];

/// What the role does that schedules run with, on the queues that they send to and on their
/// dead-letter queues.
pub const RUN_SCHEDULES: &[&str] = &["sqs:SendMessage"];

/// Who takes that role (`sts:AssumeRole`). Limit it by `aws:SourceAccount`, and by `aws:SourceArn`
/// to the schedule group (EventBridge Scheduler user guide, Confused deputy prevention in
/// EventBridge Scheduler).
pub const SCHEDULER_SERVICE: &str = "scheduler.amazonaws.com";
