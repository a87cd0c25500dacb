//! Chords as those see them who operate them.

use celeriac_core::chords::{ChordKey, ChordRecord, Layout, REPAIR};
use celeriac_core::{SendError, SendOptions, StoreError};
use celeriac_protocol::{Dict, Signature, State, UtcTime, Value};

use crate::canvas::CHORD_HEADER;
use crate::{Client, ResultError};

/// A chord as it stands.
#[derive(Clone, Debug)]
pub struct ChordStatus {
    /// The id of its header's group.
    pub group_id: String,
    /// How its members are kept.
    pub layout: Layout,
    /// The name of its body's task; empty where nobody knows it.
    pub body: String,
    /// The id under which the body's result will be, where it is known.
    pub body_id: Option<String>,
    /// How many members are awaited in all.
    pub members: usize,
    /// How many have arrived.
    pub arrived: usize,
    /// When it began.
    pub began: Option<UtcTime>,
    /// Whether its body was sent, or failed.
    pub over: bool,
}

/// How a chord is to be repaired.
#[derive(Clone, Debug, Default)]
pub struct ChordRepair {
    /// Fail the body where members have no result, rather than wait for them.
    pub fail_missing: bool,
    /// The queue of a worker of celeriac's; without it that of the body.
    pub queue: Option<String>,
}

/// What a repair came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChordRepaired {
    /// A worker was told to send the body, or to fail it.
    Told,
    /// These members have not ended; nothing was done.
    Awaited(Vec<String>),
    /// It was over.
    Over,
    /// Nobody knows of it, or has its body.
    Unknown,
}

impl Client {
    /// Chords that are not over, a page at a time; the second value says where the next begins. It
    /// reads the whole result store (DynamoDB: a `Scan`).
    ///
    /// # Errors
    /// A store that cannot be read.
    pub async fn open_chords(
        &self,
        after: Option<&str>,
    ) -> Result<(Vec<ChordStatus>, Option<String>), ResultError> {
        let chords = self.reader().chords()?;
        let page = chords.list(after).await?;
        let records = chords.load(&page.keys).await;
        let mut open = Vec::new();
        for (key, record) in page.keys.into_iter().zip(records) {
            let status = record?.map(|record| ChordStatus::of(key, &record));
            open.extend(status.filter(|status| !status.over));
        }
        Ok((open, page.next))
    }

    /// A chord by its group's id, however it is kept.
    ///
    /// # Errors
    /// A store that cannot be read.
    pub async fn chord(&self, group_id: &str) -> Result<Option<ChordStatus>, ResultError> {
        let found = self.find_chord(group_id).await?;
        Ok(found.map(|(key, record)| ChordStatus::of(key, &record)))
    }

    pub(crate) async fn find_chord(
        &self,
        group_id: &str,
    ) -> Result<Option<(ChordKey, ChordRecord)>, StoreError> {
        let Ok(chords) = self.reader().chords() else {
            return Ok(None);
        };
        for layout in [Layout::Set, Layout::Celery] {
            let key = ChordKey {
                group_id: group_id.to_owned(),
                layout,
            };
            let record = chords.load(std::slice::from_ref(&key)).await.pop();
            if let Some(record) = record.transpose()?.flatten() {
                return Ok(Some((key, record)));
            }
        }
        Ok(None)
    }

    /// Has a worker send the body of a chord whose members have all ended, and fail it if one of
    /// them has: where a worker died at the worst moment and no message is left that would do it.
    /// Done twice, the body is one task all the same.
    ///
    /// # Errors
    /// A store that cannot be read; what refuses the message.
    pub async fn repair_chord(
        &self,
        group_id: &str,
        how: &ChordRepair,
    ) -> Result<ChordRepaired, SendError> {
        let Some((key, record)) = self.find_chord(group_id).await? else {
            return Ok(ChordRepaired::Unknown);
        };
        if record.over {
            return Ok(ChordRepaired::Over);
        }
        if record.body.is_null() {
            return Ok(ChordRepaired::Unknown);
        }
        let awaited = self.without_end(&record.members.ids).await?;
        if !awaited.is_empty() && !how.fail_missing {
            return Ok(ChordRepaired::Awaited(awaited));
        }
        let message = self.message(repair_of(key, record.body), SendOptions::default())?;
        let queue = how.queue.clone().unwrap_or(message.queue.clone());
        self.send_message(&crate::Message { queue, ..message })
            .await?;
        Ok(ChordRepaired::Told)
    }

    async fn without_end(&self, ids: &[String]) -> Result<Vec<String>, StoreError> {
        let Ok(store) = self.reader().store() else {
            return Ok(Vec::new());
        };
        let mut awaited = Vec::new();
        for (id, record) in ids.iter().zip(store.get(ids).await) {
            let state = record?.map_or(State::Pending, |record| record.meta.status);
            if !state.is_ready() {
                awaited.push(id.clone());
            }
        }
        Ok(awaited)
    }
}

impl ChordStatus {
    pub(crate) fn of(key: ChordKey, record: &ChordRecord) -> Self {
        let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
        let id = record.body.get("options").and_then(|of| of.get("task_id"));
        Self {
            group_id: key.group_id,
            layout: key.layout,
            body: text(record.body.get("task")).unwrap_or_default(),
            body_id: text(id),
            members: record.members.len(),
            arrived: record.arrived as usize,
            began: record.began,
            over: record.over,
        }
    }
}

/// It goes where the body goes, and has the place in the chord of its first member.
fn repair_of(key: ChordKey, body: Value) -> Signature {
    let mut repair = Signature::new(REPAIR);
    let name = body.get("task").cloned().unwrap_or_default();
    let task = Dict::from_iter([("task".to_owned(), name)]);
    repair.kwargs.insert("task".to_owned(), Value::Dict(task));
    let queue = body.get("options").and_then(|of| of.get("queue")).cloned();
    let options = &mut repair.options;
    options.extend(queue.map(|queue| ("queue".to_owned(), queue)));
    options.insert("ignore_result".to_owned(), Value::Bool(true));
    match key.layout {
        Layout::Set => {
            let place = Value::Str(format!("{}/0", key.group_id));
            let headers = Dict::from_iter([(CHORD_HEADER.to_owned(), place)]);
            options.insert("headers".to_owned(), Value::Dict(headers));
        }
        Layout::Celery => {
            options.insert("chord".to_owned(), body);
        }
    }
    options.insert("group_id".to_owned(), Value::Str(key.group_id));
    repair
}
