//! The texts that say why there is no form in AWS, and what to write.

use std::time::Duration;

use celeriac_beat::{
    Crontab,
    eventbridge::{self, RenderOptions, at, interval},
};
use jiff::tz::TimeZone;

const ANYWHERE: RenderOptions = RenderOptions {
    celeriac_only: false,
    precise: false,
    fifo: false,
};

#[test]
fn days_together() {
    let crontab = Crontab::new("0 9 13 * mon-fri").expect("a crontab");
    let refusal = eventbridge::crontab(&crontab, &TimeZone::UTC, &ANYWHERE).expect_err("no guard");
    assert_eq!(
        refusal.to_string(),
        "day of month `13` and day of week `1-5` must both match, and EventBridge Scheduler takes only one of them: set \
         `celeriac_only` if only celeriac reads the entry's queue, test the date inside the task, or list whole weeks as \
         days of the month (`1-7`, `8-14`, `15-21`, `22-28`, `29-31`)"
    );
}

#[test]
fn precise_where_others_read() {
    let options = RenderOptions {
        precise: true,
        ..ANYWHERE
    };
    let expected = "a precise entry fires a minute early and its worker holds the task, which only celeriac's worker does \
                    for certain: set `celeriac_only` if only celeriac reads the entry's queue, or leave out `precise`";
    let crontab = Crontab::new("0 9 * * *").expect("a crontab");
    let time = "2026-12-24T17:00Z".parse().expect("a time");
    for refusal in [
        eventbridge::crontab(&crontab, &TimeZone::UTC, &options),
        interval(Duration::from_mins(1), false, &options),
        at(time, &TimeZone::UTC, &options),
    ] {
        assert_eq!(refusal.expect_err("others read").to_string(), expected);
    }
}

#[test]
fn intervals() {
    let fifo = RenderOptions {
        fifo: true,
        ..ANYWHERE
    };
    let second = Duration::from_secs(1);
    for (every, relative, options, expected) in [
        (
            90 * second,
            false,
            fifo,
            "every 90 s needs messages with a delay of their own, which a FIFO queue does not have: use a standard queue, or \
             whole minutes",
        ),
        (
            second / 2,
            false,
            ANYWHERE,
            "every 0.5 s is not a whole number of seconds of 1 or more: write whole seconds, or start the shorter steps \
             inside one task",
        ),
        (
            second * 3 / 2,
            false,
            ANYWHERE,
            "every 1.5 s is not a whole number of seconds of 1 or more: write whole seconds, or start the shorter steps \
             inside one task",
        ),
        (
            Duration::ZERO,
            false,
            ANYWHERE,
            "every 0 s is not a whole number of seconds of 1 or more: write whole seconds, or start the shorter steps inside \
             one task",
        ),
        (
            420 * second,
            true,
            ANYWHERE,
            "a relative interval of 420 s does not divide a day, so its due times have no fixed place in one: write a \
             crontab, or leave out `relative`",
        ),
        (
            Duration::from_secs(u64::MAX - 60),
            false,
            ANYWHERE,
            "every 18446744073709551555 s is too long",
        ),
    ] {
        let refusal = interval(every, relative, &options).expect_err("no form");
        assert_eq!(refusal.to_string(), expected);
    }
}

#[test]
fn years_that_aws_does_not_know() {
    let refusal = at(
        "2200-01-01T00:00Z".parse().expect("a time"),
        &TimeZone::UTC,
        &ANYWHERE,
    )
    .expect_err("too late");
    assert_eq!(
        refusal.to_string(),
        "`2200-01-01T00:00:00Z` is outside the years 1970 to 2199 of EventBridge Scheduler"
    );
}
