//! Each limit of AWS: what keeps it passes, what is beyond it is refused, by its name. The table is
//! in `docs/aws-limits.md`.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use celeriac_testkit::aws_limits::{AwsLimits, AwsRequest, LIMITS, Refusal, Verdict};
use hyper::{Method, Uri};
use serde_json::{Value, json};

const STANDARD: &str = "http://sqs/0/q";
const FIFO: &str = "http://sqs/0/q.fifo";

/// A limit, an operation, a request that keeps it and one that does not, and AWS's code.
struct Case {
    limit: &'static str,
    operation: &'static str,
    within: Value,
    beyond: Value,
    code: &'static str,
}

const INVALID: &str = "InvalidParameterValue";
const VALIDATION: &str = "ValidationException";

fn case(
    limit: &'static str,
    operation: &'static str,
    code: &'static str,
    within: Value,
    beyond: Value,
) -> Case {
    Case {
        limit,
        operation,
        within,
        beyond,
        code,
    }
}

/// A message for a queue, with something more.
fn message(queue: &str, more: &Value) -> Value {
    let mut message = json!({"QueueUrl": queue, "MessageBody": "x"});
    let object = message.as_object_mut().expect("an object");
    object.extend(more.as_object().expect("an object").clone());
    message
}

fn fifo(more: &Value) -> Value {
    let mut group = json!({"MessageGroupId": "g"});
    let object = group.as_object_mut().expect("an object");
    object.extend(more.as_object().expect("an object").clone());
    message(FIFO, &group)
}

fn attributes(name: &str, value: &str, count: usize) -> Value {
    let names = (0..count).map(|n| {
        if n == 0 {
            name.to_owned()
        } else {
            format!("{name}{n}")
        }
    });
    let all: serde_json::Map<String, Value> = names
        .map(|name| (name, json!({"DataType": "String", "StringValue": value})))
        .collect();
    message(STANDARD, &json!({"MessageAttributes": all}))
}

/// A batch of messages of so many bytes, with these ids.
fn batch(ids: &[&str], bytes: usize) -> Value {
    let body = "x".repeat(bytes);
    let entries: Vec<Value> = ids
        .iter()
        .map(|id| json!({"Id": id, "MessageBody": body}))
        .collect();
    json!({"QueueUrl": STANDARD, "Entries": entries})
}

const IDS: [&str; 11] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10"];

fn of_queues() -> Vec<Case> {
    let queue = |name: &str| json!({"QueueName": name});
    vec![
        case(
            "queue-name",
            "CreateQueue",
            INVALID,
            queue(&"q".repeat(80)),
            queue(&"q".repeat(81)),
        ),
        case(
            "queue-name",
            "CreateQueue",
            INVALID,
            queue("a-b_C"),
            queue("a.b"),
        ),
        case(
            "fifo-suffix",
            "CreateQueue",
            INVALID,
            json!({"QueueName": "q.fifo", "Attributes": {"FifoQueue": "true"}}),
            json!({"QueueName": "q", "Attributes": {"FifoQueue": "true"}}),
        ),
        case(
            "fifo-suffix",
            "CreateQueue",
            INVALID,
            queue("q"),
            queue("q.fifo"),
        ),
    ]
}

fn of_messages() -> Vec<Case> {
    let visibility = |seconds: i64| json!({"QueueUrl": STANDARD, "ReceiptHandle": "r", "VisibilityTimeout": seconds});
    vec![
        case(
            "delay",
            "SendMessage",
            INVALID,
            message(STANDARD, &json!({"DelaySeconds": 900})),
            message(STANDARD, &json!({"DelaySeconds": 901})),
        ),
        case(
            "fifo-delay",
            "SendMessage",
            INVALID,
            fifo(&json!({"DelaySeconds": 0})),
            fifo(&json!({"DelaySeconds": 1})),
        ),
        case(
            "fifo-group",
            "SendMessage",
            "MissingParameter",
            fifo(&json!({})),
            message(FIFO, &json!({})),
        ),
        case(
            "fifo-only",
            "SendMessage",
            INVALID,
            message(STANDARD, &json!({"MessageGroupId": "tenant"})),
            message(STANDARD, &json!({"MessageDeduplicationId": "d"})),
        ),
        case(
            "fifo-ids",
            "SendMessage",
            INVALID,
            fifo(&json!({"MessageDeduplicationId": "~".repeat(128)})),
            fifo(&json!({"MessageDeduplicationId": "~".repeat(129)})),
        ),
        case(
            "fifo-ids",
            "SendMessage",
            INVALID,
            fifo(&json!({"MessageGroupId": "a,b"})),
            fifo(&json!({"MessageGroupId": "a b"})),
        ),
        case(
            "characters",
            "SendMessage",
            "InvalidMessageContents",
            message(STANDARD, &json!({"MessageBody": "\t\n\r é 🦀"})),
            message(STANDARD, &json!({"MessageBody": "\u{1}"})),
        ),
        case(
            "characters",
            "SendMessage",
            "InvalidMessageContents",
            message(STANDARD, &json!({})),
            message(STANDARD, &json!({"MessageBody": ""})),
        ),
        case(
            "message-size",
            "SendMessage",
            INVALID,
            message(STANDARD, &json!({"MessageBody": "x".repeat(1_048_576)})),
            message(STANDARD, &json!({"MessageBody": "x".repeat(1_048_577)})),
        ),
        case(
            "visibility",
            "ChangeMessageVisibility",
            INVALID,
            visibility(43_200),
            visibility(43_201),
        ),
        case(
            "list-page",
            "ListQueues",
            INVALID,
            json!({"MaxResults": 1_000}),
            json!({"MaxResults": 1_001}),
        ),
    ]
}

