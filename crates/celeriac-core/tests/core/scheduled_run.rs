use std::time::Duration;

use celeriac_core::{ScheduleGuard, ScheduledRun};
use celeriac_protocol::{Headers, UtcTime, Value, to_value};
use serde_json::json;

use crate::dict;

fn value(json: &serde_json::Value) -> Value {
    to_value(json).unwrap()
}

fn read(json: &serde_json::Value) -> Result<ScheduledRun, String> {
    let headers = Headers {
        extra: dict([(ScheduledRun::HEADER, value(json))]),
        ..Headers::default()
    };
    ScheduledRun::of(&headers).unwrap()
}

fn at(text: &str) -> UtcTime {
    UtcTime::parse(text).unwrap()
}

/// A run at this time, in Seoul's or in UTC's day, with this guard.
fn guarded(
    time: &str,
    timezone: Option<&str>,
    guard: &serde_json::Value,
) -> Result<Option<String>, String> {
    let run = read(&json!({"scheduled_time": time, "timezone": timezone, "guard": guard}))?;
    Ok(run.refusal())
}

#[test]
fn a_message_of_no_schedule_has_none() {
    assert_eq!(ScheduledRun::of(&Headers::default()), None);
}

#[test]
fn all_members_are_read_and_written() {
    let all = json!({
        "entry": "daily-report", "scheduled_time": "2026-11-24T09:00:00Z", "offset": 60,
        "timezone": "Asia/Seoul", "eta_after": 0, "expires_after": 300.5,
        "guard": {"days_of_month": [13], "months": [1, 2, 3], "days_of_week": [5]},
    });
    let expected = ScheduledRun {
        entry: Some("daily-report".to_owned()),
        scheduled_time: Some(at("2026-11-24T09:00:00Z")),
        offset: Duration::from_secs(60),
        timezone: Some("Asia/Seoul".to_owned()),
        eta_after: Some(Duration::ZERO),
        expires_after: Some(Duration::from_millis(300_500)),
        guard: ScheduleGuard {
            days_of_month: vec![13],
            months: vec![1, 2, 3],
            days_of_week: vec![5],
        },
    };
    let run = read(&all).unwrap();
    assert_eq!(run, expected);
    assert_eq!(run.to_value(), value(&all));
    assert_eq!(run.due(), Some(at("2026-11-24T09:01:00Z")));
    assert_eq!(run.eta(), Some(at("2026-11-24T09:01:00Z")));
    assert_eq!(run.expires(), Some(at("2026-11-24T09:06:00.5Z")));
}

#[test]
fn only_the_scheduled_time_is_required() {
    let least = json!({"scheduled_time": "2026-11-24T09:00:00Z"});
    let run = read(&least).unwrap();
    assert_eq!(run.to_value(), value(&least));
    assert_eq!(run.due(), Some(at("2026-11-24T09:00:00Z")));
    assert_eq!(
        (run.eta(), run.expires(), run.refusal()),
        (None, None, None)
    );
    let nulls = json!({"scheduled_time": "2026-11-24T09:00:00Z", "offset": null, "eta_after": null, "guard": null});
    assert_eq!(read(&nulls).unwrap(), run);
    let error = read(&json!({"entry": "x"})).unwrap_err();
    assert_eq!(error, "header `celeriac_beat`: `scheduled_time` is missing");
}

#[test]
fn the_keyword_is_no_time_yet() {
    let keyword = json!({"scheduled_time": "<aws.scheduler.scheduled-time>", "eta_after": 5});
    let mut run = read(&keyword).unwrap();
    assert_eq!(run.to_value(), value(&keyword));
    assert_eq!((run.due(), run.eta(), run.local_due()), (None, None, None));
    run.scheduled_time = Some(at("2026-11-24T09:00:00Z"));
    assert_eq!(run.eta(), Some(at("2026-11-24T09:00:05Z")));
}

#[test]
fn a_guard_goes_by_the_day_of_the_due_time_in_the_zone() {
    // 06:00 on Friday the 13th in Seoul, Thursday the 12th in UTC
    let time = "2026-11-12T21:00:00Z";
    let friday = json!({"days_of_month": [13], "days_of_week": [5], "months": [11]});
    assert_eq!(guarded(time, Some("Asia/Seoul"), &friday), Ok(None));
    assert_eq!(
        guarded(time, None, &friday),
        Ok(Some(
            "2026-11-12 is not in its `days_of_month` [13]".to_owned()
        ))
    );
    let late = read(&json!({
        "scheduled_time": "2026-11-12T23:59:00Z", "offset": 60, "guard": {"days_of_month": [13]}
    }));
    assert_eq!(late.unwrap().refusal(), None, "due on the 13th");
}

