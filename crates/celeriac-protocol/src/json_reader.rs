use std::borrow::Cow;
use std::ops::Range;

use crate::{
    BigInt, DecodeErrorKind, Dict, Limits, Value, byte_scan::Marked, limits::Budget, typed_object,
};

type Result<T> = std::result::Result<T, DecodeErrorKind>;

/// Reads JSON as Python's `json` does: NaN and Infinity, integers of any size, the last of
/// duplicate keys.
///
/// A lone surrogate (`\ud800`), which Python's texts can hold and UTF-8 cannot, becomes U+FFFD: it
/// loses no message.
#[derive(Debug)]
pub(crate) struct JsonReader<'a> {
    text: &'a str,
    at: usize,
    budget: Budget,
}

/// What ends a run of plain text in a string: quote, backslash and control characters.
struct EndsRun;

impl Marked for EndsRun {
    const BELOW: u8 = 0x20;
    const EQUAL: &'static [u8] = b"\"\\";
}

/// Reads one value that fills `bytes`.
pub(crate) fn read(bytes: &[u8], limits: &Limits) -> Result<Value> {
    let mut reader = JsonReader::of_bytes(bytes, limits)?;
    let value = reader.value()?;
    reader.end()?;
    Ok(value)
}

impl<'a> JsonReader<'a> {
    pub(crate) fn new(text: &'a str, limits: &Limits) -> Self {
        Self {
            text,
            at: 0,
            budget: Budget::new(limits),
        }
    }

    pub(crate) fn of_bytes(bytes: &'a [u8], limits: &Limits) -> Result<Self> {
        let text = std::str::from_utf8(bytes).map_err(|error| {
            DecodeErrorKind::malformed("JSON", error.valid_up_to(), "the text is not UTF-8")
        })?;
        Ok(Self::new(text, limits))
    }

