use std::{collections::BTreeSet, time::Duration};

use celeriac_beat::eventbridge::{Expression, RenderError, RenderOptions, Rendering, interval};
use jiff::tz::TimeZone;
use proptest::prelude::*;

use crate::{
    evaluator::{Cron, rate},
    local_clock::LocalClock,
};

/// 2026-07-01, in seconds since the epoch.
const START: i64 = 1_782_864_000;
const DAY: i64 = 86_400;

const ANYWHERE: RenderOptions = RenderOptions {
    celeriac_only: false,
    precise: false,
    fifo: false,
};

fn rendered(seconds: u64, relative: bool, options: RenderOptions) -> Rendering {
    interval(Duration::from_secs(seconds), relative, &options).expect("a form in AWS")
}

fn texts(rendering: &Rendering) -> Vec<(String, u64)> {
    rendering
        .parts
        .iter()
        .map(|part| (part.expression.to_string(), part.delay.as_secs()))
        .collect()
}

/// The due times of the parts within `DAY` from the start, in seconds.
fn due(rendering: &Rendering, zone: &TimeZone) -> Vec<i64> {
    let mut due: Vec<_> = rendering
        .parts
        .iter()
        .flat_map(|part| {
            let utc = TimeZone::UTC;
            let clock = LocalClock::new(
                if part.utc { &utc } else { zone },
                START / 60 - 2880,
                START / 60 + 2880,
            );
            let wait = (part.delay + part.lead).as_secs() as i64;
            let (from, to) = (START / 60 - 2, (START + DAY) / 60);
            let text = part.expression.to_string();
            let fires: Vec<i64> = match (rate(&text), part.phase) {
                (Some(period), Some(phase)) => {
                    let phase = phase.as_secs() as i64 / 60;
                    (from..to)
                        .filter(|time| (time - phase).rem_euclid(period) == 0)
                        .collect()
                }
                _ => Cron::read(&text).fires(&clock, from, to),
            };
            fires.into_iter().map(move |time| time * 60 + wait)
        })
        .collect();
    due.retain(|due| (START..START + DAY).contains(due));
    due.sort_unstable();
    due
}

#[test]
fn whole_minutes_on_the_clock_are_a_cron_in_utc() {
    for (seconds, expected) in [
        (60, "cron(* * * * ? *)"),
        (600, "cron(0/10 * * * ? *)"),
        (3600, "cron(0 * * * ? *)"),
        (7200, "cron(0 0/2 * * ? *)"),
        (86_400, "cron(0 0 * * ? *)"),
        (604_800, "cron(0 0 ? * 5 *)"), // 1970 began on a Thursday
    ] {
        let rendering = rendered(seconds, false, ANYWHERE);
        assert_eq!(texts(&rendering), [(expected.to_owned(), 0)]);
        assert!(rendering.parts[0].utc);
        let seoul = TimeZone::get("Asia/Seoul").expect("a zone");
        let on_grid: Vec<i64> = (START..START + DAY)
            .step_by(60)
            .filter(|time| time % seconds as i64 == 0)
            .collect();
        assert_eq!(due(&rendering, &seoul), on_grid, "{seconds}");
    }
    let precise = RenderOptions {
        precise: true,
        celeriac_only: true,
        fifo: false,
    };
    for (seconds, expected) in [
        (600, "cron(9/10 * * * ? *)"),
        (86_400, "cron(59 23 * * ? *)"),
        (604_800, "cron(59 23 ? * 4 *)"),
    ] {
        let rendering = rendered(seconds, false, precise);
        assert_eq!(texts(&rendering), [(expected.to_owned(), 0)]);
    }
}

#[test]
fn other_whole_minutes_are_a_rate() {
    for (seconds, expected) in [
        (420, "rate(7 minutes)"),
        (5400, "rate(90 minutes)"),
        (93_600, "rate(1560 minutes)"),
        (172_800, "rate(2880 minutes)"),
        (1_209_600, "rate(20160 minutes)"),
    ] {
        let fifo = RenderOptions {
            fifo: true,
            ..ANYWHERE
        };
        let rendering = rendered(seconds, false, fifo);
        assert_eq!(texts(&rendering), [(expected.to_owned(), 0)]);
        assert_eq!(rate(expected), Some(seconds as i64 / 60));
        assert_eq!(rendering.parts[0].phase, None);
    }
}

