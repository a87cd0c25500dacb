use std::f64::consts::{PI, TAU};

use jiff::Timestamp;

use crate::sun::Sun;
use crate::{SolarError, SolarEvent, solar_event::Crossing};

const DAY: f64 = 86_400.0;
/// Celery's `max_search_days`: from any day this reaches the one sunrise of a year at a pole.
const MAX_SEARCH_DAYS: i64 = 366;

/// A schedule by the sun at a place, in UTC and whole seconds: due once in each solar day (from one
/// midnight of the sun to the next) in which its event occurs.
///
/// The times are Celery's within 15 s where the sun goes a degree or more past the event's height,
/// as on every day at most places. Around the ends of a polar day or night it only grazes that
/// height and passes it flatly: there they may differ by a minute or two, and under 0.01 degrees
/// past it by the day on which the event first occurs. At a pole the sun rises and sets once a
/// year; Celery finds no event there but noon.
///
/// ```
/// use celeriac_beat::{Solar, SolarEvent};
///
/// let sunrise = Solar::new(SolarEvent::Sunrise, 52.52, 13.405)?;
/// let next = sunrise.next_after("2027-03-20T12:00:00Z".parse()?);
/// assert_eq!(next, Some("2027-03-21T05:07:29Z".parse()?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Solar {
    event: SolarEvent,
    latitude: f64,
    longitude: f64,
}

impl Solar {
    /// The schedule of `event` at a place in degrees: north and east are positive.
    ///
    /// # Errors
    /// For a latitude outside of -90 to 90, or a longitude outside of -180 to 180.
    pub fn new(event: SolarEvent, latitude: f64, longitude: f64) -> Result<Self, SolarError> {
        if !(-90.0..=90.0).contains(&latitude) {
            return Err(SolarError::Latitude(latitude));
        }
        if !(-180.0..=180.0).contains(&longitude) {
            return Err(SolarError::Longitude(longitude));
        }
        Ok(Self {
            event,
            latitude,
            longitude,
        })
    }

    /// What it waits for.
    pub fn event(&self) -> SolarEvent {
        self.event
    }

    /// Degrees north.
    pub fn latitude(&self) -> f64 {
        self.latitude
    }

    /// Degrees east.
    pub fn longitude(&self) -> f64 {
        self.longitude
    }

    /// The first time later than `after`, or `None` if 366 days have none.
    pub fn next_after(&self, after: Timestamp) -> Option<Timestamp> {
        let today = self.day_of(after);
        (today - 1..=today + MAX_SEARCH_DAYS)
            .filter_map(|day| self.on(day))
            .find(|time| *time > after)
    }

    /// The last time that is `time` or earlier, or `None` if 366 days have none.
    pub fn last_at_or_before(&self, time: Timestamp) -> Option<Timestamp> {
        let today = self.day_of(time);
        (today - MAX_SEARCH_DAYS..=today + 1)
            .rev()
            .filter_map(|day| self.on(day))
            .find(|occurred| *occurred <= time)
    }

    /// The number of the day by the mean sun, which is at most 17 minutes from the true one.
    fn day_of(&self, time: Timestamp) -> i64 {
        ((time.as_second() as f64 - self.mean_midnight(0)) / DAY).floor() as i64
    }

    fn mean_midnight(&self, day: i64) -> f64 {
        (day as f64 - self.longitude / 360.0) * DAY
    }

    /// The time of the event in a solar day. It depends on the day alone, so one event never has
    /// two times.
    fn on(&self, day: i64) -> Option<Timestamp> {
        let noon = self.passage(self.mean_midnight(day) + DAY / 2.0, 0.0);
        let time = match self.event.crossing() {
            None => noon,
            Some(crossing) => {
                let midnight = self.passage(self.mean_midnight(day), PI);
                let next_midnight = self.passage(self.mean_midnight(day + 1), PI);
                self.crossing(crossing, midnight, noon)
                    .or_else(|| self.crossing(crossing, noon, next_midnight))?
            }
        };
        Timestamp::from_second(time.round() as i64).ok()
    }

    /// When the sun is at `hour_angle`, from a time less than half a day off.
    fn passage(&self, near: f64, hour_angle: f64) -> f64 {
        // The hour angle grows almost evenly, so each step leaves a thousandth of the distance at
        // most.
        (0..3).fold(near, |time, _| {
            let is = Sun::at(time).hour_angle(self.longitude.to_radians());
            let ahead = (hour_angle - is + PI).rem_euclid(TAU) - PI;
            time + ahead / TAU * DAY
        })
    }

    /// When the sun passes the event's height between its lowest and its highest, or the other way
    /// round.
    fn crossing(&self, crossing: Crossing, from: f64, to: f64) -> Option<f64> {
        let is_before = |time: f64| match crossing {
            Crossing::Upward => self.height(time) < 0.0,
            Crossing::Downward => self.height(time) >= 0.0,
        };
        if !is_before(from) || is_before(to) {
            return None;
        }
        let (mut before, mut after) = (from, to);
        while after - before > 0.1 {
            let middle = f64::midpoint(before, after);
            if is_before(middle) {
                before = middle;
            } else {
                after = middle;
            }
        }
        Some(after)
    }

    /// How far the sun is above the event's height.
    fn height(&self, time: f64) -> f64 {
        let sun = Sun::at(time);
        let altitude = sun.altitude(self.latitude.to_radians(), self.longitude.to_radians());
        let limb = if self.event.is_of_upper_limb() {
            sun.radius()
        } else {
            0.0
        };
        altitude + limb - self.event.horizon().to_radians()
    }
}
