use std::{borrow::Cow, collections::HashMap};

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, Tag};

use crate::short_text::shown;
use crate::{
    DecodeErrorKind, Dict, Limits, Value,
    limits::{Budget, MAX_NESTING},
    to_value::key_text,
    yaml_scalar,
};

type Result<T> = std::result::Result<T, DecodeErrorKind>;

/// Reads YAML 1.1 as PyYAML's `safe_load` does, which is not what YAML 1.2 libraries make of the
/// same text: `1e3` is a text, `0o14` too, and `2027-01-02` is a date.
struct YamlReader {
    budget: Budget,
    /// Bytes of text that aliases may still copy.
    copies_left: usize,
    max_copies: usize,
    anchors: HashMap<usize, Value>,
    /// Lists and dicts that are not complete, the innermost last.
    open: Vec<Open>,
    document: Option<Value>,
}

/// Reads one document that fills `bytes`.
pub(crate) fn read(bytes: &[u8], limits: &Limits) -> Result<Value> {
    limits.check_yaml(bytes.len())?;
    let text = std::str::from_utf8(bytes)
        .map_err(|error| malformed(error.valid_up_to(), "the text is not UTF-8"))?;
    let mut reader = YamlReader {
        budget: Budget::new(limits),
        copies_left: limits.max_decompressed,
        max_copies: limits.max_decompressed,
        anchors: HashMap::new(),
        open: Vec::new(),
        document: None,
    };
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| scan_error(&error, limits))?;
        reader.event(event, &span)?;
    }
    Ok(reader.document.unwrap_or_default())
}

/// A list or dict that is not complete.
struct Open {
    content: Content,
    anchor: usize,
}

enum Content {
    List(Vec<Value>),
    /// A dict, and the key that waits for its value.
    Dict(Dict, Option<Key>),
    /// `!!set`: a dict whose values are all null.
    Set(Vec<Value>, bool),
}

enum Key {
    Text(String),
    /// `<<`.
    Merge,
}

