use crate::{DecodeErrorKind, Dict, Signature, Value, json_reader::JsonReader, part};

/// The third element of a payload: what is to be sent when the task ends (SPEC 1.5).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Embed {
    /// Sent with the result when the task succeeds.
    pub callbacks: Option<Vec<Signature>>,
    /// Sent when the task fails.
    pub errbacks: Option<Vec<Signature>>,
    /// The steps that remain of a chain, the next one LAST.
    pub chain: Option<Vec<Signature>>,
    /// The body of the chord this task is a part of.
    pub chord: Option<Signature>,
    /// Keys this version does not know, kept as they came.
    pub extra: Dict,
}

/// Bytes of memory that its values may take: they are copied several times on their way into the
/// messages that follow.
const MAX_MEMORY: usize = 10 << 20;

impl Embed {
    /// The object in Celery's key order.
    pub fn to_value(&self) -> Value {
        let mut entries = Dict::with_capacity(4 + self.extra.len());
        entries.insert("callbacks".into(), list(self.callbacks.as_deref()));
        entries.insert("errbacks".into(), list(self.errbacks.as_deref()));
        entries.insert("chain".into(), list(self.chain.as_deref()));
        let chord = self.chord.as_ref().map(Signature::to_value);
        entries.insert("chord".into(), chord.unwrap_or_default());
        for (key, value) in &self.extra {
            entries.entry(key.clone()).or_insert_with(|| value.clone());
        }
        Value::Dict(entries)
    }

    pub(crate) fn read(value: Value) -> Result<Self, DecodeErrorKind> {
        let (mut embed, mut memory) = (Self::default(), 0);
        for (key, value) in part::dict_or_empty("embed", value)? {
            charge(&mut memory, &value)?;
            embed.set(&key, value)?;
        }
        Ok(embed)
    }

    /// Reads the usual form, an object, without a dict between.
    pub(crate) fn read_json(json: &mut JsonReader<'_>) -> Result<Self, DecodeErrorKind> {
        if json.peek() != Some(b'{') {
            return Self::read(json.value()?);
        }
        let (mut embed, mut memory) = (Self::default(), 0);
        json.entries(|json, key| {
            let value = json.value()?;
            charge(&mut memory, &value)?;
            embed.set(&key, value)
        })?;
        Ok(embed)
    }

    fn set(&mut self, key: &str, value: Value) -> Result<(), DecodeErrorKind> {
        match key {
            "callbacks" => self.callbacks = part::signatures(value)?,
            "errbacks" => self.errbacks = part::signatures(value)?,
            "chain" => self.chain = part::signatures(value)?,
            "chord" => self.chord = value.is_true().then(|| Signature::from_message(value)),
            _ => {
                self.extra.insert(key.to_owned(), value);
            }
        }
        Ok(())
    }
}

fn charge(memory: &mut usize, value: &Value) -> Result<(), DecodeErrorKind> {
    *memory += value.memory();
    if *memory > MAX_MEMORY {
        return Err(DecodeErrorKind::TooLarge {
            what: "memory of what follows the task",
            limit: MAX_MEMORY,
        });
    }
    Ok(())
}

fn list(signatures: Option<&[Signature]>) -> Value {
    let Some(signatures) = signatures else {
        return Value::Null;
    };
    Value::List(signatures.iter().map(Signature::to_value).collect())
}
