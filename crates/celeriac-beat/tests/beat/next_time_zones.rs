//! The due times around every change of the clocks of every zone from 1990 to 2040, against a brute
//! force that walks the minutes and knows nothing of offsets' segments.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
    time::Duration,
};

use celeriac_beat::{Crontab, ValueSet};
use jiff::{
    SignedDuration, Timestamp,
    civil::{Date, DateTime},
    tz::{TimeZone, TimeZoneDatabase},
};
use proptest::{prelude::*, sample::select};

/// Minutes from 1970 on, in UTC or by the wall clock.
type Minute = i64;

const HOUR: Minute = 60;
/// As far from a change as it is looked at: beyond Samoa's skipped day.
const AROUND: Minute = 26 * HOUR;

/// One change of a zone's clocks. Zones that make the same one count once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Change {
    at: Minute,
    before: i32,
    after: i32,
}

fn minute(at: Timestamp) -> Minute {
    assert_eq!(at.as_second() % 60, 0, "{at} is no whole minute");
    at.as_second() / 60
}

fn timestamp(at: Minute) -> Timestamp {
    Timestamp::from_second(at * 60).expect("a time of these years")
}

fn offset(at: Minute, zone: &TimeZone) -> Minute {
    Minute::from(zone.to_offset(timestamp(at)).seconds() / 60)
}

/// Each change of the clocks from 1990 to 2040, with one zone that makes it.
fn changes() -> BTreeMap<Change, TimeZone> {
    let zones = TimeZoneDatabase::bundled();
    let from: Timestamp = "1990-01-01T00:00Z".parse().expect("a time");
    let until: Timestamp = "2041-01-01T00:00Z".parse().expect("a time");
    let mut changes = BTreeMap::new();
    for name in zones.available() {
        let zone = zones.get(name.as_str()).expect("an available zone");
        let transitions = zone
            .following(from)
            .take_while(|change| change.timestamp() < until);
        let mut before = zone.to_offset(from).seconds();
        for transition in transitions {
            let after = transition.offset().seconds();
            let at = minute(transition.timestamp());
            let just_before = zone.to_offset(timestamp(at - 1)).seconds();
            assert_eq!(
                just_before, before,
                "a change before {at} in {name} is not listed"
            );
            changes.insert(Change { at, before, after }, zone.clone());
            before = after;
        }
    }
    changes.retain(|change, _| change.before != change.after);
    changes
}

/// What a wall clock did in one minute of real time.
#[derive(Clone, Debug)]
struct Shown {
    at: Minute,
    wall: Minute,
    /// It had shown this before.
    again: bool,
    /// What it left out just before this, and had not shown before.
    skipped: Vec<Minute>,
}

/// A watch on the wall clock, minute by minute.
fn watch(zone: &TimeZone, from: Minute, until: Minute) -> Vec<Shown> {
    let base = from - 2 * AROUND;
    let mut seen = vec![false; usize::try_from(until - from + 4 * AROUND).expect("a stretch")];
    let mut see = |wall: Minute| {
        let place = &mut seen[usize::try_from(wall - base).expect("within reach")];
        std::mem::replace(place, true)
    };
    let mut previous = None;
    offsets(zone, from, until)
        .map(|(at, offset)| {
            let wall = at + offset;
            let skipped = previous.map_or(wall, |previous| previous + 1)..wall;
            previous = Some(wall);
            let skipped = skipped.filter(|wall| !see(*wall)).collect();
            Shown {
                at,
                wall,
                again: see(wall),
                skipped,
            }
        })
        .collect()
}

/// The offset of each minute. It is looked up each quarter, and each minute only where it changes
/// between: no zone changes its clocks twice in a quarter.
fn offsets(zone: &TimeZone, from: Minute, until: Minute) -> impl Iterator<Item = (Minute, Minute)> {
    (from..until).step_by(15).flat_map(move |quarter| {
        let (first, next) = (offset(quarter, zone), offset(quarter + 15, zone));
        (quarter..quarter + 15).map(move |at| {
            (
                at,
                if first == next {
                    first
                } else {
                    offset(at, zone)
                },
            )
        })
    })
}

/// A crontab's meaning, read off its sets alone.
struct Naive {
    minutes: [bool; 60],
    hours: [bool; 24],
    sub_hour: bool,
    crontab: Crontab,
    days: BTreeMap<i64, bool>,
}

fn listed<const N: usize>(set: ValueSet) -> [bool; N] {
    std::array::from_fn(|value| u8::try_from(value).is_ok_and(|value| set.contains(value)))
}

