//! The dates that a plan names, by hand.

use celeriac_beat::{
    Crontab,
    eventbridge::{self, RenderOptions, next_difference},
    zone,
};

const CELERIAC: RenderOptions = RenderOptions {
    celeriac_only: true,
    precise: false,
    fifo: false,
};
const PRECISE: RenderOptions = RenderOptions {
    precise: true,
    ..CELERIAC
};

/// The differences of 2026 as date, our times and AWS's in UTC.
fn of_2026(
    crontab: &str,
    zone_name: &str,
    options: RenderOptions,
) -> Vec<(String, Vec<String>, Vec<String>)> {
    let crontab = Crontab::new(crontab).expect("a crontab");
    let zone = zone(zone_name).expect("a zone");
    let rendering = eventbridge::crontab(&crontab, &zone, &options).expect("a form in AWS");
    let mut after = "2026-01-01T00:00Z".parse().expect("a time");
    let until = "2027-01-01T00:00Z".parse().expect("a time");
    let mut found = Vec::new();
    while let Some(next) = next_difference(&crontab, &zone, &rendering, after, until) {
        after = *next
            .ours
            .iter()
            .chain(&next.aws)
            .max()
            .expect("a difference has a time");
        let texts = |times: Vec<jiff::Timestamp>| times.iter().map(ToString::to_string).collect();
        found.push((next.date.to_string(), texts(next.ours), texts(next.aws)));
    }
    found
}

fn difference(date: &str, ours: &[&str], aws: &[&str]) -> (String, Vec<String>, Vec<String>) {
    let texts = |times: &[&str]| {
        times
            .iter()
            .map(|time| format!("{date}T{time}:00Z"))
            .collect()
    };
    (date.to_owned(), texts(ours), texts(aws))
}

#[test]
fn what_the_gap_skips() {
    let gap = [difference("2026-03-29", &["01:00"], &[])];
    assert_eq!(of_2026("30 2 * * *", "Europe/Berlin", CELERIAC), gap);
    assert_eq!(of_2026("30 3 * * *", "Europe/Berlin", CELERIAC), []);
}

#[test]
fn what_repeats() {
    let found = of_2026("*/30 2 * * *", "Europe/Berlin", CELERIAC);
    let repeated = difference(
        "2026-10-25",
        &["00:00", "00:30", "01:00", "01:30"],
        &["00:00", "00:30"],
    );
    assert_eq!(found, [difference("2026-03-29", &["01:00"], &[]), repeated]);
}

#[test]
fn a_minute_early_lies_in_the_gap_or_before_it() {
    // 01:59 is followed by 03:00, where our run of 02:00 is too.
    assert_eq!(of_2026("0 2 * * *", "Europe/Berlin", PRECISE), []);
    // There is no 02:59. In autumn it comes twice, and AWS fires at the first.
    let gap = difference("2026-03-29", &["01:00"], &[]);
    let repeated = difference("2026-10-25", &["02:00"], &["01:00"]);
    assert_eq!(
        of_2026("0 3 * * *", "Europe/Berlin", PRECISE),
        [gap, repeated]
    );
}

#[test]
fn every_hour_of_every_day_loses_nothing() {
    for crontab in ["* * * * *", "*/5 * * * *", "0 * * * *"] {
        assert_eq!(of_2026(crontab, "Europe/Berlin", CELERIAC), [], "{crontab}");
        assert_eq!(of_2026(crontab, "Europe/Berlin", PRECISE), [], "{crontab}");
    }
    assert_eq!(of_2026("*/15 * * * *", "Pacific/Chatham", CELERIAC), []);
    // The 2:10 that the gap skips is moved to 3:00 by us alone.
    let at_ten = of_2026("10 * * * *", "Europe/Berlin", CELERIAC);
    assert_eq!(
        at_ten
            .iter()
            .map(|(date, ..)| date.as_str())
            .collect::<Vec<_>>(),
        ["2026-03-29"]
    );
}

#[test]
fn zones_without_changes_have_no_differences() {
    assert_eq!(of_2026("30 2 * * *", "UTC", CELERIAC), []);
    assert_eq!(of_2026("*/30 2 * * *", "Asia/Kolkata", PRECISE), []);
}
