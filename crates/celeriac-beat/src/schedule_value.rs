//! A schedule as a settings file or Celery's dump has it.

use celeriac_core::nearest;
use celeriac_protocol::{Dict, Value};
use jiff::tz::TimeZone;

use crate::entry_dict::{boolean, duration, moment};
use crate::schedule_zone::zone as zone_of;
use crate::{Crontab, CrontabField, CrontabFields, Interval, Schedule, Solar};

const FORMS: &str = "seconds, a text such as `5m` or `0 9 * * *`, `{crontab = ...}`, `{solar = ...}`, `{every = ...}` or `{at = ...}`";

const KINDS: [&str; 5] = ["crontab", "solar", "every", "interval", "at"];
const EXTRAS: [&str; 2] = ["timezone", "relative"];
const CRONTAB_FIELDS: [&str; 5] = [
    "minute",
    "hour",
    "day_of_week",
    "day_of_month",
    "month_of_year",
];
const SOLAR_FIELDS: [&str; 5] = ["event", "lat", "latitude", "lon", "longitude"];

/// Reads any of the forms.
pub(crate) fn schedule(value: &Value, relative: bool, zone: &TimeZone) -> Result<Schedule, String> {
    match value {
        Value::Int(_) | Value::Float(_) => interval(value, relative),
        Value::Str(text) if is_cron(text) => cron(text).map(Schedule::Crontab),
        Value::Str(text) => interval(value, relative).map_err(|_| {
            format!("`{text}` is neither a duration such as `90s` or `5m` nor a crontab such as `0 9 * * *`")
        }),
        Value::Dict(dict) => of_dict(dict, relative, zone),
        other => Err(format!("expected {FORMS}, got {}", other.as_in_settings())),
    }
}

/// A duration has no `*`, and such as `1h 30m` has fewer than five parts. A crontab of too few
/// fields is meant as one.
fn is_cron(text: &str) -> bool {
    text.contains('*') || text.split_whitespace().count() >= 5
}

fn cron(text: &str) -> Result<Crontab, String> {
    Crontab::new(text).map_err(|error| error.to_string())
}

fn interval(value: &Value, relative: bool) -> Result<Schedule, String> {
    let every = duration(value)?;
    let interval = Interval::every(every).map_err(|error| error.to_string())?;
    Ok(Schedule::Interval(if relative {
        interval.relative()
    } else {
        interval
    }))
}

/// A table of one form, with what belongs to it: a crontab's and a moment's `timezone`, an
/// interval's `relative`.
fn of_dict(dict: &Dict, relative: bool, zone: &TimeZone) -> Result<Schedule, String> {
    let (kind, value) = kind(dict)?;
    let timezone = extra(dict, "timezone", text)?;
    let own_relative = extra(dict, "relative", boolean)?;
    let read = match kind {
        "crontab" => crontab(value).map(|crontab| in_zone(crontab, timezone.clone())),
        "at" => at(value, timezone.as_deref(), zone),
        "solar" => solar(value).map(Schedule::Solar),
        _ => interval(value, own_relative.unwrap_or(relative)),
    };
    let schedule = read.map_err(|reason| format!("`{kind}`: {reason}"))?;
    if timezone.is_some() && !matches!(schedule, Schedule::Crontab(_) | Schedule::At(_)) {
        return Err(format!(
            "`timezone` is for `crontab` and `at`; `{kind}` does not go by a clock on the wall"
        ));
    }
    if own_relative.is_some() && !matches!(schedule, Schedule::Interval(_)) {
        return Err(format!("`relative` is for `every`, and this is `{kind}`"));
    }
    Ok(schedule)
}

/// The one form that the table has.
fn kind(dict: &Dict) -> Result<(&str, &Value), String> {
    let mut forms = dict
        .iter()
        .filter(|(key, _)| !EXTRAS.contains(&key.as_str()));
    let (key, value) = match (forms.next(), forms.next()) {
        (Some(form), None) => form,
        (None, _) => return Err(format!("expected {FORMS}, got an empty table")),
        (Some((one, _)), Some((other, _))) if is_kind(one) && is_kind(other) => {
            return Err(format!("there is `{one}` and `{other}`: write one of them"));
        }
        (Some(one), Some(other)) if is_kind(one.0) => return Err(unknown(other.0)),
        (Some((one, _)), Some(_)) => return Err(unknown(one)),
    };
    if is_kind(key) {
        Ok((key, value))
    } else {
        Err(unknown(key))
    }
}

fn is_kind(key: &str) -> bool {
    KINDS.contains(&key)
}

fn unknown(key: &str) -> String {
    if CRONTAB_FIELDS.contains(&key) {
        return format!("`{key}` is a field of a crontab: write `{{crontab = {{{key} = ...}}}}`");
    }
    match nearest(key, KINDS.into_iter().chain(EXTRAS)) {
        Some(near) => format!("there is no `{key}`; did you mean `{near}`?"),
        None => format!("there is no `{key}`; expected {FORMS}"),
    }
}

