//! The wire format: against what real Celery wrote, by properties, and under attack.

mod envelope;
mod hostile;
mod limits;
mod messages;
mod properties;
mod results;
mod serde_values;
mod tables;
mod utc_time;
mod wire;
mod yaml;