impl YamlReader {
    fn event(&mut self, event: Event<'_>, span: &Span) -> Result<()> {
        let at = span.start.index();
        match event {
            Event::Scalar(text, style, anchor, tag) => self.scalar(&text, style, anchor, tag, at),
            Event::SequenceStart(anchor, tag) => {
                known_tag(tag.as_deref(), &["seq"], at)?;
                self.start(Content::List(Vec::new()), anchor)
            }
            Event::MappingStart(anchor, tag) => {
                let content = match known_tag(tag.as_deref(), &["map", "set"], at)? {
                    Some("set") => Content::Set(Vec::new(), false),
                    _ => Content::Dict(Dict::new(), None),
                };
                self.start(content, anchor)
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(at),
            Event::Alias(anchor) => {
                let value = self.anchors.get(&anchor).cloned();
                // An anchor is known once its node is complete, so nothing can hold itself.
                let value = value.ok_or_else(|| malformed(at, "an alias to what contains it"))?;
                self.charge(&value)?;
                self.complete(value, at)
            }
            _ => Ok(()),
        }
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<Cow<'_, Tag>>,
        at: usize,
    ) -> Result<()> {
        self.budget.item()?;
        self.budget.key(text.len())?; // it may be one
        let value = match tag {
            Some(tag) if tag.is_yaml_core_schema() => yaml_scalar::tagged(&tag.suffix, text),
            Some(tag) if tag.handle.is_empty() && tag.suffix == "!" => Ok(text.into()),
            Some(tag) => Err(format!(
                "the tag `{}` is not known",
                shown(&tag.to_string())
            )),
            None if style == ScalarStyle::Plain && text == "<<" && self.wants_key() => {
                return self.merge_key(at);
            }
            None if style == ScalarStyle::Plain => yaml_scalar::plain(text),
            None => Ok(text.into()),
        };
        let value = value.map_err(|reason| malformed(at, reason))?;
        self.remember(anchor, &value)?;
        self.complete(value, at)
    }

    fn start(&mut self, content: Content, anchor: usize) -> Result<()> {
        self.budget.item()?;
        self.budget.enter()?;
        match &content {
            Content::List(_) | Content::Set(..) => self.budget.list()?,
            Content::Dict(..) => self.budget.dict()?,
        }
        self.open.push(Open { content, anchor });
        Ok(())
    }

    fn end(&mut self, at: usize) -> Result<()> {
        self.budget.leave();
        let open = self
            .open
            .pop()
            .ok_or_else(|| malformed(at, "nothing is open"))?;
        let value = match open.content {
            Content::List(items) | Content::Set(items, _) => Value::List(items),
            Content::Dict(entries, _) => Value::Dict(entries),
        };
        self.remember(open.anchor, &value)?;
        self.complete(value, at)
    }

    /// Gives a complete value to the list or dict it is in.
    fn complete(&mut self, value: Value, at: usize) -> Result<()> {
        match self.open.last_mut().map(|open| &mut open.content) {
            None if self.document.is_some() => Err(malformed(at, "more than one document")),
            None => {
                self.document = Some(value);
                Ok(())
            }
            Some(Content::List(items)) => {
                items.push(value);
                Ok(())
            }
            Some(Content::Set(items, is_value)) => {
                if !*is_value {
                    items.push(value);
                }
                *is_value = !*is_value;
                Ok(())
            }
            Some(Content::Dict(entries, waiting)) => match waiting.take() {
                None => {
                    *waiting = Some(Key::Text(text_key(value, at)?));
                    Ok(())
                }
                Some(Key::Text(key)) => {
                    entries.insert(key, value);
                    Ok(())
                }
                Some(Key::Merge) => merge(entries, value, at),
            },
        }
    }

    fn wants_key(&self) -> bool {
        let innermost = self.open.last().map(|open| &open.content);
        matches!(innermost, Some(Content::Dict(_, None)))
    }

    fn merge_key(&mut self, at: usize) -> Result<()> {
        match self.open.last_mut().map(|open| &mut open.content) {
            Some(Content::Dict(_, waiting)) => {
                *waiting = Some(Key::Merge);
                Ok(())
            }
            _ => Err(malformed(at, "`<<` is not a key here")),
        }
    }

    fn remember(&mut self, anchor: usize, value: &Value) -> Result<()> {
        if anchor != 0 {
            self.charge(value)?;
            self.anchors.insert(anchor, value.clone());
        }
        Ok(())
    }

    /// Counts a copy, all levels of it, before it is made: a few lines of aliases could ask for
    /// billions.
    fn charge(&mut self, value: &Value) -> Result<()> {
        self.budget.item()?;
        match value {
            Value::List(items) => {
                self.budget.list()?;
                items.iter().try_for_each(|item| self.charge(item))
            }
            Value::Dict(entries) => {
                self.budget.dict()?;
                entries.iter().try_for_each(|(key, value)| {
                    self.budget.key(key.len())?;
                    self.charge_text(key.len())?;
                    self.charge(value)
                })
            }
            Value::Str(text) => self.charge_text(text.len()),
            Value::Bytes(bytes) => self.charge_text(bytes.len()),
            Value::BigInt(number) => self.charge_text(number.as_str().len()),
            _ => Ok(()),
        }
    }

    fn charge_text(&mut self, length: usize) -> Result<()> {
        let left = self.copies_left.checked_sub(length);
        self.copies_left = left.ok_or(DecodeErrorKind::TooLarge {
            what: "text copied by aliases",
            limit: self.max_copies,
        })?;
        Ok(())
    }
}

/// The tag of a list or dict, if it is one of the known.
fn known_tag(tag: Option<&Tag>, known: &[&'static str], at: usize) -> Result<Option<&'static str>> {
    let Some(tag) = tag else {
        return Ok(None);
    };
    let is_tag = |known: &&&str| tag.is_yaml_core_schema() && tag.suffix == **known;
    match known.iter().find(is_tag) {
        Some(known) => Ok(Some(known)),
        None => Err(malformed(
            at,
            format!("the tag `{}` is not known", shown(&tag.to_string())),
        )),
    }
}

fn text_key(value: Value, at: usize) -> Result<String> {
    key_text(value).map_err(|name| malformed(at, format!("a {name} cannot be a key")))
}

/// `<<: {…}`: entries that are not there yet.
fn merge(entries: &mut Dict, value: Value, at: usize) -> Result<()> {
    match value {
        Value::Dict(more) => {
            for (key, value) in more {
                entries.entry(key).or_insert(value);
            }
            Ok(())
        }
        Value::List(items) => items.into_iter().try_for_each(|item| match item {
            Value::Dict(_) => merge(entries, item, at),
            _ => Err(malformed(at, "`<<` takes dicts")),
        }),
        _ => Err(malformed(at, "`<<` takes dicts")),
    }
}

/// The scanner has a bound of its own, 255 levels of flow style, and runs ahead of the events.
fn scan_error(error: &ScanError, limits: &Limits) -> DecodeErrorKind {
    if error.info().contains("recursion limit") {
        return DecodeErrorKind::TooLarge {
            what: "nesting",
            limit: limits.max_depth.min(MAX_NESTING),
        };
    }
    malformed(error.marker().index(), error.info())
}

fn malformed(at: usize, reason: impl Into<String>) -> DecodeErrorKind {
    DecodeErrorKind::malformed("YAML", at, reason)
}
