//! `task_routes` as Celery's users write it.

use std::fmt;

use celeriac_protocol::Value;

use crate::RouteTarget;
use crate::setting_value::{SettingValue, expected, inline};

type Routes = Vec<(String, RouteTarget)>;

impl SettingValue for Routes {
    const KIND: &'static str = "table";

    /// A table, or a list of routers, each of which is a table, a list of pairs or (several of them
    /// one router) a pair.
    fn read(raw: Value) -> Result<Self, String> {
        match inline(raw)? {
            Value::Dict(routes) => routes.into_iter().map(route).collect(),
            Value::List(routers) if routers.iter().all(is_pair) => {
                routers.into_iter().map(pair).collect()
            }
            Value::List(routers) => routers.into_iter().try_fold(Self::new(), |before, router| {
                Ok(after(before, read_router(router)?))
            }),
            other => Err(expected("a table of patterns and queues", &other)),
        }
    }

    /// Pairs, since a list of routers may have a pattern twice.
    fn raw(&self) -> Value {
        let pair = |(pattern, target): &(String, RouteTarget)| {
            let target = match &target.queue {
                Some(queue) if target.options.is_empty() => Value::Str(queue.clone()),
                queue => {
                    let queue = queue
                        .clone()
                        .map(|queue| ("queue".to_owned(), Value::Str(queue)));
                    Value::Dict(queue.into_iter().chain(target.options.clone()).collect())
                }
            };
            Value::List(vec![Value::Str(pattern.clone()), target])
        };
        Value::List(self.iter().map(pair).collect())
    }

    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// One router's routes behind another's: whatever the first one knows, the second one is not asked
/// for. All patterns are in one list here, where exact names win; so those that the first one's
/// patterns would answer are left out.
fn after(mut first: Routes, second: Routes) -> Routes {
    // what is wrong is told of when all are checked
    let asked = crate::settings::router(&first, "").unwrap_or_default();
    let is_pattern = |name: &str| name.contains('*') || name.starts_with("re:");
    first.extend(
        second
            .into_iter()
            .filter(|(name, _)| is_pattern(name) || asked.lookup(name).is_none()),
    );
    first
}

fn read_router(raw: Value) -> Result<Routes, String> {
    match raw {
        Value::Dict(routes) => routes.into_iter().map(route).collect(),
        Value::List(pairs) if !pairs.is_empty() && pairs.iter().all(is_pair) => {
            pairs.into_iter().map(pair).collect()
        }
        other => Err(expected(
            "a table or a list of pairs of a pattern and a queue",
            &other,
        )),
    }
}

fn is_pair(value: &Value) -> bool {
    matches!(value, Value::List(pair) if matches!(pair.as_slice(), [Value::Str(_), _]))
}

fn pair(value: Value) -> Result<(String, RouteTarget), String> {
    match value {
        Value::List(pair) => match <[Value; 2]>::try_from(pair) {
            Ok([Value::Str(pattern), target]) => route((pattern, target)),
            _ => Err("expected pairs of a pattern and a queue".to_owned()),
        },
        other => Err(expected("a pair of a pattern and a queue", &other)),
    }
}

fn route((pattern, target): (String, Value)) -> Result<(String, RouteTarget), String> {
    let target = match target {
        Value::Str(queue) => RouteTarget::queue(queue),
        Value::Dict(mut options) => match options.shift_remove("queue") {
            None | Some(Value::Null) => RouteTarget {
                queue: None,
                options,
            },
            Some(Value::Str(queue)) => RouteTarget {
                queue: Some(queue),
                options,
            },
            Some(other) => {
                return Err(format!(
                    "`{pattern}`: {}",
                    expected("a queue's name", &other)
                ));
            }
        },
        other => {
            return Err(format!(
                "`{pattern}`: {}",
                expected("a queue's name or a table of options", &other)
            ));
        }
    };
    Ok((pattern, target))
}
