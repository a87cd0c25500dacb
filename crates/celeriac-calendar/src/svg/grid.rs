use std::fmt;

use super::super::Calendar;
use super::super::lane::Lane;
use super::canvas::{COLUMN, Canvas, LEFT, MARGIN, escape, sign};
use super::chip::{Chip, HEIGHT, colour};

const LEAST_ROW: usize = 24;
const LINE: usize = HEIGHT + 2;
const BAND: usize = 28;
/// Of one hour; the rest is counted.
const MOST_CHIPS: usize = 12;

/// Days, bands and hours.
pub(super) fn draw(calendar: &Calendar, canvas: &mut Canvas) -> fmt::Result {
    let mut content = Canvas {
        y: canvas.y,
        ..Canvas::default()
    };
    heads(calendar, &mut content)?;
    bands(calendar, &mut content)?;
    hours(calendar, &mut content)?;
    weekends(calendar, canvas, content.y)?;
    columns(calendar, canvas, content.y)?;
    canvas.body.push_str(&content.body);
    canvas.y = content.y;
    canvas.rule()
}

fn left_of(day: usize) -> usize {
    LEFT + day * COLUMN
}

fn weekends(calendar: &Calendar, canvas: &mut Canvas, bottom: usize) -> fmt::Result {
    let (top, height) = (canvas.y, bottom - canvas.y);
    let days = calendar.week.days.iter().enumerate();
    days.filter(|(_, day)| day.is_weekend())
        .try_for_each(|(number, _)| {
            let x = left_of(number);
            canvas.draw(format_args!(
                r#"<rect x="{x}" y="{top}" width="{COLUMN}" height="{height}" class="weekend"/>"#
            ))
        })
}

fn columns(calendar: &Calendar, canvas: &mut Canvas, bottom: usize) -> fmt::Result {
    let top = canvas.y;
    (0..=calendar.week.days.len()).try_for_each(|day| {
        let x = left_of(day);
        canvas.draw(format_args!(
            r#"<path d="M{x} {top}V{bottom}" class="line"/>"#
        ))
    })
}

fn heads(calendar: &Calendar, canvas: &mut Canvas) -> fmt::Result {
    let y = canvas.y + 20;
    for (number, day) in calendar.week.days.iter().enumerate() {
        let x = left_of(number) + 8;
        let name = day.head();
        canvas.draw(format_args!(
            r#"<text x="{x}" y="{y}" class="head">{name}</text>"#
        ))?;
        if let Some(length) = day.odd_length("hours") {
            let right = left_of(number + 1) - 8;
            canvas.draw(format_args!(
                r#"<text x="{right}" y="{y}" text-anchor="end" class="alarm">{length}</text>{}"#,
                sign(right - length.len() * 8 - 10, y)
            ))?;
        }
    }
    canvas.y += 30;
    canvas.rule()
}

/// The frequent entries: a line each, thick in the hours in which it runs.
fn bands(calendar: &Calendar, canvas: &mut Canvas) -> fmt::Result {
    for (number, lane) in calendar.bands() {
        let y = canvas.y + 13;
        let x = LEFT + 4;
        let class = if lane.enabled { "name" } else { "muted" };
        let state = if lane.enabled { "" } else { ", disabled" };
        let key = &lane.key;
        let key_at = MARGIN + 4;
        let name = escape(&super::super::width::cut(&lane.name, 100));
        let frequency = lane.frequency();
        canvas.draw(format_args!(
            r#"<text x="{key_at}" y="{}" class="key {class}">{key}</text><text x="{x}" y="{y}" class="{class}">{name}<tspan class="muted" dx="6">{frequency}{state}</tspan></text>"#,
            y + 5
        ))?;
        for day in 0..calendar.week.days.len() {
            segments(calendar, canvas, (number, lane), day)?;
        }
        canvas.y += BAND;
        canvas.rule()?;
    }
    Ok(())
}

fn segments(
    calendar: &Calendar,
    canvas: &mut Canvas,
    (number, lane): (usize, &Lane),
    day: usize,
) -> fmt::Result {
    let week = &calendar.week;
    let rows = week.rows_of(day);
    let at = |number: usize| left_of(day) + number * COLUMN / rows.len();
    let y = canvas.y + 18;
    let class = if lane.enabled {
        colour(number)
    } else {
        "off".to_owned()
    };
    for stretch in week.stretches(day, &lane.hours[day]) {
        let x = at(stretch.first);
        let width = at(stretch.last + 1) - x;
        let from = week.hours[rows[stretch.first]];
        let to = week.hours[rows[stretch.last]].hour;
        let head = week.days[day].head();
        let title = escape(&format!(
            "{} {}\n{head} {from}–{to:02}:59",
            lane.key, lane.name
        ));
        canvas.draw(format_args!(
            r#"<rect x="{x}" y="{y}" width="{width}" height="6" class="{class}"><title>{title}</title></rect>"#
        ))?;
    }
    Ok(())
}

fn hours(calendar: &Calendar, canvas: &mut Canvas) -> fmt::Result {
    let week = &calendar.week;
    for (number, hour) in week.hours.iter().enumerate() {
        let cells: Vec<Vec<Chip<'_>>> = (0..week.days.len())
            .map(|day| chips(calendar, day, number))
            .collect();
        let lines = cells.iter().map(Vec::len).max().unwrap_or(0);
        let height = (lines * LINE + 4).max(LEAST_ROW);
        let (x, y) = (LEFT - 8, canvas.y + 16);
        canvas.draw(format_args!(
            r#"<text x="{x}" y="{y}" text-anchor="end" class="hour muted">{hour}</text>"#
        ))?;
        for (day, chips) in cells.iter().enumerate() {
            if !week.days[day].has(*hour) {
                absent(canvas, day, height)?;
            }
            for (line, chip) in chips.iter().enumerate() {
                let y = canvas.y + 3 + line * LINE;
                canvas.draw(format_args!("{}", chip.draw(calendar, left_of(day) + 4, y)))?;
            }
        }
        canvas.y += height;
        canvas.rule()?;
    }
    Ok(())
}

/// An hour that this day has not.
fn absent(canvas: &mut Canvas, day: usize, height: usize) -> fmt::Result {
    let (x, y) = (left_of(day), canvas.y);
    canvas.draw(format_args!(
        r#"<rect x="{x}" y="{y}" width="{COLUMN}" height="{height}" fill="url(#celeriac-calendar-hatch)"/>"#
    ))
}

fn chips(calendar: &Calendar, day: usize, hour: usize) -> Vec<Chip<'_>> {
    let row = calendar.week.hours[hour];
    let clock = format!("{:02}:00", row.hour);
    let mut chips = Vec::new();
    match (calendar.week.days[day].has(row), row.again) {
        (false, false) => chips.push(Chip::Clock(format!("{clock} skipped"))),
        (true, true) => chips.push(Chip::Clock(format!("{clock} twice"))),
        (true, false) | (false, true) => (),
    }
    let dues: Vec<_> = calendar.cell(day, hour).collect();
    let shown = if dues.len() > MOST_CHIPS {
        MOST_CHIPS - 1
    } else {
        dues.len()
    };
    chips.extend(dues[..shown].iter().map(|due| Chip::Due(due)));
    if shown < dues.len() {
        chips.push(Chip::More(dues[shown..].to_vec()));
    }
    chips
}
