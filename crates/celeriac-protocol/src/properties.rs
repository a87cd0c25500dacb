use crate::{Dict, Value};

/// Delivery properties (SPEC 1.4). All are optional for the receiver.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Properties {
    /// The task id.
    pub correlation_id: Option<String>,
    /// Unused on DynamoDB.
    pub reply_to: Option<String>,
    /// On retries: the first sender.
    pub origin: Option<String>,
    /// 2.
    pub delivery_mode: Option<i64>,
    /// Where it was sent.
    pub delivery_info: DeliveryInfo,
    /// 0 to 9.
    pub priority: Option<i64>,
    /// Milliseconds in decimal text; ignored on SQS.
    pub expiration: Option<Value>,
    /// `base64`, `utf-8` or nothing.
    pub body_encoding: Option<String>,
    /// Random; the receiver overwrites it.
    pub delivery_tag: Option<String>,
    /// Everything else, such as `MessageGroupId`.
    pub extra: Dict,
}

/// Exchange and routing key.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeliveryInfo {
    /// Empty for direct sending.
    pub exchange: Option<String>,
    /// The Celery queue name, unmangled, without prefix.
    pub routing_key: Option<String>,
    /// Everything else.
    pub extra: Dict,
}
