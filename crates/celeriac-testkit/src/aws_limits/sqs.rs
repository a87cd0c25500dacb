use std::collections::BTreeSet;

use serde_json::Value;

use super::ledger::Ledger;
use super::{Refusal, Verdict, is_outside, refuse, whole};

/// Seconds; of delays, visibilities and waits.
const LONGEST_DELAY: i64 = 900;
const LONGEST_VISIBILITY: i64 = 43_200;
const LONGEST_WAIT: i64 = 20;
/// Bytes of a message with its attributes, and of a batch.
const LARGEST: usize = 1_048_576;
const MOST_ENTRIES: usize = 10;
const MOST_ATTRIBUTES: usize = 10;

/// The end of the names of FIFO queues.
const FIFO: &str = ".fifo";

const INVALID: &str = "InvalidParameterValue";

pub(super) fn check(operation: &str, body: &Value, ledger: &mut Ledger) -> Option<Verdict> {
    let whole_request = match operation {
        "CreateQueue" => queue_name(body).or_else(|| queue_attributes(&body["Attributes"])),
        "SetQueueAttributes" => queue_attributes(&body["Attributes"]),
        "SendMessage" => message(body, is_fifo(body)),
        "ReceiveMessage" => receive(body),
        "ChangeMessageVisibility" => visibility(body, ledger),
        "ListQueues" => is_outside(&body["MaxResults"], 1, 1_000)
            .then(|| refuse("list-page", INVALID, "MaxResults is 1 to 1,000")),
        "PurgeQueue" => purge(body, ledger),
        "SendMessageBatch" | "DeleteMessageBatch" | "ChangeMessageVisibilityBatch" => {
            return Some(batch(operation, body, ledger));
        }
        _ => return None,
    };
    Some(whole_request.map_or(Verdict::Pass, Verdict::Refuse))
}

fn is_fifo(body: &Value) -> bool {
    let url = body["QueueUrl"].as_str().unwrap_or_default();
    url.strip_suffix(FIFO).is_some()
}

fn queue_name(body: &Value) -> Option<Refusal> {
    let name = body["QueueName"].as_str().unwrap_or_default();
    let plain = name.strip_suffix(FIFO).unwrap_or(name);
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let wrong = plain.is_empty() || name.len() > 80 || !plain.bytes().all(is_plain);
    if wrong {
        let text = "a queue's name is 1 to 80 letters, digits, hyphens and underscores";
        return Some(refuse("queue-name", INVALID, text));
    }
    let says = &body["Attributes"]["FifoQueue"];
    let says_fifo = says == "true" || says == true;
    (says_fifo != name.strip_suffix(FIFO).is_some()).then(|| {
        let text = "the name of a FIFO queue, and of no other, ends with .fifo";
        refuse("fifo-suffix", INVALID, text)
    })
}

fn queue_attributes(attributes: &Value) -> Option<Refusal> {
    let ranges = [
        ("DelaySeconds", 0, LONGEST_DELAY),
        ("MaximumMessageSize", 1_024, 1_048_576),
        ("MessageRetentionPeriod", 60, 1_209_600),
        ("ReceiveMessageWaitTimeSeconds", 0, LONGEST_WAIT),
        ("VisibilityTimeout", 0, LONGEST_VISIBILITY),
    ];
    let text = out_of_range(attributes, &ranges)?;
    Some(refuse("queue-attributes", "InvalidAttributeValue", text))
}

/// The first of these numbers, by name, that is out of its range.
fn out_of_range(numbers: &Value, ranges: &[(&str, i64, i64)]) -> Option<String> {
    let outside =
        |(name, least, most): &&(&str, i64, i64)| is_outside(&numbers[*name], *least, *most);
    let (name, least, most) = ranges.iter().find(outside)?;
    Some(format!("{name} is {least} to {most}"))
}