impl Naive {
    fn new(crontab: &Crontab) -> Self {
        let (minutes, hours) = (
            listed::<60>(crontab.minutes()),
            listed::<24>(crontab.hours()),
        );
        let sub_hour =
            hours.iter().all(|hour| *hour) || minutes.iter().filter(|minute| **minute).count() > 1;
        Self {
            minutes,
            hours,
            sub_hour,
            crontab: crontab.clone(),
            days: BTreeMap::new(),
        }
    }

    fn lists(&mut self, wall: Minute) -> bool {
        let (day, time) = (wall.div_euclid(24 * HOUR), wall.rem_euclid(24 * HOUR));
        self.minutes[(time % HOUR) as usize]
            && self.hours[(time / HOUR) as usize]
            && self.lists_day(day)
    }

    fn lists_day(&mut self, day: i64) -> bool {
        let crontab = &self.crontab;
        *self.days.entry(day).or_insert_with(|| {
            let date = DateTime::from(Date::constant(1970, 1, 1))
                .checked_add(Duration::from_hours(24 * day.unsigned_abs()))
                .expect("a day of these years")
                .date();
            // 1 January 1970 was a Thursday
            let weekday = (day + 4).rem_euclid(7) as u8;
            crontab.days_of_month().contains(date.day() as u8)
                && crontab.months().contains(date.month() as u8)
                && crontab.days_of_week().contains(weekday)
        })
    }

    /// The rule as it is stated, minute by minute.
    fn runs(&mut self, shown: &Shown) -> bool {
        let in_time = self.lists(shown.wall) && (self.sub_hour || !shown.again);
        in_time || shown.skipped.iter().any(|wall| self.lists(*wall))
    }
}

/// Our due times and the brute force's, from `from` on and before `until`.
fn compare(crontab: &Crontab, zone: &TimeZone, watched: &[Shown], from: Minute, until: Minute) {
    let mut naive = Naive::new(crontab);
    let watched = watched
        .iter()
        .filter(|shown| (from..until).contains(&shown.at));
    let expected: Vec<_> = watched
        .filter(|shown| naive.runs(shown))
        .map(|shown| timestamp(shown.at))
        .collect();

    let start = timestamp(from) - Duration::from_nanos(1);
    let next = |after: &Timestamp| {
        crontab
            .next_after(*after, zone)
            .filter(|next| *next < timestamp(until))
    };
    // a storm would never end
    let limit = expected.len() + 3;
    let ours: Vec<_> = std::iter::successors(next(&start), next)
        .take(limit)
        .collect();
    let name = zone.iana_name();
    assert_eq!(
        ours,
        expected,
        "`{crontab}` in {name:?}, {start} to {}",
        timestamp(until)
    );

    let last = |at: Timestamp| {
        crontab
            .last_at_or_before(at, zone)
            .filter(|last| *last > start)
    };
    let before = |due: &Timestamp| last(*due - Duration::from_nanos(1));
    let end = timestamp(until) - Duration::from_nanos(1);
    let mut ours: Vec<_> = std::iter::successors(last(end), before)
        .take(limit)
        .collect();
    ours.reverse();
    assert_eq!(
        ours, expected,
        "backwards: `{crontab}` in {name:?}, {start} to {end}"
    );
}

/// Once in a repeated hour.
const DAILY: [&str; 10] = [
    "30 2 * * *",
    "0 0 * * *",
    "0 3 * * *",
    "30 1 * * *",
    "59 23 * * *",
    "15 0,1,2,3 * * *",
    "0 */6 * * *",
    "30 0-4 * * sat-mon",
    "45 1-3,22-23 1-7,25-31 * *",
    "0 2 30 12 *",
];
/// Each time in a repeated hour; with more runs, so they are looked at nearer to the change.
const SUB_HOUR: [&str; 6] = [
    "0 * * * *",
    "30 * * * sun",
    "20,50 2 * * *",
    "*/30 * * * *",
    "0,59 0-3 * mar,apr,sep-nov *",
    "5,35 */2 * * *",
];

/// Every `parts`th change from `part` on, with a turn of the crontabs.
fn check_changes(part: usize, parts: usize) {
    let changes = all_changes();
    assert!(changes.len() > 4000, "{} changes", changes.len());
    for (index, (change, zone)) in changes.iter().enumerate().skip(part).step_by(parts) {
        let (from, until) = (change.at - AROUND, change.at + AROUND);
        let watched = watch(zone, from - AROUND, until);
        for turn in 0..3 {
            let daily = DAILY[(index / parts + turn * 3) % DAILY.len()];
            compare(
                &Crontab::new(daily).expect("a crontab"),
                zone,
                &watched,
                from,
                until,
            );
        }
        let near = (change.at - 4 * HOUR, change.at + 4 * HOUR);
        let sub_hour = SUB_HOUR[index / parts % SUB_HOUR.len()];
        compare(
            &Crontab::new(sub_hour).expect("a crontab"),
            zone,
            &watched,
            near.0,
            near.1,
        );
    }
}

