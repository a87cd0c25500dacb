//! The due times of crontabs, above all where the clocks change: each expected list is written out.

use std::{collections::BTreeMap, error::Error, time::Duration};

use celeriac_beat::{Crontab, CrontabField, CrontabFields};
use jiff::{
    Timestamp,
    tz::{TimeZone, TimeZoneDatabase},
};
use serde_json::Value;

const BEAT_DST: &str = include_str!("../../../../tests/fixtures/wire/tables/beat_dst.json");

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

fn zone(name: &str) -> Outcome<TimeZone> {
    Ok(TimeZoneDatabase::bundled().get(name)?)
}

/// The due times after `start` until `end`, itself included, found forwards and found again
/// backwards.
fn due_times(
    crontab: &Crontab,
    zone: &TimeZone,
    start: Timestamp,
    end: Timestamp,
) -> Vec<Timestamp> {
    let next = |after: &Timestamp| crontab.next_after(*after, zone).filter(|next| *next <= end);
    let forwards: Vec<_> = std::iter::successors(next(&start), next).collect();
    let last = |at: Timestamp| {
        crontab
            .last_at_or_before(at, zone)
            .filter(|last| *last > start)
    };
    let before = |due: &Timestamp| last(*due - Duration::from_nanos(1));
    let mut backwards: Vec<_> = std::iter::successors(last(end), before).collect();
    backwards.reverse();
    assert_eq!(forwards, backwards, "`{crontab}` from {start} until {end}");
    forwards
}

/// The due times of `crontab` from `start` until `end`, by the wall clock with its offset.
fn shown(crontab: &str, zone_name: &str, start: &str, end: &str) -> Outcome<Vec<String>> {
    let (crontab, zone) = (Crontab::new(crontab)?, zone(zone_name)?);
    let times = due_times(&crontab, &zone, start.parse()?, end.parse()?);
    let show = |time: Timestamp| {
        time.to_zoned(zone.clone())
            .strftime("%m-%d %H:%M %:z")
            .to_string()
    };
    Ok(times.into_iter().map(show).collect())
}

/// What ours sends where real Celery's beat was driven through the same stretch, by the label of
/// its row.
fn ours() -> BTreeMap<&'static str, &'static [&'static str]> {
    BTreeMap::from([
        // Celery leaves the repeated hour out: 01:00 and 01:30 UTC
        (
            "started before the fall-back, half-hourly",
            [
                "2027-10-30T22:30Z",
                "2027-10-30T23:00Z",
                "2027-10-30T23:30Z",
                "2027-10-31T00:00Z",
                "2027-10-31T00:30Z",
                "2027-10-31T01:00Z",
                "2027-10-31T01:30Z",
                "2027-10-31T02:00Z",
                "2027-10-31T02:30Z",
                "2027-10-31T03:00Z",
            ]
            .as_slice(),
        ),
        // Celery sends 3000 times in these 15 seconds
        ("started inside the repeated hour, half-hourly", &[]),
        ("daily at 02:30 across fall-back", &["2027-10-31T00:30Z"]),
        // Celery sends half an hour later, at 03:30 by the wall clock
        (
            "daily at 02:30 across spring-forward",
            &["2027-03-28T01:00Z"],
        ),
        // Celery leaves 01:00 UTC out
        (
            "hourly across fall-back",
            &[
                "2027-10-30T23:00Z",
                "2027-10-31T00:00Z",
                "2027-10-31T01:00Z",
                "2027-10-31T02:00Z",
                "2027-10-31T03:00Z",
            ],
        ),
        (
            "half-hourly across spring-forward",
            &[
                "2027-03-27T23:30Z",
                "2027-03-28T00:00Z",
                "2027-03-28T00:30Z",
                "2027-03-28T01:00Z",
                "2027-03-28T01:30Z",
                "2027-03-28T02:00Z",
                "2027-03-28T02:30Z",
                "2027-03-28T03:00Z",
            ],
        ),
        (
            "UTC control",
            &[
                "2027-10-30T22:30Z",
                "2027-10-30T23:00Z",
                "2027-10-30T23:30Z",
                "2027-10-31T00:00Z",
                "2027-10-31T00:30Z",
                "2027-10-31T01:00Z",
                "2027-10-31T01:30Z",
                "2027-10-31T02:00Z",
                "2027-10-31T02:30Z",
                "2027-10-31T03:00Z",
            ],
        ),
    ])
}

fn field(value: &Value) -> CrontabField {
    match (value.as_str(), value.as_i64()) {
        (Some(text), _) => text.into(),
        (_, Some(number)) => number.into(),
        _ => CrontabField::default(),
    }
}

