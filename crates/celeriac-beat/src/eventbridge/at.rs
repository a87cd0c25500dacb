use std::time::Duration;

use jiff::{
    SignedDuration, Timestamp,
    civil::DateTime,
    tz::{AmbiguousOffset, TimeZone},
};

use super::{Expression, RenderError, RenderOptions, Rendered, Rendering, limits};

/// The expression that fires once at `time`: in `zone`, or in UTC where the wall time there exists
/// twice or the zone has no name.
///
/// A fraction of a second is left out. A time in the past is rendered too: AWS does not say what it
/// does with one.
///
/// ```
/// use celeriac_beat::{eventbridge, zone};
///
/// let time = "2026-12-24T17:00:00Z".parse()?;
/// let rendering = eventbridge::at(time, &zone("Europe/Berlin")?, &Default::default())?;
/// assert_eq!(rendering.parts[0].expression.to_string(), "at(2026-12-24T18:00:00)");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn at(
    time: Timestamp,
    zone: &TimeZone,
    options: &RenderOptions,
) -> Result<Rendering, RenderError> {
    let lead = options.lead()?;
    let fires = earlier(time, lead).ok_or(RenderError::YearOutOfRange { time })?;
    let wall = whole_second(zone.to_datetime(fires));
    let offset = zone.to_ambiguous_timestamp(wall).offset();
    let utc = zone.iana_name().is_none() || !matches!(offset, AmbiguousOffset::Unambiguous { .. });
    let wall = if utc {
        whole_second(TimeZone::UTC.to_datetime(fires))
    } else {
        wall
    };
    if !limits::YEARS.contains(&wall.year()) {
        return Err(RenderError::YearOutOfRange { time });
    }
    Ok(Rendering::new(vec![Rendered {
        utc,
        ..Rendered::new(Expression::At(wall), lead)
    }]))
}

fn earlier(time: Timestamp, lead: Duration) -> Option<Timestamp> {
    time.checked_sub(SignedDuration::try_from(lead).ok()?).ok()
}

fn whole_second(wall: DateTime) -> DateTime {
    wall.date().at(wall.hour(), wall.minute(), wall.second(), 0)
}
