use crate::{
    DecodeError, DecodeErrorKind, Dict, Embed, EncodeError, Limits, Serializer, Value,
    json_reader::{self, JsonReader},
    json_writer::JsonWriter,
    part, protocol_v1,
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
        let value = match value {
            Value::Dict(mut entries) if entries.contains_key("args") => {
                return protocol_v1::take_payload(&mut entries);
            }
            other => other,
        };
        let elements = part::list("payload", value)?;
        let count = elements.len();
        let elements = <[Value; 3]>::try_from(elements);
        let [args, kwargs, embed] = elements.map_err(|_| wrong_count(count))?;
        Ok(Self {
            args: part::args("args", args)?,
            kwargs: part::dict("kwargs", kwargs)?,
            embed: Embed::read(embed)?,
        })
    }

    /// Reads the usual form, three elements in JSON, without a list of values between.
    pub(crate) fn read_json(bytes: &[u8], limits: &Limits) -> Result<Self, DecodeErrorKind> {
        let mut json = JsonReader::of_bytes(bytes, limits)?;
        if json.peek() != Some(b'[') {
            return Self::read(json_reader::read(bytes, limits)?);
        }
        let (mut count, mut payload) = (0, Self::default());
        json.elements(|json| {
            count += 1;
            match count {
                1 => payload.args = part::args("args", json.value()?)?,
                2 => payload.kwargs = part::dict("kwargs", json.value()?)?,
                3 => payload.embed = Embed::read_json(json)?,
                _ => drop(json.value()?),
            }
            Ok(())
        })?;
        json.end()?;
        (count == 3)
            .then_some(payload)
            .ok_or_else(|| wrong_count(count))
    }
}

fn wrong_count(count: usize) -> DecodeErrorKind {
    let reason = format!("expected `[args, kwargs, embed]`, got {count} elements");
    DecodeErrorKind::invalid("payload", reason)
}
