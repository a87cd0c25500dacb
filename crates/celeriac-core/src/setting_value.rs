//! Values of settings, from TOML (typed) or the environment (text).

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use celeriac_protocol::{Dict, Limits, Serializer, Value};

use crate::celery_setting;
use crate::nearest::nearest;
use crate::old_setting_name;
use crate::setting::{Problem, SettingGroup};
use crate::{BrokerTransportOptions, ResultBackendTransportOptions};

type Checked = Result<(), String>;

/// A type that a setting may have.
pub(crate) trait SettingValue: Sized {
    /// What a value looks like, for the documentation.
    const KIND: &'static str;
    /// The value of what a source gave; texts are read as people write them.
    fn read(raw: Value) -> Result<Self, String>;
    /// Sets the value if it is right.
    fn assign(&mut self, raw: Value, check: impl Fn(&Self) -> Checked) -> Result<(), Problem> {
        let value = Self::read(raw)?;
        check(&value)?;
        *self = value;
        Ok(())
    }
    /// Checks a value that is set.
    fn check(&self, check: impl Fn(&Self) -> Checked) -> Result<(), Problem> {
        Ok(check(self)?)
    }
    /// The value as a source may give it.
    fn raw(&self) -> Value;
    /// By name, what sets `before` to this value: nothing where they are alike.
    fn changes(&self, before: &Self, name: &str) -> Vec<(String, Value)>
    where
        Self: PartialEq,
    {
        if self == before {
            return Vec::new();
        }
        vec![(name.to_owned(), self.raw())]
    }
    /// For logs.
    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result;
}

/// A value as logs may show it: URLs without their credentials.
pub(crate) struct Shown<'a, T>(pub(crate) &'a T);

impl<T: SettingValue> fmt::Debug for Shown<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.show(f)
    }
}

impl SettingValue for String {
    const KIND: &'static str = "text";
    fn read(raw: Value) -> Result<Self, String> {
        match raw {
            Value::Str(text) => Ok(text),
            other => Err(expected("a text", &other)),
        }
    }
    fn raw(&self) -> Value {
        Value::Str(self.clone())
    }
    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&without_credentials(self), f)
    }
}