fn extra<T>(
    dict: &Dict,
    key: &str,
    read: impl FnOnce(&Value) -> Result<T, String>,
) -> Result<Option<T>, String> {
    let value = dict.get(key).filter(|value| **value != Value::Null);
    let read = value.map(read).transpose();
    read.map_err(|reason| format!("`{key}`: {reason}"))
}

fn in_zone(crontab: Crontab, timezone: Option<String>) -> Schedule {
    Schedule::Crontab(match timezone {
        Some(zone) => crontab.tz(zone),
        None => crontab,
    })
}

fn at(value: &Value, timezone: Option<&str>, zone: &TimeZone) -> Result<Schedule, String> {
    let own = timezone.map(zone_of).transpose();
    let own = own.map_err(|error| error.to_string())?;
    moment(value, own.as_ref().unwrap_or(zone)).map(Schedule::At)
}

/// A text of five fields, or Celery's fields by name.
fn crontab(value: &Value) -> Result<Crontab, String> {
    match value {
        Value::Str(text) => cron(text),
        Value::Dict(dict) => fields(dict),
        other => Err(format!(
            "expected a text such as `0 9 * * *` or a table of fields, got {}",
            other.as_in_settings()
        )),
    }
}

fn fields(dict: &Dict) -> Result<Crontab, String> {
    let mut fields = CrontabFields::default();
    for (name, value) in dict {
        let field = match name.as_str() {
            "minute" => &mut fields.minute,
            "hour" => &mut fields.hour,
            "day_of_week" => &mut fields.day_of_week,
            "day_of_month" => &mut fields.day_of_month,
            "month_of_year" => &mut fields.month_of_year,
            other => {
                return Err(no_field(other, &CRONTAB_FIELDS));
            }
        };
        *field = crontab_field(value).map_err(|reason| format!("`{name}`: {reason}"))?;
    }
    Crontab::from_fields(&fields).map_err(|error| error.to_string())
}

fn no_field(name: &str, fields: &[&str]) -> String {
    match nearest(name, fields.iter().copied()) {
        Some(near) => format!("there is no field `{name}`; did you mean `{near}`?"),
        None => format!(
            "there is no field `{name}`; there are {}",
            fields.join(", ")
        ),
    }
}

fn crontab_field(value: &Value) -> Result<CrontabField, String> {
    match value {
        Value::Str(text) => Ok(CrontabField::from(text.as_str())),
        Value::Int(number) => Ok(CrontabField::from(*number)),
        Value::List(list) => {
            let numbers = list.iter().map(|item| match item {
                Value::Int(number) => Ok(*number),
                other => Err(format!("expected numbers, got {}", other.as_in_settings())),
            });
            numbers
                .collect::<Result<Vec<i64>, _>>()
                .map(CrontabField::from)
        }
        other => Err(format!(
            "expected a text, a number or a list of numbers, got {}",
            other.as_in_settings()
        )),
    }
}

fn solar(value: &Value) -> Result<Solar, String> {
    let Value::Dict(dict) = value else {
        return Err(format!(
            "expected `{{event = \"sunset\", lat = 52.5, lon = 13.4}}`, got {}",
            value.as_in_settings()
        ));
    };
    if let Some(unknown) = dict
        .keys()
        .find(|key| !SOLAR_FIELDS.contains(&key.as_str()))
    {
        return Err(no_field(unknown, &SOLAR_FIELDS));
    }
    let get = |names: [&str; 2]| names.iter().find_map(|name| dict.get(*name));
    let event = text(
        dict.get("event")
            .ok_or("`event` is missing: such as `sunset`")?,
    )?;
    let event = event
        .parse()
        .map_err(|error: crate::SolarError| error.to_string())?;
    let number = |names: [&str; 2]| match get(names) {
        Some(Value::Int(number)) => Ok(*number as f64),
        Some(Value::Float(number)) => Ok(*number),
        // django-celery-beat's dumps have decimals as texts
        Some(Value::Str(number) | Value::Decimal(number)) => number
            .parse()
            .map_err(|_| format!("`{}`: `{number}` is not a number", names[0])),
        Some(other) => Err(format!(
            "`{}`: expected degrees, got {}",
            names[0],
            other.as_in_settings()
        )),
        None => Err(format!("`{}` is missing: degrees", names[0])),
    };
    Solar::new(
        event,
        number(["lat", "latitude"])?,
        number(["lon", "longitude"])?,
    )
    .map_err(|error| error.to_string())
}

pub(crate) fn text(value: &Value) -> Result<String, String> {
    match value {
        Value::Str(text) => Ok(text.clone()),
        other => Err(format!("expected a text, got {}", other.as_in_settings())),
    }
}