#[test]
fn where_celery_was_driven_through_a_change_ours_runs_as_stated() -> Outcome {
    let table: Value = serde_json::from_str(BEAT_DST)?;
    let rows = table["rows"].as_array().ok_or("a table has rows")?;
    let expected = ours();
    assert_eq!(rows.len(), expected.len());
    for row in rows {
        let text = |key: &str| row[key].as_str().ok_or(format!("no {key} in {row}"));
        let fields = &row["fields"];
        let crontab = Crontab::from_fields(&CrontabFields {
            minute: field(&fields["minute"]),
            hour: field(&fields["hour"]),
            ..CrontabFields::default()
        })?;
        let (start, end) = (
            text("start")?.parse()?,
            text("simulated_until_utc")?.parse()?,
        );
        let times = due_times(&crontab, &zone(text("timezone")?)?, start, end);
        let expected: Result<Vec<Timestamp>, _> = expected[text("label")?]
            .iter()
            .map(|time| time.parse())
            .collect();
        assert_eq!(times, expected?, "{}", text("label")?);
    }
    Ok(())
}

#[test]
fn all_that_a_gap_skips_is_one_run_after_it() -> Outcome {
    let times = shown(
        "*/20 1-3 * * *",
        "Europe/Berlin",
        "2027-03-28T00:30Z",
        "2027-03-28T02:00Z",
    )?;
    assert_eq!(
        times,
        [
            "03-28 01:40 +01:00",
            "03-28 03:00 +02:00",
            "03-28 03:20 +02:00",
            "03-28 03:40 +02:00"
        ]
    );
    let times = shown(
        "5,50 2 * * *",
        "Europe/Berlin",
        "2027-03-27T12:00Z",
        "2027-03-29T12:00Z",
    )?;
    assert_eq!(
        times,
        [
            "03-28 03:00 +02:00",
            "03-29 02:05 +02:00",
            "03-29 02:50 +02:00"
        ]
    );
    Ok(())
}

#[test]
fn a_repeated_hour_runs_again_for_sub_hour_kinds_only() -> Outcome {
    let night = |crontab| {
        shown(
            crontab,
            "America/New_York",
            "2027-11-07T04:30Z",
            "2027-11-07T07:30Z",
        )
    };
    assert_eq!(night("30 1 * * *")?, ["11-07 01:30 -04:00"]);
    assert_eq!(
        night("30 1,2 * * *")?,
        ["11-07 01:30 -04:00", "11-07 02:30 -05:00"]
    );
    let both = [
        "11-07 01:30 -04:00",
        "11-07 01:30 -05:00",
        "11-07 02:30 -05:00",
    ];
    assert_eq!(night("30 * * * *")?, both, "every hour");
    let twice = [
        "11-07 01:20 -04:00",
        "11-07 01:40 -04:00",
        "11-07 01:20 -05:00",
        "11-07 01:40 -05:00",
    ];
    assert_eq!(night("20,40 1 * * *")?, twice, "more than one minute");
    Ok(())
}

#[test]
fn half_an_hour_is_a_change_as_well() -> Outcome {
    let spring = |crontab| {
        shown(
            crontab,
            "Australia/Lord_Howe",
            "2027-10-02T14:00Z",
            "2027-10-02T16:00Z",
        )
    };
    assert_eq!(spring("15 2 * * *")?, ["10-03 02:30 +11:00"]);
    assert_eq!(
        spring("*/15 2 * * *")?,
        ["10-03 02:30 +11:00", "10-03 02:45 +11:00"]
    );
    let autumn = |crontab| {
        shown(
            crontab,
            "Australia/Lord_Howe",
            "2027-04-03T14:00Z",
            "2027-04-03T16:00Z",
        )
    };
    assert_eq!(autumn("45 1 * * *")?, ["04-04 01:45 +11:00"]);
    assert_eq!(
        autumn("45 * * * *")?,
        ["04-04 01:45 +11:00", "04-04 01:45 +10:30"]
    );
    Ok(())
}

#[test]
fn three_repeated_hours_are_known_as_such_to_their_end() -> Outcome {
    // on 5 March 2010 Casey set its clocks from 02:00 back to 23:00
    let casey = zone("Antarctica/Casey")?;
    let next = |crontab: &str, after: &str| -> Outcome<_> {
        let next = Crontab::new(crontab)?
            .next_after(after.parse()?, &casey)
            .ok_or("none")?;
        Ok(next
            .to_zoned(casey.clone())
            .strftime("%m-%d %H:%M %:z")
            .to_string())
    };
    assert_eq!(
        next("30 1 * * *", "2010-03-05T00:00+11:00")?,
        "03-05 01:30 +11:00"
    );
    for after in [
        "2010-03-05T01:30+11:00",
        "2010-03-04T23:30+08:00",
        "2010-03-05T01:29+08:00",
    ] {
        assert_eq!(next("30 1 * * *", after)?, "03-06 01:30 +08:00", "{after}");
    }
    assert_eq!(
        next("30 * * * *", "2010-03-05T01:29+08:00")?,
        "03-05 01:30 +08:00"
    );
    Ok(())
}

