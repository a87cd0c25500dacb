use std::path::PathBuf;

use anyhow::Context as _;
use celeriac_calendar::{Calendar, CalendarEntry};
use clap::Args;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::entries::{ZonedEntry, entries, paused};
use super::now;
use crate::Connection;
use crate::commands::{CommandError, EXIT_OK, print, styled_stdout};

/// The default of `--week`.
const TODAY: &str = "today";

/// Columns where nothing says how wide the screen is.
const WIDTH: usize = 100;

/// Shows a week: what runs when, where entries meet, and days on which clocks change.
#[derive(Clone, Debug, Args)]
pub struct CalendarCommand {
    /// The week of this day, from Monday on: `2027-03-28`
    #[arg(long, value_name = "DATE", num_args = 0..=1, default_value = TODAY, default_missing_value = TODAY)]
    week: String,
    /// Time zone [default: the setting `timezone`]
    #[arg(long, value_name = "ZONE")]
    timezone: Option<String>,
    /// Write an SVG image to this file, or to stdout for `-`
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Columns of the text [default: those of the screen, `COLUMNS`]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(64..))]
    width: Option<u16>,
}

impl CalendarCommand {
    pub(super) async fn run(&self, connection: &Connection) -> Result<u8, CommandError> {
        let entries = entries(connection, &[])?;
        let paused = paused(connection).await?;
        let (zone, zone_name) = self.zone(connection)?;
        let monday = monday(self.day(&zone)?);
        let (start, end) = bounds(monday, &zone)?;
        let entries = entries
            .iter()
            .map(|entry| CalendarEntry {
                name: entry.entry.name().to_owned(),
                times: times(entry, start, end),
                enabled: entry.entry.is_enabled() && !paused.contains(entry.entry.name()),
            })
            .collect();
        let calendar = Calendar::week(entries, monday, &zone, &zone_name).with_now(now());
        self.show(&calendar)?;
        Ok(EXIT_OK)
    }

    fn day(&self, zone: &TimeZone) -> Result<Date, CommandError> {
        if self.week == TODAY {
            return Ok(zone.to_datetime(now()).date());
        }
        let wrong = |_| {
            CommandError::usage(format!(
                "`{}` is not a date such as `2027-03-28`",
                self.week
            ))
        };
        self.week.parse().map_err(wrong)
    }

    fn show(&self, calendar: &Calendar) -> Result<(), CommandError> {
        match &self.svg {
            None => print(&calendar.to_text(self.columns(), styled_stdout())),
            Some(file) if file.as_os_str() == "-" => print(&calendar.to_svg()),
            Some(file) => std::fs::write(file, calendar.to_svg())
                .with_context(|| format!("cannot write {}", file.display()))
                .map_err(CommandError::new)?,
        }
        Ok(())
    }

    fn columns(&self) -> usize {
        let of_screen = || std::env::var("COLUMNS").ok()?.parse().ok();
        self.width
            .map(usize::from)
            .or_else(of_screen)
            .unwrap_or(WIDTH)
    }

    fn zone(&self, connection: &Connection) -> Result<(TimeZone, String), CommandError> {
        let zone = match &self.timezone {
            Some(name) => celeriac_beat::zone(name).map_err(CommandError::usage)?,
            None => connection.timetable().timezone().clone(),
        };
        let name = zone.iana_name().unwrap_or("UTC").to_owned();
        Ok((zone, name))
    }
}

fn monday(day: Date) -> Date {
    let since = day.weekday().to_monday_zero_offset();
    day.saturating_sub(jiff::Span::new().days(since))
}

fn bounds(monday: Date, zone: &TimeZone) -> Result<(Timestamp, Timestamp), CommandError> {
    let midnight = |day: Date| {
        let zoned = day.to_zoned(zone.clone());
        zoned
            .map(|zoned| zoned.timestamp())
            .map_err(|error| CommandError::usage(format!("the week of {monday}: {error}")))
    };
    let end = monday.saturating_add(jiff::Span::new().days(7));
    Ok((midnight(monday)?, midnight(end)?))
}

/// The entry's times in [`start`, `end`).
fn times(entry: &ZonedEntry<'_>, start: Timestamp, end: Timestamp) -> Vec<Timestamp> {
    let before = start
        .checked_sub(jiff::SignedDuration::from_nanos(1))
        .unwrap_or(start);
    // nobody sees more than one run a second
    let second = jiff::SignedDuration::from_millis(999);
    let next = |time: &Timestamp| {
        let after = time.checked_add(second).unwrap_or(*time);
        entry.entry.next_after(after, &entry.zone)
    };
    let first = entry.entry.next_after(before, &entry.zone);
    std::iter::successors(first, next)
        .take_while(|time| *time < end)
        .collect()
}
