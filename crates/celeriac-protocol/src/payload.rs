use crate::{
    DecodeError, DecodeErrorKind, Dict, Embed, EncodeError, Serializer, Value,
    json_writer::JsonWriter, part, protocol_v1,
};

/// `[args, kwargs, embed]` (SPEC 1.5).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Payload {
    /// Positional arguments.
    pub args: Vec<Value>,
    /// Keyword arguments.
    pub kwargs: Dict,
    /// Callbacks, errbacks, chain and chord.
    pub embed: Embed,
}

impl Payload {
    /// Reads the three elements.
    pub fn from_value(value: Value) -> Result<Self, DecodeError> {
        Ok(Self::read(value)?)
    }

    /// The three elements.
    pub fn to_value(&self) -> Value {
        Value::List(vec![
            Value::List(self.args.clone()),
            Value::Dict(self.kwargs.clone()),
            self.embed.to_value(),
        ])
    }

    /// Serializes the three elements; JSON, the usual one, without copying them first.
    pub(crate) fn dump(&self, serializer: Serializer) -> Result<Vec<u8>, EncodeError> {
        if serializer != Serializer::Json {
            return serializer.dump(&self.to_value());
        }
        let mut json = JsonWriter::with_capacity(256);
        json.elements(|json| {
            json.element(|json| json.list(&self.args));
            json.element(|json| json.dict(&self.kwargs));
            json.element(|json| json.value(&self.embed.to_value()));
        });
        json.finish().map(String::into_bytes)
    }

    pub(crate) fn read(value: Value) -> Result<Self, DecodeErrorKind> {
        // Celery reads protocol 1's object under protocol 2's headers too.
        if let Value::Dict(mut entries) = value {
            return protocol_v1::take_payload(&mut entries);
        }
        let elements = part::list("payload", value)?;
        let count = elements.len();
        let [args, kwargs, embed] = <[Value; 3]>::try_from(elements).map_err(|_| {
            let reason = format!("expected `[args, kwargs, embed]`, got {count} elements");
            DecodeErrorKind::invalid("payload", reason)
        })?;
        Ok(Self {
            args: part::list("args", args)?,
            kwargs: part::dict("kwargs", kwargs)?,
            embed: Embed::read(embed)?,
        })
    }
}
