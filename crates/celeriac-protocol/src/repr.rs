use std::fmt::Write as _;

use crate::{Dict, Value, python_float};

/// The room Celery gives to `argsrepr` and `kwargsrepr`.
const ROOM: usize = 1024;
/// Containers nested deeper are shown as `[...]`.
const MAX_LEVELS: usize = 3;

/// `argsrepr`: the arguments as Python would show them, cut near 1024 characters. Informational.
pub fn repr_args(args: &[Value]) -> String {
    let mut repr = Repr::new(ROOM);
    let end = if args.len() == 1 { ",)" } else { ")" };
    repr.container("(", end, |repr| repr.items(args));
    repr.text
}

/// `kwargsrepr`, the same for keyword arguments.
pub fn repr_kwargs(kwargs: &Dict) -> String {
    let mut repr = Repr::new(ROOM);
    repr.container("{", "}", |repr| repr.entries(kwargs));
    repr.text
}

/// Celery's `saferepr`: writes tokens until the room is used up, then closes what is open.
struct Repr {
    text: String,
    room: usize,
    level: usize,
    /// Set once `, ...` is written: nothing more is shown but the ends of open containers.
    is_cut: bool,
}

impl Repr {
    fn new(room: usize) -> Self {
        Self {
            text: String::new(),
            room,
            level: 0,
            is_cut: false,
        }
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::List(_) | Value::Dict(_) if self.level >= MAX_LEVELS => {
                let is_list = matches!(value, Value::List(_));
                self.token(if is_list { "[...]" } else { "{...}" });
            }
            Value::List(items) => self.container("[", "]", |repr| repr.items(items)),
            Value::Dict(entries) => self.container("{", "}", |repr| repr.entries(entries)),
            Value::Str(text) => self.quoted(text),
            Value::Bytes(bytes) => self.bytes(bytes),
            other => {
                let plain = truncated(&plain(other), self.room);
                self.token(&plain);
            }
        }
    }

    fn container(&mut self, start: &str, end: &str, content: impl FnOnce(&mut Self)) {
        let is_shown = self.token(start);
        self.level += 1;
        content(self);
        self.level -= 1;
        if !is_shown {
            return;
        }
        // The end of what was shown is always shown, whether or not there is room.
        self.text.push_str(end);
        self.room = self.room.saturating_sub(end.len());
    }

    fn items(&mut self, items: &[Value]) {
        for (index, item) in items.iter().enumerate() {
            if self.is_cut {
                return;
            }
            if index > 0 {
                self.token(", ");
            }
            self.value(item);
        }
    }

    fn entries(&mut self, entries: &Dict) {
        for (index, (key, value)) in entries.iter().enumerate() {
            if self.is_cut {
                return;
            }
            if index > 0 {
                self.token(", ");
            }
            self.quoted(key);
            self.token(": ");
            self.value(value);
        }
    }

    fn quoted(&mut self, text: &str) {
        if self.room == 0 {
            self.token("");
            return;
        }
        let shown = truncated(text, self.room).replace('\'', "\\'");
        self.token(&format!("'{shown}'"));
    }

    fn bytes(&mut self, bytes: &[u8]) {
        let shown = &bytes[..bytes.len().min(self.room)];
        let ellipsis = if shown.len() < bytes.len() { "..." } else { "" };
        let text = match std::str::from_utf8(shown) {
            Ok(text) => text.to_owned(),
            Err(_) => hex(shown),
        };
        self.token(&format!("b'{text}{ellipsis}'"));
    }

    /// Writes a token if there is room for any of it; says whether it did.
    fn token(&mut self, token: &str) -> bool {
        if self.is_cut {
            return false;
        }
        if self.room == 0 {
            self.text.push_str(", ...");
            self.is_cut = true;
            return false;
        }
        self.text.push_str(token);
        self.room = self.room.saturating_sub(token.chars().count());
        true
    }
}

/// Celery's `truncate`: cuts at the last space within the room.
fn truncated(text: &str, room: usize) -> String {
    match text.char_indices().nth(room) {
        None if text.chars().count() < room => text.to_owned(),
        cut => {
            let head = cut.map_or(text, |(at, _)| &text[..at]);
            let head = head.rsplit_once(' ').map_or(head, |(before, _)| before);
            format!("{head}...")
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing into a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// A scalar as Python's `repr` shows it.
fn plain(value: &Value) -> String {
    match value {
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Int(number) => number.to_string(),
        Value::BigInt(number) => number.to_string(),
        Value::Float(number) => python_float::repr(*number),
        Value::DateTime(text) => object("datetime.datetime", text, &['-', 'T', ' ', ':', '.']),
        Value::Date(text) => object("datetime.date", text, &['-']),
        Value::Time(text) => object("datetime.time", text, &[':', '.']),
        Value::Decimal(text) => format!("Decimal('{text}')"),
        Value::Uuid(hex) => format!("UUID('{}')", dashed(hex)),
        _ => "None".to_owned(),
    }
}

/// `datetime.date(2027, 1, 2)` where the text has numbers only; otherwise the text itself.
fn object(class: &str, text: &str, separators: &[char]) -> String {
    let numbers: Option<Vec<u32>> = text
        .split(separators)
        .map(|part| part.parse().ok())
        .collect();
    let Some(mut numbers) = numbers else {
        return format!("{class}('{text}')");
    };
    // Python leaves seconds of zero out.
    let is_short = class != "datetime.date" && numbers.len() >= 3;
    if is_short && numbers.last() == Some(&0) && !text.contains('.') {
        numbers.pop();
    }
    let numbers: Vec<String> = numbers.iter().map(u32::to_string).collect();
    format!("{class}({})", numbers.join(", "))
}

fn dashed(hex: &str) -> String {
    let parts = [0..8, 8..12, 12..16, 16..20, 20..hex.len()].map(|range| hex.get(range));
    if parts.contains(&None) {
        return hex.to_owned();
    }
    parts.map(Option::unwrap_or_default).join("-")
}
