use celeriac_core::chords::{ChordKey, Layout, Part};
use celeriac_protocol::{Dict, Embed, Headers, Signature, Value};

use super::embedded::text;

/// The header by which a member of a chord in celeriac's own layout knows it: `<group id>/<place>`.
pub(crate) const CHORD: &str = "celeriac_chord";
/// The place of a member that was added while the chord was open.
pub(crate) const ADDED: &str = "+";

/// A task's place in a chord.
#[derive(Clone, Debug)]
pub(crate) struct ChordPart {
    pub(crate) key: ChordKey,
    pub(crate) index: Option<u32>,
    /// The body, where members have it with them: in Celery's layout.
    pub(crate) body: Option<Box<Signature>>,
}

impl ChordPart {
    /// Of a message.
    pub(crate) fn of_message(headers: &Headers, embed: &Embed) -> Option<Self> {
        Self::of_headers(headers).or_else(|| {
            let (group, body) = embedded(headers, embed)?;
            Some(Self::of_celery(group, headers.group_index, body.clone()))
        })
    }

    /// Whether a message has one, without a copy of its body.
    pub(crate) fn is_of_message(headers: &Headers, embed: &Embed) -> bool {
        Self::of_headers(headers).is_some() || embedded(headers, embed).is_some()
    }

    /// Of a message whose payload is not read.
    pub(crate) fn of_headers(headers: &Headers) -> Option<Self> {
        headers
            .extra
            .get(CHORD)
            .and_then(text)
            .and_then(Self::of_text)
    }

    /// Of a signature's options.
    pub(super) fn of_options(options: &Dict) -> Option<Self> {
        let header = options
            .get("headers")
            .and_then(|headers| headers.get(CHORD));
        if let Some(part) = header.and_then(text).and_then(Self::of_text) {
            return Some(part);
        }
        let group = options.get("group_id").and_then(text);
        let group = group.filter(|group| !group.is_empty())?;
        let body = options.get("chord").filter(|body| body.is_true())?;
        let index = options.get("group_index").and_then(Value::as_i64);
        Some(Self::of_celery(
            group,
            index,
            Signature::from_message(body.clone()),
        ))
    }

    fn of_celery(group: &str, index: Option<i64>, body: Signature) -> Self {
        Self {
            key: ChordKey {
                group_id: group.to_owned(),
                layout: Layout::Celery,
            },
            index: index.and_then(|index| u32::try_from(index).ok()),
            body: Some(Box::new(body)),
        }
    }

    fn of_text(place: &str) -> Option<Self> {
        let (group, index) = place.rsplit_once('/')?;
        let index = match index {
            ADDED => None,
            index => Some(index.parse().ok()?),
        };
        Some(Self {
            key: ChordKey {
                group_id: group.to_owned(),
                layout: Layout::Set,
            },
            index,
            body: None,
        })
    }

    /// As the store is told of it.
    pub(crate) fn of_task(&self, task_id: &str, failed: bool) -> Part {
        Part {
            key: self.key.clone(),
            task_id: task_id.to_owned(),
            index: self.index,
            failed,
        }
    }

    /// The options by which a task has this place.
    pub(crate) fn options(&self) -> Dict {
        let mut options = Dict::new();
        let group = Value::Str(self.key.group_id.clone());
        options.insert("group_id".to_owned(), group);
        match (&self.body, self.index) {
            (Some(body), index) => {
                let index = index.map(|index| Value::Int(i64::from(index)));
                options.insert("group_index".to_owned(), index.unwrap_or_default());
                options.insert("chord".to_owned(), body.to_value());
            }
            (None, index) => {
                let place = index.map_or(ADDED.to_owned(), |index| index.to_string());
                let place = format!("{}/{place}", self.key.group_id);
                let header = Dict::from([(CHORD.to_owned(), Value::Str(place))]);
                options.insert("headers".to_owned(), Value::Dict(header));
            }
        }
        options
    }
}

/// As Celery has it: the group's id, and the body.
fn embedded<'a>(headers: &'a Headers, embed: &'a Embed) -> Option<(&'a str, &'a Signature)> {
    let group = headers.group.as_deref().filter(|group| !group.is_empty())?;
    Some((group, embed.chord.as_ref()?))
}
