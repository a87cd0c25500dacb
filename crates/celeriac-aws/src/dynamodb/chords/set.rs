//! A chord's members as sets of numbers, 128 to an item. A chord of up to 128 has one item; a larger
//! one a head, whose set is that of its full shards.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::types::AttributeValue;
use celeriac_core::StoreErrorKind;
use celeriac_core::chords::{
    Arrived, ChordRecord, Members, NewChord, Part, SHARD, Shape, Shards, Standing,
};
use celeriac_protocol::{Limits, ResultCodec, UtcTime, Value, chord_set_key};

use super::super::batch::Written;
use super::super::item::{
    Attributes, TTL, binary, number, number_of, text, text_of, whole_seconds,
};
use super::super::statement::{Condition, Write};
use super::super::store::DynamoStore;
use super::super::update::{Update, Updated};
use super::Answer;
use super::firing::is_over;

/// How many members are in this item's set; in a head's, of the whole chord.
const SIZE: &str = "c_size";
/// How many shards there are, where the head is none itself.
const SHARDS: &str = "c_shards";
/// Numbers of members that ended well.
const DONE: &str = "c_done";
/// Numbers of members that failed.
const PARTS_FAILED: &str = "c_failed";
/// Numbers of shards that are full.
const FULL: &str = "c_full";
/// Ids of members that were added while the chord was open, and of those that have arrived.
const ADDED: &str = "c_added";
const ADDED_DONE: &str = "c_added_done";
/// The body's signature.
pub(super) const BODY: &str = "c_body";
/// How results nest.
pub(super) const SHAPE: &str = "c_shape";
/// Ids of members that are not derived from the group's.
const IDS: &str = "c_ids";

/// Ids in one item of the plan: 36 bytes each in JSON.
const IDS_A_PAGE: usize = 5_000;
/// A chord that nobody ends is forgotten after this: as long as a task may wait on SQS, several
/// times over.
const KEPT_SECONDS: i64 = 400 * 24 * 3600;

pub(super) fn head_key(prefix: &str, group_id: &str) -> String {
    chord_set_key(prefix, group_id, "")
}

pub(super) fn plan_key(prefix: &str, group_id: &str, page: usize) -> String {
    chord_set_key(prefix, group_id, &format!("-plan{page}"))
}

impl DynamoStore {
    fn shard_key(&self, group_id: &str, shard: u32) -> String {
        chord_set_key(&self.config.key_prefix, group_id, &format!("-{shard}"))
    }

    fn page_key(&self, group_id: &str, page: usize) -> String {
        plan_key(&self.config.key_prefix, group_id, page)
    }

    /// What a chord in Celery's layout has no place for.
    pub(super) async fn keep_celery_body(&self, gid: &str, body: &Value) -> Answer<()> {
        let ends = whole_seconds(self.clock.now()).saturating_add(KEPT_SECONDS);
        let plan = Write {
            id: self.page_key(gid, 0),
            condition: Condition::Absent,
            set: vec![(BODY, binary(written(body)?)), (TTL, number(ends))],
        };
        insert_all(self, vec![plan]).await
    }

    pub(super) async fn begin_set(&self, chord: &NewChord) -> Answer<Standing> {
        let gid = &chord.key.group_id;
        let size = u32::try_from(chord.members.len()).map_err(|_| too_many(chord))?;
        let shards = Shards::of(size);
        let ends = whole_seconds(self.clock.now()).saturating_add(KEPT_SECONDS);
        let kept = (TTL, number(ends));
        let mut writes = self.chord_plan(chord, ends)?;
        let mut head = vec![(SIZE, number(size)), kept.clone()];
        if shards.count() > 1 {
            head.push((SHARDS, number(shards.count())));
            writes.extend((0..shards.count()).map(|shard| Write {
                id: self.shard_key(gid, shard),
                condition: Condition::Absent,
                set: vec![(SIZE, number(shards.size(shard))), kept.clone()],
            }));
        }
        insert_all(self, writes).await?;
        // the head last: where it stands, all of it does
        let head = Write {
            id: head_key(&self.config.key_prefix, gid),
            condition: Condition::Absent,
            set: head,
        };
        let key = head.id.clone();
        match self.write_all(vec![head]).await.pop() {
            Some(Written::Done) => Ok(Standing::New),
            Some(Written::Failed(failure)) => Err(failure.into()),
            _ => {
                let found = self.read(std::iter::once(&key), true).await;
                let over = found.item(&key)?.is_some_and(is_over);
                Ok(if over {
                    Standing::Over
                } else {
                    Standing::Begun
                })
            }
        }
    }

