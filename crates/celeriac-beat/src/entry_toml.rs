//! An entry written as a settings file has it: what [`Entry::from_value`] reads.

use std::fmt;
use std::time::Duration;

use celeriac_core::plain_text;
use celeriac_protocol::{Dict, Value};
use toml_writer::{ToTomlKey as _, TomlKeyBuilder, TomlStringBuilder, TomlWrite, WriteTomlValue};

use crate::{CatchUp, Entry, EntryError, Schedule, Solar};

impl Entry {
    /// The entry in Celery's shape, as [`Entry::from_value`] reads it. What is as by default is
    /// left out.
    pub fn to_dict(&self) -> Dict {
        let mut dict = Dict::new();
        let mut put = |key: &str, value: Option<Value>| {
            if let Some(value) = value {
                dict.insert(key.to_owned(), value);
            }
        };
        put("task", Some(text(&self.call.task)));
        put("schedule", Some(schedule(&self.schedule)));
        put("timezone", self.schedule.timezone().map(text));
        put("relative", is_relative(&self.schedule));
        put("args", list(&self.call.args));
        put("kwargs", table(self.call.kwargs.clone()));
        put("options", table(self.options.to_dict()));
        put("enabled", (!self.enabled).then_some(Value::Bool(false)));
        let jitter = (!self.jitter.is_zero()).then_some(self.jitter);
        put("jitter", jitter.map(seconds));
        let catch_up = (self.catch_up != CatchUp::default()).then_some(self.catch_up);
        put("catch_up", catch_up.as_ref().map(text));
        put("starting_deadline", self.starting_deadline.map(seconds));
        put("start", self.start.as_ref().map(text));
        put("end", self.end.as_ref().map(text));
        put("precise", self.precise.then_some(Value::Bool(true)));
        put(
            "celeriac_only",
            self.celeriac_only.then_some(Value::Bool(true)),
        );
        put("description", self.description.as_ref().map(text));
        dict
    }

    /// The entry as a table of a settings file, `[beat_schedule."name"]` and a line for each key.
    ///
    /// # Errors
    /// For values of Python's that TOML does not have: `None`, an integer of more than 64 bits, a
    /// `UUID`, a `Decimal`, `bytes`, a `date`, a `time`, a `datetime` with a fraction of a second.
    ///
    /// ```
    /// use celeriac_beat::{Crontab, Entry};
    /// use celeriac_core::TaskSignature;
    ///
    /// let call: TaskSignature = TaskSignature::new("shop.report").arg("daily");
    /// let entry = Entry::new("daily-report", Crontab::new("0 9 * * *")?.tz("Asia/Seoul"), call);
    /// let toml = r#"[beat_schedule."daily-report"]
    /// task = "shop.report"
    /// schedule = "0 9 * * *"
    /// timezone = "Asia/Seoul"
    /// args = ["daily"]
    /// "#;
    /// assert_eq!(entry.to_toml()?, toml);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn to_toml(&self) -> Result<String, EntryError> {
        let name = TomlKeyBuilder::new(&self.name).as_basic().to_toml_key();
        let mut toml = format!("[beat_schedule.{name}]\n");
        for (key, value) in self.to_dict() {
            toml.push_str(&key);
            toml.push_str(" = ");
            toml.value(Toml(&value)).map_err(|_| {
                let what = foreign(&value).unwrap_or("a value");
                self.wrong(format!(
                    "`{key}` holds {what}, which TOML does not have: write the entry in code or as JSON"
                ))
            })?;
            toml.push('\n');
        }
        Ok(plain_text::toml(&toml).into_owned())
    }
}

fn schedule(schedule: &Schedule) -> Value {
    match schedule {
        Schedule::Crontab(crontab) => text(crontab),
        Schedule::Interval(interval) => seconds(interval.period()),
        Schedule::Solar(solar) => one("solar", Value::Dict(place(solar))),
        Schedule::At(time) => one("at", text(time)),
    }
}

fn place(solar: &Solar) -> Dict {
    Dict::from([
        ("event".to_owned(), text(&solar.event())),
        ("lat".to_owned(), Value::Float(solar.latitude())),
        ("lon".to_owned(), Value::Float(solar.longitude())),
    ])
}

fn is_relative(schedule: &Schedule) -> Option<Value> {
    match schedule {
        Schedule::Interval(interval) if interval.is_relative() => Some(Value::Bool(true)),
        _ => None,
    }
}

