//! What most programs need: `use celeriac::prelude::*;`.

pub use std::process::ExitCode;
pub use std::time::Duration;

#[cfg(feature = "beat")]
pub use celeriac_beat::{Crontab, Interval, Solar, SolarEvent};
pub use celeriac_core::canvas::{
    Canvas, Chain, Chord, Group, MemberError, chord, chunks, group, map, starmap, then_each,
};
pub use celeriac_core::{
    Context, Failure, SendOptions, State, TaskError, TaskResult, TaskSignature, chain, group,
};
pub use celeriac_macros::*;
pub use celeriac_producer::{AsyncResult, Client, GroupResult, ResultError};
pub use celeriac_protocol::{Dict, UtcTime, Value};
pub use serde_json::json;

pub use crate::durations::{days, hours, millis, minutes, secs};
pub use crate::{App, Connection, args, kwargs};