fn of_attributes() -> Vec<Case> {
    let mut cases = vec![
        case(
            "attributes",
            "SendMessage",
            INVALID,
            attributes("a", "v", 10),
            attributes("a", "v", 11),
        ),
        case(
            "attribute-names",
            "SendMessage",
            INVALID,
            attributes("a.b-c_D", "v", 1),
            attributes("a b", "v", 1),
        ),
        case(
            "attribute-names",
            "SendMessage",
            INVALID,
            attributes(&"a".repeat(256), "v", 1),
            attributes(&"a".repeat(257), "v", 1),
        ),
        case(
            "attribute-values",
            "SendMessage",
            INVALID,
            attributes("a", "v", 1),
            attributes("a", "", 1),
        ),
    ];
    for name in ["AWS.x", "amazon.x", ".x", "x.", "x..y"] {
        cases.push(case(
            "attribute-names",
            "SendMessage",
            INVALID,
            attributes("x", "v", 1),
            attributes(name, "v", 1),
        ));
    }
    cases
}

fn of_batches() -> Vec<Case> {
    vec![
        case(
            "entries",
            "SendMessageBatch",
            "TooManyEntriesInBatchRequest",
            batch(&IDS[..10], 1),
            batch(&IDS, 1),
        ),
        case(
            "entries",
            "DeleteMessageBatch",
            "EmptyBatchRequest",
            batch(&IDS[..1], 1),
            batch(&[], 1),
        ),
        case(
            "entry-ids",
            "SendMessageBatch",
            "BatchEntryIdsNotDistinct",
            batch(&["a", "b"], 1),
            batch(&["a", "a"], 1),
        ),
        case(
            "entry-ids",
            "SendMessageBatch",
            "InvalidBatchEntryId",
            batch(&["a-b_C"], 1),
            batch(&["a.b"], 1),
        ),
        case(
            "batch-size",
            "SendMessageBatch",
            "BatchRequestTooLong",
            batch(&IDS[..2], 524_288),
            batch(&IDS[..2], 524_289),
        ),
    ]
}

fn of_ranges() -> Vec<Case> {
    let with = |name: &str, value: &str| json!({"QueueName": "q", "Attributes": {name: value}});
    let receive = |name: &str, value: i64| json!({"QueueUrl": STANDARD, name: value});
    let mut cases = Vec::new();
    let ranges = [
        ("DelaySeconds", 0, 900),
        ("MaximumMessageSize", 1_024, 1_048_576),
        ("MessageRetentionPeriod", 60, 1_209_600),
        ("ReceiveMessageWaitTimeSeconds", 0, 20),
        ("VisibilityTimeout", 0, 43_200),
    ];
    for (name, least, most) in ranges {
        for (within, beyond) in [(least, least - 1), (most, most + 1)] {
            let (within, beyond) = (within.to_string(), beyond.to_string());
            let code = "InvalidAttributeValue";
            cases.push(case(
                "queue-attributes",
                "CreateQueue",
                code,
                with(name, &within),
                with(name, &beyond),
            ));
        }
    }
    for (name, least, most) in [
        ("MaxNumberOfMessages", 1, 10),
        ("WaitTimeSeconds", 0, 20),
        ("VisibilityTimeout", 0, 43_200),
    ] {
        for (within, beyond) in [(least, least - 1), (most, most + 1)] {
            cases.push(case(
                "receive",
                "ReceiveMessage",
                INVALID,
                receive(name, within),
                receive(name, beyond),
            ));
        }
    }
    cases
}

