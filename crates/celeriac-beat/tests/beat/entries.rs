//! Entries from settings files, the environment and Celery's own dumps; and what is said of those
//! that cannot be.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use celeriac_beat::{CatchUp, Crontab, Entry, Interval};
use celeriac_core::{SendOptions, Settings, TaskSignature};
use celeriac_protocol::{Limits, Serializer, Value};
use jiff::Timestamp;
use jiff::tz::TimeZone;

fn berlin() -> TimeZone {
    TimeZone::get("Europe/Berlin").expect("a zone")
}

fn time(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

fn json(text: &str) -> Value {
    let read = Serializer::Json.load(text.as_bytes(), &Limits::default());
    read.expect("JSON")
}

/// An entry whose JSON is this, with a task.
fn entry(json_text: &str) -> Result<Entry, String> {
    let Value::Dict(mut dict) = json(json_text) else {
        panic!("a table")
    };
    dict.entry("task".to_owned())
        .or_insert_with(|| Value::Str("shop.report".to_owned()));
    Entry::from_value("report", &Value::Dict(dict), &berlin()).map_err(|error| error.to_string())
}

fn with_schedule(schedule: &str) -> Result<Entry, String> {
    entry(&format!(r#"{{"schedule": {schedule}}}"#))
}

/// The next times after midnight of 2027 in Berlin.
fn next(entry: &Entry, times: usize) -> Vec<String> {
    let zone = entry.zone(&berlin()).expect("a zone");
    let next = |time: Timestamp| entry.next_after(time, &zone);
    let first = next(time("2026-12-31T23:00:00Z"));
    std::iter::successors(first, |time| next(*time))
        .take(times)
        .map(|time| time.to_string())
        .collect()
}

#[test]
fn every_form_of_a_schedule_is_read() {
    let forms = [
        "30",
        "0.5",
        r#""90""#,
        r#""5m""#,
        r#""1h 30m""#,
        r#""0 9 * * mon-fri""#,
        r#"{"every": 30}"#,
        r#"{"interval": "30s"}"#,
        r#"{"every": "1h", "relative": true}"#,
        r#"{"crontab": "0 9 * * *"}"#,
        r#"{"crontab": "0 9 * * *", "timezone": "Asia/Seoul"}"#,
        r#"{"crontab": "0 9 * * *", "timezone": null}"#,
        r#"{"crontab": {"minute": "*/15", "hour": 9, "day_of_week": [1, 2], "day_of_month": "*", "month_of_year": "jan"}}"#,
        r#"{"solar": {"event": "sunset", "lat": 52.5, "lon": 13}}"#,
        r#"{"solar": {"event": "sunset", "latitude": "52.5", "longitude": "13.4"}}"#,
        r#"{"at": "2027-01-02T09:00:00+09:00"}"#,
        r#"{"at": "2027-01-02T09:00:00"}"#,
        r#"{"at": "2027-01-02T09:00:00[Asia/Seoul]"}"#,
        r#"{"at": "2027-01-02T09:00:00", "timezone": "Asia/Seoul"}"#,
        r#"{"at": "2027-01-02"}"#,
    ];
    let mut read = String::new();
    for form in forms {
        let entry = with_schedule(form).expect(form);
        let next = next(&entry, 2).join(", ");
        writeln!(read, "{form}\n    {}: {next}", entry.schedule()).expect("a text");
    }
    insta::assert_snapshot!(read);
}

#[test]
fn an_entrys_time_zone_is_its_crontabs_and_its_moments() {
    let daily = entry(r#"{"schedule": "0 9 * * *", "timezone": "Asia/Seoul"}"#).expect("an entry");
    assert_eq!(next(&daily, 1), ["2027-01-01T00:00:00Z"]);
    let own =
        r#"{"schedule": {"crontab": "0 9 * * *", "timezone": "UTC"}, "timezone": "Asia/Seoul"}"#;
    let own = entry(own).expect("an entry");
    assert_eq!(next(&own, 1), ["2027-01-01T09:00:00Z"], "the nearer one");
    let started = r#"{"schedule": 60, "timezone": "Asia/Seoul", "start": "2027-01-05T09:00"}"#;
    let started = entry(started).expect("an entry");
    assert_eq!(next(&started, 1), ["2027-01-05T00:00:00Z"]);
}

#[test]
fn a_whole_settings_file_is_read() {
    let text = r#"
        [beat_schedule.daily-report]
        task = "shop.report"
        schedule = "0 9 * * *"
        timezone = "Asia/Seoul"
        args = ["daily", 3]
        kwargs = { deep = true }
        options = { queue = "mail", expires = 600, countdown = 1.5, headers = { tenant = "a" } }
        enabled = false
        jitter = "5m"
        catch_up = "skip"
        starting_deadline = 60
        start = 2027-01-01T00:00:00+01:00
        end = 2027-06-01
        description = "what was sold"

        [beat_schedule.pulse]
        task = "shop.pulse"
        schedule = 30
    "#;
    let mut settings = Settings::default();
    settings
        .apply_toml(text, Path::new("celeriac.toml"))
        .expect("settings");
    let entries = Entry::all_from(&settings.beat_schedule, &berlin()).expect("entries");
    let names: Vec<_> = entries.iter().map(Entry::name).collect();
    assert_eq!(names, ["daily-report", "pulse"], "in the file's order");
    let entry = &entries[0];
    assert_eq!(entry.task(), "shop.report");
    assert_eq!(
        entry.args(),
        [Value::Str("daily".to_owned()), Value::Int(3)]
    );
    assert_eq!(entry.kwargs()["deep"], Value::Bool(true));
    assert_eq!(entry.options().queue.as_deref(), Some("mail"));
    assert_eq!(entry.options().expires, Some(Duration::from_mins(10)));
    assert_eq!(entry.options().countdown, Some(Duration::from_millis(1500)));
    assert!(!entry.is_enabled());
    assert_eq!(entry.catch_up_policy(), CatchUp::Skip);
    assert_eq!(next(entry, 1), ["2027-01-01T00:00:00Z"]);
    assert!(entries[1].is_enabled());
    assert_eq!(entries[1].catch_up_policy(), CatchUp::RunOnce, "as Celery");
}

#[test]
fn nulls_are_keys_that_are_not_there() {
    let dumped = r#"{"schedule": 30, "args": null, "kwargs": null, "options": null, "relative": null, "timezone": null, "enabled": null}"#;
    let entry = entry(dumped).expect("an entry");
    assert!(entry.args().is_empty() && entry.is_enabled());
}

#[test]
fn what_is_wrong_with_an_entry_is_said() {
    let entries = [
        "{}",
        r#"{"schedule": 30, "task": 5}"#,
        r#"{"schedule": 30, "task": ""}"#,
        r#"{"shedule": 30}"#,
        r#"{"schedule": 30, "argz": []}"#,
        r#"{"schedule": 30, "catchup": "skip"}"#,
        r#"{"schedule": 30, "frobnicate": 1}"#,
        r#"{"schedule": 30, "args": "daily"}"#,
        r#"{"schedule": 30, "kwargs": ["daily"]}"#,
        r#"{"schedule": 30, "options": {"countdown": "soon"}}"#,
        r#"{"schedule": 30, "options": {"priority": "high"}}"#,
        r#"{"schedule": 30, "options": {"task_id": "mine"}}"#,
        r#"{"schedule": 30, "options": {"eta": "2027-01-01T00:00:00Z"}}"#,
        r#"{"schedule": 30, "enabled": "yes"}"#,
        r#"{"schedule": 30, "relative": 1}"#,
        r#"{"schedule": 30, "jitter": -1}"#,
        r#"{"schedule": 30, "jitter": "a while"}"#,
        r#"{"schedule": 30, "catch_up": "all"}"#,
        r#"{"schedule": 30, "catch_up": 1}"#,
        r#"{"schedule": 30, "starting_deadline": 0}"#,
        r#"{"schedule": 30, "start": "tomorrow"}"#,
        r#"{"schedule": 30, "end": 5}"#,
        r#"{"schedule": 30, "start": "2027-02-01", "end": "2027-01-01"}"#,
        r#"{"schedule": 30, "timezone": "Berlin"}"#,
        r#"{"schedule": "1h", "relative": true, "timezone": "Europe/Berlin"}"#,
    ];
    insta::assert_snapshot!(said(&entries, entry));
}

#[test]
fn what_is_wrong_with_a_schedule_is_said() {
    let schedules = [
        "true",
        "null",
        "[]",
        "0",
        "-5",
        "1e20",
        "0.0001",
        r#""soon""#,
        r#""@daily""#,
        r#""0 9 * *""#,
        r#""0 9 * * * *""#,
        r#""61 * * * *""#,
        r#""0 9 * * 7""#,
        r#""0 0 31 2 *""#,
        "{}",
        r#"{"cron": "0 9 * * *"}"#,
        r#"{"crontb": "0 9 * * *"}"#,
        r#"{"minute": "0", "hour": "9"}"#,
        r#"{"crontab": "0 9 * * *", "every": 5}"#,
        r#"{"crontab": "0 9 * * *", "timezne": "UTC"}"#,
        r#"{"crontab": "0 9 * * *", "timezone": "Berlin"}"#,
        r#"{"crontab": "0 9 * * *", "timezone": 1}"#,
        r#"{"crontab": "0 9 * * *", "relative": true}"#,
        r#"{"crontab": 5}"#,
        r#"{"crontab": {"minutes": "0"}}"#,
        r#"{"crontab": {"second": "0"}}"#,
        r#"{"crontab": {"hour": 24}}"#,
        r#"{"crontab": {"hour": 9.5}}"#,
        r#"{"crontab": {"hour": [9, "10"]}}"#,
        r#"{"every": "soon"}"#,
        r#"{"every": 5, "timezone": "UTC"}"#,
        r#"{"every": 5, "relative": "yes"}"#,
        r#"{"solar": "sunset"}"#,
        r#"{"solar": {"lat": 52.5, "lon": 13.4}}"#,
        r#"{"solar": {"event": "noon", "lat": 52.5, "lon": 13.4}}"#,
        r#"{"solar": {"event": "sunset", "lat": 91, "lon": 13.4}}"#,
        r#"{"solar": {"event": "sunset", "lat": 52.5}}"#,
        r#"{"solar": {"event": "sunset", "lat": "north", "lon": 13.4}}"#,
        r#"{"solar": {"event": "sunset", "lat": 52.5, "long": 13.4}}"#,
        r#"{"at": "nine"}"#,
        r#"{"at": 9}"#,
        r#"{"at": "2027-01-02T09:00", "timezone": "Berlin"}"#,
    ];
    insta::assert_snapshot!(said(&schedules, with_schedule));
}

/// Each text, and what is said of it.
fn said(texts: &[&str], read: impl Fn(&str) -> Result<Entry, String>) -> String {
    let mut said = String::new();
    for text in texts {
        let error = read(text).expect_err(text);
        writeln!(said, "{text}\n    {error}").expect("a text");
    }
    said
}

#[test]
fn an_entry_that_is_no_table_is_said() {
    let wrong = Entry::from_value("report", &Value::Int(5), &TimeZone::UTC).expect_err("a number");
    insta::assert_snapshot!(
        wrong,
        @"beat entry `report`: expected a table with `task` and `schedule`, got 5"
    );
}

fn from_code(name: &str) -> Entry {
    let call: TaskSignature = TaskSignature::new("shop.report");
    let interval = Interval::every(Duration::from_secs(30)).expect("an interval");
    Entry::new(name, interval, call)
}

#[test]
fn what_is_wrong_with_an_entry_of_code_is_said() {
    let call: TaskSignature = TaskSignature::new("shop.report");
    let wrong = [
        from_code(" "),
        from_code(&"long".repeat(51)),
        from_code("with\nlines"),
        from_code("report <aws.scheduler.scheduled-time>"),
        Entry::new("report", Crontab::new("0 25 * * *"), call.clone()),
        Entry::new("report", Duration::ZERO, call.clone()),
        Entry::new("report", Duration::from_nanos(1), call.clone()),
        Entry::new("report", "now and then", call),
    ];
    let said: Vec<_> = wrong
        .iter()
        .map(|entry| entry.check().expect_err("wrong").reason)
        .collect();
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn the_apps_options_count_where_the_entrys_own_say_nothing() {
    let own = r#"{"schedule": 30, "options": {"queue": "mail"}}"#;
    let defaults = SendOptions {
        queue: Some("celery".to_owned()),
        priority: Some(3),
        ..SendOptions::default()
    };
    let entry = entry(own).expect("an entry").under(defaults);
    assert_eq!(entry.options().queue.as_deref(), Some("mail"));
    assert_eq!(entry.options().priority, Some(3));
}
