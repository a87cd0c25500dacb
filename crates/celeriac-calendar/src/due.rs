use std::collections::BTreeMap;

use super::lane::{Lane, Rate};
use super::week::{Place, Week};

/// The entries that are due in one minute, by their lanes.
#[derive(Debug)]
pub(super) struct Due {
    pub(super) place: Place,
    /// Those that are a mark each, and so one mark together.
    pub(super) lanes: Vec<usize>,
    /// Those that are bands.
    pub(super) bands: Vec<usize>,
    pub(super) enabled: bool,
}

impl Due {
    fn new(place: Place, enabled: bool) -> Self {
        Self {
            place,
            lanes: Vec::new(),
            bands: Vec::new(),
            enabled,
        }
    }

    /// Whether it is more than an entry meeting frequent ones.
    pub(super) fn is_collision(&self) -> bool {
        self.lanes.len() > 1
    }

    /// Every minute in which an entry is due, in the order of the week; a disabled entry's apart
    /// from the others.
    pub(super) fn of(lanes: &[Lane], week: &Week) -> Vec<Self> {
        let mut minutes: BTreeMap<(Place, Option<usize>), Self> = BTreeMap::new();
        for (number, lane) in lanes.iter().enumerate() {
            let is_unmet_band = lane.is_band() && !lane.enabled;
            if is_unmet_band || lane.rate == Rate::EveryMinute {
                continue;
            }
            let apart = (!lane.enabled).then_some(number);
            for place in lane.times.iter().filter_map(|time| week.place(*time)) {
                let due = minutes
                    .entry((place, apart))
                    .or_insert_with(|| Self::new(place, lane.enabled));
                due.add(number, lane.is_band());
            }
        }
        minutes.into_values().collect()
    }

    /// An entry that is due twice in the minute is in it once.
    fn add(&mut self, lane: usize, is_band: bool) {
        let lanes = if is_band {
            &mut self.bands
        } else {
            &mut self.lanes
        };
        if lanes.last() != Some(&lane) {
            lanes.push(lane);
        }
    }
}
