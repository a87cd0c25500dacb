//! Entries in Celery's shape: `{task, schedule, args, kwargs, options}` and what celeriac adds,
//! from TOML or JSON.

use std::time::Duration;

use celeriac_core::{SendOptions, nearest};
use celeriac_protocol::{Dict, Signature, Value};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Timestamp, Zoned};

use crate::offset_segment::start_of_segment;
use crate::schedule_value::{schedule, text};
use crate::schedule_zone::zone as zone_of;
use crate::{CatchUp, Entry, EntryError, Schedule};

const KEYS: [&str; 16] = [
    "task",
    "schedule",
    "args",
    "kwargs",
    "options",
    "relative",
    "timezone",
    "enabled",
    "jitter",
    "catch_up",
    "starting_deadline",
    "start",
    "end",
    "precise",
    "celeriac_only",
    "description",
];

impl Entry {
    /// Reads all entries of a `beat_schedule`. `zone` is that of texts without an offset.
    ///
    /// # Errors
    /// The first entry that cannot be, with what would be right.
    pub fn all_from(beat_schedule: &Dict, zone: &TimeZone) -> Result<Vec<Self>, EntryError> {
        beat_schedule
            .iter()
            .map(|(name, value)| Self::from_value(name, value, zone))
            .collect()
    }

    /// Reads one entry.
    ///
    /// ```
    /// use celeriac_beat::Entry;
    /// use celeriac_protocol::{Limits, Serializer};
    /// use jiff::tz::TimeZone;
    ///
    /// let json = r#"{
    ///     "task": "shop.report", "args": ["daily"],
    ///     "schedule": {"crontab": {"minute": "0", "hour": "9"}}
    /// }"#;
    /// let value = Serializer::Json.load(json.as_bytes(), &Limits::default())?;
    /// let entry = Entry::from_value("daily-report", &value, &TimeZone::UTC)?;
    /// assert_eq!(entry.schedule().to_string(), "0 9 * * *");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_value(name: &str, value: &Value, zone: &TimeZone) -> Result<Self, EntryError> {
        let read = match value {
            Value::Dict(dict) => read(name, dict, zone),
            other => Err(format!(
                "expected a table with `task` and `schedule`, got {}",
                other.as_in_settings()
            )),
        };
        let entry = read.map_err(|reason| EntryError {
            entry: name.to_owned(),
            reason,
        })?;
        entry.check()?;
        Ok(entry)
    }
}

fn read(name: &str, dict: &Dict, default: &TimeZone) -> Result<Entry, String> {
    known_keys(dict)?;
    let fields = Fields(dict);
    let task = fields
        .get("task", text)?
        .ok_or("`task` is missing: the task's name")?;
    let timezone = fields.get("timezone", text)?;
    let own = timezone.as_deref().map(zone_of).transpose();
    let zone = own
        .map_err(|error| format!("`timezone`: {error}"))?
        .unwrap_or_else(|| default.clone());
    let relative = fields.get("relative", boolean)?.unwrap_or(false);
    let raw = dict
        .get("schedule")
        .ok_or("`schedule` is missing: seconds, a crontab, `{solar = ...}` or `{at = ...}`")?;
    let schedule =
        schedule(raw, relative, &zone).map_err(|reason| format!("`schedule`: {reason}"))?;
    if timezone.is_some() && matches!(schedule, Schedule::Interval(every) if every.is_relative()) {
        return Err("`timezone`: a relative interval goes by the app's `timezone`".to_owned());
    }
    let schedule = in_zone(schedule, timezone);
    let options = fields.get("options", options)?.unwrap_or_default();
    let time = |value: &Value| moment(value, &zone);
    Ok(Entry {
        name: name.to_owned(),
        schedule,
        call: Signature {
            task,
            args: fields.get("args", list)?.unwrap_or_default(),
            kwargs: fields.get("kwargs", table)?.unwrap_or_default(),
            ..Signature::default()
        },
        options,
        enabled: fields.get("enabled", boolean)?.unwrap_or(true),
        jitter: fields.get("jitter", duration)?.unwrap_or_default(),
        catch_up: fields.get("catch_up", catch_up)?.unwrap_or_default(),
        starting_deadline: fields.get("starting_deadline", duration)?,
        start: fields.get("start", time)?,
        end: fields.get("end", time)?,
        precise: fields.get("precise", boolean)?.unwrap_or(false),
        celeriac_only: fields.get("celeriac_only", boolean)?.unwrap_or(false),
        description: fields.get("description", text)?,
        error: None,
    })
}

