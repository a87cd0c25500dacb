use unicode_width::UnicodeWidthStr;

use super::super::Calendar;
use super::super::due::Due;
use super::super::hour::Hour;
use super::super::lane::Lane;
use super::super::week::Week;
use super::paint::Tone;

/// A name is written into a cell only where so much of it fits.
const LEAST_NAME: usize = 6;

/// One line in one column.
#[derive(Clone, Debug, Default)]
pub(super) struct Cell {
    pub(super) tone: Tone,
    pub(super) text: String,
}

impl Cell {
    pub(super) fn new(tone: Tone, text: impl Into<String>) -> Self {
        Self {
            tone,
            text: text.into(),
        }
    }
}

/// When a frequent entry runs on a day: `all day`, `09–17` (to 17:59), or in how many hours.
pub(super) fn band(week: &Week, lane: &Lane, day: usize, width: usize) -> Cell {
    let rows = week.rows_of(day);
    let hour = |number: usize| format!("{:02}", week.hours[rows[number]].hour);
    let stretches = week.stretches(day, &lane.hours[day]);
    let text = match stretches.as_slice() {
        [] => return Cell::default(),
        [all] if all.last - all.first + 1 == rows.len() => "all day".to_owned(),
        some => {
            let hours = some
                .iter()
                .map(|stretch| match stretch.last - stretch.first {
                    0 => hour(stretch.first),
                    _ => format!("{}–{}", hour(stretch.first), hour(stretch.last)),
                });
            hours.collect::<Vec<_>>().join(" ")
        }
    };
    let (tone, text) = if lane.enabled {
        (Tone::Plain, text)
    } else {
        (Tone::Faint, format!("({text})"))
    };
    if text.width() > width {
        return Cell::new(tone, format!("in {} h", lane.hours[day].len()));
    }
    Cell::new(tone, text)
}

/// The lines of one hour of one day.
pub(super) fn marks(calendar: &Calendar, day: usize, hour: usize, width: usize) -> Vec<Cell> {
    let row = calendar.week.hours[hour];
    if !calendar.week.days[day].has(row) {
        if row.again {
            return Vec::new(); // a row of another day's
        }
        return vec![clock(row, "skipped", width)];
    }
    let mut cells: Vec<Cell> = calendar
        .cell(day, hour)
        .map(|due| mark(calendar, due, width))
        .collect();
    if row.again && cells.is_empty() {
        cells.push(clock(row, "twice", width));
    }
    cells
}

/// `02:00 skipped`, or `skipped` where there is no room for what the row's label says.
fn clock(row: Hour, change: &str, width: usize) -> Cell {
    let whole = format!("{:02}:00 {change}", row.hour);
    let fits = whole.width() <= width;
    Cell::new(Tone::Alarm, if fits { whole } else { change.to_owned() })
}

fn mark(calendar: &Calendar, due: &Due, width: usize) -> Cell {
    let minute = due.place.minute;
    let lane = |number: usize| &calendar.lanes[number];
    match due.lanes.as_slice() {
        [only] if due.enabled => {
            let meets = if due.bands.is_empty() { "" } else { "+" };
            let start = format!(":{minute:02} {}{meets}", lane(*only).key);
            Cell::new(Tone::Plain, with_name(start, &lane(*only).name, width))
        }
        [only] => Cell::new(Tone::Faint, format!(":{minute:02} ({})", lane(*only).key)),
        several => {
            let keys: Vec<&str> = several.iter().map(|n| lane(*n).key.as_str()).collect();
            Cell::new(Tone::Alarm, collision(minute, &keys, width))
        }
    }
}

fn with_name(start: String, name: &str, width: usize) -> String {
    let room = width.saturating_sub(start.width() + 1);
    if room >= name.width().min(LEAST_NAME) {
        format!("{start} {name}")
    } else {
        start
    }
}

/// `!00 A B`, or `!00 A +12` where there is no room for all.
fn collision(minute: i8, keys: &[&str], width: usize) -> String {
    let fits = |text: &String| text.width() <= width;
    let shown = (1..=keys.len()).rev().map(|count| {
        let rest = match keys.len() - count {
            0 => String::new(),
            rest => format!(" +{rest}"),
        };
        format!("!{minute:02} {}{rest}", keys[..count].join(" "))
    });
    let least = format!("!{minute:02} {}×", keys.len());
    shown.into_iter().find(fits).unwrap_or(least)
}
