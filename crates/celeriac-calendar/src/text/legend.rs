use std::fmt::{self, Formatter};

use super::super::Calendar;
use super::super::lane::Lane;
use super::super::width::fit;
use super::paint::{Paint, Tone};

fn widest<'a>(texts: impl Iterator<Item = &'a str>) -> usize {
    texts.map(|text| text.chars().count()).max().unwrap_or(0)
}

/// Each entry: its key, its next time, how often it runs, and its name, which may be of any length
/// and so is last.
pub(super) fn entries(calendar: &Calendar, paint: Paint, f: &mut Formatter<'_>) -> fmt::Result {
    let head = ["key", calendar.next_head(), "in the week", "name"].map(str::to_owned);
    let rows: Vec<[String; 4]> = calendar
        .lanes
        .iter()
        .map(|lane| row(calendar, lane))
        .collect();
    let all = || std::iter::once(&head).chain(&rows);
    let widths: Vec<usize> = (0..3)
        .map(|column| widest(all().map(|row| row[column].as_str())))
        .collect();
    writeln!(f)?;
    if calendar.lanes.is_empty() {
        return writeln!(f, "no entries");
    }
    let tones = std::iter::once(Tone::Strong).chain(calendar.lanes.iter().map(tone));
    for (row, tone) in all().zip(tones) {
        let columns = row
            .iter()
            .zip(&widths)
            .map(|(text, width)| fit(text, *width));
        let line = format!("{}  {}", columns.collect::<Vec<_>>().join("  "), row[3]);
        writeln!(f, "{}", paint.of(tone, line.trim_end()))?;
    }
    Ok(())
}

/// All collisions and their times.
pub(super) fn collisions(calendar: &Calendar, paint: Paint, f: &mut Formatter<'_>) -> fmt::Result {
    if !calendar.collisions.is_empty() {
        let head = "collisions (! in a cell: due in the same minute)";
        writeln!(f, "\n{}", paint.of(Tone::Strong, head))?;
    }
    for collision in &calendar.collisions {
        let names = calendar.names(&collision.lanes, ", ");
        let times = collision.times(&calendar.week);
        writeln!(
            f,
            "{}: {names}",
            paint.of(Tone::Alarm, &format!("! {times}"))
        )?;
    }
    meetings(calendar, paint, f)
}

/// What is only counted.
fn meetings(calendar: &Calendar, paint: Paint, f: &mut Formatter<'_>) -> fmt::Result {
    let mut lines = calendar.meetings().peekable();
    if lines.peek().is_some() {
        let head = "frequent entries in the same minute as another (+ in a cell)";
        writeln!(f, "\n{}", paint.of(Tone::Strong, head))?;
    }
    lines.try_for_each(|line| writeln!(f, "+ {line}"))?;
    match calendar.omission() {
        Some(omission) => writeln!(f, "\n{omission}"),
        None => Ok(()),
    }
}

fn tone(lane: &Lane) -> Tone {
    if lane.enabled {
        Tone::Plain
    } else {
        Tone::Faint
    }
}

fn row(calendar: &Calendar, lane: &Lane) -> [String; 4] {
    let next = match lane.next(calendar.now) {
        _ if !lane.enabled => "disabled".to_owned(),
        Some(time) => calendar.week.label(time),
        None => "–".to_owned(),
    };
    let key = if lane.enabled {
        lane.key.clone()
    } else {
        format!("({})", lane.key)
    };
    [key, next, lane.frequency(), lane.name.clone()]
}
