//! The exact texts that AWS gets.

use std::time::Duration;

use celeriac_beat::{
    Crontab,
    eventbridge::{self, RenderOptions, Rendering, at},
};
use jiff::tz::TimeZone;

use crate::evaluator::Cron;

const ANYWHERE: RenderOptions = RenderOptions {
    celeriac_only: false,
    precise: false,
    fifo: false,
};
const CELERIAC: RenderOptions = RenderOptions {
    celeriac_only: true,
    ..ANYWHERE
};
const PRECISE: RenderOptions = RenderOptions {
    precise: true,
    ..CELERIAC
};

fn rendered(crontab: &str, options: RenderOptions) -> Rendering {
    let crontab = Crontab::new(crontab).expect("a crontab");
    eventbridge::crontab(&crontab, &TimeZone::UTC, &options).expect("a form in AWS")
}

fn texts(rendering: &Rendering) -> Vec<String> {
    rendering
        .parts
        .iter()
        .map(|part| part.expression.to_string())
        .collect()
}

#[test]
fn crontabs_as_aws_writes_them() {
    for (crontab, expected) in [
        ("* * * * *", "cron(* * * * ? *)"),
        ("*/5 * * * *", "cron(0/5 * * * ? *)"),
        ("*/15 8-17 * * 1-5", "cron(0/15 8-17 ? * 2-6 *)"),
        ("0 * * * *", "cron(0 * * * ? *)"),
        ("30 */2 * * *", "cron(30 0/2 * * ? *)"),
        ("0 0 * * *", "cron(0 0 * * ? *)"),
        ("30 2 * * *", "cron(30 2 * * ? *)"),
        ("0 9 * * mon-fri", "cron(0 9 ? * 2-6 *)"),
        ("0 9 * * sat,sun", "cron(0 9 ? * 1,7 *)"),
        ("0 22-4 * * *", "cron(0 0-4,22,23 * * ? *)"),
        ("0 9 * * sat-mon", "cron(0 9 ? * 1,2,7 *)"),
        ("0 9 * * 0", "cron(0 9 ? * 1 *)"),
        ("0 0 1 * *", "cron(0 0 1 * ? *)"),
        ("0 0 1,15 * *", "cron(0 0 1,15 * ? *)"),
        ("0 0 1 */3 *", "cron(0 0 1 1/3 ? *)"),
        ("0 0 1 1 *", "cron(0 0 1 1 ? *)"),
        ("0 0 29 2 *", "cron(0 0 29 2 ? *)"),
        ("0 6 * jun-aug *", "cron(0 6 * 6-8 ? *)"),
        ("*/7 * * * *", "cron(0/7 * * * ? *)"),
        ("10-50/20 4 * * *", "cron(10/20 4 * * ? *)"),
        ("3-59/20 * */2 * *", "cron(3/20 * 1/2 * ? *)"),
        ("0 12 1-30 4,6,9,11 1", "cron(0 12 ? 4,6,9,11 2 *)"),
        ("0 9 1-7 * 1", "cron(0 9 ? * 2#1 *)"),
        ("0 9 22-28 11 4", "cron(0 9 ? 11 5#4 *)"),
        ("0 9 29-31 * 5", "cron(0 9 ? * 6#5 *)"),
        ("0 9 29 2 6", "cron(0 9 ? 2 7#5 *)"),
    ] {
        let rendering = rendered(crontab, ANYWHERE);
        assert_eq!(texts(&rendering), [expected], "{crontab}");
        assert!(!rendering.guard && rendering.notes.is_empty(), "{crontab}");
        Cron::read(expected);
    }
}

#[test]
fn whole_weeks_take_a_part_for_each_day_of_each() {
    let parts = texts(&rendered("0 9 1-7,15-21 * 1,3", ANYWHERE));
    let expected = [
        "cron(0 9 ? * 2#1 *)",
        "cron(0 9 ? * 4#1 *)",
        "cron(0 9 ? * 2#3 *)",
        "cron(0 9 ? * 4#3 *)",
    ];
    assert_eq!(parts, expected);
}

#[test]
fn days_together_have_a_guard_on_the_rarer_ones() {
    for (crontab, expected) in [
        ("0 9 13 * 5", "cron(0 9 13 * ? *)"),
        ("0 9 1-15 * 5", "cron(0 9 ? * 6 *)"),
        ("0 9 2-28 3 1-5", "cron(0 9 ? 3 2-6 *)"),
    ] {
        let rendering = rendered(crontab, CELERIAC);
        assert_eq!(texts(&rendering), [expected], "{crontab}");
        assert!(rendering.guard);
        assert_eq!(
            rendering.notes,
            ["fires on more days than the crontab lists; the worker drops the others"]
        );
    }
}

