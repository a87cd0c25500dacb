use std::collections::HashMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use celeriac_core::{
    LedgerItem, Record, StoreErrorKind, TaskIdentity, UNREAD, Version, result_bytes,
};
use celeriac_protocol::{Limits, ResultCodec, ResultMeta, State, UtcTime};

use crate::dynamo_config::DynamoConfig;

/// DynamoDB: 400 KB an item, names included.
pub(super) const MAX_ITEM_BYTES: usize = 409_600;

// Celery's own attributes (SPEC 2.2).
pub(super) const ID: &str = "id";
pub(super) const RESULT: &str = "result";
pub(super) const TIMESTAMP: &str = "timestamp";
pub(super) const TTL: &str = "ttl";
// Ours, set by a claim (`claim.rs`), a renewal (`lease.rs`) and an end (`complete.rs`). Python's
// PutItem wipes them, and by that it is noticed.
/// The fencing token: which claim of the task this is.
pub(super) const ATTEMPT: &str = "c_attempt";
/// Runs of the present try that were begun and have not ended.
pub(super) const RUNS: &str = "c_runs";
/// Which try it is: that of its newest message.
pub(super) const RETRIES: &str = "c_retries";
/// Milliseconds since the epoch; 0 where nobody holds the task.
pub(super) const LEASE: &str = "c_lease";
/// Of the write that stands there, so that one whose answer was lost is known again.
pub(super) const NONCE: &str = "c_nonce";
/// Celery's state text. After `forget` it says what `result` no longer does.
pub(super) const STATE: &str = "c_state";
/// The worker that claimed it.
pub(super) const OWNER: &str = "c_owner";
/// The task's name: whose the id is.
pub(super) const TASK: &str = "c_task";
/// Who sent it; empty where that is not known.
pub(super) const ORIGIN: &str = "c_origin";
/// The queue it came from; empty where it ended without a run.
pub(super) const QUEUE: &str = "c_queue";
// A document's, beside its nonce.
pub(super) const VERSION: &str = "c_version";
pub(super) const BODY: &str = "c_body";
/// Who holds the document; empty for nobody.
pub(super) const HOLDER: &str = "c_holder";
/// The `number` that `Documents::advance` changes.
pub(super) const DOCUMENT_NUMBER: &str = "c_at";

/// An item as DynamoDB gives it.
pub(super) type Attributes = HashMap<String, AttributeValue>;

pub(super) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub(super) fn number(value: impl Into<i128>) -> AttributeValue {
    AttributeValue::N(value.into().to_string())
}

pub(super) fn binary(bytes: Vec<u8>) -> AttributeValue {
    AttributeValue::B(Blob::new(bytes))
}

/// Seconds with a fraction, as Python writes them.
pub(super) fn timestamp(now: UtcTime) -> AttributeValue {
    AttributeValue::N(format!(
        "{}.{:06}",
        now.0.div_euclid(1_000_000),
        now.0.rem_euclid(1_000_000)
    ))
}

/// As [`TTL`] counts.
pub(super) fn whole_seconds(time: UtcTime) -> i64 {
    time.0.div_euclid(1_000_000)
}

pub(super) fn lease_until(now: UtcTime, lease: std::time::Duration) -> AttributeValue {
    number(lease_millis(now.after(lease)))
}

/// A lease's end as an item has it.
pub(super) fn lease_millis(until: UtcTime) -> i64 {
    until.0 / 1000
}

/// Bytes that a value takes in an item, by DynamoDB's rules (numbers: an upper bound).
pub(super) fn value_size(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::N(digits) => digits.len() / 2 + 2,
        AttributeValue::B(bytes) => bytes.as_ref().len(),
        _ => 1,
    }
}

pub(super) fn number_of<T: std::str::FromStr>(item: &Attributes, name: &str) -> Option<T> {
    item.get(name)?.as_n().ok()?.parse().ok()
}

pub(super) fn text_of<'a>(item: &'a Attributes, name: &str) -> Option<&'a str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

