use std::fmt;

use super::super::Calendar;
use super::super::lane::Lane;
use super::super::width::cut;
use super::canvas::{Canvas, MARGIN, RIGHT, escape, sign};
use super::chip::colour;

const LINE: usize = 22;
const COLUMNS: usize = 2;
const GUTTER: usize = 32;
/// The letters that one column has room for, beside the key, and a line.
const LETTERS: usize = 72;
const NAMES: usize = 160;
/// The rest is counted: the text form lists all.
const MOST_COLLISIONS: usize = 40;

/// Every entry, in two columns.
pub(super) fn entries(calendar: &Calendar, canvas: &mut Canvas) -> fmt::Result {
    canvas.y += 18;
    canvas.text("section", 26, "Entries")?;
    if calendar.lanes.is_empty() {
        return canvas.text("muted", LINE, "There are none.");
    }
    let lines = calendar.lanes.len().div_ceil(COLUMNS);
    let width = (RIGHT - MARGIN - GUTTER) / COLUMNS;
    for (number, lane) in calendar.lanes.iter().enumerate() {
        let x = MARGIN + number / lines * (width + GUTTER);
        let y = canvas.y + number % lines * LINE;
        canvas.draw(format_args!(
            "{}",
            entry(calendar, number, lane, (x, y, width))
        ))?;
    }
    canvas.y += lines * LINE;
    Ok(())
}

fn entry(
    calendar: &Calendar,
    number: usize,
    lane: &Lane,
    (x, y, width): (usize, usize, usize),
) -> String {
    let class = if lane.enabled { "name" } else { "muted" };
    let swatch = if lane.enabled {
        colour(number)
    } else {
        "off".to_owned()
    };
    let key = if lane.enabled {
        lane.key.clone()
    } else {
        format!("({})", lane.key)
    };
    let times = times(calendar, lane);
    let room = LETTERS.saturating_sub(times.len());
    let (title, name) = (escape(&lane.name), escape(&cut(&lane.name, room)));
    let (baseline, key_x, name_x, right) = (y + 15, x + 12, x + 46, x + width);
    format!(
        r#"<g><title>{title}</title><rect x="{x}" y="{}" width="5" height="14" class="{swatch}"/><text x="{key_x}" y="{baseline}" class="key {class}">{key}</text><text x="{name_x}" y="{baseline}" class="{class}">{name}</text><text x="{right}" y="{baseline}" text-anchor="end" class="muted">{times}</text></g>"#,
        y + 4
    )
}

/// `first Mon 22 Mar 03:00 · 7 times`.
fn times(calendar: &Calendar, lane: &Lane) -> String {
    let frequency = lane.frequency();
    match lane.next(calendar.now) {
        _ if !lane.enabled => "disabled".to_owned(),
        Some(time) => format!(
            "{} {} · {frequency}",
            calendar.next_head(),
            calendar.week.label(time)
        ),
        None => frequency,
    }
}

/// The collisions and their times.
pub(super) fn collisions(calendar: &Calendar, canvas: &mut Canvas) -> fmt::Result {
    canvas.y += 18;
    canvas.text("section", 26, "Collisions: due in the same minute")?;
    if calendar.collisions.is_empty() {
        canvas.text("muted", LINE, "There are none.")?;
    }
    for collision in calendar.collisions.iter().take(MOST_COLLISIONS) {
        let times = escape(&collision.times(&calendar.week));
        let names = calendar.names(&collision.lanes, " + ");
        let (title, shown) = (
            escape(&names),
            escape(&cut(&names, NAMES - times.len().min(100))),
        );
        let (x, y) = (MARGIN + 18, canvas.y + 15);
        canvas.draw(format_args!(
            r#"<g><title>{title}</title>{}<text x="{x}" y="{y}"><tspan class="key">{times}</tspan><tspan dx="8">{shown}</tspan></text></g>"#,
            sign(MARGIN, y)
        ))?;
        canvas.y += LINE;
    }
    if let Some(hidden @ 1..) = calendar.collisions.len().checked_sub(MOST_COLLISIONS) {
        canvas.text(
            "muted",
            LINE,
            &format!("and {hidden} more: the calendar as text lists all"),
        )?;
    }
    meetings(calendar, canvas)
}

/// What is only counted.
fn meetings(calendar: &Calendar, canvas: &mut Canvas) -> fmt::Result {
    let mut lines = calendar.meetings().peekable();
    if lines.peek().is_some() {
        canvas.y += 18;
        let head = "Frequent entries in the same minute as another, marked +";
        canvas.text("section", 26, head)?;
    }
    lines.try_for_each(|line| canvas.text("", LINE, &cut(&line, NAMES)))?;
    match calendar.omission() {
        Some(omission) => canvas.text("muted", LINE, &omission),
        None => Ok(()),
    }
}

/// The whole in words, for who cannot see it.
pub(super) fn description(calendar: &Calendar) -> String {
    let notes = calendar.week.notes();
    let entries = calendar
        .lanes
        .iter()
        .map(|lane| format!("{} {}: {}", lane.key, lane.name, times(calendar, lane)));
    let collisions = calendar
        .collisions
        .iter()
        .take(MOST_COLLISIONS)
        .map(|collision| {
            let names = calendar.names(&collision.lanes, " and ");
            format!("Collision at {}: {names}", collision.times(&calendar.week))
        });
    let lines: Vec<String> = std::iter::once(calendar.summary())
        .chain(notes)
        .chain(entries)
        .chain(collisions)
        .collect();
    lines.join(".\n")
}