impl SettingValue for Vec<String> {
    const KIND: &'static str =
        "list of texts; in the environment with commas between, or in brackets";
    fn read(raw: Value) -> Result<Self, String> {
        let expected = |got: &Value| expected("a list of texts", got);
        let is_list = matches!(&raw, Value::Str(text) if text.trim_start().starts_with('['));
        let raw = if is_list { inline(raw)? } else { raw };
        match raw {
            Value::Str(texts) => {
                let texts = texts.split(',').map(|text| text.trim().to_owned());
                Ok(texts.filter(|text| !text.is_empty()).collect())
            }
            Value::List(texts) => texts
                .into_iter()
                .map(|text| match text {
                    Value::Str(text) => Ok(text),
                    other => Err(expected(&other)),
                })
                .collect(),
            other => Err(expected(&other)),
        }
    }
    fn raw(&self) -> Value {
        Value::List(self.iter().cloned().map(Value::Str).collect())
    }
    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl SettingValue for bool {
    const KIND: &'static str = "`true` or `false`";
    fn read(raw: Value) -> Result<Self, String> {
        match &raw {
            Value::Bool(yes) => Ok(*yes),
            Value::Int(0) => Ok(false),
            Value::Int(1) => Ok(true),
            Value::Str(text) => match text.to_ascii_lowercase().as_str() {
                "true" | "yes" | "on" | "1" => Ok(true),
                "false" | "no" | "off" | "0" => Ok(false),
                _ => Err(expected("`true` or `false`", &raw)),
            },
            other => Err(expected("`true` or `false`", other)),
        }
    }
    fn raw(&self) -> Value {
        Value::Bool(*self)
    }
    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl SettingValue for usize {
    const KIND: &'static str = "whole number";
    fn read(raw: Value) -> Result<Self, String> {
        let number = match &raw {
            Value::Int(number) => Self::try_from(*number).ok(),
            Value::Str(text) => text.trim().replace('_', "").parse().ok(),
            _ => None,
        };
        number.ok_or_else(|| expected("a whole number, zero or more", &raw))
    }
    fn raw(&self) -> Value {
        Value::Int(i64::try_from(*self).unwrap_or(i64::MAX))
    }
    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl SettingValue for u32 {
    const KIND: &'static str = "whole number";
    fn read(raw: Value) -> Result<Self, String> {
        let number = usize::read(raw)?;
        Self::try_from(number).map_err(|_| format!("expected at most {}, got {number}", Self::MAX))
    }
    fn raw(&self) -> Value {
        Value::Int(i64::from(*self))
    }
    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl SettingValue for Duration {
    const KIND: &'static str = "seconds, or a text such as `5m`";
    fn read(raw: Value) -> Result<Self, String> {
        let wrong = || {
            expected(
                "a number of seconds, or a text such as `90s`, `5m`, `1h 30m`",
                &raw,
            )
        };
        let from_secs = |seconds: f64| Self::try_from_secs_f64(seconds).map_err(|_| wrong());
        match &raw {
            Value::Int(seconds) => u64::try_from(*seconds)
                .map(Self::from_secs)
                .map_err(|_| wrong()),
            Value::Float(seconds) => from_secs(*seconds),
            Value::Str(text) => match text.trim().parse() {
                Ok(seconds) => from_secs(seconds),
                Err(_) => humantime::parse_duration(text).map_err(|_| wrong()),
            },
            _ => Err(wrong()),
        }
    }
    fn raw(&self) -> Value {
        crate::send_option::OptionValue::write(self).unwrap_or_default()
    }
    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl<T: SettingValue> SettingValue for Option<T> {
    const KIND: &'static str = T::KIND;
    /// TOML has no null, so an empty text and Python's `None` are none.
    fn read(raw: Value) -> Result<Self, String> {
        match &raw {
            Value::Null => Ok(None),
            Value::Str(text) if text.is_empty() || text.eq_ignore_ascii_case("none") => Ok(None),
            _ => T::read(raw).map(Some),
        }
    }
    fn raw(&self) -> Value {
        match self {
            Some(value) => value.raw(),
            None => Value::Str("none".to_owned()),
        }
    }
    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Some(value) => value.show(f),
            None => f.write_str("None"),
        }
    }
}

impl SettingValue for BTreeMap<String, String> {
    const KIND: &'static str = "table";
    fn read(raw: Value) -> Result<Self, String> {
        let read = |(name, value): (String, Value)| {
            let url = match &value {
                Value::Dict(queue) => queue.get("url").unwrap_or(&value),
                plain => plain,
            };
            match url {
                Value::Str(url) => Ok((name, url.clone())),
                other => Err(format!(
                    "`{name}`: {}",
                    expected("a URL, or a table with a `url`", other)
                )),
            }
        };
        table(raw)?.into_iter().map(read).collect()
    }
    fn raw(&self) -> Value {
        let text = |(name, text): (&String, &String)| (name.clone(), Value::Str(text.clone()));
        Value::Dict(self.iter().map(text).collect())
    }
    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl SettingValue for Dict {
    const KIND: &'static str = "table";
    fn read(raw: Value) -> Result<Self, String> {
        table(raw)
    }
    fn assign(&mut self, raw: Value, check: impl Fn(&Self) -> Checked) -> Result<(), Problem> {
        let values = Self::read(raw)?;
        check(&values)?;
        self.extend(values);
        Ok(())
    }
    fn raw(&self) -> Value {
        Value::Dict(self.clone())
    }
    /// Names alone: what is inside may be secret.
    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.keys()).finish()
    }
}

/// Groups are settings too; what is not named in a table stays as it was.
macro_rules! group_values {
    ($($Group:ty),+) => { $(
        impl SettingValue for $Group {
            const KIND: &'static str = "table";
            fn read(raw: Value) -> Result<Self, String> {
                let mut group = Self::default();
                group.assign(raw, |_| Ok(())).map_err(|problem| format!("`{}`: {}", problem.path, problem.reason))?;
                Ok(group)
            }
            fn assign(&mut self, raw: Value, _check: impl Fn(&Self) -> Checked) -> Result<(), Problem> {
                assign_all(self, table(raw)?)
            }
            fn check(&self, _check: impl Fn(&Self) -> Checked) -> Result<(), Problem> {
                SettingGroup::check_all(self)
            }
            fn raw(&self) -> Value {
                let values = SettingGroup::changes(self, &Self::default());
                Value::Dict(values.into_iter().collect())
            }
            fn changes(&self, before: &Self, name: &str) -> Vec<(String, Value)> {
                let inside = |(inner, value)| (format!("{name}__{inner}"), value);
                let changes = SettingGroup::changes(self, before);
                changes.into_iter().map(inside).collect()
            }
            fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(self, f)
            }
        }
    )+ };
}
group_values!(BrokerTransportOptions, ResultBackendTransportOptions);

/// Sets each of `values` by its name; Celery's own that mean nothing here are told of and passed
/// over.
pub(crate) fn assign_all<G: SettingGroup>(group: &mut G, values: Dict) -> Result<(), Problem> {
    for (name, raw) in values {
        match group.set(&name, raw) {
            Some(result) => result.map_err(|problem| problem.inside(&name))?,
            None if celery_setting::why(G::CELERY_ONLY, &name).is_some() => {} // `setting_note.rs` tells of it
            None => return Err(unknown::<G>(&name)),
        }
    }
    Ok(())
}

/// Options of tasks that look like settings.
const TASK_OPTIONS: &[&str] = &[
    "default_retry_delay",
    "max_retries",
    "retry_backoff",
    "retry_backoff_max",
    "task_default_retry_delay",
    "task_max_retries",
    "task_retry_backoff",
    "task_retry_backoff_max",
];

fn unknown<G: SettingGroup>(name: &str) -> Problem {
    let known = || {
        let own = G::LIST.iter().map(|setting| setting.name);
        let passed_over = G::CELERY_ONLY.iter().flat_map(|some| some.names);
        own.chain(passed_over.copied())
    };
    let plain = old_setting_name::plain(name);
    let now = known()
        .find(|known| *known == plain)
        .or_else(|| old_setting_name::new_name(name));
    let reason = match now.or_else(|| nearest(&plain, known())) {
        _ if TASK_OPTIONS.contains(&&*plain) => {
            let option = plain.strip_prefix("task_").unwrap_or(&plain);
            format!("there is no such setting: `{option}` is an option of each task")
        }
        Some(near) => format!("there is no such setting; did you mean `{near}`?"),
        None => "there is no such setting".to_owned(),
    };
    Problem {
        path: name.to_owned(),
        reason,
    }
}

fn table(raw: Value) -> Result<Dict, String> {
    match inline(raw)? {
        Value::Dict(dict) => Ok(dict),
        other => Err(expected("a table", &other)),
    }
}

/// A table or list that came as a text (in the environment): inline TOML or JSON.
pub(crate) fn inline(raw: Value) -> Result<Value, String> {
    let Value::Str(text) = raw else {
        return Ok(raw);
    };
    if let Ok(mut document) = toml::from_str::<toml::Table>(&format!("value = {text}"))
        && let Some(value) = document.remove("value")
    {
        return Ok(from_toml(value));
    }
    Serializer::Json
        .load(text.as_bytes(), &Limits::default())
        .map_err(|_| "expected inline TOML or JSON, such as `{\"mail.*\" = \"mail\"}`".to_owned())
}

/// A TOML value as a wire value.
pub(crate) fn from_toml(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => Value::Str(text),
        toml::Value::Integer(number) => Value::Int(number),
        toml::Value::Float(number) => Value::Float(number),
        toml::Value::Boolean(yes) => Value::Bool(yes),
        toml::Value::Datetime(time) => Value::DateTime(time.to_string()),
        toml::Value::Array(list) => Value::List(list.into_iter().map(from_toml).collect()),
        toml::Value::Table(table) => Value::Dict(
            table
                .into_iter()
                .map(|(name, value)| (name, from_toml(value)))
                .collect(),
        ),
    }
}

