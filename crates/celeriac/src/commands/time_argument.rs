use std::time::Duration;

use celeriac_protocol::UtcTime;

/// Reads a duration: seconds (`5`, `0.5`) or with units (`5s`, `1h 30m`).
pub fn duration(text: &str) -> Result<Duration, String> {
    if let Ok(seconds) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).map_err(|_| "must not be negative".to_owned());
    }
    humantime::parse_duration(text)
        .map_err(|_| "not a duration such as `5`, `90s` or `1h 30m`".to_owned())
}

/// Reads a time in ISO form; without an offset it is UTC.
pub fn moment(text: &str) -> Result<UtcTime, String> {
    UtcTime::parse(text)
        .map_err(|_| "not a time such as `2027-01-02T03:04:05Z` (no offset: UTC)".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_seconds_or_have_units() {
        assert_eq!(duration("5"), Ok(Duration::from_secs(5)));
        assert_eq!(duration("0.5"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("1h 30m"), Ok(Duration::from_mins(90)));
        assert!(duration("-1").is_err());
        assert!(duration("soon").is_err());
        assert!(duration("inf").is_err());
    }
}
