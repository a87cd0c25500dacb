//! Celery's own answers about intervals, and what ours adds: no drift.

use std::{error::Error, time::Duration};

use celeriac_beat::{Interval, IntervalError};
use jiff::{
    Timestamp,
    tz::{TimeZone, TimeZoneDatabase},
};
use proptest::prelude::*;
use serde_json::Value;

const IS_DUE: &str = include_str!("../../../../tests/fixtures/wire/tables/interval_is_due.json");

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

fn timestamp(value: &Value) -> Outcome<Timestamp> {
    Ok(value.as_str().ok_or("a time is a text")?.parse()?)
}

fn interval(row: &Value) -> Outcome<Interval> {
    let seconds = row["run_every_s"].as_f64().ok_or("a row has a period")?;
    let interval = Interval::every(Duration::from_secs_f64(seconds))?;
    let relative = row["relative"]
        .as_bool()
        .ok_or("a row tells whether relative")?;
    Ok(if relative {
        interval.relative()
    } else {
        interval
    })
}

#[test]
fn due_times_are_celerys() -> Outcome {
    let table: Value = serde_json::from_str(IS_DUE)?;
    let rows = table["rows"].as_array().ok_or("a table has rows")?;
    assert_eq!(rows.len(), 9);
    for row in rows {
        let (last_run, now) = (timestamp(&row["last_run_at"])?, timestamp(&row["now"])?);
        let due = interval(row)?.is_due(last_run, now, &TimeZone::UTC);
        assert_eq!(Some(due.is_due), row["is_due"].as_bool(), "{row}");
        let next_check = due.next_check.as_secs_f64();
        assert_eq!(
            Some(next_check),
            row["next_check_seconds"].as_f64(),
            "{row}"
        );
    }
    Ok(())
}

/// The first due times after `anchor` by the wall clock; both directions of the search must agree
/// on them.
fn due_times(interval: Interval, anchor: &str, zone: &str, count: usize) -> Outcome<Vec<String>> {
    let zone = TimeZoneDatabase::bundled().get(zone)?;
    let anchor: Timestamp = anchor.parse()?;
    let mut last = anchor;
    let mut times = Vec::new();
    for _ in 0..count {
        let next = interval
            .next_after(last, anchor, &zone)
            .ok_or("an interval goes on")?;
        let just_before = next - Duration::from_nanos(1);
        let before = interval.last_at_or_before(just_before, anchor, &zone);
        assert_eq!(before, Some(last).filter(|last| *last != anchor));
        assert_eq!(interval.last_at_or_before(next, anchor, &zone), Some(next));
        assert_eq!(interval.next_after(just_before, anchor, &zone), Some(next));
        times.push(zone.to_datetime(next).to_string());
        last = next;
    }
    Ok(times)
}

#[test]
fn steps_are_counted_from_the_anchor_without_drift() -> Outcome {
    let interval = Interval::every(Duration::from_millis(1500))?;
    let times = due_times(interval, "2027-01-01T00:00:00.25Z", "UTC", 3)?;
    assert_eq!(
        times,
        [
            "2027-01-01T00:00:01.75",
            "2027-01-01T00:00:03.25",
            "2027-01-01T00:00:04.75"
        ]
    );
    let times = due_times(interval.relative(), "2027-01-01T00:00:00.25Z", "UTC", 3)?;
    assert_eq!(
        times,
        [
            "2027-01-01T00:00:01",
            "2027-01-01T00:00:03",
            "2027-01-01T00:00:04"
        ]
    );
    Ok(())
}

#[test]
fn relative_steps_below_a_second_are_seconds() -> Outcome {
    for period in [Duration::from_nanos(1), Duration::from_millis(999)] {
        let interval = Interval::every(period)?.relative();
        let times = due_times(interval, "2027-01-01T00:00:00.25Z", "UTC", 2)?;
        assert_eq!(times, ["2027-01-01T00:00:01", "2027-01-01T00:00:02"]);
    }
    Ok(())
}

#[test]
fn a_year_of_missed_runs_is_one() -> Outcome {
    let interval = Interval::every(Duration::from_secs(7))?;
    let anchor: Timestamp = "2026-01-01T00:00:00Z".parse()?;
    let now: Timestamp = "2027-01-01T00:00:00Z".parse()?;
    // 31,536,000 s are 4,505,142 periods of 7 s, and 6 s
    let next = interval.next_after(now, anchor, &TimeZone::UTC);
    assert_eq!(next, Some(now + Duration::from_secs(1)));
    let last = interval.last_at_or_before(now, anchor, &TimeZone::UTC);
    assert_eq!(last, Some(now - Duration::from_secs(6)));
    let first = interval.next_after(anchor - Duration::from_hours(9), anchor, &TimeZone::UTC);
    assert_eq!(
        first,
        Some(anchor + Duration::from_secs(7)),
        "nothing is due before the anchor"
    );
    Ok(())
}