fn receive(body: &Value) -> Option<Refusal> {
    let ranges = [
        ("MaxNumberOfMessages", 1, 10),
        ("WaitTimeSeconds", 0, LONGEST_WAIT),
        ("VisibilityTimeout", 0, LONGEST_VISIBILITY),
    ];
    let text = out_of_range(body, &ranges)?;
    Some(refuse("receive", INVALID, text))
}

fn purge(body: &Value, ledger: &mut Ledger) -> Option<Refusal> {
    let url = body["QueueUrl"].as_str().unwrap_or_default();
    (!ledger.purge(url)).then(|| {
        let text = "only one PurgeQueue in 60 seconds";
        refuse("purge", "PurgeQueueInProgress", text)
    })
}

fn visibility(entry: &Value, ledger: &Ledger) -> Option<Refusal> {
    let asked = whole(&entry["VisibilityTimeout"])?;
    if !(0..=LONGEST_VISIBILITY).contains(&asked) {
        let text = format!("VisibilityTimeout is 0 to {LONGEST_VISIBILITY}");
        return Some(refuse("visibility", INVALID, text));
    }
    let receipt = entry["ReceiptHandle"].as_str().unwrap_or_default();
    let age = ledger.age(receipt);
    let ends = age.as_secs_f64() + asked as f64;
    (ends > LONGEST_VISIBILITY as f64).then(|| {
        let text = format!(
            "Value {asked} for parameter VisibilityTimeout is invalid. Reason: Total \
             VisibilityTimeout for the message is beyond the limit [43200 seconds]"
        );
        refuse("visibility-end", INVALID, text)
    })
}

fn message(entry: &Value, is_fifo: bool) -> Option<Refusal> {
    let body = entry["MessageBody"].as_str().unwrap_or_default();
    if body.is_empty() || !body.chars().all(is_xml) {
        let text = "a message has one character at least, and only those of XML 1.0";
        return Some(refuse("characters", "InvalidMessageContents", text));
    }
    if size(entry) > LARGEST {
        let text = format!("a message has {LARGEST} bytes at most, attributes included");
        return Some(refuse("message-size", INVALID, text));
    }
    let delay = &entry["DelaySeconds"];
    if is_outside(delay, 0, LONGEST_DELAY) {
        let text = format!("DelaySeconds is 0 to {LONGEST_DELAY}");
        return Some(refuse("delay", INVALID, text));
    }
    if is_fifo && whole(delay).is_some_and(|delay| delay > 0) {
        let text = "a FIFO queue takes no DelaySeconds for a message";
        return Some(refuse("fifo-delay", INVALID, text));
    }
    fifo_ids(entry, is_fifo).or_else(|| message_attributes(&entry["MessageAttributes"]))
}

fn fifo_ids(entry: &Value, is_fifo: bool) -> Option<Refusal> {
    if is_fifo && entry["MessageGroupId"].is_null() {
        let text = "the request must contain the parameter MessageGroupId";
        return Some(refuse("fifo-group", "MissingParameter", text));
    }
    if !is_fifo && !entry["MessageDeduplicationId"].is_null() {
        let text = "MessageDeduplicationId is for FIFO queues";
        return Some(refuse("fifo-only", INVALID, text));
    }
    for name in ["MessageGroupId", "MessageDeduplicationId"] {
        let Some(id) = entry[name].as_str() else {
            continue;
        };
        let is_plain = id.bytes().all(|byte| byte.is_ascii_graphic());
        if id.is_empty() || id.len() > 128 || !is_plain {
            let text = format!("{name} is 1 to 128 alphanumerics and punctuation");
            return Some(refuse("fifo-ids", INVALID, text));
        }
    }
    None
}