fn of_dynamodb() -> Vec<Case> {
    let select = json!({"Statement": "SELECT * FROM t"});
    let update = json!({"Statement": "UPDATE t SET a = 1"});
    let statements = |all: Vec<Value>| json!({"Statements": all});
    let text = |length: usize| statements(vec![json!({"Statement": "S".repeat(length)})]);
    let key = |id: &str| json!({"id": {"S": id}});
    let keys = |count: usize| {
        let keys: Vec<Value> = (0..count).map(|n| key(&n.to_string())).collect();
        json!({"RequestItems": {"t": {"Keys": keys}}})
    };
    let writes = |count: usize| {
        let put = json!({"PutRequest": {"Item": key("a")}});
        json!({"RequestItems": {"t": vec![put; count]}})
    };
    let put = |bytes: usize| json!({"TableName": "t", "Item": {"id": {"S": "a"}, "result": {"S": "x".repeat(bytes)}}});
    let table = |name: &str| json!({"TableName": name});
    let get = |id: &str| json!({"TableName": "t", "Key": key(id)});
    vec![
        case(
            "table-name",
            "CreateTable",
            VALIDATION,
            table("a.b-c_D"),
            table("ab"),
        ),
        case(
            "table-name",
            "CreateTable",
            VALIDATION,
            table(&"t".repeat(255)),
            table(&"t".repeat(256)),
        ),
        case(
            "statements",
            "BatchExecuteStatement",
            VALIDATION,
            statements(vec![update.clone(); 25]),
            statements(vec![update.clone(); 26]),
        ),
        case(
            "statements",
            "BatchExecuteStatement",
            VALIDATION,
            statements(vec![select.clone()]),
            statements(vec![]),
        ),
        case(
            "statements-mixed",
            "BatchExecuteStatement",
            VALIDATION,
            statements(vec![select.clone(), select.clone()]),
            statements(vec![select, update]),
        ),
        case(
            "statement-text",
            "BatchExecuteStatement",
            VALIDATION,
            text(8_192),
            text(8_193),
        ),
        case(
            "batch-get",
            "BatchGetItem",
            VALIDATION,
            keys(100),
            keys(101),
        ),
        case(
            "batch-get-twice",
            "BatchGetItem",
            VALIDATION,
            keys(2),
            json!({"RequestItems": {"t": {"Keys": [key("a"), key("a")]}}}),
        ),
        case(
            "batch-write",
            "BatchWriteItem",
            VALIDATION,
            writes(25),
            writes(26),
        ),
        case(
            "key",
            "GetItem",
            VALIDATION,
            get(&"k".repeat(2_048)),
            get(&"k".repeat(2_049)),
        ),
        case("key", "UpdateItem", VALIDATION, get("k"), get("")),
        case(
            "item-size",
            "PutItem",
            VALIDATION,
            put(409_600 - 9),
            put(409_600),
        ),
    ]
}

fn of_scheduler() -> Vec<Case> {
    let schedule = |more: &Value| {
        let mut schedule = json!({
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "ScheduleExpression": "rate(1 minute)",
            "Target": {"Arn": "arn:aws:sqs:eu-west-1:123456789012:q", "RoleArn": "arn:aws:iam::123456789012:role/r"},
        });
        let object = schedule.as_object_mut().expect("an object");
        object.extend(more.as_object().expect("an object").clone());
        schedule
    };
    let input = |bytes: usize| {
        let mut schedule = schedule(&json!({}));
        schedule["Target"]["Input"] = "x".repeat(bytes).into();
        schedule
    };
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now = now.expect("after 1970").as_secs();
    vec![
        case(
            "schedule-model",
            "CreateSchedule",
            VALIDATION,
            schedule(&json!({"GroupName": "g".repeat(64)})),
            schedule(&json!({"GroupName": "g".repeat(65)})),
        ),
        case(
            "schedule-input",
            "CreateSchedule",
            VALIDATION,
            input(262_144),
            input(262_145),
        ),
        case(
            "schedule-start",
            "CreateSchedule",
            VALIDATION,
            schedule(&json!({"StartDate": now - 240})),
            schedule(&json!({"StartDate": now - 360})),
        ),
    ]
}

fn verdict(limits: &AwsLimits, operation: &str, body: &Value) -> Verdict {
    let uri: Uri = match operation {
        "CreateSchedule" => "/schedules/every-minute",
        _ => "/",
    }
    .parse()
    .expect("a path");
    limits.before(&AwsRequest {
        operation,
        method: &Method::POST,
        uri: &uri,
        body: body.to_string().as_bytes(),
    })
}