/// An attribute that a write sets.
pub(super) type Attribute = (&'static str, AttributeValue);

/// What every write of a result sets: Celery's attributes, and our state beside them. [`to_ledger`]
/// and [`to_record`] read them.
pub(super) fn result_attributes(
    meta: &ResultMeta,
    config: &DynamoConfig,
    now: UtcTime,
) -> Result<Vec<Attribute>, StoreErrorKind> {
    let bytes = result_bytes(config.codec, meta, MAX_ITEM_BYTES)?;
    let mut set = Vec::with_capacity(11);
    set.extend([
        (RESULT, binary(bytes)),
        (TIMESTAMP, timestamp(now)),
        (STATE, text(meta.status.as_str())),
    ]);
    set.extend(ttl_attribute(config, now));
    Ok(set)
}

/// When an item that is written now is to go, if it is.
pub(super) fn ttl_attribute(config: &DynamoConfig, now: UtcTime) -> Option<Attribute> {
    let ttl = config.ttl?;
    Some((TTL, number(now.after(ttl).0 / 1_000_000)))
}

fn meta_of(item: &Attributes, codec: ResultCodec) -> Result<ResultMeta, StoreErrorKind> {
    let bytes = item.get(RESULT).and_then(|value| value.as_b().ok());
    let bytes =
        bytes.ok_or_else(|| StoreErrorKind::Codec("the item has no binary `result`".to_owned()))?;
    codec
        .decode(bytes.as_ref(), &Limits::default())
        .map_err(|error| StoreErrorKind::Codec(format!("the stored result: {error}")))
}

/// Whether `forget` emptied the item: our state is final, and the result does not show it.
fn is_tombstone(item: &Attributes, of_result: &State) -> bool {
    !of_result.is_ready() && text_of(item, STATE).is_some_and(|state| State::from(state).is_ready())
}

/// Whether the item has ended: DynamoDB deletes it within days of its TTL, and until then nobody
/// should see it.
pub(super) fn is_expired(item: &Attributes, now: UtcTime) -> bool {
    number_of::<i64>(item, TTL).is_some_and(|ttl| ttl <= whole_seconds(now))
}

/// The item as the rules of the ledger see it. A forgotten one is as final as it was.
pub(super) fn to_ledger(
    item: &Attributes,
    codec: ResultCodec,
) -> Result<LedgerItem, StoreErrorKind> {
    let mut meta = meta_of(item, codec)?;
    let is_unread = text_of(item, STATE) == Some(UNREAD);
    if is_unread || is_tombstone(item, &meta.status) {
        meta.status = State::from(text_of(item, STATE).unwrap_or_default());
    }
    let version = match number_of::<u64>(item, ATTEMPT) {
        Some(attempt) => Version::Ours {
            attempt,
            nonce: text_of(item, NONCE).unwrap_or_default().to_owned(),
        },
        None => Version::Foreign {
            timestamp: item
                .get(TIMESTAMP)
                .and_then(|value| value.as_n().ok())
                .cloned()
                .unwrap_or_default(),
        },
    };
    Ok(LedgerItem {
        meta,
        version,
        runs: number_of(item, RUNS).unwrap_or(0),
        retries: number_of(item, RETRIES).unwrap_or(0),
        lease_until: number_of::<i64>(item, LEASE)
            .filter(|millis| *millis > 0)
            .map(|millis| UtcTime(millis.saturating_mul(1000))),
        nonce: text_of(item, NONCE).map(str::to_owned),
        identity: identity_of(item),
    })
}

fn identity_of(item: &Attributes) -> Option<TaskIdentity> {
    Some(TaskIdentity {
        name: text_of(item, TASK)?.to_owned(),
        origin: text_of(item, ORIGIN)
            .filter(|origin| !origin.is_empty())
            .map(str::to_owned),
        queue: text_of(item, QUEUE).map(str::to_owned),
    })
}

/// The item as readers see it; a forgotten one, or one that has ended, is not there.
/// Celery's `timestamp`, which is in seconds.
pub(super) fn written_at(item: &Attributes) -> Option<UtcTime> {
    let seconds: f64 = number_of(item, TIMESTAMP)?;
    Some(UtcTime((seconds * 1e6).round() as i64))
}

pub(super) fn to_record(
    item: &Attributes,
    codec: ResultCodec,
    now: UtcTime,
) -> Result<Option<Record>, StoreErrorKind> {
    if is_expired(item, now) {
        return Ok(None);
    }
    let meta = meta_of(item, codec)?;
    if is_tombstone(item, &meta.status) {
        return Ok(None);
    }
    Ok(Some(Record {
        meta,
        written_at: written_at(item).unwrap_or(UtcTime(0)),
        attempt: number_of(item, ATTEMPT).unwrap_or(0),
        identity: identity_of(item),
    }))
}
