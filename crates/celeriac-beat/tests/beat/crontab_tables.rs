//! Celery's own answers about crontabs, row by row.

use std::{error::Error, time::Duration};

use celeriac_beat::{Crontab, CrontabError, CrontabField, CrontabFields, ValueSet};
use jiff::{Timestamp, tz::TimeZoneDatabase};
use serde_json::Value;

const PARSER: &str = include_str!("../../../../tests/fixtures/wire/tables/crontab_parser.json");
const IS_DUE: &str = include_str!("../../../../tests/fixtures/wire/tables/crontab_is_due.json");

type Outcome<T = ()> = Result<T, Box<dyn Error>>;
type Values = fn(&Crontab) -> ValueSet;

fn rows(table: &str) -> Outcome<Vec<Value>> {
    let table: Value = serde_json::from_str(table)?;
    Ok(table["rows"].as_array().ok_or("a table has rows")?.clone())
}

/// The fields with `spec` in the one that the row means: the table names none, but tells how many
/// values it has.
fn fields_of(row: &Value, spec: CrontabField) -> (CrontabFields, Values) {
    let mut fields = CrontabFields::default();
    let (field, values): (_, Values) = match row["max_count"].as_u64() {
        Some(60) => (&mut fields.minute, Crontab::minutes),
        Some(24) => (&mut fields.hour, Crontab::hours),
        Some(7) => (&mut fields.day_of_week, Crontab::days_of_week),
        Some(31) => (&mut fields.day_of_month, Crontab::days_of_month),
        _ => (&mut fields.month_of_year, Crontab::months),
    };
    *field = spec;
    (fields, values)
}

/// Celery passes over the `-7`.
const REFUSED: &str = "1-5-7";

#[test]
fn each_field_is_read_as_celery_reads_it() -> Outcome {
    let rows = rows(PARSER)?;
    assert_eq!(rows.len(), 64);
    for row in &rows {
        let spec = row["spec"].as_str().ok_or("a row has a spec")?;
        let (fields, values) = fields_of(row, spec.into());
        let ours = Crontab::from_fields(&fields);
        match row["result"].as_array() {
            Some(_) if spec == REFUSED => assert!(ours.is_err(), "{row}"),
            Some(expected) => {
                let listed: Vec<_> = values(&ours?).iter().map(Value::from).collect();
                assert_eq!(&listed, expected, "{row}");
            }
            None => assert!(ours.is_err(), "{row}"),
        }
    }
    Ok(())
}

fn field(value: &Value) -> CrontabField {
    match (value.as_str(), value.as_i64()) {
        (Some(text), _) => text.into(),
        (_, Some(number)) => number.into(),
        _ => CrontabField::default(),
    }
}

fn crontab(fields: &Value) -> Result<Crontab, CrontabError> {
    Crontab::from_fields(&CrontabFields {
        minute: field(&fields["minute"]),
        hour: field(&fields["hour"]),
        day_of_week: field(&fields["day_of_week"]),
        day_of_month: field(&fields["day_of_month"]),
        month_of_year: field(&fields["month_of_year"]),
    })
}

fn timestamp(value: &Value) -> Outcome<Timestamp> {
    Ok(value.as_str().ok_or("a time is a text")?.parse()?)
}

/// The next time after the last run, whether a run is due, and the seconds until the next check.
type Answer = (Timestamp, bool, f64);

fn ours(row: &Value) -> Outcome<Answer> {
    let crontab = crontab(&row["fields"])?;
    let name = row["timezone"].as_str().ok_or("a row has a zone")?;
    let zone = TimeZoneDatabase::bundled().get(name)?;
    let (last_run, now) = (timestamp(&row["last_run_at"])?, timestamp(&row["now"])?);
    let deadline = row["beat_cron_starting_deadline"]
        .as_u64()
        .map(Duration::from_secs);
    let due = crontab.is_due(last_run, now, &zone, deadline);
    let next = crontab
        .next_after(last_run, &zone)
        .ok_or("a crontab has a next time")?;
    Ok((next, due.is_due, due.next_check.as_secs_f64()))
}

fn celerys(row: &Value) -> Outcome<Answer> {
    let is_due = row["is_due"].as_bool().ok_or("a row tells whether due")?;
    let next_check = row["next_check_seconds"]
        .as_f64()
        .ok_or("a row has seconds")?;
    Ok((
        timestamp(&row["next_after_last_run_utc"])?,
        is_due,
        next_check,
    ))
}

/// The rows where a change of the clocks makes our answer another than Celery's, which it makes no
/// sense to keep.
const OTHERS: [(usize, &str, bool, f64); 11] = [
    // 02:30 is skipped: at 03:00, the first minute after the gap, where Celery takes 03:30
    (20, "2027-03-28T03:00+02:00", false, 7200.0),
    (21, "2027-03-28T03:00+02:00", true, 83700.0),
    (22, "2027-03-28T03:00+02:00", true, 81900.0),
    (24, "2027-03-14T03:00-04:00", true, 82740.0),
    // the hour from 02:00 comes again and runs again, where Celery waits until 03:00
    (32, "2027-10-31T02:00+01:00", true, 1800.0),
    (33, "2027-10-31T02:30+01:00", true, 1800.0),
    (34, "2027-10-31T02:00+01:00", true, 3600.0),
    // the next time is ahead, where Celery finds one in the past and is due for ever
    (39, "2027-10-31T02:30+01:00", false, 1499.0),
    (40, "2027-10-31T02:30+01:00", false, 1498.0),
    (41, "2027-11-07T01:15-05:00", false, 239.0),
    (42, "2027-11-07T01:12-05:00", false, 59.0),
];

#[test]
fn due_times_are_celerys_but_where_the_clocks_change() -> Outcome {
    let rows = rows(IS_DUE)?;
    assert_eq!(rows.len(), 43);
    for (index, row) in rows.iter().enumerate() {
        if row.get("error").is_some() {
            let refused = crontab(&row["fields"]);
            assert!(
                matches!(refused, Err(CrontabError::NeverOccurs { .. })),
                "row {index}"
            );
            continue;
        }
        let ours = ours(row)?;
        match OTHERS.iter().find(|(row, ..)| *row == index) {
            Some((_, next, is_due, next_check)) => {
                assert_eq!(
                    ours,
                    (next.parse()?, *is_due, *next_check),
                    "row {index}: {row}"
                );
                assert_ne!(ours, celerys(row)?, "row {index} is no other");
            }
            None => assert_eq!(ours, celerys(row)?, "row {index}: {row}"),
        }
    }
    Ok(())
}
