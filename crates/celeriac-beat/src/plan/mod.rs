//! Beat entries as schedules of EventBridge Scheduler: what is wanted, what is there, and what
//! makes the second into the first.

mod changes;
mod desired_schedule;
mod group_entries;
mod message_template;
mod render;
mod schedule_name;

pub use self::changes::{Change, Drift, PlannedChange, SchedulePlan};
pub use self::desired_schedule::{Delivery, DesiredSchedule, UniversalTarget};
pub use self::group_entries::GroupEntries;
pub use self::render::{EntrySchedules, Renderer, refused};
