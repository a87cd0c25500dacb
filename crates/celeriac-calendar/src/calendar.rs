use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::collision::Collision;
use crate::due::Due;
use crate::entry::CalendarEntry;
use crate::lane::{Lane, Rate};
use crate::week::Week;
use crate::width::cut;
use crate::{svg, text};

/// In lists of entries that meet, so much of a name is written: the legend has all of it.
const NAME_SHOWN: usize = 40;
/// And so many names: of more entries the keys alone.
const MOST_NAMES: usize = 3;

/// What runs when in seven days of a time zone, for a person to look at: a column for each day, a
/// row for each hour.
///
/// - Two or more enabled entries that are due in the same minute are a collision: marked `!` in the
///   cell, and listed.
/// - An entry that is due 24 times a day or 4 times an hour is a band above the hours. It would
///   hide the collisions of the others, so its own are marked `+`, and counted in a list of their
///   own. One that runs every minute meets everything: only that is said.
/// - A day on which the clock changes says so in its head. A skipped hour is marked in its row; an
///   hour that comes twice has a second row.
///
/// ```
/// use celeriac_calendar::{Calendar, CalendarEntry};
/// use jiff::{civil::date, tz::TimeZone};
///
/// let entry = CalendarEntry {
///     name: "nightly-report".to_owned(),
///     times: vec!["2027-03-22T02:30:00Z".parse()?],
///     enabled: true,
/// };
/// let calendar = Calendar::week(vec![entry], date(2027, 3, 22), &TimeZone::UTC, "UTC");
/// let text = calendar.to_text(80, false);
/// assert!(text.contains("02:00 │:30 A"));
/// assert!(text.contains("nightly-report"));
/// # Ok::<(), jiff::Error>(())
/// ```
#[derive(Debug)]
pub struct Calendar {
    pub(crate) week: Week,
    pub(crate) lanes: Vec<Lane>,
    pub(crate) dues: Vec<Due>,
    pub(crate) collisions: Vec<Collision>,
    pub(crate) now: Option<Timestamp>,
}

impl Calendar {
    /// The calendar of `entries` from `first_day` on, in `zone`, which `zone_name` names to the
    /// reader.
    pub fn week(
        entries: Vec<CalendarEntry>,
        first_day: Date,
        zone: &TimeZone,
        zone_name: &str,
    ) -> Self {
        let week = Week::new(first_day, zone, zone_name);
        let lanes: Vec<Lane> = entries
            .into_iter()
            .enumerate()
            .map(|(number, entry)| Lane::new(number, entry, &week))
            .collect();
        let dues = Due::of(&lanes, &week);
        Self {
            collisions: Collision::of(&dues),
            now: None,
            week,
            lanes,
            dues,
        }
    }

    /// Has the legend give each entry's first time from `now` on, instead of its first in the week.
    #[must_use]
    pub fn with_now(mut self, now: Timestamp) -> Self {
        self.now = Some(now);
        self
    }

    /// The calendar for a terminal of `width` columns; under 64 it is as for 64. With `colour`,
    /// ANSI codes set off collisions and disabled entries, which are marked without them too.
    pub fn to_text(&self, width: usize, colour: bool) -> String {
        text::Text::new(self, width, colour).to_string()
    }

    /// The calendar as one SVG document: no scripts, no fonts or styles from elsewhere, light or
    /// dark as the viewer prefers. Pointing at a mark shows the names and the time.
    pub fn to_svg(&self) -> String {
        svg::Svg::new(self).to_string()
    }

    /// The marks of one cell: minutes in which an entry is due that is no band.
    pub(crate) fn cell(&self, day: usize, hour: usize) -> impl Iterator<Item = &Due> {
        let start = |cell| {
            self.dues
                .partition_point(|due| (due.place.day, due.place.hour) < cell)
        };
        let dues = &self.dues[start((day, hour))..start((day, hour + 1))];
        dues.iter().filter(|due| !due.lanes.is_empty())
    }

    pub(crate) fn bands(&self) -> impl Iterator<Item = (usize, &Lane)> {
        let lanes = self.lanes.iter().enumerate();
        lanes.filter(|(_, lane)| lane.is_band())
    }

    /// `A nightly-report` of each, joined; of many the keys alone.
    pub(crate) fn names(&self, lanes: &[usize], joint: &str) -> String {
        let named = lanes.iter().map(|lane| {
            let Lane { key, name, .. } = &self.lanes[*lane];
            if lanes.len() > MOST_NAMES {
                key.clone()
            } else {
                format!("{key} {}", cut(name, NAME_SHOWN))
            }
        });
        named.collect::<Vec<_>>().join(joint)
    }

    /// How often each frequent entry is due in the same minute as another:
    /// `E sync-stock: 85 times`.
    pub(crate) fn meetings(&self) -> impl Iterator<Item = String> {
        let meets = |band: usize| {
            let is_met = move |due: &&Due| {
                due.bands.contains(&band) && due.lanes.len() + due.bands.len() > 1
            };
            self.dues.iter().filter(is_met).count()
        };
        let counts = self.bands().map(move |(band, lane)| (lane, meets(band)));
        counts
            .filter(|(_, count)| *count > 0)
            .map(|(Lane { key, name, .. }, count)| match count {
                1 => format!("{key} {}: once", cut(name, NAME_SHOWN)),
                _ => format!("{key} {}: {count} times", cut(name, NAME_SHOWN)),
            })
    }

    /// What [`Lane::next`] gives.
    pub(crate) fn next_head(&self) -> &'static str {
        if self.now.is_some() { "next" } else { "first" }
    }

    /// What the collisions leave out.
    pub(crate) fn omission(&self) -> Option<String> {
        let every_minute = |lane: &&Lane| lane.enabled && lane.rate == Rate::EveryMinute;
        let keys: Vec<&str> = self
            .lanes
            .iter()
            .filter(every_minute)
            .map(|lane| lane.key.as_str())
            .collect();
        let list = keys.join(", ");
        match keys.len() {
            0 => None,
            1 => Some(format!(
                "{list} runs every minute and meets everything: not counted"
            )),
            _ => Some(format!(
                "{list} run every minute and meet everything: not counted"
            )),
        }
    }

    /// `3 entries, 21 runs, 2 collisions`.
    pub(crate) fn summary(&self) -> String {
        let runs = self
            .lanes
            .iter()
            .filter(|lane| lane.enabled)
            .map(|lane| lane.times.len())
            .sum();
        let collisions = self.dues.iter().filter(|due| due.is_collision()).count();
        let entries = match self.lanes.len() {
            1 => "1 entry".to_owned(),
            count => format!("{count} entries"),
        };
        let counted = |count: usize, noun: &str| {
            let plural = if count == 1 { "" } else { "s" };
            format!("{count} {noun}{plural}")
        };
        format!(
            "{entries}, {}, {}",
            counted(runs, "run"),
            counted(collisions, "collision")
        )
    }
}
