use celeriac_calendar::{Calendar, CalendarEntry};
use jiff::Timestamp;
use jiff::civil::date;
use jiff::tz::TimeZone;

use crate::week::{self, Week};

fn row<'a>(text: &'a str, label: &str) -> Vec<&'a str> {
    let line = text.lines().find(|line| line.starts_with(label)).unwrap();
    line.split('│').skip(1).map(str::trim_end).collect()
}

#[test]
fn two_in_one_minute_collide() {
    let week = || Week::new("UTC", date(2027, 3, 8)).daily("one", &[0], &[(4, 0)]);
    let together = week()
        .daily("two", &[0], &[(4, 0)])
        .calendar()
        .to_text(80, false);
    assert_eq!(row(&together, "04:00")[0], "!00 A B");
    assert!(together.contains("! 04:00 Mon: A one, B two"));

    let apart = week()
        .daily("two", &[0], &[(4, 1)])
        .calendar()
        .to_text(80, false);
    assert_eq!(row(&apart, "04:00")[0], ":00 A one");
    assert!(!apart.contains("collisions ("));
}

#[test]
fn seconds_of_one_minute_collide_and_one_entry_not_with_itself() {
    let entry = |name: &str, times: &[&str]| CalendarEntry {
        name: name.to_owned(),
        times: times.iter().map(|time| time.parse().unwrap()).collect(),
        enabled: true,
    };
    let entries = vec![
        entry("twice", &["2027-03-08T04:00:01Z", "2027-03-08T04:00:31Z"]),
        entry("late", &["2027-03-09T05:00:59Z"]),
        entry("early", &["2027-03-09T05:00:00Z"]),
    ];
    let calendar = Calendar::week(entries, date(2027, 3, 8), &TimeZone::UTC, "UTC");
    let text = calendar.to_text(80, false);
    assert_eq!(row(&text, "04:00")[0], ":00 A");
    assert_eq!(row(&text, "05:00")[1], "!00 B C");
}

#[test]
fn a_disabled_entry_collides_with_nothing() {
    let week = Week::new("UTC", date(2027, 3, 8))
        .daily("on", &[0], &[(4, 0)])
        .daily("off", &[0], &[(4, 0)])
        .disabled();
    let text = week.calendar().to_text(80, false);
    assert!(text.contains(":00 A"));
    assert!(text.contains(":00 (B)"));
    assert!(text.contains("2 entries, 1 run, 0 collisions"));
}

#[test]
fn a_frequent_entry_is_a_band_and_hides_no_collision() {
    let week = Week::new("UTC", date(2027, 3, 8))
        .daily("one", &[0], &[(4, 0), (5, 0)])
        .every("often", 300)
        .daily("two", &[0], &[(4, 0)]);
    let text = week.calendar().to_text(80, false);
    assert_eq!(row(&text, "B")[0], "all day");
    assert_eq!(row(&text, "04:00")[0], "!00 A C");
    assert_eq!(row(&text, "05:00")[0], ":00 A+");
    assert!(text.contains("+ B often: 2 times"));
}

#[test]
fn an_hourly_entry_is_a_band_and_a_two_hourly_one_is_not() {
    let week = Week::new("UTC", date(2027, 3, 8))
        .every("hourly", 3600)
        .every("less", 7200);
    let text = week.calendar().to_text(80, false);
    assert_eq!(row(&text, "A")[6], "all day");
    assert_eq!(row(&text, "22:00")[6], ":00 B+");
    assert_eq!(row(&text, "23:00")[6], "");
}

#[test]
fn a_band_through_the_days_that_lack_the_repeated_hour_has_no_pause() {
    let week = Week::new("Europe/Berlin", date(2027, 10, 25)).daily(
        "around",
        &[5],
        &[(1, 0), (1, 15), (1, 30), (1, 45), (2, 0), (3, 0)],
    );
    assert_eq!(row(&week.calendar().to_text(80, false), "A")[5], "01–03");
}

#[test]
fn times_outside_of_the_week_are_left_out() {
    let entry = CalendarEntry {
        name: "edges".to_owned(),
        times: [
            "2027-03-07T23:59:59Z",
            "2027-03-08T00:00:00Z",
            "2027-03-14T23:59:59Z",
            "2027-03-15T00:00:00Z",
        ]
        .map(|time| time.parse().unwrap())
        .to_vec(),
        enabled: true,
    };
    let calendar = Calendar::week(vec![entry], date(2027, 3, 8), &TimeZone::UTC, "UTC");
    assert!(calendar.to_text(80, false).contains("2 times"));
}

#[test]
fn the_legend_tells_the_next_time_from_now_on() {
    let now: Timestamp = "2027-03-17T12:00:00Z".parse().unwrap();
    let text = week::normal().with_now(now).to_text(80, false);
    let line = |name: &str| {
        let line = text.lines().find(|line| line.ends_with(name)).unwrap();
        line.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(
        line("nightly-report"),
        "A Thu 18 Mar 03:00 7 times nightly-report"
    );
    assert_eq!(line("weekly-digest"), "C – once weekly-digest");
    assert_eq!(line("legacy-export"), "(F) disabled 2 times legacy-export");
}

#[test]
fn the_last_week_of_time_does_not_overflow() {
    let calendar = Calendar::week(Vec::new(), jiff::civil::Date::MAX, &TimeZone::UTC, "UTC");
    assert!(calendar.to_text(80, false).contains("no entries"));
    assert!(calendar.to_svg().contains("</svg>"));
}
