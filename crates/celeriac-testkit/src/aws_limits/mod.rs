//! What AWS documents that it refuses, and emulators take: one table, and a check of each request
//! against it. The fault proxy asks before it forwards.
//!
//! Numbers and patterns are AWS's own, from the pages named in the table, and not celeriac's: a
//! constant that both share would hide its own error.

mod dynamodb;
mod ledger;
mod scheduler;
mod sqs;
mod table;

use std::sync::{Mutex, PoisonError};

use hyper::{Method, Uri};
use serde_json::Value;

use self::ledger::Ledger;
pub use self::table::{LIMITS, Limit};

/// A refusal, as AWS words it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Which limit of [`LIMITS`], by its name.
    pub limit: &'static str,
    /// AWS's error code.
    pub code: &'static str,
    /// For people.
    pub message: String,
}

/// What becomes of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is forwarded.
    Pass,
    /// It is refused as a whole.
    Refuse(Refusal),
    /// A batch: those entries are refused, the others are forwarded.
    RefuseEntries(Vec<Option<Refusal>>),
}

/// A request to AWS.
#[derive(Clone, Copy, Debug)]
pub struct AwsRequest<'a> {
    /// AWS's name of the operation.
    pub operation: &'a str,
    /// HTTP method.
    pub method: &'a Method,
    /// Path and query.
    pub uri: &'a Uri,
    /// The body.
    pub body: &'a [u8],
}

/// Refuses as AWS documents.
#[derive(Debug, Default)]
pub struct AwsLimits(Mutex<Ledger>);

impl AwsLimits {
    /// Before a request is forwarded. What is not JSON is passed on.
    pub fn before(&self, request: &AwsRequest<'_>) -> Verdict {
        if let Some(refusal) = scheduler::check(request) {
            return Verdict::Refuse(refusal);
        }
        let Ok(body) = serde_json::from_slice::<Value>(request.body) else {
            return Verdict::Pass;
        };
        let mut ledger = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sqs::check(request.operation, &body, &mut ledger)
            .or_else(|| dynamodb::check(request.operation, &body))
            .unwrap_or(Verdict::Pass)
    }

    /// After a request was answered with success: what AWS would have answered instead, where that
    /// is less.
    pub fn after(&self, operation: &str, answer: &[u8]) -> Option<Value> {
        if !matches!(operation, "ReceiveMessage" | "BatchGetItem") {
            return None;
        }
        let answer = serde_json::from_slice::<Value>(answer).ok()?;
        if operation == "BatchGetItem" {
            return dynamodb::shortened(answer);
        }
        let mut ledger = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        ledger.received(&answer);
        None
    }
}

fn refuse(limit: &'static str, code: &'static str, message: impl Into<String>) -> Refusal {
    Refusal {
        limit,
        code,
        message: message.into(),
    }
}

/// A number, which the JSON protocol has as one and attributes have as a text.
fn whole(value: &Value) -> Option<i64> {
    value
        .as_i64()
        .or_else(|| value.as_str().and_then(|text| text.parse().ok()))
}

/// Whether a number that is there is out of its range.
fn is_outside(value: &Value, least: i64, most: i64) -> bool {
    !value.is_null() && whole(value).is_none_or(|number| !(least..=most).contains(&number))
}
