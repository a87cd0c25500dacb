use std::fmt::Write as _;

use crate::{
    DecodeErrorKind, Dict, EncodeError, Value,
    byte_scan::Marked,
    limits::Budget,
    typed_object::{self, Typed},
};

/// Writes JSON that Python's `json` reads: compact, UTF-8, NaN and Infinity as bare words.
#[derive(Debug)]
pub(crate) struct JsonWriter {
    text: String,
    budget: Budget,
    /// The first thing in a value that Python, or a reader of ours, would not read back.
    problem: Option<EncodeError>,
}

/// The JSON text of one value.
pub(crate) fn write(value: &Value) -> Result<String, EncodeError> {
    let mut writer = JsonWriter::with_capacity(128);
    writer.value(value);
    writer.finish()
}

/// The JSON text of one object, filled with entries.
pub(crate) fn write_object(fill: impl FnOnce(&mut JsonWriter)) -> Result<String, EncodeError> {
    let mut writer = JsonWriter::with_capacity(256);
    writer.count(1);
    writer.object(fill);
    writer.finish()
}

impl JsonWriter {
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Self {
            text: String::with_capacity(bytes),
            budget: Budget::of_writer(),
            problem: None,
        }
    }

    /// The text, or why it would not be read.
    pub(crate) fn finish(self) -> Result<String, EncodeError> {
        match self.problem {
            Some(problem) => Err(problem),
            None => Ok(self.text),
        }
    }

    /// The text, valid JSON in any case: what is nested too deeply is `null` in it.
    pub(crate) fn finish_anyway(self) -> String {
        self.text
    }

    pub(crate) fn value(&mut self, value: &Value) {
        self.count(1);
        match value {
            Value::Null => self.text.push_str("null"),
            Value::Bool(true) => self.text.push_str("true"),
            Value::Bool(false) => self.text.push_str("false"),
            Value::Int(number) => self.text.push_str(itoa::Buffer::new().format(*number)),
            Value::BigInt(number) => self.text.push_str(number.as_str()),
            Value::Float(number) => self.float(*number),
            Value::Str(text) => self.string(text),
            Value::List(items) => self.list(items),
            Value::Dict(entries) => self.dict(entries),
            other => self.typed(other),
        }
    }

    /// An object to be filled with [`Self::key`] and values.
    pub(crate) fn object(&mut self, fill: impl FnOnce(&mut Self)) {
        self.charge(Budget::dict);
        self.nested(|json| {
            json.text.push('{');
            fill(json);
            json.text.push('}');
        });
    }

    /// A key, with the comma before it where one is needed.
    pub(crate) fn key(&mut self, key: &str) {
        if !self.text.ends_with('{') {
            self.text.push(',');
        }
        self.charge(Budget::entry);
        self.string(key);
        self.text.push(':');
    }

    /// A key and its value.
    pub(crate) fn entry(&mut self, key: &str, value: &Value) {
        self.key(key);
        self.value(value);
    }

    /// A key and its value, if there is one.
    pub(crate) fn some_entry(&mut self, key: &str, value: Option<&Value>) {
        if let Some(value) = value {
            self.entry(key, value);
        }
    }

    /// A key and its text or null.
    pub(crate) fn text_entry(&mut self, key: &str, text: Option<&str>) {
        self.key(key);
        self.count(1);
        match text {
            Some(text) => self.string(text),
            None => self.null(),
        }
    }

    /// A key and its text, if there is one.
    pub(crate) fn some_text_entry(&mut self, key: &str, text: Option<&str>) {
        if text.is_some() {
            self.text_entry(key, text);
        }
    }

    fn null(&mut self) {
        self.text.push_str("null");
    }

    pub(crate) fn string(&mut self, text: &str) {
        self.charge(|budget| budget.text(text.len()));
        self.text.push('"');
        self.escaped(text);
        self.text.push('"');
    }

    /// Text known to need no escapes, such as base64.
    pub(crate) fn plain_string(&mut self, text: &str) {
        self.text.push('"');
        self.text.push_str(text);
        self.text.push('"');
    }

    pub(crate) fn dict(&mut self, entries: &Dict) {
        if typed_object::is_typed(entries) {
            let problem = "a dict with exactly the keys `__type__` and `__value__` is a typed object to Python";
            self.refuse(EncodeError(problem.to_owned()));
        }
        self.object(|json| {
            for (key, value) in entries {
                json.entry(key, value);
            }
        });
    }

    pub(crate) fn list(&mut self, items: &[Value]) {
        self.elements(|json| {
            for item in items {
                json.element(|json| json.value(item));
            }
        });
    }

    /// A list to be filled with [`Self::element`].
    pub(crate) fn elements(&mut self, fill: impl FnOnce(&mut Self)) {
        self.charge(Budget::list);
        self.nested(|json| {
            json.text.push('[');
            fill(json);
            json.text.push(']');
        });
    }

    /// One element of a list, with the comma before it where one is needed.
    pub(crate) fn element(&mut self, write: impl FnOnce(&mut Self)) {
        if !self.text.ends_with('[') {
            self.text.push(',');
        }
        write(self);
    }

    fn nested(&mut self, write: impl FnOnce(&mut Self)) {
        if let Err(problem) = self.budget.enter() {
            self.refuse(problem);
            self.null();
        } else {
            write(self);
        }
        self.budget.leave();
    }

    fn count(&mut self, values: usize) {
        for _ in 0..values {
            self.charge(Budget::item);
        }
    }

    fn charge(&mut self, charge: impl FnOnce(&mut Budget) -> Result<(), DecodeErrorKind>) {
        if let Err(problem) = charge(&mut self.budget) {
            self.refuse(problem);
        }
    }

    fn float(&mut self, number: f64) {
        if number.is_finite() {
            self.text.push_str(ryu::Buffer::new().format_finite(number));
        } else if number.is_nan() {
            self.text.push_str("NaN");
        } else {
            let word = if number > 0.0 {
                "Infinity"
            } else {
                "-Infinity"
            };
            self.text.push_str(word);
        }
    }

    fn typed(&mut self, value: &Value) {
        let Some(typed) = typed_object::typed(value) else {
            return self.null();
        };
        if let Err(problem) = typed.check() {
            self.refuse(EncodeError(problem));
        }
        self.count(2); // readers count both texts
        match typed {
            Typed::Text(name, text) => self.typed_object(name, |json| json.string(text)),
            Typed::Made(name, text) => self.typed_object(name, |json| json.string(&text)),
            Typed::Uuid(hex) => {
                self.count(1); // and this object, for which there must be a level too
                self.nested(|json| {
                    json.charge(Budget::dict);
                    json.charge(Budget::entry);
                    json.typed_object("uuid", |json| {
                        json.text.push_str("{\"hex\":");
                        json.string(hex);
                        json.text.push('}');
                    });
                });
            }
        }
    }

    fn typed_object(&mut self, name: &str, value: impl FnOnce(&mut Self)) {
        self.object(|json| {
            for text in ["__type__", "__value__", name] {
                json.charge(|budget| budget.key(text.len()));
            }
            json.text.push_str("\"__type__\":\"");
            json.text.push_str(name);
            json.text.push_str("\",\"__value__\":");
            value(json);
        });
    }

    fn escaped(&mut self, mut text: &str) {
        while let Some(at) = MayNeedEscape::position(text.as_bytes()) {
            let (plain, rest) = text.split_at(at);
            self.text.push_str(plain);
            text = &rest[self.escape(rest)..];
        }
        self.text.push_str(text);
    }

    /// Writes the character that begins `rest`, as an escape if it needs one; gives its length in
    /// `rest`.
    fn escape(&mut self, rest: &str) -> usize {
        match rest.as_bytes() {
            [b'"', ..] => self.text.push_str("\\\""),
            [b'\\', ..] => self.text.push_str("\\\\"),
            [b'\n', ..] => self.text.push_str("\\n"),
            [b'\r', ..] => self.text.push_str("\\r"),
            [b'\t', ..] => self.text.push_str("\\t"),
            // which SQS refuses in a body
            [0xef, 0xbf, 0xbe, ..] => {
                self.text.push_str("\\ufffe");
                return 3;
            }
            [0xef, 0xbf, 0xbf, ..] => {
                self.text.push_str("\\uffff");
                return 3;
            }
            [0xef, ..] => {
                self.text.push_str(&rest[..3]);
                return 3;
            }
            [other, ..] => {
                // Writing into a String cannot fail.
                let _ = write!(self.text, "\\u{other:04x}");
            }
            [] => return 0,
        }
        1
    }

    fn refuse(&mut self, problem: impl Into<EncodeError>) {
        if self.problem.is_none() {
            self.problem = Some(problem.into());
        }
    }
}

/// What may need an escape. U+FFFE and U+FFFF begin with 0xEF, as others do that need none.
struct MayNeedEscape;

impl Marked for MayNeedEscape {
    const BELOW: u8 = 0x20;
    const EQUAL: &'static [u8] = b"\"\\\xef";
}
