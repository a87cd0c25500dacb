/// A limit or rule of AWS.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// Short name, in refusals too.
    pub name: &'static str,
    /// What AWS says.
    pub rule: &'static str,
    /// The page that says so.
    pub page: &'static str,
    /// What celeriac does about it, and where.
    pub held: &'static str,
}

macro_rules! sqs {
    ($page:literal) => {
        concat!(
            "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/",
            $page,
            ".html"
        )
    };
}

macro_rules! dynamodb {
    ($page:literal) => {
        concat!(
            "https://docs.aws.amazon.com/amazondynamodb/latest/",
            $page,
            ".html"
        )
    };
}

macro_rules! scheduler {
    ($page:literal) => {
        concat!(
            "https://docs.aws.amazon.com/scheduler/latest/",
            $page,
            ".html"
        )
    };
}

macro_rules! limit {
    ($name:literal, $rule:literal, $page:expr, $held:literal) => {
        Limit {
            name: $name,
            rule: $rule,
            page: $page,
            held: $held,
        }
    };
}

/// All limits that a request can be held against. `docs/aws-limits.md` is made from them.
pub const LIMITS: &[Limit] = &[
    limit!(
        "queue-name",
        "a queue's name has 1 to 80 letters, digits, hyphens and underscores, `.fifo` included",
        sqs!("APIReference/API_CreateQueue"),
        "Celery's names are made to fit (dots become hyphens); what cannot fit is refused at the start and by `manifest` (`queue_rules.rs`)"
    ),
    limit!(
        "fifo-suffix",
        "the name of a FIFO queue, and of no other, ends with `.fifo`",
        sqs!("APIReference/API_CreateQueue"),
        "queues are declared by their names; predefined URLs decide by their own (`sqs_config.rs`)"
    ),
    limit!(
        "queue-attributes",
        "DelaySeconds 0 to 900, MaximumMessageSize 1,024 to 1,048,576, MessageRetentionPeriod 60 to 1,209,600, ReceiveMessageWaitTimeSeconds 0 to 20, VisibilityTimeout 0 to 43,200",
        sqs!("APIReference/API_CreateQueue"),
        "refused before the request (`queue_rules.rs`)"
    ),
    limit!(
        "entries",
        "a batch has 1 to 10 entries",
        sqs!("APIReference/API_SendMessageBatch"),
        "larger ones are cut (`batch_unordered.rs`, `batch_fifo.rs`)"
    ),
    limit!(
        "entry-ids",
        "the ids of a batch's entries are distinct, with 1 to 80 letters, digits, hyphens and underscores",
        sqs!("SQSDeveloperGuide/quotas-messages"),
        "entries are numbered (`batch_answer.rs`)"
    ),
    limit!(
        "batch-size",
        "a batch has 1,048,576 bytes at most",
        sqs!("APIReference/API_SendMessageBatch"),
        "larger ones are cut (`batch_unordered.rs`, `batch_fifo.rs`)"
    ),
    limit!(
        "characters",
        "a body has one character at least, and only those of XML 1.0",
        sqs!("APIReference/API_SendMessage"),
        "bodies are base64 or JSON; others are refused before the request (`message_rules.rs`)"
    ),
    limit!(
        "message-size",
        "a message has 1,048,576 bytes at most, with its attributes' names, types and values",
        sqs!("APIReference/API_SendMessage"),
        "refused before the request, with the size (`message_rules.rs`)"
    ),
    limit!(
        "delay",
        "DelaySeconds is 0 to 900",
        sqs!("APIReference/API_SendMessage"),
        "a later `eta` goes in hops (`outbox.rs`)"
    ),
    limit!(
        "fifo-delay",
        "a FIFO queue takes no delay for one message",
        sqs!("APIReference/API_SendMessage"),
        "the message is made invisible until it is due, 12 h at a time (`timing.rs`, `deferral.rs`)"
    ),
    limit!(
        "fifo-group",
        "a message of a FIFO queue has a MessageGroupId",
        sqs!("APIReference/API_SendMessage"),
        "`default` where the call gives none (`outbox.rs`)"
    ),
    limit!(
        "fifo-only",
        "a standard queue takes no MessageDeduplicationId",
        sqs!("APIReference/API_SendMessage"),
        "left out there (`outbox.rs`)"
    ),
    limit!(
        "fifo-ids",
        "MessageGroupId and MessageDeduplicationId have 1 to 128 alphanumerics and punctuation, and no space",
        sqs!("APIReference/API_SendMessage"),
        "ids made from task ids are hashed where they do not fit; a user's own is refused before anything runs (`message_rules.rs`)"
    ),
    limit!(
        "attributes",
        "a message has 10 attributes at most",
        sqs!("SQSDeveloperGuide/quotas-messages"),
        "refused before the request (`message_rules.rs`)"
    ),
    limit!(
        "attribute-names",
        "an attribute's name has 1 to 256 of `A-Za-z0-9_.-`, no dot at its ends or twice, and does not begin with `AWS.` or `Amazon.`",
        sqs!("SQSDeveloperGuide/sqs-message-metadata"),
        "refused before the request (`message_rules.rs`)"
    ),
    limit!(
        "attribute-values",
        "an attribute's value is not empty, and a text has the characters of XML 1.0",
        sqs!("SQSDeveloperGuide/sqs-message-metadata"),
        "refused before the request (`message_rules.rs`)"
    ),
    limit!(
        "receive",
        "MaxNumberOfMessages 1 to 10, WaitTimeSeconds 0 to 20, VisibilityTimeout 0 to 43,200",
        sqs!("APIReference/API_ReceiveMessage"),
        "settings out of range are refused at the start (`settings.rs`); a receive asks for 10 at most (`receive.rs`)"
    ),
    limit!(
        "visibility",
        "VisibilityTimeout is 0 to 43,200",
        sqs!("APIReference/API_ChangeMessageVisibility"),
        "cut to what is allowed (`deferral.rs`, `visibility_keeper.rs`)"
    ),
    limit!(
        "visibility-end",
        "visibility ends 12 h after the receive: what would go beyond is refused, not shortened",
        sqs!("SQSDeveloperGuide/sqs-visibility-timeout"),
        "counted from the receive (`deferral.rs`, `visibility_keeper.rs`)"
    ),
    limit!(
        "list-page",
        "ListQueues gives 1 to 1,000 names a page",
        sqs!("APIReference/API_ListQueues"),
        "read page by page (`queue_admin.rs`)"
    ),
    limit!(
        "purge",
        "a queue may be purged once in 60 seconds",
        sqs!("APIReference/API_PurgeQueue"),
        "`queues purge` says so (`queue_admin.rs`)"
    ),
    limit!(
        "table-name",
        "a table's name has 3 to 255 letters, digits, `_`, `-` and `.`",
        dynamodb!("developerguide/Constraints"),
        "refused at the start (`dynamo_config.rs`)"
    ),
    limit!(
        "statements",
        "BatchExecuteStatement has 1 to 25 statements",
        dynamodb!("APIReference/API_BatchExecuteStatement"),
        "larger batches are cut (`batch.rs`)"
    ),
    limit!(
        "statements-mixed",
        "a batch of statements either reads or writes",
        dynamodb!("APIReference/API_BatchExecuteStatement"),
        "reads go by BatchGetItem (`read.rs`)"
    ),
    limit!(
        "statement-text",
        "a statement has 8,192 characters at most",
        dynamodb!("APIReference/API_BatchStatementRequest"),
        "statements are short and fixed; values are parameters (`statement.rs`)"
    ),
    limit!(
        "batch-get",
        "BatchGetItem has 1 to 100 keys",
        dynamodb!("APIReference/API_BatchGetItem"),
        "larger ones are cut (`read.rs`)"
    ),
    limit!(
        "batch-get-twice",
        "BatchGetItem has no key twice",
        dynamodb!("APIReference/API_BatchGetItem"),
        "each key is asked for once (`read.rs`)"
    ),
    limit!(
        "batch-get-size",
        "BatchGetItem answers with 16 MB at most and names the rest as unprocessed",
        dynamodb!("APIReference/API_BatchGetItem"),
        "asked for again as long as each answer brings something (`read.rs`)"
    ),
    limit!(
        "batch-write",
        "BatchWriteItem has 1 to 25 requests",
        dynamodb!("APIReference/API_BatchWriteItem"),
        "not used; Celery's own clients put one item at a time"
    ),
    limit!(
        "key",
        "a partition key has 1 to 2,048 bytes",
        dynamodb!("developerguide/Constraints"),
        "a longer task id is refused by the sender, and in a message goes to the dead-letter queue (`unready.rs`)"
    ),
    limit!(
        "item-size",
        "an item has 409,600 bytes at most, names included",
        dynamodb!("developerguide/Constraints"),
        "a larger result is a FAILURE `ResultTooLarge` (`item.rs`, `conclusion.rs`); headers that fit in none go to the dead-letter queue (`claim.rs`)"
    ),
    limit!(
        "schedule-model",
        "what the API model of EventBridge Scheduler allows: names of 1 to 64 of `A-Za-z0-9-_.`, expressions, zones, roles, windows of 1 to 1,440 minutes, 0 to 185 retries, ages of 60 to 86,400 s",
        scheduler!("APIReference/API_CreateSchedule"),
        "refused when schedules are planned (`schedule_rules.rs`)"
    ),
    limit!(
        "schedule-input",
        "a target's input has 256 KB at most",
        scheduler!("UserGuide/scheduler-quotas"),
        "refused when schedules are planned (`render.rs`)"
    ),
    limit!(
        "schedule-start",
        "a start date is not over 5 minutes old",
        scheduler!("APIReference/API_CreateSchedule"),
        "start dates are moved to the next time on the grid (`desired_schedule.rs`)"
    ),
];