#[test]
fn relative_days_begin_at_midnight_by_the_wall_clock() -> Outcome {
    let daily = Interval::every(Duration::from_hours(24))?.relative();
    let times = due_times(daily, "2027-10-29T15:00:00Z", "Europe/Berlin", 4)?;
    let expected = [
        "2027-10-30T00:00:00",
        "2027-10-31T00:00:00", // a day of 25 hours begins
        "2027-11-01T00:00:00",
        "2027-11-02T00:00:00",
    ];
    assert_eq!(times, expected);
    // the clocks of Beirut go from 00:00 to 01:00
    let times = due_times(daily, "2027-03-26T15:00:00Z", "Asia/Beirut", 3)?;
    assert_eq!(
        times,
        [
            "2027-03-27T00:00:00",
            "2027-03-28T01:00:00",
            "2027-03-29T00:00:00"
        ]
    );
    // the day that Samoa left out begins when the next one does
    let times = due_times(daily, "2011-12-29T15:00:00Z", "Pacific/Apia", 3)?;
    assert_eq!(
        times,
        [
            "2011-12-31T00:00:00",
            "2012-01-01T00:00:00",
            "2012-01-02T00:00:00"
        ]
    );
    Ok(())
}

#[test]
fn relative_hours_run_in_both_of_a_repeated_hour() -> Outcome {
    let hourly = Interval::every(Duration::from_hours(1))?.relative();
    let times = due_times(hourly, "2027-10-30T23:20:00Z", "Europe/Berlin", 3)?;
    assert_eq!(
        times,
        [
            "2027-10-31T02:00:00",
            "2027-10-31T02:00:00",
            "2027-10-31T03:00:00"
        ]
    );
    // Lord Howe's clocks go from 02:00 to 02:30
    let times = due_times(hourly, "2027-10-02T13:40:00Z", "Australia/Lord_Howe", 3)?;
    assert_eq!(
        times,
        [
            "2027-10-03T01:00:00",
            "2027-10-03T02:30:00",
            "2027-10-03T03:00:00"
        ]
    );
    Ok(())
}

#[test]
fn a_period_must_be_more_than_nothing_and_less_than_ever() {
    assert_eq!(Interval::every(Duration::ZERO), Err(IntervalError::Zero));
    let for_ever = Interval::every(Duration::MAX);
    assert_eq!(for_ever, Err(IntervalError::TooLong(u64::MAX)));
    assert!(Interval::every(Duration::from_millis(1)).is_ok());
}

#[test]
fn an_interval_shows_as_seconds() -> Outcome {
    let interval = Interval::every(Duration::from_millis(1500))?;
    assert_eq!(interval.to_string(), "every 1.5 s");
    let hourly = Interval::every(Duration::from_hours(1))?.relative();
    assert_eq!(hourly.to_string(), "every 3600 s, relative");
    Ok(())
}

proptest! {
    #[test]
    fn both_directions_find_the_same_times(
        milliseconds in prop_oneof![1_u64..200_000, 1_000_000_u64..1_000_000_000],
        relative in prop::bool::ANY,
        zone in prop::sample::select(vec!["UTC", "Europe/Berlin", "Australia/Lord_Howe", "Pacific/Apia"]),
        anchor in 1_300_000_000_i64..1_400_000_000,
        // up to half a year, so that a change of the clocks lies within or near
        later in 0_i64..16_000_000,
    ) {
        let zone = TimeZoneDatabase::bundled().get(zone).expect("a zone");
        let interval = Interval::every(Duration::from_millis(milliseconds)).expect("a period");
        let interval = if relative { interval.relative() } else { interval };
        let anchor = Timestamp::from_second(anchor).expect("a time");
        let after = anchor + Duration::from_secs(later.unsigned_abs());
        let next = interval.next_after(after, anchor, &zone).expect("an interval goes on");
        prop_assert!(next > after);
        prop_assert_eq!(interval.last_at_or_before(next, anchor, &zone), Some(next));
        let just_before = next - Duration::from_nanos(1);
        prop_assert_eq!(interval.next_after(just_before, anchor, &zone), Some(next));
        let last = interval.last_at_or_before(after, anchor, &zone);
        prop_assert_eq!(interval.last_at_or_before(just_before, anchor, &zone), last);
        prop_assert_eq!(interval.next_after(last.unwrap_or(anchor), anchor, &zone), Some(next));
        if !relative {
            let elapsed = next.as_nanosecond() - anchor.as_nanosecond();
            prop_assert_eq!(elapsed % (i128::from(milliseconds) * 1_000_000), 0);
            prop_assert!(next.duration_since(after).unsigned_abs() <= interval.period());
        }
    }
}
