use celeriac::{Dict, Serializer, Value};
use celeriac_protocol::Limits;

/// The fields of an object of django-celery-beat. Empty texts and nulls are not there.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a>(pub(super) &'a Dict);

impl Fields<'_> {
    pub(super) fn text(self, name: &str) -> Result<Option<String>, String> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Str(text)) if text.is_empty() => Ok(None),
            Some(Value::Str(text)) => Ok(Some(text.clone())),
            Some(_) => Err(format!("`{name}`: expected a text")),
        }
    }

    pub(super) fn number(self, name: &str) -> Result<Option<i64>, String> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Int(number)) => Ok(Some(*number)),
            Some(_) => Err(format!("`{name}`: expected a whole number")),
        }
    }

    pub(super) fn flag(self, name: &str, default: bool) -> Result<bool, String> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(default),
            Some(Value::Bool(yes)) => Ok(*yes),
            Some(_) => Err(format!("`{name}`: expected true or false")),
        }
    }

    /// A text of JSON.
    pub(super) fn json(self, name: &str) -> Result<Option<Value>, String> {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        Serializer::Json
            .load(text.as_bytes(), &Limits::default())
            .map(Some)
            .map_err(|error| format!("`{name}` is not JSON: {error}"))
    }

    /// Of a schedule's object: the schedule in celeriac's form.
    pub(super) fn schedule(self, kind: &'static str) -> Result<Value, String> {
        let schedule = match kind {
            "crontab" => self.crontab(),
            "interval" => self.interval().map(|every| of([("every", every)])),
            "solar" => Ok(of([("solar", Value::Dict(self.0.clone()))])),
            _ => self
                .needed("clocked_time")
                .map(|time| of([("at", Value::Str(time))])),
        };
        schedule.map_err(|reason| format!("`{kind}`: {reason}"))
    }

    fn needed(self, name: &str) -> Result<String, String> {
        self.text(name)?
            .ok_or_else(|| format!("`{name}` is missing"))
    }

    fn crontab(self) -> Result<Value, String> {
        let names = [
            "minute",
            "hour",
            "day_of_week",
            "day_of_month",
            "month_of_year",
        ];
        let mut fields = Dict::new();
        for name in names {
            if let Some(text) = self.text(name)? {
                fields.insert(name.to_owned(), Value::Str(text));
            }
        }
        let zone = self.text("timezone")?.unwrap_or_else(|| "UTC".to_owned());
        Ok(of([
            ("crontab", Value::Dict(fields)),
            ("timezone", Value::Str(zone)),
        ]))
    }

    /// In seconds.
    fn interval(self) -> Result<Value, String> {
        let every = self.number("every")?.ok_or("`every` is missing")?;
        let seconds = match self.needed("period")?.as_str() {
            "days" => 86_400,
            "hours" => 3_600,
            "minutes" => 60,
            "seconds" => 1,
            "microseconds" => return Ok(Value::Float(every as f64 / 1e6)),
            other => return Err(format!("`period`: there is no `{other}`")),
        };
        let total = every.checked_mul(seconds);
        total
            .map(Value::Int)
            .ok_or_else(|| format!("`every`: {every} is too many"))
    }
}

fn of<const N: usize>(fields: [(&str, Value); N]) -> Value {
    let own = fields.map(|(name, value)| (name.to_owned(), value));
    Value::Dict(Dict::from(own))
}