fn message_attributes(attributes: &Value) -> Option<Refusal> {
    let attributes = attributes.as_object()?;
    if attributes.len() > MOST_ATTRIBUTES {
        let text = format!("a message has {MOST_ATTRIBUTES} attributes at most");
        return Some(refuse("attributes", INVALID, text));
    }
    attributes.iter().find_map(|(name, attribute)| {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
        let lower = name.to_ascii_lowercase();
        let wrong = name.is_empty()
            || name.len() > 256
            || !name.bytes().all(is_plain)
            || name.starts_with('.')
            || name.ends_with('.')
            || name.contains("..")
            || lower.starts_with("aws.")
            || lower.starts_with("amazon.");
        if wrong {
            let text = format!("`{name}` is no name of an attribute");
            return Some(refuse("attribute-names", INVALID, text));
        }
        let value = attribute["StringValue"].as_str();
        let value = value.or_else(|| attribute["BinaryValue"].as_str());
        let is_xml = attribute["StringValue"]
            .as_str()
            .is_none_or(|text| text.chars().all(is_xml));
        (value.is_none_or(str::is_empty) || !is_xml).then(|| {
            let text = format!("attribute `{name}` has no value, or characters that XML has not");
            refuse("attribute-values", INVALID, text)
        })
    })
}

/// Body, and the attributes' names, types and values.
fn size(entry: &Value) -> usize {
    let body = entry["MessageBody"].as_str().map_or(0, str::len);
    let attributes = entry["MessageAttributes"].as_object();
    let attributes = attributes.into_iter().flatten().map(|(name, attribute)| {
        let part = |name: &str| attribute[name].as_str().map_or(0, str::len);
        // base64 has four characters for three bytes
        name.len() + part("DataType") + part("StringValue") + part("BinaryValue") / 4 * 3
    });
    body + attributes.sum::<usize>()
}

fn is_xml(character: char) -> bool {
    matches!(character,
        '\u{9}' | '\u{a}' | '\u{d}' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}'
        | '\u{10000}'..='\u{10ffff}')
}

fn batch(operation: &str, body: &Value, ledger: &Ledger) -> Verdict {
    let entries = body["Entries"].as_array().map_or(&[][..], Vec::as_slice);
    if let Some(refusal) = whole_batch(operation, entries) {
        return Verdict::Refuse(refusal);
    }
    let is_fifo = is_fifo(body);
    let refused: Vec<Option<Refusal>> = entries
        .iter()
        .map(|entry| match operation {
            "SendMessageBatch" => message(entry, is_fifo),
            "ChangeMessageVisibilityBatch" => visibility(entry, ledger),
            _ => None,
        })
        .collect();
    if refused.iter().all(Option::is_none) {
        return Verdict::Pass;
    }
    Verdict::RefuseEntries(refused)
}

fn whole_batch(operation: &str, entries: &[Value]) -> Option<Refusal> {
    const NAME_SPACE: &str = "AWS.SimpleQueueService";
    if entries.is_empty() {
        let text = format!("{NAME_SPACE}: a batch has one entry at least");
        return Some(refuse("entries", "EmptyBatchRequest", text));
    }
    if entries.len() > MOST_ENTRIES {
        let text = format!("{NAME_SPACE}: a batch has {MOST_ENTRIES} entries at most");
        return Some(refuse("entries", "TooManyEntriesInBatchRequest", text));
    }
    let ids: Vec<&str> = entries
        .iter()
        .map(|entry| entry["Id"].as_str().unwrap_or_default())
        .collect();
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let is_id = |id: &str| (1..=80).contains(&id.len()) && id.bytes().all(is_plain);
    if !ids.iter().all(|id| is_id(id)) {
        let text = "an entry's id is 1 to 80 letters, digits, hyphens and underscores";
        return Some(refuse("entry-ids", "InvalidBatchEntryId", text));
    }
    if ids.iter().collect::<BTreeSet<_>>().len() != ids.len() {
        let text = "two entries of a batch have the same id";
        return Some(refuse("entry-ids", "BatchEntryIdsNotDistinct", text));
    }
    let bytes: usize = entries.iter().map(size).sum();
    (operation == "SendMessageBatch" && bytes > LARGEST).then(|| {
        let text = format!("a batch has {LARGEST} bytes at most, got {bytes}");
        refuse("batch-size", "BatchRequestTooLong", text)
    })
}