    /// The next value, of any type.
    pub(crate) fn value(&mut self) -> Result<Value> {
        self.budget.item()?;
        match self.peek() {
            Some(b'"') => {
                self.at += 1;
                let text = self.rest_of_string()?;
                self.budget.text(text.len())?;
                Ok(Value::Str(text.into_owned()))
            }
            Some(b'{') => self.object(),
            Some(b'[') => self.list(),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b'n') => self.word(b"null", Value::Null),
            Some(b't') => self.word(b"true", Value::Bool(true)),
            Some(b'f') => self.word(b"false", Value::Bool(false)),
            Some(b'N') => self.word(b"NaN", Value::Float(f64::NAN)),
            Some(b'I') => self.word(b"Infinity", Value::Float(f64::INFINITY)),
            Some(_) => Err(self.fail("expected a value")),
            None => Err(self.fail("expected a value, found the end")),
        }
    }

    /// Nothing but white space may follow.
    pub(crate) fn end(&mut self) -> Result<()> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.fail("extra text after the value")),
        }
    }

    /// The first byte of the next token.
    pub(crate) fn peek(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while let Some(b' ' | b'\n' | b'\t' | b'\r') = bytes.get(self.at) {
            self.at += 1;
        }
        bytes.get(self.at).copied()
    }

    /// Reads an object, giving each key to `entry`, which must read the value.
    pub(crate) fn entries(
        &mut self,
        mut entry: impl FnMut(&mut Self, Cow<'a, str>) -> Result<()>,
    ) -> Result<()> {
        self.expect(b'{', "expected an object")?;
        self.budget.enter()?;
        if !self.take(b'}') {
            self.budget.dict()?;
            loop {
                let key = self.key()?;
                self.budget.key(key.len())?;
                entry(self, key)?;
                if !self.take(b',') {
                    break;
                }
            }
            self.expect(b'}', "expected `,` or `}`")?;
        }
        self.budget.leave();
        Ok(())
    }

    /// A string; borrowed when it has no escapes.
    pub(crate) fn string(&mut self) -> Result<Cow<'a, str>> {
        self.expect(b'"', "expected a string")?;
        self.rest_of_string()
    }

    /// A string whose first quote has been read.
    fn rest_of_string(&mut self) -> Result<Cow<'a, str>> {
        let plain = self.plain_run()?;
        if self.take_here(b'"') {
            return Ok(Cow::Borrowed(plain));
        }
        self.escaped_string(plain)
    }

    fn key(&mut self) -> Result<Cow<'a, str>> {
        self.expect(b'"', "expected a key in double quotes")?;
        let key = self.rest_of_string()?;
        self.expect(b':', "expected `:`")?;
        Ok(key)
    }

    fn object(&mut self) -> Result<Value> {
        let mut entries = Dict::new();
        self.entries(|reader, key| {
            let value = reader.value()?;
            entries.insert(key.into_owned(), value);
            Ok(())
        })?;
        typed_object::resolve(entries)
    }

    /// Reads a list, letting `element` read each of its values.
    pub(crate) fn elements(
        &mut self,
        mut element: impl FnMut(&mut Self) -> Result<()>,
    ) -> Result<()> {
        self.expect(b'[', "expected a list")?;
        self.budget.enter()?;
        if !self.take(b']') {
            self.budget.list()?;
            loop {
                element(self)?;
                if !self.take(b',') {
                    break;
                }
            }
            self.expect(b']', "expected `,` or `]`")?;
        }
        self.budget.leave();
        Ok(())
    }

    fn list(&mut self) -> Result<Value> {
        let mut items = Vec::new();
        self.elements(|reader| {
            items.push(reader.value()?);
            Ok(())
        })?;
        Ok(Value::List(items))
    }

    fn number(&mut self) -> Result<Value> {
        let start = self.at;
        self.take_here(b'-');
        if self.text.as_bytes().get(self.at) == Some(&b'I') {
            return self.word(b"Infinity", Value::Float(f64::NEG_INFINITY));
        }
        if !self.take_here(b'0') && self.digits() == 0 {
            return Err(self.fail("expected a digit"));
        }
        let whole = self.at;
        self.fraction();
        self.exponent();
        if self.at == whole {
            return self.integer(start..self.at);
        }
        self.text[start..self.at]
            .parse()
            .map(Value::Float)
            .map_err(|_| self.fail("not a number"))
    }

    /// As Python's grammar has it, a dot or an `e` without digits is not a part of the number.
    fn fraction(&mut self) {
        let before = self.at;
        if self.take_here(b'.') && self.digits() == 0 {
            self.at = before;
        }
    }

    fn exponent(&mut self) {
        let before = self.at;
        if self.take_here(b'e') || self.take_here(b'E') {
            let _sign = self.take_here(b'+') || self.take_here(b'-');
            if self.digits() == 0 {
                self.at = before;
            }
        }
    }

    fn digits(&mut self) -> usize {
        let rest = &self.text.as_bytes()[self.at..];
        let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += count;
        count
    }

    fn word<const N: usize>(&mut self, word: &[u8; N], value: Value) -> Result<Value> {
        if self.text.as_bytes()[self.at..].first_chunk() != Some(word) {
            return Err(self.fail("expected a value"));
        }
        self.at += N;
        Ok(value)
    }

    /// Text up to the next quote or backslash.
    fn plain_run(&mut self) -> Result<&'a str> {
        let (text, start) = (self.text, self.at);
        let rest = &text.as_bytes()[start..];
        let Some(length) = EndsRun::position(rest) else {
            self.at = text.len();
            return Err(self.fail("the string does not end"));
        };
        self.at += length;
        if rest[length] < 0x20 {
            return Err(self.fail("control character in a string"));
        }
        Ok(&text[start..self.at])
    }

    /// A string whose first escape comes after this.
    fn escaped_string(&mut self, before: &str) -> Result<Cow<'a, str>> {
        let mut text = before.to_owned();
        loop {
            if self.take_here(b'"') {
                return Ok(Cow::Owned(text));
            }
            self.at += 1; // the backslash
            text.push(self.escape()?);
            text.push_str(self.plain_run()?);
        }
    }

    fn escape(&mut self) -> Result<char> {
        let byte = self.text.as_bytes().get(self.at).copied();
        let escaped = match byte {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode_escape(),
            _ => return Err(self.fail("unknown escape")),
        };
        self.at += 1;
        Ok(escaped)
    }

    fn unicode_escape(&mut self) -> Result<char> {
        let first = self.hex4()?;
        if let Some(char) = char::from_u32(first) {
            return Ok(char);
        }
        let after_first = self.at;
        if first < 0xdc00 && self.text[self.at..].starts_with("\\u") {
            self.at += 1;
            let second = self.hex4()?;
            if (0xdc00..0xe000).contains(&second) {
                let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            self.at = after_first; // it is a character of its own
        }
        Ok(char::REPLACEMENT_CHARACTER)
    }

    /// The four digits after the `u` at the current position.
    fn hex4(&mut self) -> Result<u32> {
        let digits = self.text.get(self.at + 1..self.at + 5);
        let digits = digits.filter(|text| text.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let code = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let code = code.ok_or_else(|| self.fail("expected four hex digits"))?;
        self.at += 5;
        Ok(code)
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn take_here(&mut self, byte: u8) -> bool {
        let found = self.text.as_bytes().get(self.at) == Some(&byte);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, byte: u8, reason: &str) -> Result<()> {
        if self.take(byte) {
            Ok(())
        } else {
            Err(self.fail(reason))
        }
    }

    /// One of any length: its digits take memory as a text's do.
    fn integer(&mut self, at: Range<usize>) -> Result<Value> {
        let digits = &self.text[at];
        if let Ok(number) = digits.parse() {
            return Ok(Value::Int(number));
        }
        self.budget.text(digits.len())?;
        Ok(Value::BigInt(BigInt(digits.to_owned())))
    }

    #[cold]
    fn fail(&self, reason: &str) -> DecodeErrorKind {
        DecodeErrorKind::malformed("JSON", self.at, reason)
    }
}
