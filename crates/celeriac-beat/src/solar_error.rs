use crate::SolarEvent;

/// Why there is no such solar schedule.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SolarError {
    /// No event has this name.
    #[error("no solar event is named `{0}`: use {names}", names = names())]
    Event(String),
    /// The latitude, in degrees, is no place on the earth.
    #[error("latitude `{0}` is not from -90 to 90")]
    Latitude(f64),
    /// The longitude, in degrees, is no place on the earth.
    #[error("longitude `{0}` is not from -180 to 180")]
    Longitude(f64),
}

fn names() -> String {
    SolarEvent::ALL.map(|event| format!("`{event}`")).join(", ")
}
