use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{Refusal, Verdict, refuse};

const INVALID: &str = "ValidationException";
/// The same of one statement in a batch.
const INVALID_STATEMENT: &str = "ValidationError";
/// Bytes of an item, names included.
const LARGEST_ITEM: usize = 409_600;
/// Bytes of the items in one answer.
const LARGEST_ANSWER: usize = 16 << 20;
/// Bytes of a partition key.
const LONGEST_KEY: usize = 2_048;
/// Characters of a statement.
const LONGEST_STATEMENT: usize = 8_192;

pub(super) fn check(operation: &str, body: &Value) -> Option<Verdict> {
    let refused = match operation {
        "BatchExecuteStatement" => return Some(statements(body)),
        "BatchGetItem" => batch_get(&body["RequestItems"]),
        "BatchWriteItem" => batch_write(&body["RequestItems"]),
        "PutItem" => item(&body["Item"]),
        "GetItem" | "UpdateItem" | "DeleteItem" => key(&body["Key"]),
        "CreateTable" => table_name(body),
        _ => return None,
    };
    Some(refused.map_or(Verdict::Pass, Verdict::Refuse))
}

fn table_name(body: &Value) -> Option<Refusal> {
    let name = body["TableName"].as_str().unwrap_or_default();
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    let right = (3..=255).contains(&name.len()) && name.bytes().all(is_plain);
    (!right).then(|| {
        let text = "a table's name is 3 to 255 letters, digits, `_`, `-` and `.`";
        refuse("table-name", INVALID, text)
    })
}

fn statements(body: &Value) -> Verdict {
    let statements = body["Statements"].as_array().map_or(&[][..], Vec::as_slice);
    if !(1..=25).contains(&statements.len()) {
        let text = "BatchExecuteStatement has 1 to 25 statements";
        return Verdict::Refuse(refuse("statements", INVALID, text));
    }
    let texts = statements
        .iter()
        .map(|one| one["Statement"].as_str().unwrap_or_default());
    let reads = texts
        .clone()
        .filter(|text| {
            let verb = text.trim_start().get(..6);
            verb.is_some_and(|verb| verb.eq_ignore_ascii_case("select"))
        })
        .count();
    if reads != 0 && reads != statements.len() {
        let text = "a batch of statements either reads or writes";
        return Verdict::Refuse(refuse("statements-mixed", INVALID, text));
    }
    if texts
        .clone()
        .any(|text| text.chars().count() > LONGEST_STATEMENT)
    {
        let text = format!("a statement has {LONGEST_STATEMENT} characters at most");
        return Verdict::Refuse(refuse("statement-text", INVALID, text));
    }
    let of_statement = |refusal| Refusal {
        code: INVALID_STATEMENT,
        ..refusal
    };
    let refused = statements.iter().map(|one| inserted(one).map(of_statement));
    let refused: Vec<Option<Refusal>> = refused.collect();
    if refused.iter().all(Option::is_none) {
        return Verdict::Pass;
    }
    Verdict::RefuseEntries(refused)
}

/// What an INSERT makes: its first parameter is the key, and all of them are the item.
fn inserted(statement: &Value) -> Option<Refusal> {
    let text = statement["Statement"].as_str().unwrap_or_default();
    let parameters = statement["Parameters"].as_array()?;
    let verb = text.trim_start().get(..6)?;
    if !verb.eq_ignore_ascii_case("insert") {
        return None;
    }
    if let Some(id) = parameters.first().and_then(|first| first["S"].as_str())
        && let Some(refusal) = key_text(id)
    {
        return Some(refusal);
    }
    let bytes: usize = parameters.iter().map(value_size).sum();
    (bytes > LARGEST_ITEM).then(too_large)
}

fn batch_get(tables: &Value) -> Option<Refusal> {
    let keys: Vec<&Value> = tables
        .as_object()?
        .values()
        .flat_map(|table| table["Keys"].as_array().into_iter().flatten())
        .collect();
    if !(1..=100).contains(&keys.len()) {
        let text = "BatchGetItem has 1 to 100 keys";
        return Some(refuse("batch-get", INVALID, text));
    }
    let distinct: BTreeSet<String> = keys.iter().map(ToString::to_string).collect();
    if distinct.len() != keys.len() {
        let text = "Provided list of item keys contains duplicates";
        return Some(refuse("batch-get-twice", INVALID, text));
    }
    keys.into_iter().find_map(key)
}

/// An answer of at most 16 MB: what does not fit is left unprocessed.
pub(super) fn shortened(mut answer: Value) -> Option<Value> {
    let (mut bytes, mut left) = (0, Map::new());
    for (table, items) in answer["Responses"].as_object_mut()? {
        let mut keys = Vec::new();
        items.as_array_mut()?.retain(|item| {
            bytes += item_size(item);
            let fits = bytes <= LARGEST_ANSWER;
            if !fits {
                keys.push(json!({"id": item["id"]}));
            }
            fits
        });
        if !keys.is_empty() {
            left.insert(table.clone(), json!({"Keys": keys}));
        }
    }
    if left.is_empty() {
        return None;
    }
    answer["UnprocessedKeys"] = Value::Object(left);
    Some(answer)
}

fn batch_write(tables: &Value) -> Option<Refusal> {
    let writes: Vec<&Value> = tables
        .as_object()?
        .values()
        .flat_map(|table| table.as_array().into_iter().flatten())
        .collect();
    if !(1..=25).contains(&writes.len()) {
        let text = "BatchWriteItem has 1 to 25 requests";
        return Some(refuse("batch-write", INVALID, text));
    }
    writes.into_iter().find_map(|write| {
        let put = write["PutRequest"].as_object();
        put.and_then(|put| put.get("Item")).and_then(item)
    })
}

fn item(item: &Value) -> Option<Refusal> {
    if let Some(refusal) = key(item) {
        return Some(refusal);
    }
    (item_size(item) > LARGEST_ITEM).then(too_large)
}

fn item_size(item: &Value) -> usize {
    let attributes = item.as_object().into_iter().flatten();
    attributes
        .map(|(name, value)| name.len() + value_size(value))
        .sum()
}

fn key(key: &Value) -> Option<Refusal> {
    key_text(key["id"]["S"].as_str()?)
}

fn key_text(id: &str) -> Option<Refusal> {
    let right = (1..=LONGEST_KEY).contains(&id.len());
    (!right).then(|| {
        let text = format!("a partition key has 1 to {LONGEST_KEY} bytes");
        refuse("key", INVALID, text)
    })
}

fn too_large() -> Refusal {
    refuse(
        "item-size",
        INVALID,
        "Item size has exceeded the maximum allowed size",
    )
}

/// A lower bound of what a value takes: numbers count as nothing.
fn value_size(value: &Value) -> usize {
    let text = value["S"].as_str().map_or(0, str::len);
    let binary = value["B"].as_str().map_or(0, |text| text.len() / 4 * 3);
    text + binary
}