#[test]
fn precise_crontabs_fire_a_minute_early() {
    for (crontab, expected) in [
        ("* * * * *", &["cron(* * * * ? *)"][..]),
        ("*/15 * * * *", &["cron(14/15 * * * ? *)"]),
        ("30 9 * * 1", &["cron(29 9 ? * 2 *)"]),
        ("0 9 * * 1", &["cron(59 8 ? * 2 *)"]),
        (
            "0,30 9 * * *",
            &["cron(59 8 * * ? *)", "cron(29 9 * * ? *)"],
        ),
        ("0 0 * * *", &["cron(59 23 * * ? *)"]),
        ("0 * * * *", &["cron(59 * * * ? *)"]),
        ("0 0 * * 0", &["cron(59 23 ? * 7 *)"]),
        ("0 0 1 * *", &["cron(59 23 L * ? *)"]),
        ("0 0 1 3 *", &["cron(59 23 L 2 ? *)"]),
        (
            "0 0 1,15 * *",
            &["cron(59 23 14 * ? *)", "cron(59 23 L * ? *)"],
        ),
        ("0 0 31 * *", &["cron(59 23 30 1,3,5,7,8,10,12 ? *)"]),
        (
            "0 0 29,1 2,3 *",
            &[
                "cron(59 23 28,29 2 ? *)",
                "cron(59 23 28 3 ? *)",
                "cron(59 23 L 1 ? *)",
            ],
        ),
        (
            "0 0 * 7 *",
            &["cron(59 23 1-30 7 ? *)", "cron(59 23 L 6 ? *)"],
        ),
    ] {
        let rendering = rendered(crontab, PRECISE);
        assert_eq!(texts(&rendering), expected, "{crontab}");
        assert!(!rendering.guard, "{crontab}");
        assert!(
            rendering
                .parts
                .iter()
                .all(|part| part.lead == Duration::from_mins(1) && part.delay.is_zero())
        );
    }
}

#[test]
fn what_a_minute_early_leaves_open_has_a_guard() {
    for (crontab, expected) in [
        // In most years the day after 28 February is not the 29th.
        ("0 0 29 2 *", &["cron(59 23 28 2 ? *)"][..]),
        ("0 0 * 1 1", &["cron(59 23 ? 1,12 1 *)"]),
        ("0 0 1-7 * 1", &["cron(59 23 ? * 1 *)"]),
        ("0 0 13 * 5", &["cron(59 23 12 * ? *)"]),
    ] {
        let rendering = rendered(crontab, PRECISE);
        assert_eq!(
            (texts(&rendering).as_slice(), rendering.guard),
            (
                &expected
                    .iter()
                    .map(|text| (*text).to_owned())
                    .collect::<Vec<_>>()[..],
                true
            ),
            "{crontab}"
        );
    }
}

/// AWS leaves out the hour that repeats in a zone, which UTC does not have.
#[test]
fn every_hour_of_every_day_goes_by_utc_where_the_clock_changes() {
    for (crontab, zone, options, expected) in [
        (
            "*/5 * * * *",
            "Europe/Berlin",
            ANYWHERE,
            ("cron(0/5 * * * ? *)", true),
        ),
        (
            "10 * * * *",
            "Europe/Berlin",
            ANYWHERE,
            ("cron(10 * * * ? *)", true),
        ),
        (
            "0 * * * *",
            "Europe/Berlin",
            PRECISE,
            ("cron(59 * * * ? *)", true),
        ),
        (
            "0,20 * * * *",
            "America/St_Johns",
            ANYWHERE,
            ("cron(30,50 * * * ? *)", true),
        ),
        (
            "0,20 * * * *",
            "Pacific/Chatham",
            PRECISE,
            ("cron(14,34 * * * ? *)", true),
        ),
        (
            "0 * * * *",
            "Australia/Lord_Howe",
            ANYWHERE,
            ("cron(0 * * * ? *)", false),
        ),
        (
            "0 * * * *",
            "Asia/Kolkata",
            ANYWHERE,
            ("cron(0 * * * ? *)", false),
        ),
        (
            "0 0-22 * * *",
            "Europe/Berlin",
            ANYWHERE,
            ("cron(0 0-22 * * ? *)", false),
        ),
        (
            "0 * * * 1-5",
            "Europe/Berlin",
            ANYWHERE,
            ("cron(0 * ? * 2-6 *)", false),
        ),
    ] {
        let zone = TimeZone::get(zone).expect("a zone");
        let crontab = Crontab::new(crontab).expect("a crontab");
        let rendering = eventbridge::crontab(&crontab, &zone, &options).expect("a form in AWS");
        assert_eq!(
            (texts(&rendering)[0].as_str(), rendering.parts[0].utc),
            expected,
            "{crontab}"
        );
    }
}

#[test]
fn one_off_times() {
    let berlin = TimeZone::get("Europe/Berlin").expect("a zone");
    let rendered = |time: &str, options: RenderOptions| {
        let rendering =
            at(time.parse().expect("a time"), &berlin, &options).expect("a form in AWS");
        (
            texts(&rendering).remove(0),
            rendering.parts[0].utc,
            rendering.parts[0].lead.as_secs(),
        )
    };
    assert_eq!(
        rendered("2026-12-24T17:00:05.9Z", ANYWHERE),
        ("at(2026-12-24T18:00:05)".to_owned(), false, 0)
    );
    // 02:30 comes twice on that day.
    assert_eq!(
        rendered("2026-10-25T01:30:00Z", ANYWHERE),
        ("at(2026-10-25T01:30:00)".to_owned(), true, 0)
    );
    assert_eq!(
        rendered("2026-12-31T23:00:30Z", PRECISE),
        ("at(2026-12-31T23:59:30)".to_owned(), false, 60)
    );
}
