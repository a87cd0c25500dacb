use std::time::Duration;

use celeriac_protocol::{Dict, Headers, UtcTime, Value};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use crate::ScheduleGuard;

/// What beat says about a message that it sent, in the header [`ScheduledRun::HEADER`]: for which
/// time it is, and what follows from that.
///
/// A schedule's message is written once, when the schedule is applied, and is the same at every
/// firing but for the time that EventBridge Scheduler puts in. So everything that depends on the
/// time is written as seconds from it, and a worker does the sum.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ScheduledRun {
    /// The entry's name.
    pub entry: Option<String>,
    /// The time for which the schedule fired; `None` stands for [`ScheduledRun::KEYWORD`].
    pub scheduled_time: Option<UtcTime>,
    /// How long after that it is due: the schedule fires early, or stands for a time between two
    /// minutes.
    pub offset: Duration,
    /// The entry's time zone, by its IANA name; UTC without one.
    pub timezone: Option<String>,
    /// It gets an `eta` this long after it is due, unless it has one.
    pub eta_after: Option<Duration>,
    /// It expires this long after it is due, unless it has an `expires`.
    pub expires_after: Option<Duration>,
    /// The dates on which it is to run.
    pub guard: ScheduleGuard,
}

impl ScheduledRun {
    /// The header.
    pub const HEADER: &str = "celeriac_beat";
    /// What EventBridge Scheduler replaces by the scheduled time, `2022-03-22T18:59:43Z`
    /// (EventBridge Scheduler user guide, Adding context attributes in EventBridge Scheduler).
    pub const KEYWORD: &str = "<aws.scheduler.scheduled-time>";

    /// What a message's headers say; `None` if beat did not send it.
    ///
    /// # Errors
    /// If the header is not what beat writes: a text for people, with the header's name. A time
    /// zone is only looked up by [`zone`](Self::zone).
    pub fn of(headers: &Headers) -> Option<Result<Self, String>> {
        let value = headers.get(Self::HEADER)?;
        Some(Self::read(value).map_err(|reason| in_header(&reason)))
    }

    /// When it is due; `None` while the scheduled time is not known.
    pub fn due(&self) -> Option<UtcTime> {
        Some(self.scheduled_time?.after(self.offset))
    }

    /// When it is due, by the clocks of its time zone; of UTC where that is not known.
    pub fn local_due(&self) -> Option<Zoned> {
        let zone = self.zone().unwrap_or(TimeZone::UTC);
        Some(timestamp(self.due()?).to_zoned(zone))
    }

    /// Its time zone.
    ///
    /// # Errors
    /// If no such zone is known.
    pub fn zone(&self) -> Result<TimeZone, String> {
        let Some(name) = &self.timezone else {
            return Ok(TimeZone::UTC);
        };
        TimeZone::get(name)
            .map_err(|_| in_header(&format!("`timezone`: no time zone `{name}` is known")))
    }

    /// The `eta` that it asks for.
    pub fn eta(&self) -> Option<UtcTime> {
        Some(self.due()?.after(self.eta_after?))
    }

    /// The `expires` that it asks for.
    pub fn expires(&self) -> Option<UtcTime> {
        Some(self.due()?.after(self.expires_after?))
    }

    /// Why it is not to run on the day on which it is due, if so.
    pub fn refusal(&self) -> Option<String> {
        self.guard.refusal(self.local_due()?.date())
    }

    /// The header's value.
    pub fn to_value(&self) -> Value {
        let time = self.scheduled_time.map(zulu);
        let time = time.unwrap_or_else(|| Self::KEYWORD.to_owned());
        let offset = (!self.offset.is_zero()).then_some(self.offset);
        let guard = self.guard.to_value();
        let members = [
            ("entry", self.entry.clone().map(Value::Str)),
            ("scheduled_time", Some(Value::Str(time))),
            ("offset", offset.map(seconds)),
            ("timezone", self.timezone.clone().map(Value::Str)),
            ("eta_after", self.eta_after.map(seconds)),
            ("expires_after", self.expires_after.map(seconds)),
            (
                "guard",
                (guard != Value::Dict(Dict::new())).then_some(guard),
            ),
        ];
        let given = members.into_iter();
        Value::Dict(
            given
                .filter_map(|(name, value)| Some((name.to_owned(), value?)))
                .collect(),
        )
    }

    fn read(value: &Value) -> Result<Self, String> {
        let Some(dict) = value.as_dict() else {
            return Err(format!("{} is not a dict", value.describe()));
        };
        let guard = given(dict, "guard").map(ScheduleGuard::read).transpose()?;
        Ok(Self {
            entry: read_text(dict, "entry")?,
            scheduled_time: read_time(dict)?,
            offset: read_seconds(dict, "offset")?.unwrap_or_default(),
            timezone: read_text(dict, "timezone")?,
            eta_after: read_seconds(dict, "eta_after")?,
            expires_after: read_seconds(dict, "expires_after")?,
            guard: guard.unwrap_or_default(),
        })
    }
}

/// The nearest time that jiff has.
pub(crate) fn timestamp(time: UtcTime) -> Timestamp {
    let nearest = if time.0 < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    };
    Timestamp::from_microsecond(time.0).unwrap_or(nearest)
}

fn in_header(reason: &str) -> String {
    format!("header `{}`: {reason}", ScheduledRun::HEADER)
}

/// As EventBridge Scheduler writes times.
fn zulu(time: UtcTime) -> String {
    time.to_iso().replace("+00:00", "Z")
}

/// Whole seconds are written as an `int`.
fn seconds(duration: Duration) -> Value {
    match i64::try_from(duration.as_secs()) {
        Ok(whole) if duration.subsec_nanos() == 0 => Value::Int(whole),
        _ => Value::Float(duration.as_secs_f64()),
    }
}

fn given<'a>(dict: &'a Dict, name: &str) -> Option<&'a Value> {
    dict.get(name).filter(|value| !value.is_null())
}

fn read_text(dict: &Dict, name: &str) -> Result<Option<String>, String> {
    let read = |value: &Value| match value {
        Value::Str(text) => Ok(text.clone()),
        value => Err(format!("`{name}` is {}, not a text", value.describe())),
    };
    given(dict, name).map(read).transpose()
}

fn read_seconds(dict: &Dict, name: &str) -> Result<Option<Duration>, String> {
    let read = |value: &Value| {
        let number = value.as_f64();
        number
            .and_then(|number| Duration::try_from_secs_f64(number).ok())
            .ok_or_else(|| format!("`{name}` is {}, not seconds", value.describe()))
    };
    given(dict, name).map(read).transpose()
}

fn read_time(dict: &Dict) -> Result<Option<UtcTime>, String> {
    let Some(text) = read_text(dict, "scheduled_time")? else {
        return Err("`scheduled_time` is missing".to_owned());
    };
    if text == ScheduledRun::KEYWORD {
        return Ok(None);
    }
    let time = UtcTime::parse(&text);
    time.map(Some)
        .map_err(|error| format!("`scheduled_time`: {error}"))
}
