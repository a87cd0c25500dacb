use rmp::Marker;

use crate::{DecodeErrorKind, Dict, Limits, Value, limits::Budget, to_value::key_text};

type Result<T> = std::result::Result<T, DecodeErrorKind>;

/// Reads msgpack as Python's `unpackb(raw=False)` does. Nothing is allocated by an announced
/// length.
#[derive(Debug)]
struct MsgpackReader<'a> {
    rest: &'a [u8],
    total: usize,
    budget: Budget,
}

/// Reads one value that fills `bytes`.
pub(crate) fn read(bytes: &[u8], limits: &Limits) -> Result<Value> {
    let mut reader = MsgpackReader {
        rest: bytes,
        total: bytes.len(),
        budget: Budget::new(limits),
    };
    let value = reader.value()?;
    if reader.rest.is_empty() {
        Ok(value)
    } else {
        Err(reader.fail("extra bytes after the value"))
    }
}

impl<'a> MsgpackReader<'a> {
    /// Kept apart from the scalars, whose many branches would take stack at every level.
    fn value(&mut self) -> Result<Value> {
        self.budget.item()?;
        let [marker] = self.array()?;
        match Marker::from_u8(marker) {
            Marker::FixArray(length) => self.list(length.into()),
            Marker::Array16 => self.length16().and_then(|length| self.list(length)),
            Marker::Array32 => self.length32().and_then(|length| self.list(length)),
            Marker::FixMap(length) => self.dict(length.into()),
            Marker::Map16 => self.length16().and_then(|length| self.dict(length)),
            Marker::Map32 => self.length32().and_then(|length| self.dict(length)),
            scalar => self.scalar(scalar),
        }
    }

    fn scalar(&mut self, marker: Marker) -> Result<Value> {
        Ok(match marker {
            Marker::Null => Value::Null,
            Marker::True => Value::Bool(true),
            Marker::False => Value::Bool(false),
            Marker::FixPos(number) => Value::Int(number.into()),
            Marker::FixNeg(number) => Value::Int(number.into()),
            Marker::U8 => Value::Int(u8::from_be_bytes(self.array()?).into()),
            Marker::U16 => Value::Int(u16::from_be_bytes(self.array()?).into()),
            Marker::U32 => Value::Int(u32::from_be_bytes(self.array()?).into()),
            Marker::U64 => u64::from_be_bytes(self.array()?).into(),
            Marker::I8 => Value::Int(i8::from_be_bytes(self.array()?).into()),
            Marker::I16 => Value::Int(i16::from_be_bytes(self.array()?).into()),
            Marker::I32 => Value::Int(i32::from_be_bytes(self.array()?).into()),
            Marker::I64 => Value::Int(i64::from_be_bytes(self.array()?)),
            Marker::F32 => Value::Float(f32::from_be_bytes(self.array()?).into()),
            Marker::F64 => Value::Float(f64::from_be_bytes(self.array()?)),
            Marker::FixStr(length) => self.text(length.into())?,
            Marker::Str8 => self.length8().and_then(|length| self.text(length))?,
            Marker::Str16 => self.length16().and_then(|length| self.text(length))?,
            Marker::Str32 => self.length32().and_then(|length| self.text(length))?,
            Marker::Bin8 => self.length8().and_then(|length| self.bytes(length))?,
            Marker::Bin16 => self.length16().and_then(|length| self.bytes(length))?,
            Marker::Bin32 => self.length32().and_then(|length| self.bytes(length))?,
            other => return Err(self.fail(format!("{other:?} is not used by Celery"))),
        })
    }

    fn list(&mut self, length: usize) -> Result<Value> {
        self.budget.enter()?;
        if length > 0 {
            self.budget.list()?;
        }
        let mut items = Vec::new();
        for _ in 0..length {
            items.push(self.value()?);
        }
        self.budget.leave();
        Ok(Value::List(items))
    }

    fn dict(&mut self, length: usize) -> Result<Value> {
        self.budget.enter()?;
        if length > 0 {
            self.budget.dict()?;
        }
        let mut entries = Dict::new();
        for _ in 0..length {
            let key = self.key()?;
            self.budget.key(key.len())?;
            let value = self.value()?;
            entries.insert(key, value);
        }
        self.budget.leave();
        Ok(Value::Dict(entries))
    }

    fn key(&mut self) -> Result<String> {
        let key = match self.value()? {
            Value::Bytes(bytes) => self.utf8(bytes).map(Value::Str)?,
            other => other,
        };
        key_text(key).map_err(|name| self.fail(format!("a {name} cannot be the key of a map")))
    }

    fn text(&mut self, length: usize) -> Result<Value> {
        let bytes = self.slice(length)?;
        self.budget.text(length)?;
        self.utf8(bytes.to_owned()).map(Value::Str)
    }

    fn bytes(&mut self, length: usize) -> Result<Value> {
        let bytes = self.slice(length)?;
        self.budget.text(length)?;
        Ok(Value::Bytes(bytes.to_owned()))
    }

    fn utf8(&self, bytes: Vec<u8>) -> Result<String> {
        String::from_utf8(bytes).map_err(|_| self.fail("a text is not UTF-8"))
    }

    fn length8(&mut self) -> Result<usize> {
        Ok(u8::from_be_bytes(self.array()?).into())
    }

    fn length16(&mut self) -> Result<usize> {
        Ok(u16::from_be_bytes(self.array()?).into())
    }

    fn length32(&mut self) -> Result<usize> {
        Ok(u32::from_be_bytes(self.array()?) as usize)
    }

    fn slice(&mut self, length: usize) -> Result<&'a [u8]> {
        let Some((slice, rest)) = self.rest.split_at_checked(length) else {
            return Err(self.fail("the bytes end in the middle of a value"));
        };
        self.rest = rest;
        Ok(slice)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let Some((array, rest)) = self.rest.split_first_chunk() else {
            return Err(self.fail("the bytes end in the middle of a value"));
        };
        self.rest = rest;
        Ok(*array)
    }

    fn fail(&self, reason: impl Into<String>) -> DecodeErrorKind {
        DecodeErrorKind::malformed("msgpack", self.total - self.rest.len(), reason)
    }
}
