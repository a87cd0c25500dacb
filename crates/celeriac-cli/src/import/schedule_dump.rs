//! What docs/beat_schedule_dump.py prints: `{"timezone": ..., "beat_schedule": {...}}`, entries in
//! Celery's shape.

use celeriac::{Dict, Value};

use super::imported::Imported;
use super::no_equivalent;

pub(super) fn read(dump: &Dict) -> Result<Imported, String> {
    let Some(Value::Dict(entries)) = dump.get("beat_schedule") else {
        return Err("there is no object `beat_schedule` in it".to_owned());
    };
    let zone = match dump.get("timezone") {
        Some(Value::Str(zone)) => zone.as_str(),
        _ => "UTC",
    };
    let mut imported = Imported::default();
    for (name, value) in entries {
        let dict = match value {
            Value::Dict(dict) => entry(name, dict.clone(), zone, &mut imported),
            _ => Err("expected an object with `task` and `schedule`".to_owned()),
        };
        imported.add(name, dict);
    }
    Ok(imported)
}

fn entry(name: &str, mut dict: Dict, zone: &str, imported: &mut Imported) -> Result<Dict, String> {
    if let Some(Value::Str(error)) = dict.get("error") {
        return Err(error.clone());
    }
    in_app_zone(&mut dict, zone);
    if let Some(Value::Dict(schedule)) = dict.get("schedule") {
        if let Some(Value::Str(class)) = schedule.get("class") {
            return Err(format!(
                "`schedule`: there is no equivalent of `{class}`: write its times as a crontab, as seconds, or as `{{at = ...}}`"
            ));
        }
        if schedule.get("relative") == Some(&Value::Bool(true)) && zone != "UTC" {
            imported.note(
                name,
                format!("`relative` goes by the setting `timezone`: set it to `{zone}`"),
            );
        }
    }
    if let Some(Value::Dict(options)) = dict.get_mut("options") {
        without_exchange(name, options, imported);
        no_equivalent::without(name, options, imported);
        if let Some(end) = fixed_expiry(options) {
            imported.note(name, "option `expires` is a fixed time: it has become `end`, after which nothing is sent");
            dict.insert("end".to_owned(), end);
        }
    }
    Ok(dict)
}

/// A crontab that names no zone goes by the app's.
fn in_app_zone(dict: &mut Dict, zone: &str) {
    let Some(Value::Dict(schedule)) = dict.get_mut("schedule") else {
        return;
    };
    if schedule.contains_key("crontab") {
        schedule
            .entry("timezone".to_owned())
            .or_insert_with(|| Value::Str(zone.to_owned()));
    }
}

/// SQS has queues only.
pub(super) fn without_exchange(name: &str, options: &mut Dict, imported: &mut Imported) {
    let is_named =
        |value: &Value| !matches!(value, Value::Null) && *value != Value::Str(String::new());
    if options
        .shift_remove("exchange")
        .is_some_and(|exchange| is_named(&exchange))
    {
        options.shift_remove("routing_key");
        let rest = if options.contains_key("queue") {
            "`queue` counts"
        } else {
            "write option `queue` if it is not the default queue"
        };
        imported.note(
            name,
            format!("options `exchange` and `routing_key` are left out, since SQS has queues only: {rest}"),
        );
    }
}

/// A time at which a message expires would end all later runs.
fn fixed_expiry(options: &mut Dict) -> Option<Value> {
    let is_time = matches!(
        options.get("expires"),
        Some(Value::Str(_) | Value::DateTime(_))
    );
    is_time.then(|| options.shift_remove("expires")).flatten()
}
