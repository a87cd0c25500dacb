use crate::ValueError;

/// A point in time: microseconds since 1970-01-01T00:00:00Z, Celery's own resolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UtcTime(pub i64);

impl UtcTime {
    /// Reads ISO-8601 as Celery does (SPEC 4): `Z`, `+0000`, `+01:00`, date only, more than six fraction digits (cut);
    /// a time without offset is UTC.
    pub fn parse(_text: &str) -> Result<Self, ValueError> { todo!() }
    /// Python's isoformat, `2027-01-02T03:04:05.000678+00:00`.
    pub fn to_iso(self) -> String { todo!() }
    /// Seconds since the epoch with a fraction, as `timestamp` attributes hold it.
    pub fn as_secs_f64(self) -> f64 { self.0 as f64 / 1e6 }
    /// This time and `duration` more, saturating.
    #[must_use]
    pub fn after(self, duration: std::time::Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)))
    }
    /// How long until `self` from `now`; zero if past.
    pub fn since(self, now: Self) -> std::time::Duration {
        std::time::Duration::from_micros(u64::try_from(self.0.saturating_sub(now.0)).unwrap_or(0))
    }
}