fn one(key: &str, value: Value) -> Value {
    Value::Dict(Dict::from([(key.to_owned(), value)]))
}

fn text(value: &(impl ToString + ?Sized)) -> Value {
    Value::Str(value.to_string())
}

fn list(list: &[Value]) -> Option<Value> {
    (!list.is_empty()).then(|| Value::List(list.to_vec()))
}

fn table(dict: Dict) -> Option<Value> {
    (!dict.is_empty()).then_some(Value::Dict(dict))
}

fn seconds(duration: Duration) -> Value {
    match i64::try_from(duration.as_secs()) {
        Ok(seconds) if duration.subsec_nanos() == 0 => Value::Int(seconds),
        _ => Value::Float(duration.as_secs_f64()),
    }
}

/// A value as an inline one; cannot be written if TOML does not have it, see [`foreign`].
struct Toml<'a>(&'a Value);

impl WriteTomlValue for Toml<'_> {
    fn write_toml_value<W: TomlWrite + ?Sized>(&self, writer: &mut W) -> fmt::Result {
        match self.0 {
            Value::Bool(yes) => writer.value(yes),
            Value::Int(number) => writer.value(number),
            // `1.0`, `1e300`, `nan` and `inf`, as TOML has them
            Value::Float(number) => writer.write_str(&format!("{number:?}").to_lowercase()),
            Value::Str(text) => writer.value(TomlStringBuilder::new(text).as_basic()),
            Value::List(list) => writer.value(list.iter().map(Toml).collect::<Vec<_>>()),
            Value::Dict(dict) => write_table(writer, dict),
            Value::DateTime(text) if is_toml_datetime(text) => writer.write_str(text),
            _ => Err(fmt::Error),
        }
    }
}

fn write_table<W: TomlWrite + ?Sized>(writer: &mut W, dict: &Dict) -> fmt::Result {
    writer.open_inline_table()?;
    for (at, (key, value)) in dict.iter().enumerate() {
        if at > 0 {
            writer.val_sep()?;
        }
        writer.space()?;
        let key = TomlKeyBuilder::new(key);
        writer.key(key.as_unquoted().unwrap_or_else(|| key.as_basic()))?;
        writer.space()?;
        writer.keyval_sep()?;
        writer.space()?;
        writer.value(Toml(value))?;
    }
    if !dict.is_empty() {
        writer.space()?;
    }
    writer.close_inline_table()
}

/// A time that a settings file gives back as it was, down to its text: without a fraction, whose
/// zeros TOML's readers drop.
fn is_toml_datetime(text: &str) -> bool {
    let shape = text.bytes().map(|byte| match byte {
        b'0'..=b'9' => b'0',
        b'-' => b'+',
        other => other,
    });
    let shape: Vec<u8> = shape.collect();
    [
        &b"0000+00+00T00:00:00"[..],
        b"0000+00+00T00:00:00Z",
        b"0000+00+00T00:00:00+00:00",
    ]
    .contains(&shape.as_slice())
}

/// What in it TOML has no form for.
fn foreign(value: &Value) -> Option<&'static str> {
    match value {
        Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Str(_) => None,
        Value::List(list) => list.iter().find_map(foreign),
        Value::Dict(dict) => dict.values().find_map(foreign),
        Value::DateTime(text) if is_toml_datetime(text) => None,
        Value::BigInt(_) => Some("an integer of more than 64 bits"),
        Value::DateTime(_) => Some("a datetime with a fraction of a second"),
        other => Some(other.kind()),
    }
}

#[cfg(test)]
mod tests {
    use celeriac_protocol::{Limits, Serializer};
    use jiff::tz::TimeZone;
    use proptest::prelude::*;

    use super::*;
    use crate::Crontab;

    fn read(json: &str) -> Entry {
        let value = Serializer::Json
            .load(json.as_bytes(), &Limits::default())
            .expect("JSON");
        Entry::from_value("e", &value, &TimeZone::UTC).expect("an entry")
    }

