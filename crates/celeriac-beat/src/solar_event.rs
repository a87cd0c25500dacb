use std::fmt;
use std::str::FromStr;

use crate::SolarError;

/// What the sun does at a place, by Celery's names: `SolarEvent::DawnCivil` is `dawn_civil`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SolarEvent {
    /// The sun's centre comes up to 18 degrees below the horizon: the sky is no longer completely
    /// dark.
    DawnAstronomical,
    /// The sun's centre comes up to 12 degrees below the horizon.
    DawnNautical,
    /// The sun's centre comes up to 6 degrees below the horizon.
    DawnCivil,
    /// The sun's upper limb comes up to 34 arc minutes below the horizon, where the air bends its
    /// light over it.
    Sunrise,
    /// The sun passes the meridian, where it is highest; also below the horizon.
    SolarNoon,
    /// The sun's upper limb goes down to 34 arc minutes below the horizon.
    Sunset,
    /// The sun's centre goes down to 6 degrees below the horizon.
    DuskCivil,
    /// The sun's centre goes down to 12 degrees below the horizon.
    DuskNautical,
    /// The sun's centre goes down to 18 degrees below the horizon: the sky is completely dark.
    DuskAstronomical,
}

/// The way in which the sun passes a height.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Crossing {
    Upward,
    Downward,
}

impl SolarEvent {
    /// All nine, in the order of a day.
    pub const ALL: [Self; 9] = [
        Self::DawnAstronomical,
        Self::DawnNautical,
        Self::DawnCivil,
        Self::Sunrise,
        Self::SolarNoon,
        Self::Sunset,
        Self::DuskCivil,
        Self::DuskNautical,
        Self::DuskAstronomical,
    ];

    /// Celery's name of it.
    pub fn name(self) -> &'static str {
        match self {
            Self::DawnAstronomical => "dawn_astronomical",
            Self::DawnNautical => "dawn_nautical",
            Self::DawnCivil => "dawn_civil",
            Self::Sunrise => "sunrise",
            Self::SolarNoon => "solar_noon",
            Self::Sunset => "sunset",
            Self::DuskCivil => "dusk_civil",
            Self::DuskNautical => "dusk_nautical",
            Self::DuskAstronomical => "dusk_astronomical",
        }
    }

    /// The way in which the sun passes [`horizon`](Self::horizon), for all but noon.
    pub(crate) fn crossing(self) -> Option<Crossing> {
        match self {
            Self::DawnAstronomical | Self::DawnNautical | Self::DawnCivil | Self::Sunrise => {
                Some(Crossing::Upward)
            }
            Self::SolarNoon => None,
            Self::Sunset | Self::DuskCivil | Self::DuskNautical | Self::DuskAstronomical => {
                Some(Crossing::Downward)
            }
        }
    }

    /// The height at which it occurs, in degrees.
    pub(crate) fn horizon(self) -> f64 {
        match self {
            Self::DawnAstronomical | Self::DuskAstronomical => -18.0,
            Self::DawnNautical | Self::DuskNautical => -12.0,
            Self::DawnCivil | Self::DuskCivil => -6.0,
            Self::Sunrise | Self::Sunset => -34.0 / 60.0,
            Self::SolarNoon => 0.0,
        }
    }

    /// Whether the sun's upper limb counts, and not its centre.
    pub(crate) fn is_of_upper_limb(self) -> bool {
        matches!(self, Self::Sunrise | Self::Sunset)
    }
}

impl fmt::Display for SolarEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for SolarEvent {
    type Err = SolarError;

    fn from_str(name: &str) -> Result<Self, SolarError> {
        Self::ALL
            .into_iter()
            .find(|event| event.name() == name)
            .ok_or_else(|| SolarError::Event(name.to_owned()))
    }
}