fn known_keys(dict: &Dict) -> Result<(), String> {
    let Some(unknown) = dict.keys().find(|key| !KEYS.contains(&key.as_str())) else {
        return Ok(());
    };
    Err(match nearest(unknown, KEYS) {
        Some(near) => format!("there is no `{unknown}`; did you mean `{near}`?"),
        None => format!("there is no `{unknown}`; there are {}", KEYS.join(", ")),
    })
}

/// The entry's zone is its crontab's, unless that has one.
fn in_zone(schedule: Schedule, timezone: Option<String>) -> Schedule {
    match (schedule, timezone) {
        (Schedule::Crontab(crontab), Some(zone)) if crontab.timezone().is_none() => {
            Schedule::Crontab(crontab.tz(zone))
        }
        (schedule, _) => schedule,
    }
}

struct Fields<'a>(&'a Dict);

impl Fields<'_> {
    /// A null is a key that is not there.
    fn get<T>(
        &self,
        key: &str,
        read: impl FnOnce(&Value) -> Result<T, String>,
    ) -> Result<Option<T>, String> {
        match self.0.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => read(value)
                .map(Some)
                .map_err(|reason| format!("`{key}`: {reason}")),
        }
    }
}

/// A time; without an offset it is the zone's wall clock.
pub(crate) fn moment(value: &Value, zone: &TimeZone) -> Result<Timestamp, String> {
    let (Value::Str(text) | Value::DateTime(text) | Value::Date(text)) = value else {
        return Err(format!(
            "expected a time such as `2027-01-02T09:00:00+09:00`, got {}",
            value.as_in_settings()
        ));
    };
    if let Ok(zoned) = text.parse::<Zoned>() {
        return Ok(zoned.timestamp()); // it names its zone: `2027-01-02T09:00[Asia/Seoul]`
    }
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(time);
    }
    let civil: jiff::civil::DateTime = text
        .parse()
        .map_err(|_| format!("`{text}` is not a time such as `2027-01-02T09:00:00+09:00`"))?;
    at_wall_clock(civil, zone).map_err(|error| format!("`{text}`: {error}"))
}

/// By the rule of crontabs: a time that a gap skips is the first one after it, and of one that
/// comes twice the first.
fn at_wall_clock(civil: jiff::civil::DateTime, zone: &TimeZone) -> Result<Timestamp, jiff::Error> {
    let ambiguous = zone.to_ambiguous_zoned(civil);
    let skipped = matches!(ambiguous.offset(), AmbiguousOffset::Gap { .. });
    let time = ambiguous.compatible()?.timestamp();
    Ok(if skipped {
        start_of_segment(time, zone).unwrap_or(time)
    } else {
        time
    })
}

/// Seconds, or a text such as `5m`.
pub(crate) fn duration(value: &Value) -> Result<Duration, String> {
    let seconds = match value {
        Value::Int(seconds) => *seconds as f64,
        Value::Float(seconds) => *seconds,
        Value::Str(text) => match text.trim().parse() {
            Ok(seconds) => seconds,
            Err(_) => {
                return humantime::parse_duration(text).map_err(|_| {
                    format!("`{text}` is not a duration: seconds, or a text such as `90s` or `5m`")
                });
            }
        },
        other => {
            return Err(format!(
                "expected seconds, or a text such as `90s` or `5m`, got {}",
                other.as_in_settings()
            ));
        }
    };
    Duration::try_from_secs_f64(seconds).map_err(|_| match seconds {
        ..0.0 => format!("a duration of {seconds} seconds cannot be: write 0 or more"),
        _ => format!("a duration of {seconds} seconds cannot be"),
    })
}

pub(crate) fn boolean(value: &Value) -> Result<bool, String> {
    match value {
        Value::Bool(yes) => Ok(*yes),
        other => Err(format!(
            "expected true or false, got {}",
            other.as_in_settings()
        )),
    }
}

fn catch_up(value: &Value) -> Result<CatchUp, String> {
    text(value)?.parse()
}

fn list(value: &Value) -> Result<Vec<Value>, String> {
    match value {
        Value::List(list) => Ok(list.clone()),
        other => Err(format!("expected a list, got {}", other.as_in_settings())),
    }
}

fn table(value: &Value) -> Result<Dict, String> {
    match value {
        Value::Dict(dict) => Ok(dict.clone()),
        other => Err(format!("expected a table, got {}", other.as_in_settings())),
    }
}

fn options(value: &Value) -> Result<SendOptions, String> {
    SendOptions::from_dict(&table(value)?)
}
