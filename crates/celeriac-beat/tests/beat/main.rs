//! Entries, the times of each kind of schedule, and the plan that is made of them.

mod crontab;
mod crontab_tables;
mod entries;
mod interval;
mod next_time;
mod next_time_zones;
mod plan;
mod solar;