#[test]
fn the_last_change_that_a_zone_lists_counts_long_after() -> Outcome {
    // on 30 November 2022 Ciudad Juárez set its clocks from 00:00 back to 23:00, for good
    let zone = zone("America/Ciudad_Juarez")?;
    let nightly = Crontab::new("30 23 29 11 *")?;
    let run: Timestamp = "2022-11-29T23:30-06:00".parse()?;
    for at in [
        "2022-11-29T23:30-06:00",
        "2022-11-29T23:45-07:00",
        "2023-02-01T00:00-07:00",
    ] {
        assert_eq!(
            nightly.last_at_or_before(at.parse()?, &zone),
            Some(run),
            "{at}"
        );
    }
    let hourly = Crontab::new("0 * * * *")?;
    for run in ["2022-11-30T01:00-07:00", "2023-02-01T00:00-07:00"] {
        let run: Timestamp = run.parse()?;
        let at = run + Duration::from_mins(59);
        assert_eq!(hourly.last_at_or_before(at, &zone), Some(run));
    }
    Ok(())
}

#[test]
fn a_day_that_a_zone_leaves_out_runs_when_the_next_begins() -> Outcome {
    // Samoa had no 30 December 2011
    let days = |crontab| {
        shown(
            crontab,
            "Pacific/Apia",
            "2011-12-29T00:00Z",
            "2012-01-01T00:00Z",
        )
    };
    assert_eq!(days("0 12 30 * *")?, ["12-31 00:00 +14:00"]);
    assert_eq!(days("0 12 * * fri")?, ["12-31 00:00 +14:00"]);
    let expected = [
        "12-29 00:00 -10:00",
        "12-29 12:00 -10:00",
        "12-31 00:00 +14:00",
        "12-31 12:00 +14:00",
        "01-01 00:00 +14:00",
        "01-01 12:00 +14:00",
    ];
    assert_eq!(days("0 */12 * * *")?, expected);
    Ok(())
}

#[test]
fn the_rules_of_far_years_hold() -> Outcome {
    // beyond the transitions that the tz database lists, by the rule at its end
    let times = shown(
        "30 2 * * sun",
        "Europe/Berlin",
        "2040-03-24T00:00Z",
        "2040-04-01T12:00Z",
    )?;
    assert_eq!(times, ["03-25 03:00 +02:00", "04-01 02:30 +02:00"]);
    // Morocco sets its clocks back for Ramadan
    let times = shown(
        "30 2 * * *",
        "Africa/Casablanca",
        "2026-02-14T12:00Z",
        "2026-02-16T12:00Z",
    )?;
    assert_eq!(times, ["02-15 02:30 +01:00", "02-16 02:30 +00:00"]);
    Ok(())
}

#[test]
fn rare_days_are_found() -> Outcome {
    let next = |crontab: &str, after: &str| -> Outcome<_> {
        let next = Crontab::new(crontab)?.next_after(after.parse()?, &zone("Europe/Berlin")?);
        Ok(next.map(|next| next.to_string()))
    };
    assert_eq!(
        next("0 12 29 2 mon", "2027-01-01T00:00Z")?.as_deref(),
        Some("2044-02-29T11:00:00Z")
    );
    // 2100 is no leap year: the longest wait there is
    let after = "2072-02-29T12:00Z";
    assert_eq!(
        next("0 12 29 2 mon", after)?.as_deref(),
        Some("2112-02-29T11:00:00Z")
    );
    assert_eq!(
        next("0 0 13 * fri", "2027-01-01T00:00Z")?.as_deref(),
        Some("2027-08-12T22:00:00Z")
    );
    Ok(())
}

#[test]
fn the_end_of_the_calendar_is_no_panic() -> Outcome {
    let crontab = Crontab::new("30 2 * * *")?;
    for name in ["UTC", "Europe/Berlin", "Pacific/Apia", "America/New_York"] {
        let zone = zone(name)?;
        assert_eq!(crontab.next_after(Timestamp::MAX, &zone), None);
        assert_eq!(crontab.last_at_or_before(Timestamp::MIN, &zone), None);
        assert!(crontab.next_after(Timestamp::MIN, &zone).is_some());
        assert!(crontab.last_at_or_before(Timestamp::MAX, &zone).is_some());
    }
    Ok(())
}