#[test]
fn odd_seconds_are_a_part_for_each_second_that_occurs() {
    let every_minute = "cron(* * * * ? *)".to_owned();
    assert_eq!(
        texts(&rendered(30, false, ANYWHERE)),
        [(every_minute.clone(), 0), (every_minute, 30)]
    );
    let ninety = [
        ("cron(0/3 * * * ? *)".to_owned(), 0),
        ("cron(1/3 * * * ? *)".to_owned(), 30),
    ];
    assert_eq!(texts(&rendered(90, false, ANYWHERE)), ninety);
    let hours = texts(&rendered(5430, false, ANYWHERE));
    assert_eq!(
        hours,
        [
            ("rate(181 minutes)".to_owned(), 0),
            ("rate(181 minutes)".to_owned(), 30)
        ]
    );
}

#[test]
fn a_rate_with_odd_seconds_says_where_it_starts() {
    let phases: Vec<_> = rendered(5430, false, ANYWHERE)
        .parts
        .iter()
        .map(|part| part.phase)
        .collect();
    assert_eq!(
        phases,
        [Some(Duration::ZERO), Some(Duration::from_mins(90))]
    );
}

#[test]
fn relative_intervals_have_fixed_places_in_the_day() {
    for (minutes, expected) in [
        (5, &["cron(0/5 * * * ? *)"][..]),
        (60, &["cron(0 * * * ? *)"]),
        (120, &["cron(0 0/2 * * ? *)"]),
        (1440, &["cron(0 0 * * ? *)"]),
        (90, &["cron(0 0/3 * * ? *)", "cron(30 1/3 * * ? *)"]),
        (
            45,
            &[
                "cron(0,45 0/3 * * ? *)",
                "cron(30 1/3 * * ? *)",
                "cron(15 2/3 * * ? *)",
            ],
        ),
    ] {
        let rendering = rendered(minutes * 60, true, ANYWHERE);
        let parts: Vec<_> = texts(&rendering)
            .into_iter()
            .map(|(text, _)| text)
            .collect();
        assert_eq!(parts, expected);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn odd_seconds_are_due_at_the_multiples_since_the_epoch(seconds in 1u64..20_000, precise: bool) {
        prop_assume!(seconds % 60 != 0);
        let rendering = rendered(seconds, false, RenderOptions { celeriac_only: true, precise, fifo: false });
        prop_assert!(rendering.parts.len() <= 60);
        prop_assert!(rendering.parts.iter().all(|part| part.utc && part.delay < Duration::from_mins(1)));
        let delays: BTreeSet<_> = rendering.parts.iter().map(|part| part.delay).collect();
        prop_assert_eq!(delays.len(), rendering.parts.len());
        let expected: Vec<_> = (START..START + DAY).filter(|time| time % seconds as i64 == 0).collect();
        prop_assert_eq!(due(&rendering, &TimeZone::UTC), expected);
    }

    #[test]
    fn relative_intervals_are_due_at_the_multiples_in_a_day(minutes in prop::sample::select(
        (1..=1440u64).filter(|minutes| 1440 % minutes == 0).collect::<Vec<_>>()
    ), precise: bool) {
        let zone = TimeZone::get("Asia/Kathmandu").expect("a zone");
        let rendering = rendered(minutes * 60, true, RenderOptions { celeriac_only: true, precise, fifo: true });
        let wall = |time: &i64| (time + 5 * 3600 + 45 * 60).rem_euclid(DAY);
        let expected: Vec<_> = (START..START + DAY).filter(|time| wall(time) % (minutes as i64 * 60) == 0).collect();
        prop_assert_eq!(due(&rendering, &zone), expected);
    }

    #[test]
    fn every_length_has_a_form_or_a_refusal(nanoseconds: u64, relative: bool, fifo: bool) {
        let rendered = interval(Duration::from_nanos(nanoseconds), relative, &RenderOptions { fifo, ..ANYWHERE });
        match rendered {
            Ok(rendering) => prop_assert!((1..=60).contains(&rendering.parts.len())),
            Err(RenderError::NotWholeSeconds { .. } | RenderError::NotInADay { .. } | RenderError::DelayOnFifo { .. }) => {}
            Err(other) => prop_assert!(false, "{other}"),
        }
    }
}

#[test]
fn precise_intervals_are_due_a_minute_after_they_fire() {
    let rendering = rendered(
        420,
        false,
        RenderOptions {
            celeriac_only: true,
            precise: true,
            fifo: false,
        },
    );
    assert_eq!(
        rendering.parts[0].expression,
        Expression::Rate { minutes: 7 }
    );
    assert_eq!(rendering.parts[0].lead, Duration::from_mins(1));
}
