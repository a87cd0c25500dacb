//! Celery's beat: entries, the times they are due, their form in EventBridge Scheduler, and a local
//! process that sends them. No AWS SDK, no network.

mod catch_up;
mod crontab;
mod crontab_error;
mod crontab_field;
mod crontab_next;
mod crontab_parser;
mod crontab_search;
mod due;
mod entry;
mod entry_dict;
mod entry_error;
mod entry_toml;
pub mod eventbridge;
mod instant;
mod interval;
mod into_schedule;
pub mod local;
mod offset_segment;
pub mod plan;
mod run_message;
mod schedule;
mod schedule_value;
mod schedule_zone;
mod solar;
mod solar_error;
mod solar_event;
mod sun;
mod value_set;

pub use catch_up::CatchUp;
pub use crontab::Crontab;
pub use crontab_error::{CrontabError, FieldProblem};
pub use crontab_field::{CrontabField, CrontabFields};
pub use due::Due;
pub use entry::Entry;
pub use entry_error::EntryError;
pub use interval::{Interval, IntervalError};
pub use into_schedule::IntoSchedule;
pub use schedule::Schedule;
pub use schedule_zone::{ZoneError, zone};
pub use solar::Solar;
pub use solar_error::SolarError;
pub use solar_event::SolarEvent;
pub use value_set::ValueSet;