pub(crate) fn expected(what: &str, got: &Value) -> String {
    format!("expected {what}, got {}", got.as_in_settings())
}

/// `sqs://KEY:SECRET@host` is shown as `sqs://***@host`, `KEY:SECRET@host` as `***@host`, and
/// `?password=SECRET` as `?password=***`.
fn without_credentials(text: &str) -> String {
    let (scheme, rest) = match text.find("://") {
        Some(at) => text.split_at(at + "://".len()),
        None => ("", text),
    };
    let rest = match rest.rsplit_once('@') {
        Some((user, host)) if !scheme.is_empty() || user.contains(':') => format!("***@{host}"),
        _ => rest.to_owned(),
    };
    let shown = format!("{scheme}{rest}");
    let Some((url, query)) = shown.split_once('?') else {
        return shown;
    };
    let parameters: Vec<String> = query.split('&').map(without_secret).collect();
    format!("{url}?{}", parameters.join("&"))
}

/// A parameter of a URL. Names of prefixes and tables have no `key` at their end.
fn without_secret(parameter: &str) -> String {
    const SECRET: [&str; 6] = [
        "secret",
        "password",
        "passwd",
        "token",
        "signature",
        "credential",
    ];
    let Some((name, _)) = parameter.split_once('=') else {
        return parameter.to_owned();
    };
    let plain = name.to_ascii_lowercase();
    let is_key = plain.ends_with("key") || plain.ends_with("key_id");
    if is_key || SECRET.iter().any(|word| plain.contains(word)) {
        return format!("{name}=***");
    }
    parameter.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_form_of_a_url_shows_its_secrets() {
        for (text, shown) in [
            ("sqs://KEY:SECRET@host:1", "sqs://***@host:1"),
            ("sqs://KEY:SE/CR@ET@host", "sqs://***@host"),
            ("redis://:SECRET@host/0", "redis://***@host/0"),
            ("sqs:KEY:SECRET@host", "***@host"),
            ("KEY:SECRET@host", "***@host"),
            (
                "dynamodb://eu-west-1/t?ttl_seconds=5&aws_secret_access_key=SECRET&PASSWORD=SECRET",
                "dynamodb://eu-west-1/t?ttl_seconds=5&aws_secret_access_key=***&PASSWORD=***",
            ),
            (
                "https://host/1/q?X-Amz-Signature=SECRET&access_key_id=SECRET&x",
                "https://host/1/q?X-Amz-Signature=***&access_key_id=***&x",
            ),
            ("sqlite:shop.sqlite", "sqlite:shop.sqlite"),
            ("who@example.com", "who@example.com"),
            ("Europe/Berlin", "Europe/Berlin"),
        ] {
            assert_eq!(without_credentials(text), shown);
        }
    }
}
