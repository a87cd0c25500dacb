//! Chords as Celery keeps them (SPEC 7.5): a counter and the saved group, both exact to what
//! Python's workers expect. Which of our members have been counted is kept beside the counter.

use std::collections::BTreeSet;
use std::sync::Arc;

use aws_sdk_dynamodb::types::AttributeValue;
use celeriac_core::StoreErrorKind;
use celeriac_core::chords::{Arrived, ChordRecord, Members, NewChord, Part, Standing};
use celeriac_protocol::{Value, chord_key, group_key};

use super::super::batch::Written;
use super::super::item::{
    Attributes, RESULT, TIMESTAMP, binary, number, number_of, timestamp, ttl_attribute, written_at,
};
use super::super::statement::{Condition, Write};
use super::super::store::{DynamoStore, MAX_ROUNDS, contended};
use super::super::update::{Update, Updated};
use super::Answer;
use super::firing::is_over;
use super::saved_group;
use super::set::{body_of, plan_key};

/// Celery's own: how many parts have returned.
const COUNT: &str = "chord_count";
/// Places of members that we have counted.
const PARTS: &str = "c_parts";
/// The counter after our last part.
const AT: &str = "c_at";
/// By how much we have lowered the counter: Celery counts a group at a member's end as one, and each
/// of its tasks as it returns.
const SHIFT: &str = "c_shift";

/// Members of one counter that are counted in one write: each is named in its condition.
const AT_ONCE: usize = 50;

impl DynamoStore {
    fn counter_key(&self, gid: &str) -> String {
        chord_key(&self.config.key_prefix, gid)
    }

    /// The group first: a counter without one is a chord that failed, to Python.
    pub(super) async fn begin_as_celery(&self, chord: &NewChord) -> Answer<Standing> {
        let gid = &chord.key.group_id;
        let group = self.group_write(gid, saved_group::tuple_of(gid, &chord.members))?;
        let counter = Write {
            id: self.counter_key(gid),
            condition: Condition::Absent,
            set: vec![(COUNT, number(0))],
        };
        let mut stands = Standing::New;
        for written in self.write_all(vec![group, counter]).await {
            match written {
                Written::Done => {}
                Written::Refused(_) => stands = Standing::Begun,
                Written::Failed(failure) => return Err(failure.into()),
            }
        }
        if stands == Standing::Begun {
            let key = self.counter_key(gid);
            let found = self.read(std::iter::once(&key), true).await;
            if found.item(&key)?.is_some_and(is_over) {
                stands = Standing::Over;
            }
        }
        Ok(stands)
    }

    pub(super) async fn count_all(
        &self,
        gid: &str,
        parts: Vec<(usize, &Part)>,
    ) -> Vec<(usize, Answer<Arrived>)> {
        let mut answers = Vec::with_capacity(parts.len());
        for some in parts.chunks(AT_ONCE) {
            let each: Vec<&Part> = some.iter().map(|(_, part)| *part).collect();
            let answer = self.count(gid, &each).await;
            answers.extend(some.iter().map(|(index, _)| (*index, answer.clone())));
        }
        answers
    }

    async fn count(&self, gid: &str, parts: &[&Part]) -> Answer<Arrived> {
        let Some(group) = self.saved_group(gid).await? else {
            return Ok(Arrived::Over);
        };
        let places = parts
            .iter()
            .filter_map(|part| group.place(&part.task_id, part.index));
        let mut open: BTreeSet<u32> = places.collect();
        if open.is_empty() {
            // added while the group was read
            self.saved_groups.forget(gid);
            return Ok(Arrived::Waiting);
        }
        let size = i64::try_from(group.items()).unwrap_or(i64::MAX);
        let surplus = i64::try_from(group.len())
            .unwrap_or(i64::MAX)
            .saturating_sub(size);
        let mut shifted = surplus == 0;
        for _ in 0..MAX_ROUNDS {
            let update = self.counting(gid, &open, surplus, shifted);
            let item = match self.update(update).await? {
                Updated::Done(item) => return Ok(state(&item, size, false)),
                Updated::Refused(None) => return Ok(Arrived::Over),
                Updated::Refused(Some(item)) => item,
            };
            if !item.contains_key(COUNT) {
                return Ok(Arrived::Over);
            }
            shifted |= item.contains_key(SHIFT);
            let counted = item.get(PARTS).and_then(|set| set.as_ns().ok());
            let counted: BTreeSet<u32> = counted
                .into_iter()
                .flatten()
                .filter_map(|n| n.parse().ok())
                .collect();
            open.retain(|place| !counted.contains(place));
            if open.is_empty() {
                return Ok(state(&item, size, true));
            }
        }
        Err(contended())
    }

    fn counting(&self, gid: &str, open: &BTreeSet<u32>, surplus: i64, shifted: bool) -> Update {
        let by = i64::try_from(open.len()).unwrap_or(i64::MAX);
        let by = if shifted {
            by
        } else {
            by.saturating_sub(surplus)
        };
        let mut values = vec![(":by".to_owned(), number(by))];
        let mut conditions = vec![format!("attribute_exists({COUNT})")];
        let mut sets = vec![
            format!("{COUNT} = {COUNT} + :by"),
            format!("{AT} = {COUNT} + :by"),
        ];
        if !shifted {
            conditions.push(format!("attribute_not_exists({SHIFT})"));
            sets.push(format!("{SHIFT} = :surplus"));
            values.push((":surplus".to_owned(), number(surplus)));
        }
        for (place, n) in open.iter().zip(0..) {
            conditions.push(format!("NOT contains({PARTS}, :p{n})"));
            values.push((format!(":p{n}"), number(*place)));
        }
        let parts = open.iter().map(u32::to_string).collect();
        values.push((":parts".to_owned(), AttributeValue::Ns(parts)));
        Update {
            key: self.counter_key(gid),
            expression: format!("SET {} ADD {PARTS} :parts", sets.join(", ")),
            condition: conditions.join(" AND "),
            values,
            ..Update::default()
        }
    }