    /// What the body is, and whose results it gets.
    fn chord_plan(&self, chord: &NewChord, ends: i64) -> Answer<Vec<Write>> {
        let gid = &chord.key.group_id;
        let mut first = vec![
            (BODY, binary(written(&chord.body)?)),
            (SHAPE, text(Shape::text(&chord.members.shape))),
            (TTL, number(ends)),
        ];
        let mut writes = Vec::new();
        if !chord.members.are_derived(gid) {
            let pages = chord.members.ids.chunks(IDS_A_PAGE);
            for (page, ids) in pages.enumerate() {
                let ids = Value::List(ids.iter().cloned().map(Value::Str).collect());
                let ids = binary(written(&ids)?);
                if page == 0 {
                    first.push((IDS, ids));
                    continue;
                }
                writes.push(Write {
                    id: self.page_key(gid, page),
                    condition: Condition::Absent,
                    set: vec![(IDS, ids), (TTL, number(ends))],
                });
            }
        }
        writes.push(Write {
            id: self.page_key(gid, 0),
            condition: Condition::Absent,
            set: first,
        });
        Ok(writes)
    }

    /// One after the other by shard: a chord's parts come from one process in few shards at a time.
    pub(super) async fn arrive_in_set(
        &self,
        gid: &str,
        parts: Vec<(usize, &Part)>,
    ) -> Vec<(usize, Answer<Arrived>)> {
        let mut by_shard: BTreeMap<Option<u32>, Vec<(usize, &Part)>> = BTreeMap::new();
        for (index, part) in parts {
            let shard = part.index.map(Shards::shard);
            by_shard.entry(shard).or_default().push((index, part));
        }
        let mut answers = Vec::new();
        for (shard, parts) in by_shard {
            let each: Vec<&Part> = parts.iter().map(|(_, part)| *part).collect();
            let answer = match shard {
                Some(shard) => self.arrive_in_shard(gid, shard, &each).await,
                None => self.arrive_added(gid, &each).await,
            };
            answers.extend(parts.into_iter().map(|(index, _)| (index, answer.clone())));
        }
        answers
    }

    async fn arrive_in_shard(&self, gid: &str, shard: u32, parts: &[&Part]) -> Answer<Arrived> {
        let numbers = |failed: bool| {
            let of = parts.iter().filter(|part| part.failed == failed);
            let each = of
                .filter_map(|part| part.index)
                .map(|index| index.to_string());
            each.collect::<BTreeSet<String>>()
                .into_iter()
                .collect::<Vec<String>>()
        };
        let mut adds = Vec::new();
        let mut values = Vec::new();
        for (name, value, numbers) in [
            (DONE, ":done", numbers(false)),
            (PARTS_FAILED, ":failed", numbers(true)),
        ] {
            if !numbers.is_empty() {
                adds.push(format!("{name} {value}"));
                values.push((value.to_owned(), AttributeValue::Ns(numbers)));
            }
        }
        let expression = format!("ADD {}", adds.join(", "));
        if shard == 0 {
            // a head of several shards has no members itself
            let condition = format!("attribute_exists({SIZE}) AND attribute_not_exists({SHARDS})");
            let head = self.update_head(gid, expression.clone(), condition, values.clone());
            if let Some(head) = head.await? {
                return Ok(state_of_head(&head));
            }
        }
        let update = Update {
            key: self.shard_key(gid, shard),
            expression,
            condition: format!("attribute_exists({SIZE})"),
            values,
            ..Update::default()
        };
        match self.update(update).await? {
            Updated::Refused(_) => Ok(Arrived::Over),
            Updated::Done(item) if is_full(&item) => self.arrive_full(gid, shard).await,
            Updated::Done(_) => Ok(Arrived::Waiting),
        }
    }

