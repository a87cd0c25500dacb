use crate::{DecodeErrorKind, Dict, Value, json_reader::JsonReader, json_writer::JsonWriter, part};

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
    /// Everything else, such as `MessageGroupId`. A known property of an unknown type is here too:
    /// no receiver minds.
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

impl Properties {
    /// Takes one property as it came.
    pub(crate) fn set(&mut self, name: &str, value: Value) -> Result<(), DecodeErrorKind> {
        match (name, value) {
            ("correlation_id", Value::Str(text)) => self.correlation_id = Some(text),
            ("reply_to", Value::Str(text)) => self.reply_to = Some(text),
            ("origin", Value::Str(text)) => self.origin = Some(text),
            ("delivery_mode", Value::Int(mode)) => self.delivery_mode = Some(mode),
            ("delivery_info", value) => self.delivery_info = DeliveryInfo::read(value)?,
            ("priority", Value::Int(priority)) => self.priority = Some(priority),
            ("expiration", Value::Null) => {}
            ("expiration", value) => self.expiration = Some(value),
            ("body_encoding", value) => {
                self.body_encoding = part::text("properties.body_encoding", value)?;
            }
            ("delivery_tag", Value::Str(text)) => self.delivery_tag = Some(text),
            (_, value) => {
                self.extra.insert(name.to_owned(), value);
            }
        }
        Ok(())
    }

    /// Writes the object in Celery's order, with the encoding the body really has.
    pub(crate) fn write(&self, json: &mut JsonWriter, body_encoding: &str) {
        json.object(|json| {
            json.some_text_entry("correlation_id", self.correlation_id.as_deref());
            json.some_text_entry("reply_to", self.reply_to.as_deref());
            json.some_text_entry("origin", self.origin.as_deref());
            json.some_entry("delivery_mode", self.delivery_mode.map(Value::Int).as_ref());
            json.some_entry("expiration", self.expiration.as_ref());
            json.key("delivery_info");
            self.delivery_info.write(json);
            json.some_entry("priority", self.priority.map(Value::Int).as_ref());
            json.text_entry("body_encoding", Some(body_encoding));
            json.some_text_entry("delivery_tag", self.delivery_tag.as_deref());
            for (key, value) in self.extra.iter().filter(|(key, _)| !self.has(key)) {
                json.entry(key, value);
            }
        });
    }

    /// All of them, as Celery's `request.properties` has them.
    pub fn to_dict(&self) -> Dict {
        let text = |value: &Option<String>| value.clone().map(Value::Str);
        let known = [
            ("correlation_id", text(&self.correlation_id)),
            ("reply_to", text(&self.reply_to)),
            ("origin", text(&self.origin)),
            ("delivery_mode", self.delivery_mode.map(Value::Int)),
            ("expiration", self.expiration.clone()),
            ("priority", self.priority.map(Value::Int)),
            ("delivery_tag", text(&self.delivery_tag)),
        ];
        let known = known.into_iter();
        let mut all: Dict = known
            .filter_map(|(name, value)| Some((name.to_owned(), value?)))
            .collect();
        for (name, value) in &self.extra {
            all.entry(name.clone()).or_insert_with(|| value.clone());
        }
        all
    }

    /// Whether a property in `extra` would shadow one that is set.
    fn has(&self, key: &str) -> bool {
        match key {
            "correlation_id" => self.correlation_id.is_some(),
            "reply_to" => self.reply_to.is_some(),
            "origin" => self.origin.is_some(),
            "delivery_mode" => self.delivery_mode.is_some(),
            "priority" => self.priority.is_some(),
            "expiration" => self.expiration.is_some(),
            "delivery_tag" => self.delivery_tag.is_some(),
            "delivery_info" | "body_encoding" => true,
            _ => false,
        }
    }
}

impl DeliveryInfo {
    fn read(value: Value) -> Result<Self, DecodeErrorKind> {
        let mut info = Self::default();
        for (key, value) in part::dict_or_empty("properties.delivery_info", value)? {
            info.set(&key, value);
        }
        Ok(info)
    }

    /// Reads an object without a dict between.
    pub(crate) fn read_json(json: &mut JsonReader<'_>) -> Result<Self, DecodeErrorKind> {
        let mut info = Self::default();
        json.entries(|json, key| {
            info.set(&key, json.value()?);
            Ok(())
        })?;
        Ok(info)
    }

    fn set(&mut self, key: &str, value: Value) {
        match (key, value) {
            ("exchange", Value::Str(text)) => self.exchange = Some(text),
            ("routing_key", Value::Str(text)) => self.routing_key = Some(text),
            (_, value) => {
                self.extra.insert(key.to_owned(), value);
            }
        }
    }

    fn write(&self, json: &mut JsonWriter) {
        json.object(|json| {
            json.some_text_entry("exchange", self.exchange.as_deref());
            json.some_text_entry("routing_key", self.routing_key.as_deref());
            for (key, value) in self.extra.iter().filter(|(key, _)| !self.has(key)) {
                json.entry(key, value);
            }
        });
    }

    fn has(&self, key: &str) -> bool {
        match key {
            "exchange" => self.exchange.is_some(),
            "routing_key" => self.routing_key.is_some(),
            _ => false,
        }
    }
}
