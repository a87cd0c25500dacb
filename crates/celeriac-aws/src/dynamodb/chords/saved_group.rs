use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use celeriac_core::StoreErrorKind;
use celeriac_core::chords::{Members, Shape};
use celeriac_protocol::{Limits, ResultCodec, Value};

/// Groups that are remembered: each member of a chord needs the same.
const REMEMBERED: usize = 32;

/// Celery's saved `GroupResult`s that were read lately.
#[derive(Default)]
pub(in super::super) struct SavedGroups(Mutex<VecDeque<(String, Arc<Members>)>>);

impl SavedGroups {
    pub(super) fn find(&self, group_id: &str) -> Option<Arc<Members>> {
        let groups = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = groups.iter().find(|(id, _)| id == group_id)?;
        Some(Arc::clone(&found.1))
    }

    pub(super) fn remember(&self, group_id: &str, members: &Arc<Members>) {
        let mut groups = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        groups.retain(|(id, _)| id != group_id);
        groups.truncate(REMEMBERED - 1);
        groups.push_front((group_id.to_owned(), Arc::clone(members)));
    }

    pub(super) fn forget(&self, group_id: &str) {
        let mut groups = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        groups.retain(|(id, _)| id != group_id);
    }
}

/// A group's tuple (SPEC 2.4).
pub(super) fn tuple_of(group_id: &str, members: &Members) -> Value {
    let results = members.ids.iter().map(|id| result_tuple(id)).collect();
    let key = || Value::List(vec![Value::Str(group_id.to_owned()), Value::Null]);
    let list = |items| Value::List(vec![key(), Value::List(items)]);
    list(members.nest(results, &list))
}

/// `{"result": <GroupResult tuple>}` (SPEC 2.8).
pub(super) fn write(codec: ResultCodec, tuple: Value) -> Result<Vec<u8>, StoreErrorKind> {
    let meta = Value::Dict([("result".to_owned(), tuple)].into_iter().collect());
    let bytes = codec.encode_value(&meta);
    bytes.map_err(|error| StoreErrorKind::Codec(error.to_string()))
}

/// Reads what Celery saved: the tuple.
pub(super) fn read(codec: ResultCodec, bytes: &[u8]) -> Result<Value, StoreErrorKind> {
    let meta = codec.decode_value(bytes, &Limits::default());
    let meta = meta.map_err(|error| broken(&error.to_string()))?;
    let tuple = meta.get("result").cloned();
    tuple.ok_or_else(|| broken("it is no group result"))
}

/// The members that such a tuple names.
pub(super) fn members(tuple: &Value) -> Result<Members, StoreErrorKind> {
    let Some([_, Value::List(results)]) = tuple.as_list() else {
        return Err(broken("it is no group result"));
    };
    let mut ids = Vec::with_capacity(results.len());
    let shape: Vec<Shape> = results.iter().map(|tuple| item(tuple, &mut ids)).collect();
    let flat = shape.iter().all(|item| *item == Shape::Leaf);
    Ok(Members {
        ids,
        shape: if flat { Vec::new() } else { shape },
    })
}

/// A saved group that says nothing.
pub(super) fn broken(reason: &str) -> StoreErrorKind {
    StoreErrorKind::Codec(format!("the saved group: {reason}"))
}

fn result_tuple(id: &str) -> Value {
    let key = Value::List(vec![Value::Str(id.to_owned()), Value::Null]);
    Value::List(vec![key, Value::Null])
}

/// `[[id, parent], null]`, or with the tuples of a group's tasks in the place of null.
fn item(tuple: &Value, ids: &mut Vec<String>) -> Shape {
    if let Some([_, Value::List(tuples)]) = tuple.as_list() {
        return Shape::List(tuples.iter().map(|tuple| item(tuple, ids)).collect());
    }
    let key = tuple.as_list().and_then(<[Value]>::first);
    let id = match key {
        Some(Value::List(key)) => key.first().and_then(Value::as_str),
        Some(key) => key.as_str(),
        None => tuple.as_str(),
    };
    ids.push(id.unwrap_or_default().to_owned());
    Shape::Leaf
}
