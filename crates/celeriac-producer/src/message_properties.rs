use std::time::Duration;

use celeriac_core::SendOptions;
use celeriac_protocol::{DeliveryInfo, Dict, Properties, Value};

/// SQS: the longest delay.
const MAX_DELAY_SECONDS: i64 = 900;

/// Options of Celery's and kombu's publishing calls that never reach a message.
const NOT_SENT: [&str; 18] = [
    "producer",
    "connection",
    "publisher",
    "router",
    "route_name",
    "result_cls",
    "add_to_parent",
    "task_type",
    "event_dispatcher",
    "retry",
    "retry_policy",
    "declare",
    "exchange_type",
    "timeout",
    "confirm_timeout",
    "mandatory",
    "immediate",
    "content_type",
];

/// Properties that the envelope itself decides.
const DECIDED_HERE: [&str; 4] = [
    "body_encoding",
    "delivery_info",
    "delivery_tag",
    "content_encoding",
];

/// What Celery reads out of a call's options although it has no option of ours.
#[derive(Default)]
pub(crate) struct CeleryOnly {
    pub(crate) origin: Option<String>,
    pub(crate) delivery_mode: Option<i64>,
    pub(crate) correlation_id: Option<String>,
    pub(crate) expiration: Option<Value>,
    /// `delay_seconds`, bounded. The option itself stays among the properties, as in Celery.
    pub(crate) delay: Option<Duration>,
}

/// Takes those out of `extra`; what is left goes into the properties.
pub(crate) fn celery_only(extra: &mut Dict) -> Result<CeleryOnly, String> {
    if extra.is_empty() {
        return Ok(CeleryOnly::default());
    }
    if let Some(exchange) = extra.shift_remove("exchange").filter(|exchange| {
        !matches!(exchange, Value::Null) && *exchange != Value::Str(String::new())
    }) {
        return Err(format!(
            "option `exchange` is {exchange:?}: SQS has queues only; use `queue`"
        ));
    }
    for name in NOT_SENT.iter().chain(&DECIDED_HERE) {
        extra.shift_remove(*name);
    }
    Ok(CeleryOnly {
        origin: extra.shift_remove("origin").and_then(text),
        delivery_mode: extra.shift_remove("delivery_mode").as_ref().and_then(int),
        correlation_id: extra.shift_remove("correlation_id").and_then(text),
        expiration: extra.shift_remove("expiration").and_then(milliseconds),
        delay: delay(extra),
    })
}

/// Delivery properties (SPEC 1.4).
pub(crate) fn properties(
    id: &str,
    queue: &str,
    reply_to: &str,
    lapses_in: Option<Duration>,
    options: &SendOptions,
    own: &CeleryOnly,
) -> Properties {
    let mut extra = options.extra.clone();
    for (name, value) in [
        ("MessageGroupId", &options.message_group_id),
        ("MessageDeduplicationId", &options.message_deduplication_id),
    ] {
        if let Some(value) = value {
            extra.insert(name.to_owned(), Value::Str(value.clone()));
        }
    }
    Properties {
        correlation_id: Some(own.correlation_id.clone().unwrap_or_else(|| id.to_owned())),
        reply_to: Some(
            options
                .reply_to
                .clone()
                .unwrap_or_else(|| reply_to.to_owned()),
        ),
        origin: None,
        delivery_mode: Some(own.delivery_mode.unwrap_or(2)),
        delivery_info: DeliveryInfo {
            exchange: Some(String::new()),
            routing_key: Some(queue.to_owned()),
            extra: Dict::new(),
        },
        priority: Some(i64::from(options.priority.unwrap_or(0))),
        expiration: lapses_in
            .map(|left| Value::Str(left.as_millis().to_string()))
            .or_else(|| own.expiration.clone()),
        body_encoding: Some("base64".to_owned()),
        delivery_tag: Some(celeriac_core::random::uuid4().to_string()),
        extra,
    }
}

/// The broker's delay from `delay_seconds` (preferred) or `DelaySeconds`, as kombu reads them.
fn delay(extra: &Dict) -> Option<Duration> {
    let (name, value) = ["delay_seconds", "DelaySeconds"].iter().find_map(|name| {
        Some((
            *name,
            extra.get(*name).filter(|value| **value != Value::Null)?,
        ))
    })?;
    let seconds = match value {
        Value::Int(seconds) => Some(*seconds),
        Value::Float(seconds) if seconds.is_finite() => Some(*seconds as i64),
        Value::Str(text) => text.trim().parse().ok(),
        _ => None,
    };
    match seconds {
        Some(seconds) if seconds > MAX_DELAY_SECONDS => {
            tracing::warn!(
                "option `{name}` is {seconds}: SQS delays by {MAX_DELAY_SECONDS} s at most; use `countdown` for more"
            );
            Some(Duration::from_secs(MAX_DELAY_SECONDS.unsigned_abs()))
        }
        Some(seconds) if seconds >= 0 => Some(Duration::from_secs(seconds.unsigned_abs())),
        _ => {
            tracing::warn!(
                "option `{name}` is {value:?}, not a number of seconds from 0 to {MAX_DELAY_SECONDS}: no delay"
            );
            None
        }
    }
}

fn int(value: &Value) -> Option<i64> {
    if let Value::Int(number) = value {
        Some(*number)
    } else {
        None
    }
}

fn text(value: Value) -> Option<String> {
    if let Value::Str(text) = value {
        Some(text)
    } else {
        None
    }
}

/// kombu: seconds in, milliseconds as text out; a text stays.
fn milliseconds(value: Value) -> Option<Value> {
    match value {
        Value::Int(seconds) => Some(Value::Str(seconds.saturating_mul(1000).to_string())),
        Value::Float(seconds) => Some(Value::Str(((seconds * 1000.0) as i64).to_string())),
        Value::Str(text) => Some(Value::Str(text)),
        _ => None,
    }
}
