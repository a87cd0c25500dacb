//! An app's beat entries in EventBridge Scheduler.

#[cfg(feature = "aws")]
mod drift;
#[cfg(feature = "aws")]
mod group;
#[cfg(feature = "aws")]
mod target;
mod wanted;

#[cfg(feature = "aws")]
pub(crate) use group::{Applied, ScheduleGroup};
pub(crate) use wanted::wanted;