    #[test]
    fn every_key_is_written() {
        let entry = read(
            r#"{"task": "t", "schedule": {"crontab": {"minute": "0, 30", "hour": [9, 17]}, "timezone": "Asia/Seoul"},
                "args": [1, 1.0, true, "a\"b\\c\n\u0007"], "kwargs": {"a b": {}, "c": [{"d": "é"}]},
                "options": {"queue": "q", "expires": 20.5, "headers": {"x": "y"}}, "enabled": false, "jitter": "90s",
                "catch_up": "run_all", "starting_deadline": 60, "start": "2027-01-01T00:00:00Z", "end": "2028-01-01T00:00:00Z",
                "precise": true, "celeriac_only": true, "description": "why"}"#,
        );
        insta::assert_snapshot!(entry.to_toml().expect("TOML"), @r#"
        [beat_schedule."e"]
        task = "t"
        schedule = "0,30 9,17 * * *"
        timezone = "Asia/Seoul"
        args = [1, 1.0, true, "a\"b\\c\n\u0007"]
        kwargs = { "a b" = {}, c = [{ d = "é" }] }
        options = { expires = 20.5, queue = "q", headers = { x = "y" } }
        enabled = false
        jitter = 90
        catch_up = "run_all"
        starting_deadline = 60
        start = "2027-01-01T00:00:00Z"
        end = "2028-01-01T00:00:00Z"
        precise = true
        celeriac_only = true
        description = "why"
        "#);
    }

    #[test]
    fn every_schedule_is_read_back_as_it_was() {
        for schedule in [
            r#""*/5 22-4 1-7 jan,feb mon""#,
            "30",
            "0.001",
            r#"{"every": 86400, "relative": true}"#,
            r#"{"solar": {"event": "dusk_civil", "lat": "-33.5", "lon": 151}}"#,
            r#"{"at": "2027-01-02T09:00:00.5+09:00"}"#,
        ] {
            let entry = read(&format!(r#"{{"task": "t", "schedule": {schedule}}}"#));
            let dict = Value::Dict(entry.to_dict());
            let again = Entry::from_value("e", &dict, &TimeZone::UTC).expect("an entry");
            assert_eq!(again.schedule(), entry.schedule(), "{schedule}");
        }
    }

    #[test]
    fn a_datetime_is_toml_s_own() {
        for text in [
            "2027-01-01T00:00:00",
            "2027-01-01T00:00:00Z",
            "2027-01-01T00:00:00-09:30",
        ] {
            let value = typed("datetime", &format!("\"{text}\""));
            let entry = read(&format!(
                r#"{{"task": "t", "schedule": 1, "args": [{value}]}}"#
            ));
            let toml = entry.to_toml().expect("TOML");
            assert!(toml.ends_with(&format!("args = [{text}]\n")), "{toml}");
        }
    }

    #[test]
    fn what_toml_does_not_have_is_an_error_that_names_it() {
        let uuid = r#"{"hex": "00000000000040008000000000000001"}"#;
        for (value, what) in [
            ("null".to_owned(), "None"),
            ("123456789012345678901".to_owned(), "an integer of more"),
            (typed("uuid", uuid), "a UUID"),
            (typed("decimal", r#""1.50""#), "a Decimal"),
            (typed("date", r#""2027-01-01""#), "a date"),
            (
                typed("datetime", r#""2027-01-01T00:00:00.500000""#),
                "a datetime with",
            ),
        ] {
            let entry = read(&format!(
                r#"{{"task": "t", "schedule": 1, "kwargs": {{"x": [{value}]}}}}"#
            ));
            let error = entry.to_toml().expect_err(&value).to_string();
            assert!(
                error.starts_with(&format!("beat entry `e`: `kwargs` holds {what}")),
                "{error}"
            );
        }
    }

    /// As kombu writes it in JSON.
    fn typed(name: &str, value: &str) -> String {
        format!(r#"{{"__type__": "{name}", "__value__": {value}}}"#)
    }

    proptest! {
        #[test]
        fn a_crontab_text_is_read_back(minute in "[0-9]|[1-5][0-9]|\\*/[1-9]|\\*", hour in "[0-9]|1[0-9]|\\*") {
            let text = format!("{minute} {hour} * * *");
            let crontab = Crontab::new(&text).expect("a crontab");
            let entry = read(&format!(r#"{{"task": "t", "schedule": "{text}"}}"#));
            let dict = entry.to_dict();
            prop_assert_eq!(dict.get("schedule"), Some(&Value::Str(text)));
            prop_assert_eq!(entry.schedule(), &Schedule::Crontab(crontab));
        }
    }
}