    /// The head as it is now; `None` where the condition does not hold.
    async fn update_head(
        &self,
        gid: &str,
        expression: String,
        condition: String,
        values: Vec<(String, AttributeValue)>,
    ) -> Answer<Option<Attributes>> {
        let update = Update {
            key: head_key(&self.config.key_prefix, gid),
            expression,
            condition,
            values,
            ..Update::default()
        };
        Ok(match self.update(update).await? {
            Updated::Done(head) => Some(head),
            Updated::Refused(_) => None,
        })
    }

    /// Adds to one of the head's sets.
    async fn add_to_head(
        &self,
        gid: &str,
        set: &str,
        more: AttributeValue,
        condition: String,
    ) -> Answer<Option<Attributes>> {
        let values = vec![(":more".to_owned(), more)];
        self.update_head(gid, format!("ADD {set} :more"), condition, values)
            .await
    }

    /// Says in the head that a shard is full.
    async fn arrive_full(&self, gid: &str, shard: u32) -> Answer<Arrived> {
        let shard = AttributeValue::Ns(vec![shard.to_string()]);
        let condition = format!("attribute_exists({SHARDS})");
        let head = self.add_to_head(gid, FULL, shard, condition).await?;
        Ok(head.as_ref().map_or(Arrived::Over, state_of_head))
    }

    async fn arrive_added(&self, gid: &str, parts: &[&Part]) -> Answer<Arrived> {
        let ids: BTreeSet<String> = parts.iter().map(|part| part.task_id.clone()).collect();
        let ids = AttributeValue::Ss(ids.into_iter().collect());
        let condition = format!("attribute_exists({ADDED})");
        let head = self.add_to_head(gid, ADDED_DONE, ids, condition).await?;
        Ok(head.as_ref().map_or(Arrived::Over, state_of_head))
    }

    pub(super) async fn extend_set(&self, gid: &str, task_id: &str) -> Answer<Option<u32>> {
        let id = AttributeValue::Ss(vec![task_id.to_owned()]);
        let condition = format!("attribute_exists({SIZE}) AND attribute_not_exists(c_state)");
        let head = self.add_to_head(gid, ADDED, id, condition).await?;
        Ok(head.and_then(|head| number_of(&head, SIZE)))
    }

    pub(super) async fn load_set(&self, gid: &str) -> Answer<Option<ChordRecord>> {
        let keys = [
            head_key(&self.config.key_prefix, gid),
            self.page_key(gid, 0),
        ];
        let found = self.read(keys.iter(), true).await;
        let (Some(head), Some(plan)) = (found.item(&keys[0])?, found.item(&keys[1])?) else {
            return Ok(None);
        };
        let size: u32 = number_of(head, SIZE).unwrap_or_default();
        let shape = Shape::of_text(text_of(plan, SHAPE).unwrap_or_default());
        let mut members = match plan.get(IDS) {
            None => Members::derived(gid, size, shape),
            Some(first) => {
                let mut ids = ids_of(Some(first))?;
                let pages = (size as usize).div_ceil(IDS_A_PAGE);
                let pages: Vec<String> = (1..pages).map(|page| self.page_key(gid, page)).collect();
                let found = self.read(pages.iter(), true).await;
                for page in &pages {
                    ids.extend(ids_of(found.item(page)?.and_then(|page| page.get(IDS)))?);
                }
                Members { ids, shape }
            }
        };
        members.ids.extend(strings(head, ADDED).map(str::to_owned));
        Ok(Some(ChordRecord {
            arrived: self.arrived(gid, head).await?,
            over: is_over(head),
            began: number_of::<i64>(plan, TTL).map(began),
            body: body_of(Some(plan))?,
            members,
        }))
    }

