//! The tasks, by what they are about. Each does what the one of its name in Celery's suite does.

pub(crate) mod canvases;
pub(crate) mod counters;
pub(crate) mod numbers;
pub(crate) mod outcomes;
pub(crate) mod requests;
pub(crate) mod retries;

pub(crate) use self::canvases::*;
pub(crate) use self::counters::*;
pub(crate) use self::numbers::*;
pub(crate) use self::outcomes::*;
pub(crate) use self::requests::*;
pub(crate) use self::retries::*;