/// In parts, so that they run side by side.
macro_rules! every_change {
    ($($name:ident: $part:literal),+) => {
        $(
            #[test]
            fn $name() {
                check_changes($part, 8);
            }
        )+
    };
}

every_change!(
    every_change_part_1: 0,
    every_change_part_2: 1,
    every_change_part_3: 2,
    every_change_part_4: 3,
    every_change_part_5: 4,
    every_change_part_6: 5,
    every_change_part_7: 6,
    every_change_part_8: 7
);

#[test]
fn the_changes_are_of_all_sorts() {
    let changes = changes();
    let steps: BTreeSet<_> = changes
        .keys()
        .map(|change| (change.after - change.before) / 60)
        .collect();
    for step in [60, -60, 30, -30, 24 * 60, 120, -120] {
        assert!(
            steps.contains(&step),
            "no change by {step} minutes in {steps:?}"
        );
    }
}

/// A field that lists a few values, or all.
fn some_of(low: u8, high: u8) -> impl Strategy<Value = String> {
    let few = prop::collection::vec(low..=high, 1..4);
    let few = few.prop_map(|values| {
        values
            .iter()
            .map(u8::to_string)
            .collect::<Vec<_>>()
            .join(",")
    });
    let range =
        (low..=high, low..=high, 1..8).prop_map(|(from, to, step)| format!("{from}-{to}/{step}"));
    prop_oneof![3 => few, 2 => Just("*".to_owned()), 1 => range]
}

fn crontabs() -> impl Strategy<Value = Crontab> {
    let days = prop_oneof![3 => Just("*".to_owned()), 1 => some_of(1, 31)];
    let months = prop_oneof![3 => Just("*".to_owned()), 1 => some_of(1, 12)];
    let weekdays = prop_oneof![3 => Just("*".to_owned()), 1 => some_of(0, 6)];
    let fields = (some_of(0, 59), some_of(0, 23), days, months, weekdays);
    fields.prop_filter_map(
        "days that no month has",
        |(minute, hour, day, month, weekday)| {
            Crontab::new(&format!("{minute} {hour} {day} {month} {weekday}")).ok()
        },
    )
}

fn all_changes() -> &'static [(Change, TimeZone)] {
    static CHANGES: LazyLock<Vec<(Change, TimeZone)>> =
        LazyLock::new(|| changes().into_iter().collect());
    &CHANGES
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_crontab_keeps_the_rule_at_any_change(
        crontab in crontabs(),
        (change, zone) in select(all_changes()),
    ) {
        let often = crontab.hours().len() * crontab.minutes().len() > 24;
        let around = if often { 2 * HOUR } else { AROUND };
        let (from, until) = (change.at - around, change.at + around);
        let watched = watch(&zone, from - AROUND, until);
        compare(&crontab, &zone, &watched, from, until);
    }

    #[test]
    fn from_any_instant_the_next_is_ahead_and_nothing_lies_between(
        crontab in crontabs(),
        (change, zone) in select(all_changes()),
        near in prop::bool::ANY,
        milliseconds in -12_000_000_i64..12_000_000,
        share in 0.0..1.0,
    ) {
        // some hours from a change, or some months
        let away = if near { milliseconds } else { milliseconds * 1000 };
        let after = timestamp(change.at) + SignedDuration::from_millis(away);
        let next = crontab.next_after(after, &zone).expect("a crontab goes on");
        prop_assert!(next > after);
        prop_assert_eq!(next.as_nanosecond() % 60_000_000_000, 0);
        let again = crontab.next_after(next, &zone).expect("a crontab goes on");
        prop_assert!(again.duration_since(next) >= SignedDuration::from_mins(1), "two in one minute");

        let last = crontab.last_at_or_before(after, &zone).expect("a crontab has been");
        prop_assert!(last <= after);
        prop_assert_eq!(crontab.next_after(last, &zone), Some(next));
        prop_assert_eq!(crontab.last_at_or_before(next, &zone), Some(next));
        let between = next.duration_since(last).as_nanos() as f64 * share;
        let between = last + SignedDuration::from_nanos(between as i64).max(SignedDuration::ZERO);
        prop_assume!(between < next);
        prop_assert_eq!(crontab.next_after(between, &zone), Some(next));
        prop_assert_eq!(crontab.last_at_or_before(between, &zone), Some(last));
    }
}
