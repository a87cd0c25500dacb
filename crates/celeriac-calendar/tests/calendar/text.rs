use jiff::civil::date;

use crate::week::{self, Week};

#[test]
fn a_week_of_80_columns() {
    insta::assert_snapshot!("normal_80", week::normal().to_text(80, false));
}

#[test]
fn a_week_of_120_columns() {
    insta::assert_snapshot!("normal_120", week::normal().to_text(120, false));
}

#[test]
fn a_week_with_a_skipped_hour() {
    insta::assert_snapshot!("gap_80", week::with_gap().to_text(80, false));
}

#[test]
fn a_week_with_a_repeated_hour() {
    insta::assert_snapshot!(
        "repeated_hour_80",
        week::with_repeated_hour().to_text(80, false)
    );
}

#[test]
fn what_the_clock_does_is_written_out_where_it_fits() {
    assert!(
        week::with_gap()
            .to_text(120, false)
            .contains("│02:00 skipped  │")
    );
    let repeated = week::with_repeated_hour().to_text(120, false);
    assert!(repeated.lines().any(|line| line.starts_with("again")));
}

#[test]
fn a_week_of_nothing() {
    insta::assert_snapshot!("empty_80", week::empty().to_text(80, false));
}

#[test]
fn a_week_of_names() {
    insta::assert_snapshot!("names_120", week::with_names().to_text(120, false));
}

#[test]
fn a_week_of_fifty_entries() {
    insta::assert_snapshot!("crowded_80", week::crowded().to_text(80, false));
}

#[test]
fn half_an_hour_that_comes_twice() {
    let week = Week::new("Australia/Lord_Howe", date(2027, 4, 1)).every("two-hourly", 7200);
    insta::assert_snapshot!("half_an_hour_80", week.calendar().to_text(80, false));
}

#[test]
fn a_day_that_never_was() {
    let week = Week::new("Pacific/Apia", date(2011, 12, 26)).every("six-hourly", 6 * 3600);
    insta::assert_snapshot!("skipped_day_80", week.calendar().to_text(80, false));
}

#[test]
fn lines_of_the_grid_fill_the_width_alike() {
    for width in [64, 80, 100, 120, 200] {
        let text = week::with_names().to_text(width, false);
        let grid = text.lines().filter(|line| line.contains(['│', '┼']));
        let widths: Vec<usize> = grid.map(unicode_width::UnicodeWidthStr::width).collect();
        assert!(widths.iter().all(|each| *each == widths[0]), "{text}");
        assert!(
            (width - 6..=width).contains(&widths[0]),
            "{} of {width}",
            widths[0]
        );
    }
}

#[test]
fn colour_changes_no_letter() {
    let calendar = week::with_gap();
    let coloured = calendar.to_text(80, true);
    let plain: String = coloured
        .split('\u{1b}')
        .enumerate()
        .map(|(number, part)| {
            if number == 0 {
                part
            } else {
                part.split_once('m').unwrap().1
            }
        })
        .collect();
    assert_ne!(coloured, plain);
    assert_eq!(plain, calendar.to_text(80, false));
}

#[test]
fn names_cannot_steer_the_terminal() {
    let text = week::with_names().to_text(120, false);
    assert!(!text.contains(|c: char| c.is_control() && c != '\n'));
    assert!(text.contains("red\u{fffd}[31m\u{fffd}and\u{fffd}null"));
}
