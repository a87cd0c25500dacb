//! Solar schedules against Celery's own (`tests/fixtures/solar`), and against themselves.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use celeriac_beat::{Solar, SolarError, SolarEvent};
use jiff::{SignedDuration, Timestamp, ToSpan};
use proptest::prelude::*;
use serde_json::Value;

/// One cell of the fixture.
struct Case {
    place: String,
    schedule: Solar,
    after: Timestamp,
    /// Celery's next time, and by how many degrees the sun goes past the event's height on that
    /// day.
    celery: Option<(Timestamp, f64)>,
}

fn cases() -> Vec<Case> {
    let text = include_str!("../../../../tests/fixtures/solar/celery.json");
    let fixture: Value = serde_json::from_str(text).unwrap();
    let places = fixture["places"].as_array().unwrap();
    places.iter().flat_map(cases_of_place).collect()
}

fn cases_of_place(place: &Value) -> impl Iterator<Item = Case> {
    let degrees = |name: &str| place[name].as_f64().unwrap();
    let (latitude, longitude) = (degrees("latitude"), degrees("longitude"));
    let rows = place["rows"].as_array().unwrap();
    rows.iter().flat_map(move |row| {
        SolarEvent::ALL.map(|event| Case {
            place: place["place"].as_str().unwrap().to_owned(),
            schedule: Solar::new(event, latitude, longitude).unwrap(),
            after: time(row["after"].as_str().unwrap()),
            celery: row[event.name()]
                .as_array()
                .map(|cell| (time(cell[0].as_str().unwrap()), cell[1].as_f64().unwrap())),
        })
    })
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// How far ours may be from Celery's, in seconds. Where the sun hardly reaches the event's height
/// it passes it so flatly that both are uncertain.
fn tolerance(degrees_past: f64) -> i64 {
    match degrees_past {
        past if past < 0.05 => 120,
        past if past < 1.0 => 45,
        _ => 15,
    }
}

#[test]
fn next_times_are_those_of_celery() {
    let mut compared = 0;
    for case in cases() {
        let Some((celery, degrees_past)) = case.celery else {
            continue; // the next test
        };
        let ours = case.schedule.next_after(case.after).unwrap();
        let difference = (ours.as_second() - celery.as_second()).abs();
        assert!(
            difference <= tolerance(degrees_past),
            "{}, {} after {}: {ours}, Celery has {celery}",
            case.place,
            case.schedule.event(),
            case.after
        );
        compared += 1;
    }
    assert_eq!(compared, 1320);
}

#[test]
fn celery_finds_an_event_each_year_but_at_the_poles() {
    for case in cases() {
        let is_pole = case.schedule.latitude().abs() >= 90.0;
        let has_noon_alone = is_pole && case.schedule.event() != SolarEvent::SolarNoon;
        assert_eq!(case.celery.is_none(), has_noon_alone, "{}", case.place);
        assert!(case.schedule.next_after(case.after).is_some());
    }
}

#[test]
fn at_a_pole_the_sun_rises_and_sets_once_a_year() {
    let day_of = |event, after: &str| {
        let schedule = Solar::new(event, 90.0, 0.0).unwrap();
        schedule.next_after(time(after)).unwrap().to_string()[..10].to_owned()
    };
    let start = "2027-01-01T00:00:00Z";
    assert_eq!(day_of(SolarEvent::Sunrise, start), "2027-03-18");
    assert_eq!(
        day_of(SolarEvent::Sunrise, "2027-03-19T00:00:00Z"),
        "2028-03-17"
    );
    assert_eq!(day_of(SolarEvent::Sunset, start), "2027-09-25");
}

#[test]
fn noon_is_also_in_the_polar_night() {
    let noon = Solar::new(SolarEvent::SolarNoon, 82.5, 0.0).unwrap();
    let next = noon.next_after(time("2027-12-21T00:00:00Z")).unwrap();
    assert_eq!(next.to_string(), "2027-12-21T11:57:57Z");
}

#[test]
fn places_off_the_earth_are_refused() {
    let refusal = |latitude, longitude| {
        Solar::new(SolarEvent::Sunrise, latitude, longitude)
            .unwrap_err()
            .to_string()
    };
    assert_eq!(refusal(90.5, 0.0), "latitude `90.5` is not from -90 to 90");
    assert_eq!(
        refusal(0.0, -180.25),
        "longitude `-180.25` is not from -180 to 180"
    );
    assert_eq!(
        refusal(f64::NAN, 0.0),
        "latitude `NaN` is not from -90 to 90"
    );
    assert!(Solar::new(SolarEvent::Sunrise, 0.0, f64::INFINITY).is_err());
}

#[test]
fn events_have_the_names_of_celery() {
    for event in SolarEvent::ALL {
        assert_eq!(event.to_string().parse(), Ok(event));
    }
    let unknown = "moonrise".parse::<SolarEvent>().unwrap_err();
    assert_eq!(unknown, SolarError::Event("moonrise".to_owned()));
    insta::assert_snapshot!(unknown, @"no solar event is named `moonrise`: use `dawn_astronomical`, `dawn_nautical`, `dawn_civil`, `sunrise`, `solar_noon`, `sunset`, `dusk_civil`, `dusk_nautical`, `dusk_astronomical`");
}

#[test]
fn the_ends_of_time_have_no_events() {
    let sunset = Solar::new(SolarEvent::Sunset, 52.52, 13.405).unwrap();
    assert_eq!(sunset.next_after(Timestamp::MAX), None);
    assert_eq!(sunset.last_at_or_before(Timestamp::MIN), None);
}

proptest! {
    #[test]
    fn every_event_has_one_time_and_neighbours_find_it(
        event in proptest::sample::select(SolarEvent::ALL.to_vec()),
        latitude in -90.0..=90.0,
        longitude in -180.0..=180.0,
        after in 631_152_000_i64..2_240_524_800,
    ) {
        let schedule = Solar::new(event, latitude, longitude).unwrap();
        let after = Timestamp::from_second(after).unwrap();
        let next = schedule.next_after(after).unwrap();
        let second = 1.second();

        prop_assert!(next > after);
        prop_assert_eq!(schedule.last_at_or_before(next), Some(next));
        prop_assert_eq!(schedule.next_after(next.checked_sub(second).unwrap()), Some(next));
        let following = schedule.next_after(next).unwrap();
        prop_assert!(following.duration_since(next) > SignedDuration::from_hours(11));
        prop_assert_eq!(schedule.last_at_or_before(following.checked_sub(second).unwrap()), Some(next));
        let previous = schedule.last_at_or_before(after).unwrap();
        prop_assert_eq!(schedule.next_after(previous), Some(next));
    }
}
