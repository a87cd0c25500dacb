use std::collections::BTreeMap;

use super::due::Due;
use super::week::{Place, Week};

/// So many times of the clock are written out for one collision.
const CLOCKS_SHOWN: usize = 4;

/// Entries that are due in the same minute, and all the minutes in which just these are.
#[derive(Debug)]
pub(super) struct Collision {
    pub(super) lanes: Vec<usize>,
    pub(super) places: Vec<Place>,
}

impl Collision {
    /// In the order of their first times.
    pub(super) fn of(dues: &[Due]) -> Vec<Self> {
        let mut places: BTreeMap<&[usize], Vec<Place>> = BTreeMap::new();
        for due in dues.iter().filter(|due| due.is_collision()) {
            places.entry(&due.lanes).or_default().push(due.place);
        }
        let mut collisions: Vec<Self> = places
            .into_iter()
            .map(|(lanes, places)| Self {
                lanes: lanes.to_vec(),
                places,
            })
            .collect();
        collisions.sort_by_key(|collision| collision.places.first().copied());
        collisions
    }

    /// `03:00 every day`, `03:00 Mon–Fri, 04:00 Sat`.
    pub(super) fn times(&self, week: &Week) -> String {
        let mut clocks: BTreeMap<(usize, i8), Vec<Place>> = BTreeMap::new();
        for place in &self.places {
            let clock = (place.hour, place.minute);
            clocks.entry(clock).or_default().push(*place);
        }
        let shown = clocks.values().take(CLOCKS_SHOWN).map(|places| {
            let days: Vec<usize> = places.iter().map(|place| place.day).collect();
            format!("{} {}", week.clock(places[0]), days_in_words(&days, week))
        });
        let mut shown: Vec<String> = shown.collect();
        let hidden: usize = clocks.values().skip(CLOCKS_SHOWN).map(Vec::len).sum();
        if hidden > 0 {
            shown.push(format!("{hidden} more"));
        }
        shown.join(", ")
    }
}

/// `every day`, `Mon–Fri`, `Mon Wed`.
fn days_in_words(days: &[usize], week: &Week) -> String {
    if days.len() == week.days.len() {
        return "every day".to_owned();
    }
    let runs = days.chunk_by(|day, next| day + 1 == *next);
    let words = runs.map(|run| {
        let names: Vec<String> = run.iter().map(|day| week.days[*day].weekday()).collect();
        match names.as_slice() {
            [first, .., last] if names.len() > 2 => format!("{first}–{last}"),
            few => few.join(" "),
        }
    });
    words.collect::<Vec<_>>().join(" ")
}
