//! The IAM actions behind what this crate does. Batch calls of SQS need the single call's action; a statement of
//! `BatchExecuteStatement` needs that of its kind, `PartiQLInsert` or `PartiQLUpdate`.

/// [`Broker::send`](celeriac_core::Broker::send).
pub const SEND: &[&str] = &["sqs:GetQueueUrl", "sqs:SendMessage"];

/// A dead-letter queue's part of [`Broker::dead_letter`](celeriac_core::Broker::dead_letter): its URL follows from the redrive policy.
pub const DEAD_LETTER: &[&str] = &["sqs:SendMessage"];

/// [`Broker::receive`](celeriac_core::Broker::receive), `ack`, `set_visibility`, and the look at the redrive policy before `dead_letter`.
pub const CONSUME: &[&str] = &[
    "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "sqs:GetQueueUrl",
    "sqs:ReceiveMessage",
];

/// [`ResultStore::get`](celeriac_core::ResultStore::get) and `forget`, which leaves a tombstone.
pub const READ_RESULTS: &[&str] = &["dynamodb:BatchGetItem", "dynamodb:PartiQLUpdate"];

/// [`ResultStore::claim`](celeriac_core::ResultStore::claim) and `complete`.
pub const LEDGER: &[&str] = &[
    "dynamodb:BatchGetItem",
    "dynamodb:PartiQLInsert",
    "dynamodb:PartiQLUpdate",
];

/// [`Broker::declare`](celeriac_core::Broker::declare), `stats`, `purge`, and the checks of `celeriac doctor`.
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

/// [`Broker::list`](celeriac_core::Broker::list); IAM knows it on all queues of a region only.
pub const LIST_QUEUES: &[&str] = &["sqs:ListQueues"];

/// [`ResultStore::declare`](celeriac_core::ResultStore::declare), the checks of `celeriac doctor`, and `forget`.
pub const OPERATE_TABLE: &[&str] = &[
    "dynamodb:BatchGetItem",
    "dynamodb:CreateTable",
    "dynamodb:DescribeTable",
    "dynamodb:DescribeTimeToLive",
    "dynamodb:PartiQLInsert",
    "dynamodb:PartiQLUpdate",
    "dynamodb:UpdateTimeToLive",
];

/// Scale-in protection, which an ECS worker sets through its agent
/// (<https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-scale-in-protection-endpoint.html>).
pub const PROTECT_TASK: &[&str] = &["ecs:UpdateTaskProtection"];
