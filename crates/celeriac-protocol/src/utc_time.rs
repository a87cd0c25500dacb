use std::time::{Duration, SystemTime};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::short_text::is_not;
use crate::{PyDateTime, ValueError, iso_time};

/// A point in time: microseconds since 1970-01-01T00:00:00Z, Celery's own resolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UtcTime(pub i64);

const MICROS_PER_SECOND: i64 = 1_000_000;
const SECONDS_PER_DAY: i64 = 86_400;
/// The years Python's `datetime` has: 0001-01-01 and the last microsecond of 9999.
const FIRST: i64 = -62_135_596_800 * MICROS_PER_SECOND;
const LAST: i64 = 253_402_300_800 * MICROS_PER_SECOND - 1;

impl UtcTime {
    /// The time now, by this machine's clock.
    pub fn now() -> Self {
        SystemTime::now().into()
    }

    /// Reads ISO-8601 as Celery does (SPEC 4): `Z`, `+0000`, `+01:00`, date only, more than six
    /// fraction digits (cut); a time without offset is UTC.
    pub fn parse(text: &str) -> Result<Self, ValueError> {
        let micros = iso_time::parse_micros(text);
        micros
            .map(Self)
            .ok_or_else(|| ValueError(is_not(text, "an ISO-8601 time")))
    }

    /// Python's isoformat, `2027-01-02T03:04:05.000678+00:00`.
    ///
    /// Times outside of the years 1 to 9999, which Python does not have, give the nearest one that
    /// it has.
    pub fn to_iso(self) -> String {
        let micros = self.0.clamp(FIRST, LAST);
        let seconds = micros.div_euclid(MICROS_PER_SECOND);
        let fraction = micros.rem_euclid(MICROS_PER_SECOND);
        let (year, month, day) = iso_time::civil(seconds.div_euclid(SECONDS_PER_DAY));
        let second = seconds.rem_euclid(SECONDS_PER_DAY);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        let mut text = String::with_capacity("2027-01-02T03:04:05.000678+00:00".len());
        push_digits::<4>(&mut text, year);
        for (separator, number) in [
            ('-', month),
            ('-', day),
            ('T', hour),
            (':', minute),
            (':', second),
        ] {
            text.push(separator);
            push_digits::<2>(&mut text, number);
        }
        if fraction != 0 {
            text.push('.');
            push_digits::<6>(&mut text, fraction);
        }
        text.push_str("+00:00");
        text
    }

    /// Seconds since the epoch with a fraction, as `timestamp` attributes hold it.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// This time and `duration` more, saturating.
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        let micros = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        Self(self.0.saturating_add(micros))
    }

    /// How long until `self` from `now`; zero if past.
    pub fn since(self, now: Self) -> Duration {
        let micros = u64::try_from(self.0.saturating_sub(now.0)).unwrap_or(0);
        Duration::from_micros(micros)
    }
}

/// To the microsecond, and to the nearest time that it has.
impl From<SystemTime> for UtcTime {
    fn from(time: SystemTime) -> Self {
        let micros = |duration: Duration| i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        Self(match time.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(after) => micros(after),
            Err(before) => -micros(before.duration()),
        })
    }
}

/// With it other crates' times can be made, such as `jiff::Timestamp`.
impl From<UtcTime> for SystemTime {
    fn from(UtcTime(micros): UtcTime) -> Self {
        let duration = Duration::from_micros(micros.unsigned_abs());
        match micros {
            0.. => Self::UNIX_EPOCH + duration,
            _ => Self::UNIX_EPOCH - duration,
        }
    }
}

/// A `datetime` to Python, and its ISO text to other readers.
impl Serialize for UtcTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        PyDateTime(self.to_iso()).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for UtcTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let PyDateTime(text) = PyDateTime::deserialize(deserializer)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}

/// The last `N` digits of a number. Each result has a time in it, and `format!` is slow.
fn push_digits<const N: usize>(text: &mut String, mut number: i64) {
    let mut digits = [b'0'; N];
    for digit in digits.iter_mut().rev() {
        *digit += (number % 10) as u8;
        number /= 10;
    }
    text.extend(digits.map(char::from));
}