    async fn arrived(&self, gid: &str, head: &Attributes) -> Answer<u32> {
        let added = strings(head, ADDED_DONE).count();
        let Some(shards) = number_of::<u32>(head, SHARDS) else {
            return Ok(count_of(head) + u32::try_from(added).unwrap_or(u32::MAX));
        };
        let keys: Vec<String> = (0..shards)
            .map(|shard| self.shard_key(gid, shard))
            .collect();
        let found = self.read(keys.iter(), true).await;
        let mut arrived = u32::try_from(added).unwrap_or(u32::MAX);
        for key in &keys {
            arrived += found.item(key)?.map_or(0, count_of);
        }
        Ok(arrived)
    }
}

/// The body in a chord's plan, if it has one.
pub(super) fn body_of(plan: Option<&Attributes>) -> Answer<Value> {
    value_of(plan.and_then(|plan| plan.get(BODY)))
}

/// When a chord began that is kept until then.
fn began(ends: i64) -> UtcTime {
    UtcTime(ends.saturating_sub(KEPT_SECONDS).saturating_mul(1_000_000))
}

async fn insert_all(store: &DynamoStore, writes: Vec<Write>) -> Answer<()> {
    for written in store.write_all(writes).await {
        if let Written::Failed(failure) = written {
            return Err(failure.into());
        }
    }
    Ok(())
}

fn too_many(chord: &NewChord) -> StoreErrorKind {
    StoreErrorKind::TooLarge {
        actual: chord.members.len(),
        limit: u32::MAX as usize,
    }
}

/// Distinct numbers of members in an item's sets. A member may have failed and then ended well.
fn count_of(item: &Attributes) -> u32 {
    let of = |name: &str| {
        item.get(name)
            .and_then(|set| set.as_ns().ok())
            .into_iter()
            .flatten()
    };
    let all: BTreeSet<&String> = of(DONE).chain(of(PARTS_FAILED)).collect();
    u32::try_from(all.len()).unwrap_or(u32::MAX)
}

fn is_full(item: &Attributes) -> bool {
    number_of::<u32>(item, SIZE).is_some_and(|size| count_of(item) >= size)
}

/// Whether all that is awaited has arrived.
fn state_of_head(head: &Attributes) -> Arrived {
    if is_over(head) {
        return Arrived::Over;
    }
    let full = match number_of::<usize>(head, SHARDS) {
        None => is_full(head),
        Some(shards) => {
            let full = head.get(FULL).and_then(|set| set.as_ns().ok());
            full.is_some_and(|full| full.len() >= shards)
        }
    };
    let done: BTreeSet<&str> = strings(head, ADDED_DONE).collect();
    let added = strings(head, ADDED).all(|id| done.contains(id));
    if full && added {
        Arrived::Complete
    } else {
        Arrived::Waiting
    }
}

fn strings<'a>(item: &'a Attributes, name: &str) -> impl Iterator<Item = &'a str> + use<'a> {
    let set = item.get(name).and_then(|set| set.as_ss().ok());
    set.into_iter().flatten().map(String::as_str)
}

fn written(value: &Value) -> Answer<Vec<u8>> {
    let bytes = ResultCodec::default().encode_value(value);
    bytes.map_err(|error| StoreErrorKind::Codec(error.to_string()))
}

fn value_of(stored: Option<&AttributeValue>) -> Answer<Value> {
    let Some(bytes) = stored.and_then(|value| value.as_b().ok()) else {
        return Ok(Value::Null);
    };
    let value = ResultCodec::default().decode_value(bytes.as_ref(), &Limits::default());
    value.map_err(|error| StoreErrorKind::Codec(format!("the chord's plan: {error}")))
}

fn ids_of(stored: Option<&AttributeValue>) -> Answer<Vec<String>> {
    let ids = value_of(stored)?
        .into_items()
        .unwrap_or_default()
        .into_iter();
    Ok(ids
        .filter_map(|id| id.as_str().map(str::to_owned))
        .collect())
}

const _: () = assert!(SHARD == 128);
