mod cell;
mod legend;
mod paint;

use std::fmt::{self, Display, Formatter};

use cell::{Cell, band, marks};
use paint::{Paint, Tone};

use super::Calendar;
use super::day::Day;
use super::width::fit;

/// The labels of the rows, and the space after them.
const MARGIN: usize = 6;
const LEAST_WIDTH: usize = 64;
/// Of one hour; the rest is counted.
const MOST_LINES: usize = 8;

/// A calendar as lines of text.
pub(super) struct Text<'a> {
    calendar: &'a Calendar,
    column: usize,
    paint: Paint,
}

impl<'a> Text<'a> {
    pub(super) fn new(calendar: &'a Calendar, width: usize, colour: bool) -> Self {
        let days = calendar.week.days.len();
        Self {
            calendar,
            column: (width.max(LEAST_WIDTH) - MARGIN - 1) / days - 1,
            paint: Paint { colour },
        }
    }

    fn title(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let week = &self.calendar.week;
        let title = format!("{} · {}", week.title(), week.zone_name);
        writeln!(f, "{}", self.paint.of(Tone::Strong, &title))?;
        writeln!(f, "{}", self.calendar.summary())?;
        week.notes()
            .try_for_each(|note| writeln!(f, "{}", self.paint.of(Tone::Alarm, &note)))
    }

    /// The days, and beneath them the lengths of those that have not 24 hours.
    fn heads(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let days = &self.calendar.week.days;
        let names = days.iter().map(|day| Cell::new(Tone::Strong, day.head()));
        self.line(f, "", names)?;
        if days.iter().any(|day| day.odd_length("h").is_some()) {
            let length =
                |day: &Day| Cell::new(Tone::Alarm, day.odd_length("h").unwrap_or_default());
            self.line(f, "", days.iter().map(length))?;
        }
        self.rule(f)
    }

    fn bands(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut any = false;
        for (_, lane) in self.calendar.bands() {
            let days = 0..self.calendar.week.days.len();
            let cells = days.map(|day| band(&self.calendar.week, lane, day, self.column));
            self.line(f, &lane.key, cells)?;
            any = true;
        }
        if any { self.rule(f) } else { Ok(()) }
    }

    fn hours(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let week = &self.calendar.week;
        for (number, hour) in week.hours.iter().enumerate() {
            let days = 0..week.days.len();
            let columns: Vec<Vec<Cell>> = days
                .map(|day| marks(self.calendar, day, number, self.column))
                .map(capped)
                .collect();
            let height = columns.iter().map(Vec::len).max().unwrap_or(0).max(1);
            for line in 0..height {
                let label = if line == 0 {
                    hour.to_string()
                } else {
                    String::new()
                };
                let cells = columns.iter().map(|cells| cells.get(line).cloned());
                self.line(f, &label, cells.map(Option::unwrap_or_default))?;
            }
        }
        self.rule(f)
    }

    fn line(
        &self,
        f: &mut Formatter<'_>,
        label: &str,
        cells: impl Iterator<Item = Cell>,
    ) -> fmt::Result {
        write!(f, "{label:<MARGIN$}│")?;
        for cell in cells {
            write!(
                f,
                "{}│",
                self.paint.of(cell.tone, &fit(&cell.text, self.column))
            )?;
        }
        writeln!(f)
    }

    fn rule(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let day = format!("┼{}", "─".repeat(self.column));
        let days = day.repeat(self.calendar.week.days.len());
        writeln!(f, "{}{days}┤", "─".repeat(MARGIN))
    }
}

impl Display for Text<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.title(f)?;
        writeln!(f)?;
        self.heads(f)?;
        self.bands(f)?;
        self.hours(f)?;
        legend::entries(self.calendar, self.paint, f)?;
        legend::collisions(self.calendar, self.paint, f)
    }
}

fn capped(mut cells: Vec<Cell>) -> Vec<Cell> {
    if cells.len() > MOST_LINES {
        let hidden = cells.len() - (MOST_LINES - 1);
        cells.truncate(MOST_LINES - 1);
        cells.push(Cell::new(Tone::Plain, format!("+{hidden} more")));
    }
    cells
}