#[test]
fn each_limit_lets_pass_what_keeps_it_and_refuses_what_does_not() {
    let limits = AwsLimits::default();
    let mut tested = BTreeSet::from(["visibility-end", "purge", "batch-get-size"]); // have tests of their own
    for case in of_queues()
        .into_iter()
        .chain(of_messages())
        .chain(of_attributes())
        .chain(of_batches())
        .chain(of_ranges())
        .chain(of_dynamodb())
        .chain(of_scheduler())
    {
        let name = format!("{} of {}", case.limit, case.operation);
        let within = verdict(&limits, case.operation, &case.within);
        assert_eq!(within, Verdict::Pass, "{name}");
        match verdict(&limits, case.operation, &case.beyond) {
            Verdict::Refuse(Refusal { limit, code, .. }) => {
                assert_eq!((limit, code), (case.limit, case.code), "{name}");
            }
            other => panic!("{name}: {other:?}"),
        }
        tested.insert(case.limit);
    }
    let listed: BTreeSet<&str> = LIMITS.iter().map(|limit| limit.name).collect();
    assert_eq!(listed.len(), LIMITS.len(), "each has a name of its own");
    assert_eq!(tested, listed);
}

#[test]
fn a_batch_of_items_is_answered_up_to_sixteen_megabytes() {
    let limits = AwsLimits::default();
    let item = |id: usize| json!({"id": {"S": id.to_string()}, "r": {"S": "x".repeat(400_000)}});
    let answer = |items: usize| {
        let items: Vec<Value> = (0..items).map(item).collect();
        let answer = json!({"Responses": {"t": items}}).to_string();
        limits.after("BatchGetItem", answer.as_bytes())
    };
    assert_eq!(answer(41), None);
    let less = answer(50).expect("less");
    assert_eq!(less["Responses"]["t"].as_array().map(Vec::len), Some(41));
    let left = less["UnprocessedKeys"]["t"]["Keys"].as_array().cloned();
    let left = left.expect("the rest");
    assert_eq!((left.len(), &left[0]), (9, &json!({"id": {"S": "41"}})));
}

#[test]
fn visibility_ends_twelve_hours_after_the_receive() {
    let limits = AwsLimits::default();
    limits.after(
        "ReceiveMessage",
        br#"{"Messages": [{"ReceiptHandle": "r"}]}"#,
    );
    std::thread::sleep(std::time::Duration::from_millis(20));
    let change = |seconds: i64| json!({"QueueUrl": STANDARD, "ReceiptHandle": "r", "VisibilityTimeout": seconds});
    let operation = "ChangeMessageVisibility";
    assert_eq!(verdict(&limits, operation, &change(43_190)), Verdict::Pass);
    let refused = verdict(&limits, operation, &change(43_200));
    assert!(
        matches!(&refused, Verdict::Refuse(refusal) if refusal.limit == "visibility-end"),
        "{refused:?}"
    );
    // in a batch that entry alone
    let entry = |id: &str, seconds: i64| json!({"Id": id, "ReceiptHandle": "r", "VisibilityTimeout": seconds});
    let batch = json!({"QueueUrl": STANDARD, "Entries": [entry("a", 1), entry("b", 43_200)]});
    let Verdict::RefuseEntries(entries) = verdict(&limits, "ChangeMessageVisibilityBatch", &batch)
    else {
        panic!("one entry is refused");
    };
    assert!(entries[0].is_none());
    assert_eq!(
        entries[1].as_ref().map(|one| one.limit),
        Some("visibility-end")
    );
}

#[test]
fn a_queue_is_purged_once_a_minute() {
    let limits = AwsLimits::default();
    let purge = |queue: &str| verdict(&limits, "PurgeQueue", &json!({"QueueUrl": queue}));
    assert_eq!(purge(STANDARD), Verdict::Pass);
    assert_eq!(purge(FIFO), Verdict::Pass);
    let refused = purge(STANDARD);
    assert!(
        matches!(&refused, Verdict::Refuse(refusal) if refusal.code == "PurgeQueueInProgress"),
        "{refused:?}"
    );
}

fn document() -> String {
    let mut text = String::from(INTRODUCTION);
    for limit in LIMITS {
        let (name, rule, page, held) = (limit.name, limit.rule, limit.page, limit.held);
        writeln!(text, "| {name} | {rule} ([AWS]({page})) | {held} |").expect("a String");
    }
    text.push_str(QUOTAS);
    text
}

const INTRODUCTION: &str = include_str!("aws_limits/introduction.md");
const QUOTAS: &str = include_str!("aws_limits/quotas.md");

#[test]
fn the_document_has_the_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/aws-limits.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, document()).expect("it is written");
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == document(),
        "docs/aws-limits.md is stale: run `UPDATE_DOCS=1 cargo test -p celeriac-testkit --test aws_limits` and commit it"
    );
}
