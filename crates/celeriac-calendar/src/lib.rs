//! What is due when in a week, for a person to look at: [`Calendar`], as text or as SVG. It knows
//! names and times alone, and nothing of tasks.

mod calendar;
mod collision;
mod day;
mod due;
mod entry;
mod hour;
mod lane;
mod svg;
mod text;
mod week;
mod width;

pub use calendar::Calendar;
pub use entry::CalendarEntry;
