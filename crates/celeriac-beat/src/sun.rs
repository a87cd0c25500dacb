//! Where the sun stands: Jean Meeus, *Astronomical Algorithms* (2nd edition), chapters 12 (sidereal
//! time), 13 (altitude) and 25 (the sun, lower accuracy: 0.01 degrees, which is 2.4 s of the
//! earth's turning). Angles are radians, times are seconds since 1970 in UTC.

use std::f64::consts::{PI, TAU};

/// 2000-01-01 12:00, from which the formulas count.
const J2000: f64 = 946_728_000.0;
const DAY: f64 = 86_400.0;
/// Terrestrial time less UTC, of 2020: within 13 s of it from 1990 to 2040, in which the sun moves
/// half an arc second.
const DELTA_T: f64 = 69.0;
const PARALLAX_AT_1_AU: f64 = 8.794 / 3600.0;
const RADIUS_AT_1_AU: f64 = 959.63 / 3600.0;

/// The sun at one time, as it is seen from the earth.
pub(crate) struct Sun {
    declination: f64,
    /// West of Greenwich's meridian.
    hour_angle: f64,
    /// From the earth, in astronomical units.
    distance: f64,
}

impl Sun {
    pub(crate) fn at(time: f64) -> Self {
        let days = (time - J2000) / DAY;
        // Julian centuries, as Meeus writes them
        let t = (time - J2000 + DELTA_T) / (DAY * 36_525.0);
        let mean_longitude = 280.466_46 + (36_000.769_83 + 0.000_303_2 * t) * t;
        let mean_anomaly = (357.529_11 + (35_999.050_29 - 0.000_153_7 * t) * t).to_radians();
        let eccentricity = 0.016_708_634 - (0.000_042_037 + 0.000_000_126_7 * t) * t;
        let center = (1.914_602 - (0.004_817 + 0.000_014 * t) * t) * mean_anomaly.sin()
            + (0.019_993 - 0.000_101 * t) * (2.0 * mean_anomaly).sin()
            + 0.000_289 * (3.0 * mean_anomaly).sin();
        let true_anomaly = mean_anomaly + center.to_radians();
        let node = (125.04 - 1934.136 * t).to_radians();
        let nutation = -0.004_78 * node.sin();
        let aberration = -0.005_69;
        let longitude = (mean_longitude + center + aberration + nutation).to_radians();
        let obliquity = (23.439_291 - 0.013_004_2 * t + 0.002_56 * node.cos()).to_radians();
        let right_ascension = (obliquity.cos() * longitude.sin()).atan2(longitude.cos());
        let sidereal = 280.460_618_37 + 360.985_647_366_29 * days + nutation * obliquity.cos();
        Self {
            declination: (obliquity.sin() * longitude.sin()).asin(),
            hour_angle: sidereal.to_radians() - right_ascension,
            distance: 1.000_001_018 * (1.0 - eccentricity.powi(2))
                / (1.0 + eccentricity * true_anomaly.cos()),
        }
    }

    /// How far the sun is past the meridian of `longitude`: from -PI to PI.
    pub(crate) fn hour_angle(&self, longitude: f64) -> f64 {
        (self.hour_angle + longitude + PI).rem_euclid(TAU) - PI
    }

    /// How high its centre stands over a flat horizon without air.
    pub(crate) fn altitude(&self, latitude: f64, longitude: f64) -> f64 {
        let hour_angle = self.hour_angle(longitude);
        let sine = latitude.sin() * self.declination.sin()
            + latitude.cos() * self.declination.cos() * hour_angle.cos();
        let geocentric = sine.clamp(-1.0, 1.0).asin();
        geocentric - (PARALLAX_AT_1_AU / self.distance).to_radians() * geocentric.cos()
    }

    /// Half its width in the sky.
    pub(crate) fn radius(&self) -> f64 {
        (RADIUS_AT_1_AU / self.distance).to_radians()
    }
}
