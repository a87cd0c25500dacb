//! Schedules in EventBridge Scheduler. All but the ARNs is behind the feature `scheduler`.

#[cfg(feature = "scheduler")]
mod attempts;
#[cfg(feature = "scheduler")]
mod definition;
#[cfg(feature = "scheduler")]
mod eventbridge;
#[cfg(feature = "scheduler")]
mod failure;
#[cfg(feature = "scheduler")]
mod groups;
mod place;
#[cfg(feature = "scheduler")]
mod schedules;

#[cfg(feature = "scheduler")]
pub use eventbridge::EventBridgeScheduler;
pub use place::AwsPlace;