    async fn saved_group(&self, gid: &str) -> Answer<Option<Arc<Members>>> {
        if let Some(group) = self.saved_groups.find(gid) {
            return Ok(Some(group));
        }
        let Some(tuple) = self.read_group(gid).await? else {
            return Ok(None);
        };
        let group = Arc::new(saved_group::members(&tuple)?);
        self.saved_groups.remember(gid, &group);
        Ok(Some(group))
    }

    fn group_of(&self, item: &Attributes) -> Answer<Members> {
        saved_group::members(&self.group_tuple(item)?)
    }

    /// Where one of this id is saved, it stays: a group's results do not move.
    pub(super) async fn write_group(&self, gid: &str, tuple: &Value) -> Answer<()> {
        let group = self.group_write(gid, tuple.clone())?;
        match self.write_all(vec![group]).await.pop() {
            Some(Written::Failed(failure)) => Err(failure.into()),
            _ => Ok(()),
        }
    }

    fn group_write(&self, gid: &str, tuple: Value) -> Answer<Write> {
        let (config, now) = (&self.config, self.clock.now());
        let result = binary(saved_group::write(config.codec, tuple)?);
        let mut set = vec![(RESULT, result), (TIMESTAMP, timestamp(now))];
        set.extend(ttl_attribute(config, now));
        Ok(Write {
            id: group_key(&config.key_prefix, gid),
            condition: Condition::Absent,
            set,
        })
    }

    pub(super) async fn read_group(&self, gid: &str) -> Answer<Option<Value>> {
        let key = group_key(&self.config.key_prefix, gid);
        let found = self.read(std::iter::once(&key), true).await;
        let Some(item) = found.item(&key)? else {
            return Ok(None);
        };
        self.group_tuple(item).map(Some)
    }

    fn group_tuple(&self, item: &Attributes) -> Answer<Value> {
        let bytes = item.get(RESULT).and_then(|value| value.as_b().ok());
        let none = || saved_group::broken("it has no binary `result`");
        saved_group::read(self.config.codec, bytes.ok_or_else(none)?.as_ref())
    }

    pub(super) async fn extend_as_celery(&self, gid: &str, task_id: &str) -> Answer<Option<u32>> {
        let (counter, group) = (
            self.counter_key(gid),
            group_key(&self.config.key_prefix, gid),
        );
        let keys = [counter, group];
        for _ in 0..MAX_ROUNDS {
            let found = self.read(keys.iter(), true).await;
            let (Some(counter), Some(item)) = (found.item(&keys[0])?, found.item(&keys[1])?) else {
                return Ok(None);
            };
            if is_over(counter) {
                return Ok(None);
            }
            let mut members = self.group_of(item)?;
            if let Some(place) = members.place(task_id, None) {
                return Ok(Some(place));
            }
            if !members.shape.is_empty() {
                members.shape.push(celeriac_core::chords::Shape::Leaf);
            }
            let place = u32::try_from(members.len()).unwrap_or(u32::MAX);
            members.ids.push(task_id.to_owned());
            let tuple = saved_group::tuple_of(gid, &members);
            let result = saved_group::write(self.config.codec, tuple)?;
            let seen = item.get(RESULT).cloned();
            let seen = seen.ok_or_else(|| StoreErrorKind::Codec("no `result`".to_owned()))?;
            let update = Update {
                key: keys[1].clone(),
                expression: "SET #result = :result".to_owned(),
                condition: "#result = :seen".to_owned(),
                names: vec![RESULT],
                values: vec![
                    (":result".to_owned(), binary(result)),
                    (":seen".to_owned(), seen),
                ],
            };
            if let Updated::Done(_) = self.update(update).await? {
                self.saved_groups.remember(gid, &Arc::new(members));
                return Ok(Some(place));
            }
        }
        Err(contended())
    }

    pub(super) async fn load_as_celery(&self, gid: &str) -> Answer<Option<ChordRecord>> {
        let keys = [
            self.counter_key(gid),
            group_key(&self.config.key_prefix, gid),
            plan_key(&self.config.key_prefix, gid, 0),
        ];
        let found = self.read(keys.iter(), true).await;
        let (Some(counter), Some(group)) = (found.item(&keys[0])?, found.item(&keys[1])?) else {
            return Ok(None);
        };
        let parts = [COUNT, SHIFT].map(|name| number_of::<i64>(counter, name));
        let arrived: i64 = parts.into_iter().flatten().sum();
        Ok(Some(ChordRecord {
            members: self.group_of(group)?,
            body: body_of(found.item(&keys[2])?)?,
            began: written_at(group),
            arrived: u32::try_from(arrived).unwrap_or_default(),
            over: is_over(counter),
        }))
    }
}

fn state(counter: &Attributes, size: i64, copy: bool) -> Arrived {
    let count: i64 = number_of(counter, COUNT).unwrap_or_default();
    if is_over(counter) {
        Arrived::Over
    } else if count < size {
        Arrived::Waiting
    } else if !copy || number_of(counter, AT) == Some(count) {
        Arrived::Complete
    } else {
        Arrived::Joining
    }
}
