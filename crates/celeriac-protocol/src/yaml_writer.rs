use std::fmt::Write as _;

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::short_text::is_not;
use crate::{Dict, EncodeError, Limits, Value, limits::Budget, python_float, python_text};

/// The longest key that YAML takes without a `?` before it is 1024 characters, escapes included.
const MAX_SIMPLE_KEY: usize = 128;

/// Writes YAML that means the same to YAML 1.1 (PyYAML) and 1.2: flow style, every text in double
/// quotes, ASCII.
///
/// Like PyYAML's `safe_dump` this has no times of day, decimals and UUIDs.
#[derive(Debug)]
struct YamlWriter {
    text: String,
    budget: Budget,
}

/// The YAML text of one value.
pub(crate) fn write(value: &Value) -> Result<String, EncodeError> {
    let mut writer = YamlWriter {
        text: String::new(),
        budget: Budget::of_writer(),
    };
    writer.value(value)?;
    writer.text.push('\n');
    Limits::default().check_yaml(writer.text.len())?;
    Ok(writer.text)
}

impl YamlWriter {
    fn value(&mut self, value: &Value) -> Result<(), EncodeError> {
        self.budget.item()?;
        let begins_at = self.text.len();
        match value {
            Value::Null => self.text.push_str("null"),
            Value::Bool(true) => self.text.push_str("true"),
            Value::Bool(false) => self.text.push_str("false"),
            Value::Int(number) => self.text.push_str(itoa::Buffer::new().format(*number)),
            Value::BigInt(number) => self.text.push_str(number.as_str()),
            Value::Float(number) => self.text.push_str(&float(*number)),
            Value::Str(text) => self.string(text),
            Value::Bytes(bytes) => {
                self.text.push_str("!!binary ");
                self.string(&STANDARD.encode(bytes));
            }
            Value::Date(text) if !python_text::is_date(text) => {
                return Err(EncodeError(is_not(text, "a date")));
            }
            Value::DateTime(text) | Value::Date(text) => self.timestamp(text)?,
            Value::List(items) => self.nested(|writer| writer.list(items))?,
            Value::Dict(entries) => self.nested(|writer| writer.dict(entries))?,
            other => {
                let name = other.type_name();
                let problem = format!("YAML has no {name}: use the json serializer or a text");
                return Err(EncodeError(problem));
            }
        }
        if !matches!(value, Value::List(_) | Value::Dict(_)) {
            self.budget.key(self.text.len() - begins_at)?; // what readers count of any scalar
        }
        Ok(())
    }

    fn list(&mut self, items: &[Value]) -> Result<(), EncodeError> {
        self.budget.list()?;
        self.text.push('[');
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                self.text.push_str(", ");
            }
            self.value(item)?;
        }
        self.text.push(']');
        Ok(())
    }

    fn dict(&mut self, entries: &Dict) -> Result<(), EncodeError> {
        self.budget.dict()?;
        self.text.push('{');
        for (index, (key, value)) in entries.iter().enumerate() {
            if index > 0 {
                self.text.push_str(", ");
            }
            if key.len() > MAX_SIMPLE_KEY {
                self.text.push_str("? ");
            }
            self.budget.item()?; // readers count keys
            self.budget.key(key.len())?;
            self.string(key);
            self.text.push_str(": ");
            self.value(value)?;
        }
        self.text.push('}');
        Ok(())
    }

    fn nested(
        &mut self,
        write: impl FnOnce(&mut Self) -> Result<(), EncodeError>,
    ) -> Result<(), EncodeError> {
        self.budget.enter()?;
        write(self)?;
        self.budget.leave();
        Ok(())
    }

    /// PyYAML takes `YYYY-MM-DD[ HH:MM:SS[.f][+HH:MM]]` only, which is Python's ISO form.
    fn timestamp(&mut self, text: &str) -> Result<(), EncodeError> {
        match crate::yaml_scalar::tagged("timestamp", text) {
            Ok(Value::DateTime(iso) | Value::Date(iso)) => {
                self.text.push_str("!!timestamp ");
                self.string(&iso);
                Ok(())
            }
            _ => Err(EncodeError(is_not(text, "a time that YAML has"))),
        }
    }

    fn string(&mut self, text: &str) {
        self.text.push('"');
        for char in text.chars() {
            match char {
                '"' => self.text.push_str("\\\""),
                '\\' => self.text.push_str("\\\\"),
                '\n' => self.text.push_str("\\n"),
                ' '..='~' => self.text.push(char),
                _ => self.escape(u32::from(char)),
            }
        }
        self.text.push('"');
    }

    fn escape(&mut self, code: u32) {
        // Writing into a String cannot fail.
        let _ = match code {
            0..=0xff => write!(self.text, "\\x{code:02x}"),
            0x100..=0xffff => write!(self.text, "\\u{code:04x}"),
            _ => write!(self.text, "\\U{code:08x}"),
        };
    }
}

/// YAML 1.1 wants a dot in every float, and a sign in every exponent.
fn float(number: f64) -> String {
    let text = python_float::repr(number);
    match text.as_str() {
        "nan" => ".nan".to_owned(),
        "inf" => ".inf".to_owned(),
        "-inf" => "-.inf".to_owned(),
        _ => match text.split_once('e') {
            Some((digits, exponent)) if !digits.contains('.') => format!("{digits}.0e{exponent}"),
            _ => text,
        },
    }
}