#[test]
fn every_list_of_a_guard_must_have_the_day() {
    let sunday = "2026-11-22T12:00:00Z";
    for (guard, missed) in [
        (json!({"days_of_week": [0]}), None),
        (json!({"days_of_week": [1, 6]}), Some("days_of_week")),
        (
            json!({"days_of_month": [22], "months": [1]}),
            Some("months"),
        ),
        (
            json!({"days_of_month": [21], "days_of_week": [0]}),
            Some("days_of_month"),
        ),
        (json!({}), None),
    ] {
        let refusal = guarded(sunday, None, &guard).unwrap();
        let named =
            missed.is_none_or(|name| refusal.as_ref().is_some_and(|text| text.contains(name)));
        assert_eq!(
            (refusal.is_some(), named),
            (missed.is_some(), true),
            "{guard}: {refusal:?}"
        );
    }
}

#[test]
fn days_follow_daylight_saving() {
    let night = json!({"days_of_month": [1]});
    // midnight in New York is at 05:00 UTC in winter, at 04:00 in summer
    for (time, runs) in [
        ("2026-01-01T04:59:59Z", false),
        ("2026-01-01T05:00:00Z", true),
        ("2026-07-01T03:59:59Z", false),
        ("2026-07-01T04:00:00Z", true),
    ] {
        let refusal = guarded(time, Some("America/New_York"), &night).unwrap();
        assert_eq!(refusal.is_none(), runs, "{time}: {refusal:?}");
    }
}

#[test]
fn what_beat_never_writes_is_refused_with_what_is_wrong() {
    let time = "2026-11-24T09:00:00Z";
    for (wrong, expected) in [
        (json!("x"), "str 'x' is not a dict"),
        (
            json!({"scheduled_time": 5}),
            "`scheduled_time` is int 5, not a text",
        ),
        (
            json!({"scheduled_time": "noon"}),
            "`scheduled_time`: `noon` is not an ISO-8601 time",
        ),
        (
            json!({"scheduled_time": time, "entry": 1}),
            "`entry` is int 1, not a text",
        ),
        (
            json!({"scheduled_time": time, "offset": -1}),
            "`offset` is int -1, not seconds",
        ),
        (
            json!({"scheduled_time": time, "eta_after": "1"}),
            "`eta_after` is str '1', not seconds",
        ),
        (
            json!({"scheduled_time": time, "expires_after": 1e300}),
            "`expires_after` is float 1e+300, not seconds",
        ),
        (
            json!({"scheduled_time": time, "guard": []}),
            "`guard` is list, not a dict",
        ),
        (
            json!({"scheduled_time": time, "guard": {"weeks": [1]}}),
            "`guard.weeks` is not known here",
        ),
        (
            json!({"scheduled_time": time, "guard": {"days_of_week": [7]}}),
            "`guard.days_of_week` is not a list of numbers from 0 to 6",
        ),
        (
            json!({"scheduled_time": time, "guard": {"months": []}}),
            "`guard.months` is not a list of numbers from 1 to 12",
        ),
    ] {
        let error = read(&wrong).unwrap_err();
        assert_eq!(error, format!("header `celeriac_beat`: {expected}"));
    }
}

#[test]
fn an_unknown_zone_is_an_error_where_it_matters() {
    let run = read(&json!({"scheduled_time": "2026-11-24T09:00:00Z", "timezone": "Mars/Olympus"}));
    let error = run.unwrap().zone().unwrap_err();
    assert_eq!(
        error,
        "header `celeriac_beat`: `timezone`: no time zone `Mars/Olympus` is known"
    );
}

#[test]
fn times_beyond_any_calendar_do_not_panic() {
    let run = ScheduledRun {
        scheduled_time: Some(UtcTime(i64::MAX)),
        offset: Duration::MAX,
        timezone: Some("Asia/Seoul".to_owned()),
        ..ScheduledRun::default()
    };
    assert_eq!(run.due(), Some(UtcTime(i64::MAX)));
    assert!(run.local_due().is_some());
}
